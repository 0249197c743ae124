# SPDX-License-Identifier: BSD-2-Clause
"""The doors that Plinth comes in by."""

import subprocess

import pytest

from backends import both, qemu_only
from plinth_vm import EFI, GRUB_BIOS, GRUB_EFI, TOP, config, linux, vm

DOORS = [EFI, GRUB_BIOS, qemu_only(GRUB_EFI)]


@both
@pytest.mark.parametrize("door", DOORS)
def test_small_guests(machine, door):
    conf = config(vm("hello", "hello.elf", cmdline="by the door", module="ticker.elf"),
                  vm("ticker", "ticker.elf", vcpus=1))
    m = machine(timeout=120).boot(conf, door)
    m.expect_all(r'vm "hello": started, 1 vcpus?, 16 MiB',
                 r'\[hello\] hello: command line "by the door"',
                 r"\[hello\] hello: module 0: \d+ bytes",
                 r'vm "hello": powered off',
                 r"\[ticker\] hello from the ticker: \d+ KiB of memory, 1 vcpus",
                 r"\[ticker\] tick 3")


@both
@pytest.mark.parametrize("door", [GRUB_BIOS, qemu_only(GRUB_EFI)])
def test_linux_by_grub(machine, door):
    """The bzImage, also where it takes its time to unpack itself."""
    m = machine(timeout=180).boot(config(linux("web")), door)
    m.expect(r"\[web\] plinth: guest web up, 1 cpus")


@both
@pytest.mark.parametrize("cpus", [1, 2, qemu_only(4)])
def test_pcpus_taken(machine, cpus):
    """Four spinning guests all get on, on however many pCPUs."""
    conf = config(*(vm(f"hog{i}", "hog.elf", cmdline="seconds=3") for i in range(4)))
    m = machine(timeout=120).boot(conf, cpus=cpus)
    m.expect_all(*(rf'vm "hog{i}": powered off' for i in range(4)))
    m.expect("all VMs have ended")


def test_cold_boots():
    """Short for `make soak`."""
    subprocess.run([TOP / "test/soak/boots", "5"], check=True, timeout=300)
