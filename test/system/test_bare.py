# SPDX-License-Identifier: BSD-2-Clause
"""The small guests and the initramfs without Plinth, on QEMU alone: what they say is worth believing."""

import pytest

from plinth_vm import BUILD

GUESTS = BUILD / "guests"


def test_hello_bare(machine):
    m = machine().bare(GUESTS / "hello.elf", "some words", initrd=GUESTS / "ticker.elf")
    m.expect(r'hello: command line "some words"')
    m.expect(r"hello: module 0: \d+ bytes")
    m.expect_end()


@pytest.mark.parametrize("cpus", [1, 4])
def test_smp_bare(machine, cpus):
    m = machine().bare(GUESTS / "smp.elf", cpus=cpus)
    m.expect(rf"smp: {cpus} cpus up")
    m.expect("smp: ok")
    assert "FAIL" not in m.log


def test_cpucheck_bare(machine):
    m = machine().bare(GUESTS / "cpucheck.elf")
    m.expect(r"cpucheck: \d+ ok, 0 failed")


def test_devcheck_bare(machine):
    m = machine().bare(GUESTS / "devcheck.elf")
    m.expect(r"devcheck: \d+ ok, 0 failed")


def test_triplefault_bare(machine):
    """With -no-reboot the emulator ends."""
    m = machine().bare(GUESTS / "triplefault.elf")
    m.expect("triplefault: by idt")
    m.expect_end()
    assert "rt:" not in m.log


def test_initramfs_bare(machine):
    m = machine(timeout=120).bare(BUILD / "debian/vmlinuz", "console=ttyS0 quiet name=pc", cpus=2, memory="256M",
                                  initrd=GUESTS / "initrd.img")
    m.expect(r"plinth: guest pc up, 2 cpus, \d+ MiB")
    m.expect("pc # ")
    m.type("nproc\r")
    m.expect(r"\n2\r")
    m.expect("pc # ")
    m.type("echo beg''un; sleep 1000\r")
    m.expect("begun")
    m.drain(1)  # until the shell has started it
    m.type("\x03")
    m.expect("pc # ")
    m.type("poweroff\r")
    m.expect_end()
