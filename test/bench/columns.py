# SPDX-License-Identifier: BSD-2-Clause
"""
The three columns: the rows of one kind measured bare, under Plinth and under KVM. Each function takes the part (its
machines) and the names wanted, and returns row -> figure.
"""

import re
import subprocess

import machines
from gaps import switch_cost
from rows import CPU, END_OF_BOOT, LINUX, LINUX_MARKS, SAME, SMP, SWITCH

QEMU_KVM = ("qemu-system-x86_64 -accel kvm -M q35 -cpu host -global apic-common.vapic=off -nodefaults -display none "
            "-net none -no-reboot")


def pvh_entry(elf):
    """Where the PVH note leads: the description of note 18 of owner Xen."""
    notes = subprocess.run(["llvm-readelf", "-n", elf], check=True, capture_output=True, text=True).stdout
    found = re.search(r"\(0x00000012\)\s+description data: ((?:[0-9a-f]{2} ?)+)", notes)
    return int.from_bytes(bytes.fromhex(found.group(1)), "little")


def linux_rows(counts, names):
    """From the plugin's marks. The last entry is the guest's, the first may be the peer's own."""
    marks = machines.read_marks(counts)
    spans = {"linux-boot": (("pc", pvh_entry(machines.VMLINUX)), ("mark", END_OF_BOOT))}
    spans |= {row: (("mark", begin), ("mark", end)) for row, (begin, end) in LINUX_MARKS.items()}
    return {row: marks[end][-1] - marks[begin][-1] for row, (begin, end) in spans.items() if row in names}


def linux_count():
    return [f"pc={pvh_entry(machines.VMLINUX):x}"]


def read_gaps(machine):
    """(from, to) of each gap of one guest of the row `switch`."""
    gaps = []
    while True:
        found = machine.expect(r"(?:gap\t(\d+)\t(\d+)|bench\tend)\r*\n").groups()
        if not found[0]:
            return gaps
        gaps.append((int(found[0]), int(found[1])))


# --- Bare -------------------------------------------------------------------------------------------------------------


def bare(part, kind, names):
    if kind in (SAME, SWITCH):
        return {}
    if kind == LINUX:
        with part.machine(count=linux_count()) as m:
            m.bare(machines.VMLINUX, machines.LINUX_WORDS, memory="192M", initrd=machines.INITRD)
            machines.read_rows(m, {})
            m.quit()
            return linux_rows(m.counts, names)
    with part.machine() as m:
        m.bare(machines.GUEST, " ".join(names), cpus=2 if kind == SMP else 1)
        return machines.read_rows(m, {})


# --- Plinth -----------------------------------------------------------------------------------------------------------


def plinth(part, kind, names):
    if kind == LINUX:
        with part.machine(count=linux_count()) as m:
            machines.plinth(m, machines.linux_guest())
            machines.read_rows(m, {})
            m.quit()
            return linux_rows(m.counts, names)
    if kind == SWITCH:
        return {"switch": plinth_switch(part)}
    vcpus, cpus = {CPU: (1, 1), SMP: (2, 2), SAME: (2, 1)}[kind]
    words = "ipi" if kind == SAME else " ".join(names)
    with part.machine() as m:
        machines.plinth(m, machines.guest("bench", words, vcpus=vcpus), cpus=cpus)
        rows = machines.read_rows(m, {})
    return {"ipi-same": rows["ipi"]} if kind == SAME else rows


def plinth_switch(part):
    gaps = {"a": [], "b": []}
    left = set(gaps)
    with part.machine() as m:
        machines.plinth(m, machines.guest("a", "switch"), machines.guest("b", "switch"))
        while left:
            name, begin, end, over = m.expect(r"\[([ab])\] (?:gap\t(\d+)\t(\d+)|bench\t(end))\r*\n").groups()
            if over:
                left.discard(name)
            else:
                gaps[name].append((int(begin), int(end)))
    return switch_cost(gaps["a"], gaps["b"])


# --- KVM: one start of the peer for all kinds that need as many pCPUs -------------------------------------------------


def script(kinds, names):
    """/bench.sh: each run after a line "run KIND"."""
    lines = []
    plain = f"{QEMU_KVM} -m 64M -kernel /bench.elf"
    if CPU in kinds:
        lines += ["echo run cpu", f"{plain} -serial stdio -append '{' '.join(names[CPU])}' </dev/null"]
    if SAME in kinds:
        lines += ["echo run same", f"{plain} -smp 2 -serial stdio -append ipi </dev/null"]
    if SMP in kinds:
        # Each vCPU on a pCPU of its own: the scheduler would have them share one.
        lines += ["echo run smp", f"{plain} -smp 2 -name g,debug-threads=on -serial stdio -append ipi </dev/null &",
                  "qemu=$!", "until grep -qs 'CPU 1/KVM' /proc/$qemu/task/*/comm; do usleep 1000; done",
                  "for t in /proc/$qemu/task/*; do case $(cat $t/comm) in 'CPU 0/KVM') taskset -p 1 ${t##*/};;"
                  " 'CPU 1/KVM') taskset -p 2 ${t##*/};; esac; done >/dev/null", "wait"]
    if SWITCH in kinds:
        lines += ["echo run switch", f"{plain} -serial file:/tmp/a -append switch </dev/null &",
                  f"{plain} -serial file:/tmp/b -append switch </dev/null", "wait", "cat /tmp/a /tmp/b"]
    if LINUX in kinds:
        lines += ["echo run linux", f"{QEMU_KVM} -m 192M -serial stdio -kernel /vmlinux.elf -initrd /linux.img "
                  f"-append '{machines.LINUX_WORDS}' </dev/null"]
    return "\n".join(lines) + "\n"


def read_kind(machine, kind, rows):
    if kind == SWITCH:
        rows["switch"] = switch_cost(read_gaps(machine), read_gaps(machine))
        return
    got = machines.read_rows(machine, {})
    if kind == SAME:
        rows["ipi-same"] = got["ipi"]
    elif kind != LINUX:
        rows.update(got)


def kvm(part, kinds, names, say):
    """All of these kinds, in one start of the peer for each number of pCPUs."""
    rows = {}
    for group, cpus in (([SMP], 2), ([CPU, SAME, SWITCH], 1), ([LINUX], 1)):
        wanted = [kind for kind in group if kind in kinds]
        if not wanted:
            continue
        with part.machine(**({"count": linux_count()} if LINUX in wanted else {})) as m:
            part.start_peer(m, script(wanted, names), cpus)
            for kind in wanted:
                m.expect(rf"run {kind}\r*\n")
                say(f"KVM: {kind}")
                read_kind(m, kind, rows)
            m.expect("peer: end")
            if LINUX in wanted:
                m.quit()
                rows.update(linux_rows(m.counts, names[LINUX]))
    return rows
