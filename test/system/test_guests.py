# SPDX-License-Identifier: BSD-2-Clause
"""Processors of guests: how many, and whether they are what a guest takes them for."""

import pytest

from plinth_vm import config, linux, vm

# (vCPUs, pCPUs): equal, more and fewer.
LINUX_MATRIX = [(1, 1), (2, 1), (4, 1), (2, 2), (4, 2), (1, 4), (2, 4), (4, 4)]


@pytest.mark.parametrize("vcpus, pcpus", LINUX_MATRIX)
def test_linux_cpus(machine, vcpus, pcpus):
    """Every processor computes the same sum at the same time."""
    m = machine(timeout=240).boot(config(linux("many", "test=smp", vcpus=vcpus)), cpus=pcpus)
    m.expect(rf"\[many\] plinth: guest many up, {vcpus} cpus")
    sums = {m.expect(rf"\[many\] smp: cpu {i} (\w{{40}})").group(1) for i in range(vcpus)}
    m.expect(rf"\[many\] smp: end, {vcpus} cpus")
    assert len(sums) == 1


@pytest.mark.parametrize("pcpus", [1, 2, 4])
def test_small_smp(machine, pcpus):
    """Guests of 1, 2 and 4 vCPUs at once."""
    conf = config(*(vm(f"smp{n}", "smp.elf", vcpus=n) for n in (1, 2, 4)))
    m = machine(timeout=120).boot(conf, cpus=pcpus)
    m.expect_all(*(rf"\[smp{n}\] smp: {n} cpus up" for n in (1, 2, 4)),
                 *(rf"\[smp{n}\] smp: ok" for n in (1, 2, 4)),
                 *(rf'vm "smp{n}": powered off' for n in (1, 2, 4)))
    assert "FAIL" not in m.log


@pytest.mark.parametrize("vcpus", [1, 2, 4])
def test_cpucheck(machine, vcpus):
    m = machine(timeout=120).boot(config(vm("check", "cpucheck.elf", cmdline="emulated", vcpus=vcpus)))
    failed = int(m.expect(r"\[check\] cpucheck: \d+ ok, (\d+) failed").group(1))
    lines = [line for _, line in m.record.lines]
    bad = [line for line in lines if "FAIL" in line]
    assert not failed and not bad, "\n".join(bad)
    assert [line for line in lines if "] skip" in line] == ["[check] skip cr0-bad"], "cpucheck did not know Plinth"
    assert "[check] rep outsb" in m.log
