# SPDX-License-Identifier: BSD-2-Clause
"""The x2APIC of a guest, served by the CPU or by the emulated LAPIC."""

import pytest

from backends import VMX, VMX_KVM, both, on
from plinth_vm import config, linux, vm

ROUNDS = 1000  # of cpucheck's x2apic-load: a write of the TPR, a self-IPI, an EOI and two reads each


def exits(m, name, kind):
    """What Plinth says at the end of a VM, at log level debug."""
    return int(m.expect(rf'vm "{name}": exits: {kind} (\d+)\s').group(1))


@both
def test_smp_in_x2apic_mode(machine):
    """IPIs, start-up IPIs and sleep."""
    m = machine().boot(config(vm("smp", "smp.elf", cmdline="x2apic", vcpus=2)))
    m.expect_all(r"\[smp\] smp: ok", "all VMs have ended")


@on(VMX, VMX_KVM)
def test_busy_x2apic_needs_no_exits(machine):
    """TPR, self-IPI, EOI and reads leave the guest without APIC virtualisation, and only then."""
    seen = {}
    for features in ("+apicv", "-apicv"):
        m = machine().boot(config(vm("check", "cpucheck.elf", cmdline="only=x2apic-load"), loglevel="debug",
                                  features=features))
        m.expect(r"\[check\] cpucheck: 1 ok, 0 failed")
        seen[features] = exits(m, "check", "rdmsr"), exits(m, "check", "wrmsr")
        m.expect("all VMs have ended")
        m.close()
    assert seen["+apicv"][0] < 50 and seen["+apicv"][1] < 50, seen
    assert seen["-apicv"][0] >= 2 * ROUNDS and seen["-apicv"][1] >= 3 * ROUNDS, seen


@pytest.mark.soak
@on(VMX_KVM)  # Bochs delivers interrupts too early: test_bochs_has_a_flaw
def test_linux_leaves_less_often(machine):
    """Up to its init and off again, with APIC virtualisation and without."""
    seen = {}
    for features in ("+apicv", "-apicv"):
        conf = config(linux("tux", "test=poweroff", machine.kernel), loglevel="debug", features=features)
        m = machine(timeout=180).boot(conf, cpus=1)
        m.expect(r"\[tux\] plinth: guest tux powers off")
        seen[features] = exits(m, "tux", "wrmsr")
        m.expect("all VMs have ended")
        m.close()
    assert seen["+apicv"] < 0.7 * seen["-apicv"], seen
