# SPDX-License-Identifier: BSD-2-Clause
"""A guest's TSC at a rate of its own."""

import pytest

from backends import SVM, VMX, on
from plinth_vm import config, vm

CHECKS = ["tsc-leaf", "kvmclock-rate", "timer-deadline"]


@on(VMX)
@pytest.mark.parametrize("mhz", [7, 50])
def test_own_rate(machine, mhz):
    """Of the 20 MHz that Bochs has here. By the PM timer the rate is what the leaf says, and all clocks agree."""
    m = machine().boot(config(*(vm(name, "cpucheck.elf", cmdline=f"only={name}", memory="8M", tsc=mhz)
                                for name in CHECKS)))
    m.expect_all(rf"\[tsc-leaf\] tsc {mhz}000 kHz",
                 *(rf"\[{name}\] cpucheck: 1 ok, 0 failed" for name in CHECKS), "all VMs have ended")


@on(SVM, VMX)
def test_refused(machine):
    """QEMU's TCG has no scaling; where there is one it is switched off, if this machine has it."""
    conf = config(vm("fast", "hello.elf", tsc=3000), vm("hello", "hello.elf"), features="-tscscaling")
    line = conf[:conf.index("tsc =")].count("\n") + 1
    m = machine().boot(conf)
    m.expect_all(rf'vm "fast": cannot start: plinth\.conf:{line}: tsc: the CPU cannot scale the TSC',
                 r"\[hello\] hello: now poweroff", "all VMs have ended")
    assert 'vm "fast": started' not in m.log


@on(VMX)
def test_too_far(machine):
    machine().boot(config(vm("fast", "hello.elf", tsc=3000))).expect("tsc: too far from the host's frequency")
