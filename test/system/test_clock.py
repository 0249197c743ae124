# SPDX-License-Identifier: BSD-2-Clause
"""The guest's clock against the host's. Not on Bochs, whose seconds are so many instructions and not ours."""

import re
import time

from backends import SVM, SVM_KVM, VMX_KVM, on
from plinth_vm import config, linux, vm

RATE_ERROR = 0.001
WALL_ERROR = 3  # s; the clock chip has whole seconds, and the guest needs time to boot
WALL_LATE = 20  # s; that the line may be on its way on a busy host


def samples_of(machine, pattern):
    """(host s, guest s) of every line."""
    found = []
    for host, line in machine.record.lines:
        match = re.search(pattern, line)
        if match:
            found.append((host, int(match.group(1)) / 1e9))
    return found


def span_of(samples):
    """
    The first and the last sample to measure by. A line may be late, never early; so of the first and of the last third
    it is the one that was on its way for the shortest time. That makes the answer independent of the load here.
    """
    third = len(samples) // 3
    return (min(samples[:third], key=lambda s: s[0] - s[1]), min(samples[-third:], key=lambda s: s[0] - s[1]))


def rate(samples):
    """How fast the guest's clock goes by the host's."""
    first, last = span_of(samples)
    return (last[1] - first[1]) / (last[0] - first[0])


def test_rate_of_samples():
    """The estimate itself, on made-up samples: late lines do not disturb it, a wrong rate shows."""
    late = [0.2, 0.05, 0.001, 0.3, 0.1] * 20
    good = [(i * 0.1 + d, i * 0.1) for i, d in enumerate(late)]
    fast = [(i * 0.1 + d, i * 0.1003) for i, d in enumerate(late)]
    assert abs(rate(good) - 1) < RATE_ERROR / 10
    assert abs(rate(fast) - 1.003) < RATE_ERROR / 10


@on(SVM, SVM_KVM, VMX_KVM)
def test_linux_clock(machine):
    m = machine(timeout=180).boot(config(linux("web", "test=clock")))
    m.expect(r"\[web\] clock: source (\S+)\r")
    source = m.console.match.group(1)
    date = int(m.expect(r"\[web\] clock: date (\d+)\r").group(1))
    off = time.time() - date
    m.expect(r"\[web\] clock: end")
    samples = samples_of(m, r"\[web\] clock: ns (\d+)")
    error = abs(rate(samples) - 1)
    span = samples[-1][1] - samples[0][1]
    print(f"clock source {source}, {len(samples)} samples over {span:.1f} s, error {error * 100:.4f} %, date {off:.1f} s")
    assert source == "kvm-clock"
    assert span > 10
    assert error < RATE_ERROR
    assert -WALL_ERROR < off < WALL_LATE


@on(SVM, SVM_KVM, VMX_KVM)
def test_two_clocks_alike(machine):
    """Two guests on one pCPU, one of them always busy: the other's clock goes on."""
    m = machine(timeout=180).boot(config(linux("web", "test=clock"), vm("hog", "hog.elf")), cpus=1)
    m.expect(r"\[web\] clock: end")
    assert abs(rate(samples_of(m, r"\[web\] clock: ns (\d+)")) - 1) < RATE_ERROR * 5
