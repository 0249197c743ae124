# SPDX-License-Identifier: BSD-2-Clause
"""
The emulated machines of the benchmark, on which a tick of the TSC is an instruction: QEMU with -icount shift=0 for SVM,
Bochs for VMX. Both give the same figures each time. On each the benchmark guest runs bare, under Plinth, or under KVM.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from plinth_vm import BUILD, CPU, Qemu, config, vm  # noqa: E402

# An idle machine jumps to its next timer (sleep=off), its clock begins at the same time and its random numbers with the
# same seed. QEMU ends at a read of the LAPIC timer in x2APIC mode (RDMSR 839h) under -icount, so that the host kernels,
# Plinth and Linux, are kept from that mode; their guests are not.
COUNTED = ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off,align=off", "-rtc",
           "base=2025-01-01T00:00:00,clock=vm", "-seed", "1", "-cpu", CPU]
GUEST = BUILD / "guests/bench.elf"


class CountedQemu(Qemu):
    def __init__(self, folder, timeout=300):
        super().__init__(folder, timeout)
        self.cpu = COUNTED


def guest(name, words, **keys):
    """A section of plinth.conf for the benchmark guest."""
    return vm(name, "guests/bench.elf", cmdline=words, memory="64M", **keys)


def bare(machine, words, cpus=1):
    return machine.bare(GUEST, words, cpus=cpus)


def plinth(machine, *guests, cpus=1):
    return machine.boot(config(*guests, features="-x2apic"), cpus=cpus, memory="256M")


def read_rows(machine, rows, name=""):
    """What the guest prints, put into `rows` (row -> ticks, None: cannot be done there)."""
    start = rf"(?:\[{name}\] )?" if name else ""
    while True:
        found = machine.expect(rf"{start}([a-z0-9-]+)\t([0-9]+|-|begin|end)\r?\n")
        row, value = found.groups()
        if value == "end":
            return rows
        if value != "begin":
            rows[row] = None if value == "-" else int(value)
