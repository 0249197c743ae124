# SPDX-License-Identifier: BSD-2-Clause
"""
The rows of the benchmark: what each is, and what kind of run gives it.

cpu     the benchmark guest, one vCPU on one pCPU
smp     the same guest with two vCPUs on two pCPUs
same    with two vCPUs on one pCPU
switch  two VMs on one pCPU
linux   Linux with BusyBox, counted by the plugin: instructions without the time asleep
"""

from dataclasses import dataclass

CPU, SMP, SAME, SWITCH, LINUX = "cpu", "smp", "same", "switch", "linux"


@dataclass(frozen=True)
class Row:
    name: str
    kind: str
    what: str


ROWS = [Row(*fields) for fields in (
    ("empty-loop", CPU, "the loop around each of the following"),
    ("hypercall", CPU, "null hypercall: VMMCALL, VMCALL"),
    ("cpuid", CPU, "CPUID leaf 0"),
    ("rdmsr", CPU, "RDMSR TSC_ADJUST"),
    ("wrmsr", CPU, "WRMSR TSC_ADJUST"),
    ("rdmsr-apicbase", CPU, "RDMSR APIC_BASE"),
    ("wrmsr-pat", CPU, "WRMSR PAT"),
    ("wrmsr-efer", CPU, "WRMSR EFER, nothing changes"),
    ("wrmsr-kernelgs", CPU, "WRMSR KERNEL_GS_BASE"),
    ("cr0-ts", CPU, "set and clear CR0.TS"),
    ("cr0-wp", CPU, "toggle CR0.WP"),
    ("cr4-pge", CPU, "toggle CR4.PGE"),
    ("cr3", CPU, "MOV CR3"),
    ("cr8", CPU, "MOV CR8"),
    ("dr7", CPU, "MOV DR7, nothing armed"),
    ("invlpg", CPU, "INVLPG"),
    ("rdtsc", CPU, "RDTSC"),
    ("pause", CPU, "PAUSE"),
    ("wbinvd", CPU, "WBINVD"),
    ("page-touch", CPU, "first write to each page of fresh RAM"),
    ("in-pmtimer", CPU, "IN from the ACPI PM timer"),
    ("in-pic", CPU, "IN from the 8259's mask"),
    ("in-absent", CPU, "IN from a port without a device"),
    ("out-pic", CPU, "OUT to the 8259's mask"),
    ("out-absent", CPU, "OUT to a port without a device"),
    ("outs-64", CPU, "REP OUTSB of 64 bytes"),
    ("lapic-tpr-read", CPU, "read TPR, xAPIC"),
    ("lapic-tpr", CPU, "write TPR, xAPIC"),
    ("lapic-eoi", CPU, "write EOI, xAPIC"),
    ("lapic-icr", CPU, "write ICR, xAPIC, to nobody"),
    ("mmio-ioapic", CPU, "read an IOAPIC register"),
    ("mmio-read", CPU, "second-stage fault: read where no device is"),
    ("mmio-write", CPU, "second-stage fault: write where no device is"),
    ("self-ipi", CPU, "ICR write to own handler, xAPIC"),
    ("irq-window", CPU, "STI with an interrupt pending to its handler"),
    ("timer-irq", CPU, "LAPIC timer is due to handler, guest busy; with arming"),
    ("hlt-timer", CPU, "LAPIC timer is due to handler, guest in HLT; with arming and HLT"),
    ("x2apic-tpr", CPU, "write TPR, x2APIC"),
    ("x2apic-eoi", CPU, "write EOI, x2APIC"),
    ("x2apic-icr", CPU, "write ICR, x2APIC, to nobody"),
    ("x2apic-self-ipi", CPU, "ICR write to own handler, x2APIC"),
    ("ipi", SMP, "IPI that ends a HLT, other pCPU, both sides"),
    ("ipi-same", SAME, "IPI that ends a HLT, same pCPU, with the switch"),
    ("switch", SWITCH, "switch between vCPUs of two busy VMs"),
    ("linux-boot", LINUX, "Linux from kernel entry to BusyBox"),
    ("linux-exec", LINUX, "20 times fork, exec of BusyBox, wait"),
    ("linux-fork", LINUX, "60 times fork, exit, wait"),
    ("linux-mmap", LINUX, "20 times 4 MiB mapped, touched, unmapped"),
    ("linux-switch", LINUX, "500 times a byte to another process and back"),
    ("linux-cpu", LINUX, "20 million rounds of arithmetic on a table"),
)]
BY_NAME = {row.name: row for row in ROWS}
# The program in the Linux guest marks the end of the boot with 3, and each row's begin and end.
LINUX_MARKS = {"linux-exec": (4, 5), "linux-fork": (6, 7), "linux-mmap": (8, 9), "linux-switch": (10, 11),
               "linux-cpu": (12, 13)}
END_OF_BOOT = 3
