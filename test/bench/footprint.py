# SPDX-License-Identifier: BSD-2-Clause
"""How large Plinth is and how long it takes to start, beside what is known of others."""

import subprocess

import columns
import machines
from plinth_vm import BUILD, GRUB_BIOS, config, vm

ELF = BUILD / "plinth.elf"
HELLO = BUILD / "guests/hello.elf"
MANY = 16
# Firecracker's own specification ("Specification", section "Startup time" and "Memory overhead").
PUBLISHED = [("Firecracker: at most, to a guest's init", "125 ms"),
             ("Firecracker: at most, memory of a microVM", "5 MiB")]


def symbols(elf):
    text = subprocess.run(["llvm-nm", elf], check=True, capture_output=True, text=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in text.splitlines() if len(line.split()) == 3}


def image_bytes():
    """text, rodata and data, without what fills their last pages."""
    at = symbols(ELF)
    return (at["text_used"] - at["image_start"] + at["rodata_used"] - at["text_end"] + at["data_end"] - at["rodata_end"])


def hello(name):
    return vm(name, "guests/hello.elf", memory="4M")


def pool_kib(part, count):
    """What Plinth has of its own in use when `count` VMs are made."""
    with part.machine() as m:
        m.boot(config(*(hello(f"g{i}") for i in range(count)), features="-x2apic"), GRUB_BIOS, cpus=1)
        return int(m.expect(r"pool: (\d+) of \d+ KiB in use").group(1))


def start(part, cpus=4):
    """Instructions of all pCPUs from Plinth's entry to the second pCPU's first in C, and to a guest's first."""
    ours = symbols(ELF)
    watched = {"entry": ours["multiboot2_entry_lma"], "second": ours["ap_main"], "guest": symbols(HELLO)["pvh_entry"]}
    with part.machine(count=[f"pc={a:x}" for a in watched.values()]) as m:
        m.boot(config(hello("g"), features="-x2apic"), GRUB_BIOS, cpus=cpus)
        m.expect("hello: ")
        m.quit()
        seen = machines.read_marks(m.counts)
    entry = seen["pc", watched["entry"]][-1]
    return {name: next(t for t in seen["pc", watched[name]] if t > entry) - entry for name in ("second", "guest")}


def qemu_rss(part):
    """KiB of anonymous memory and of files (they lie in a tmpfs) of QEMU, which runs a guest of 16 MiB that sleeps."""
    script = (f"{columns.QEMU_KVM} -m 16M -kernel /bench.elf -append 'empty-loop stay' -serial stdio </dev/null &\n"
              "qemu=$!\nsleep 5\ngrep Rss /proc/$qemu/status\n")
    with part.machine() as m:
        part.start_peer(m, script, 1)
        anon = m.expect(r"RssAnon:\s+(\d+) kB").group(1)
        shared = m.expect(r"RssShmem:\s+(\d+) kB").group(1)
        return int(anon), int(shared)


def measure(part, say):
    """(what, figure as text)"""
    say("Plinth: footprint")
    one, many, begin = pool_kib(part, 1), pool_kib(part, MANY), start(part)
    say("KVM: footprint")
    anon, shared = qemu_rss(part)
    each = (many - one) / (MANY - 1)
    return [
        ("image: text, rodata, data", f"{image_bytes():,} bytes"),
        ("pool in use, 1 VM, 1 pCPU", f"{one:,} KiB"),
        (f"pool in use, {MANY} VMs, 1 pCPU", f"{many:,} KiB"),
        ("of it for each VM of 4 MiB and 1 vCPU, tables too", f"{each:.1f} KiB, {each / 4:.1f} frames"),
        ("entry to the second pCPU's C code, 4 pCPUs", f"{begin['second']:,} instructions"),
        ("entry to the first guest instruction, 4 pCPUs", f"{begin['guest']:,} instructions"),
        ("QEMU with KVM, guest of 16 MiB: anonymous memory, the guest's too", f"{anon:,} KiB"),
        ("QEMU with KVM: program and libraries resident", f"{shared:,} KiB"),
        *PUBLISHED,
    ]
