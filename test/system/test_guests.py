# SPDX-License-Identifier: BSD-2-Clause
"""Processors of guests: how many, and whether they are what a guest takes them for."""

import re

import pytest

from backends import VMX, both, qemu_only
from plinth_vm import complaints, config, linux, vm

# What QEMU's TCG does not do as a CPU does; test_corners.py has the second.
SKIPPED = ["[check] skip cr0-bad", "[check] skip alignment"]

# (vCPUs, pCPUs): equal, more and fewer.
LINUX_MATRIX = [(1, 1), (2, 2), *(qemu_only(pair) for pair in [(2, 1), (4, 1), (4, 2), (1, 4), (2, 4), (4, 4)])]


@both
@pytest.mark.parametrize("cpus", LINUX_MATRIX, ids=lambda pair: "{}-{}".format(*pair))
def test_linux_cpus(machine, cpus):
    """Every processor computes the same sum at the same time."""
    vcpus, pcpus = cpus
    conf = config(linux("many", "test=smp", machine.kernel, vcpus=vcpus))
    m = machine(timeout=240).boot(conf, cpus=pcpus)
    m.expect(rf"\[many\] plinth: guest many up, {vcpus} cpus")
    sums = {m.expect(rf"\[many\] smp: cpu {i} (\w{{40}})").group(1) for i in range(vcpus)}
    m.expect(rf"\[many\] smp: end, {vcpus} cpus")
    assert len(sums) == 1


@both
@pytest.mark.parametrize("pcpus", [pytest.param(1, marks=pytest.mark.preempts), 2, qemu_only(4)])
def test_small_smp(machine, pcpus):
    """Guests of 1, 2 and 4 vCPUs at once."""
    conf = config(*(vm(f"smp{n}", "smp.elf", vcpus=n) for n in (1, 2, 4)))
    m = machine(timeout=120).boot(conf, cpus=pcpus)
    m.expect_all(*(rf"\[smp{n}\] smp: {n} cpus up" for n in (1, 2, 4)),
                 *(rf"\[smp{n}\] smp: ok" for n in (1, 2, 4)),
                 *(rf'vm "smp{n}": powered off' for n in (1, 2, 4)))
    assert "FAIL" not in m.log


def spoiled(request, lines):
    """Checks that needed a second try on Bochs, where no busy host can be to blame."""
    return complaints(lines, "again") if request.node.callspec.params["machine"] == VMX else []


@both
@pytest.mark.parametrize("vcpus", [1, 2, qemu_only(4)])
def test_cpucheck(machine, request, vcpus):
    m = machine(timeout=120).boot(config(vm("check", "cpucheck.elf", cmdline="emulated", vcpus=vcpus)))
    m.expect(r"\[check\] cpucheck: [1-9]\d* ok, \d+ failed")
    lines = [line for _, line in m.record.lines]
    bad = complaints(lines, "FAIL")
    assert not bad, "\n".join(bad)
    assert not spoiled(request, lines)
    assert [line for line in lines if "] skip" in line] == SKIPPED, "cpucheck did not know Plinth"
    assert "[check] rep outsb" in m.log


@both
@pytest.mark.preempts
def test_devcheck(machine, request):
    """Interrupt controllers and timers as an operating system on bare metal programs them."""
    m = machine(timeout=120).boot(config(vm("check", "devcheck.elf")), cpus=1)
    failed = int(m.expect(r"\[check\] devcheck: \d+ ok, (\d+) failed").group(1))
    lines = [line for _, line in m.record.lines]
    assert not failed, "\n".join(line for line in lines if "FAIL" in line)
    assert not spoiled(request, lines)
    assert not [line for line in lines if "] skip" in line]


@both
def test_linux_devices(machine):
    """A Linux guest finds the board's devices, and complains about none."""
    m = machine(timeout=240).boot(config(linux("dev", "test=devices", machine.kernel)), cpus=1)
    clocks = m.expect(r"\[dev\] devices: clocks ([^\r]*)\r").group(1).split()
    assert {"kvm-clock", "hpet", "acpi_pm"} <= set(clocks)
    m.expect(r"\[dev\] devices: rtc rtc_cmos")
    m.expect(r'\[dev\] devices: input "AT Translated Set 2 keyboard"')
    m.expect(r"\[dev\] devices: end")
    complaints = [line for _, line in m.record.lines if "devices: complaint" in line]
    # Of the processor's side channels, and of a host that was busy elsewhere, but of no device.
    usual = re.compile("RETBleed|Speculative|srso|Spectre|MDS|TAA|MMIO Stale|timekeeping watchdog")
    odd = [line for line in complaints if not usual.search(line)]
    assert not odd, "\n".join(odd)


@both
def test_pools(machine):
    """Guests in pools run; one whose pool cannot give what it reserves is told and stays out."""
    pools = '[pool "outer"]\nreservation = 60%\nlimit = 150%\n\n[pool "inner"]\npool = outer\nreservation = 40%\n\n'
    m = machine().boot(config(vm("one", "ticker.elf", pool="inner", reservation="30%"), vm("two", "ticker.elf", pool="outer"),
                              vm("greedy", "ticker.elf", pool="inner", reservation="11%"), pools, scheduler="fair"))
    m.expect(r'vm "greedy": its reservation of 11% does not fit into pool "inner": of 40% there 10% are left')
    m.expect_all(r"\[one\] tick 2\r", r"\[two\] tick 2\r")
