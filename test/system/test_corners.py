# SPDX-License-Identifier: BSD-2-Clause
"""Corners of the CPU that a guest can reach: instructions on emulated memory, state that is each processor's own."""

import pytest

from backends import SVM_KVM, VMX, VMX_KVM, both, on
from plinth_vm import BUILD, config, vm


def failures(m):
    return [line for _, line in m.record.lines if "FAIL" in line]


def test_emulator_bare(machine):
    """On QEMU alone, where both memories are QEMU's."""
    m = machine().bare(BUILD / "guests/emulator.elf", devices=["-device", "pc-testdev"])
    m.expect(r"emulator: \d+ ok, \d+ failed")
    assert not failures(m)


@both
@pytest.mark.parametrize("seed", [1, 2])
def test_emulator(machine, seed):
    """What the hypervisor executes on a device does what the CPU does on RAM."""
    m = machine().boot(config(vm("emu", "emulator.elf", cmdline=f"seed={seed}", testdev="yes")), cpus=1)
    done = int(m.expect(r"\[emu\] emulator: (\d+) ok, \d+ failed").group(1))
    assert done > 100 and not failures(m), failures(m)


def test_apart_bare(machine):
    m = machine().bare(BUILD / "guests/apart.elf", "seconds=1", cpus=2)
    assert int(m.expect(r"apart: (\d+) rounds, 0 wrong").group(1)) > 10


@both
def test_apart(machine):
    """Registers that no CPU switches by itself: six vCPUs of three VMs take turns on one pCPU.

    They use all of XSAVE's state, some, and none."""
    words = {1: "", 2: " xcr0=3", 3: " xcr0=0"}
    conf = config(*(vm(f"vm{n}", "apart.elf", cmdline=f"pattern={n} seconds=3{word}", vcpus=2) for n, word in words.items()))
    m = machine().boot(conf, cpus=1)
    m.expect_all(*(rf"\[vm{n}\] apart: \d\d+ rounds, \d+ wrong" for n in words))
    assert not failures(m)


@on(VMX, SVM_KVM, VMX_KVM)
def test_alignment(machine):
    """#AC comes as the CPU gives it, though each is an exit. TCG has no alignment checks."""
    m = machine().boot(config(vm("check", "cpucheck.elf", cmdline="only=alignment")), cpus=1)
    m.expect(r"\[check\] cpucheck: \d+ ok, \d+ failed")
    assert "[check] ok alignment" in m.log, failures(m)
