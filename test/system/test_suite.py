# SPDX-License-Identifier: BSD-2-Clause
"""Kernels written for QEMU's PC: what starts there by -kernel starts here unmodified and ends with the same code."""

import pytest

from plinth_vm import BUILD, GRUB_BIOS, config, vm

GUESTS = BUILD / "guests"
KERNELS = ["suite.elf", "kludge.bin"]
DEVICES = ["-device", "pc-testdev", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


@pytest.mark.parametrize("kernel", KERNELS)
def test_suite_bare(machine, kernel):
    """On QEMU alone: what the suite looks for is really there."""
    m = machine().bare(GUESTS / kernel, "x=5 c=2 m=1", cpus=2, initrd=GUESTS / "suite.elf", devices=DEVICES)
    m.expect("suite: exit 5")
    assert m.status() == 5 << 1 | 1
    assert "FAIL" not in m.log


@pytest.mark.parametrize("kernel", KERNELS)
def test_suite(machine, kernel):
    conf = config(vm("s", f"suites/{kernel}", cmdline="x=5 c=2 m=2", vcpus=2, testdev="yes", initrd="suite.elf",
                     module="ticker.elf"))
    m = machine().boot(conf, GRUB_BIOS, files={f"suites/{kernel}": GUESTS / kernel})
    m.expect(rf'\[s\] suite: command line "suites/{kernel} x=5 c=2 m=2"')
    m.expect(r'vm "s": ended with exit code 5 \(QEMU\'s status 11\)')
    m.expect("all VMs have ended")
    assert "FAIL" not in m.log


def test_no_test_devices_without_the_key(machine):
    """A guest that may not end itself so goes on: here it sees that the devices are missing, and halts."""
    m = machine().boot(config(vm("s", "suite.elf", cmdline="x=5 c=1 m=0"), vm("ticker", "ticker.elf")))
    m.expect_all(r"\[s\] suite: FAIL loop-back", r"\[s\] suite: exit 99", r"\[ticker\] tick 2")
    assert "exit code" not in m.log
