// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of ports and of memory-mapped devices. The LAPIC is in xAPIC mode here; x2apic_rows are run
 * last.
 */
#include "bench.h"

#include "apic.h"
#include "cpu.h"

LOOP(in_pm, "movl bench_pm_port, %%edx", "inl %%dx, %%eax")
LOOP(in_pic, "", "inb $0x21, %%al")
LOOP(in_absent, "movl $0x2f0, %%edx", "inb %%dx, %%al")
LOOP(out_pic, "movb $0xff, %%al", "outb %%al, $0x21")
LOOP(out_absent, "movl $0x2f0, %%edx", "outb %%al, %%dx")
/* One instruction of 64 bytes; the source stays the same. */
LOOP(outs_absent, "movl $0x2f0, %%edx", "movl $0x100000, %%esi\n\tmovl $64, %%ecx\n\trep outsb")
LOOP(read_tpr, "movl $0xfee00080, %%ebx", "movl (%%rbx), %%eax")
LOOP(write_tpr, "movl $0xfee00080, %%ebx\n\txorl %%eax, %%eax", "movl %%eax, (%%rbx)")
LOOP(write_eoi, "movl $0xfee000b0, %%ebx\n\txorl %%eax, %%eax", "movl %%eax, (%%rbx)")
/* To a processor that is not there. */
LOOP(write_icr,
     "movl $0xfee00310, %%ebx\n\tmovl $0xe000000, (%%rbx)\n\tsubl $16, %%ebx\n\tmovl $0x50, %%eax",
     "movl %%eax, (%%rbx)")
LOOP(read_ioapic, "movl $0xfec00000, %%ebx\n\tmovl $1, (%%rbx)\n\taddl $16, %%ebx",
     "movl (%%rbx), %%eax")
LOOP(read_absent, "movl $0xfed80000, %%ebx", "movl (%%rbx), %%eax")
LOOP(write_absent, "movl $0xfed80000, %%ebx", "movl %%eax, (%%rbx)")

LOOP(x2_tpr, "movl $0x808, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx", "wrmsr")
LOOP(x2_eoi, "movl $0x80b, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx", "wrmsr")
LOOP(x2_icr, "movl $0x830, %%ecx\n\tmovl $0x50, %%eax\n\tmovl $0xe, %%edx", "wrmsr")

/* Where the FADT says that the PM timer is. */
u32 bench_pm_port;

static bool pm_ready(void)
{
	bench_pm_port = pm_port();
	return true;
}

static bool x2apic_ready(void)
{
	return apic_is_x2apic() || apic_to_x2apic();
}

extern u64 self_ipi_x2apic(u32 n);

const struct row io_rows[] = {
	{ "in-pmtimer", pm_ready, in_pm, 64 },
	{ "in-pic", NULL, in_pic, 64 },
	{ "in-absent", NULL, in_absent, 64 },
	{ "out-pic", NULL, out_pic, 64 },
	{ "out-absent", NULL, out_absent, 64 },
	{ "outs-64", NULL, outs_absent, 16 },
	{ "lapic-tpr-read", NULL, read_tpr, 64 },
	{ "lapic-tpr", NULL, write_tpr, 64 },
	{ "lapic-eoi", NULL, write_eoi, 64 },
	{ "lapic-icr", NULL, write_icr, 64 },
	{ "mmio-ioapic", NULL, read_ioapic, 64 },
	{ "mmio-read", NULL, read_absent, 64 },
	{ "mmio-write", NULL, write_absent, 64 },
	{ .name = NULL },
};

const struct row x2apic_rows[] = {
	{ "x2apic-tpr", x2apic_ready, x2_tpr, 64 },
	{ "x2apic-eoi", x2apic_ready, x2_eoi, 64 },
	{ "x2apic-icr", x2apic_ready, x2_icr, 64 },
	{ "x2apic-self-ipi", x2apic_ready, self_ipi_x2apic, 8 },
	{ .name = NULL },
};
