# SPDX-License-Identifier: BSD-2-Clause
"""Guests that try to harm their neighbours, who must not notice: neither in what they compute, nor in how much of it."""

import re
import statistics

import pytest

from backends import SVM, SVM_KVM, VMX, both, on
from plinth_vm import config, linux, vm
from test_clock import samples_of, span_of

# Of the processor's time that the neighbour has beside a guest that only computes. Emulators count instructions and are exact; under
# KVM the host's load goes up and down by far more, so there it is about starving.
LEAST = {SVM: 0.95, VMX: 0.95}
LEAST_ELSEWHERE = 0.6
ICOUNT = 4
# QEMU 10 aborts ("bql_lock_impl: assertion failed") when #DB is delivered on a stack that a data breakpoint watches, also without
# Plinth: this is its own fault, and no intercept is in between.
EMULATOR_DIES = {(SVM, "debug")}


def backend(request):
    return request.node.callspec.params["machine"]


def boot_exact(machine, request, *sections):
    """One processor, and on the emulators a time that the host's load does not change."""
    exact = backend(request) == SVM
    m = machine(timeout=90, **({"icount": ICOUNT} if exact else {}))
    return m.boot(config(*sections, features="-x2apic" if exact else ""), cpus=1)  # QEMU cannot count with it


def hostile(attacks, name="bad", vcpus=2, calm=0, seconds=2, **keys):
    words = f"attacks={','.join(attacks)} calm={calm} seconds={seconds} seed=1"
    return vm(name, "hostile.elf", cmdline=words, vcpus=vcpus, restart="always", **keys)


def rates(m):
    """The neighbour's work in whole seconds, by what the other did: name of the attack or "calm" -> counts."""
    now, found = None, {}
    for _, line in m.record.lines:
        if begun := re.search(r"\[bad\] hostile: (\w+)$", line):
            now = [begun.group(1), 0]
        elif re.search(r"\[bad\] |vm \"bad\"", line):
            now = None
        elif (count := re.search(r"\[hog\] hog: second \d+ count (\d+)", line)) and now:
            now[1] += 1
            if now[1] > 1:  # the first began before
                found.setdefault(now[0], []).append(int(count.group(1)))
    return found


def answers(m):
    """The hypervisor's console works, and the neighbour goes on."""
    m.screen(1)
    m.expect("hog has the screen")
    for _ in range(2):
        m.expect(r"hog: second \d+")


GROUPS = {
    "registers": ["ports", "msrs"],
    "memory": ["holes", "tables"],
    "storms": ["selfirq", "timer", "debug", "align"],
    "processors": ["ipis"],
}


@both
@pytest.mark.preempts
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: "-".join(GROUPS[group]))
def test_neighbour(machine, request, group):
    """On one processor with the attacker, whose two vCPUs are busy all the time."""
    attacks = [a for a in GROUPS[group] if (backend(request), a) not in EMULATOR_DIES]
    m = boot_exact(machine, request, vm("hog", "hog.elf"), hostile(attacks, calm=5, seconds=4))
    # Should it come to grief by what it does to itself, it begins again.
    m.expect(rf"\[bad\] hostile: {attacks[-1]} done" + r'|vm "bad": restarted')
    answers(m)
    found = rates(m)
    calm = statistics.mean(found.pop("calm"))
    least = LEAST.get(backend(request), LEAST_ELSEWHERE)
    for attack, counts in found.items():
        assert statistics.mean(counts) >= calm * least, f"{attack}: {counts}, beside calm work {calm:.0f}"


@both
@pytest.mark.preempts
def test_random_code(machine):
    """Random code in rings 3 and 0, code that changes while it is emulated, INIT and start-up IPIs to anywhere: these die of it."""
    attacks = ["code", "ring0", "modify", "inits"]
    conf = config(vm("hog", "hog.elf"), *(hostile([a], name=a, seconds=60, memory="8M") for a in attacks))
    m = machine(timeout=90).boot(conf, cpus=2)
    m.expect_all(*(rf"\[{a}\] hostile: {a}" for a in attacks))
    m.expect(r"\[hog\] hog: second 8 ")
    answers(m)


@both
@pytest.mark.parametrize("attack", ["triple", "reset"])
def test_deaths_in_a_loop(machine, request, attack):
    """A start costs the one who starts, not its neighbour."""
    beside_hog = boot_exact(machine, request, vm("hog", "hog.elf"), vm("bad", "hog.elf"))
    beside_hog.expect(r"\[hog\] hog: second 4 ")
    beside_hog.close()
    m = boot_exact(machine, request, vm("hog", "hog.elf"), hostile([attack], vcpus=1, memory="16M"))
    for _ in range(3):
        m.expect(r'vm "bad": restarted')
    m.expect(r"\[hog\] hog: second (6|7|8|9|\d\d) ")
    answers(m)

    def per_second(m):
        counts = [int(n) for n in re.findall(r"\[hog\] hog: second \d+ count (\d+)", m.log)]
        return statistics.mean(counts[1:])

    # Loading the kernel is one piece of work; emulators count each byte that it copies as an instruction, three times a second.
    least = LEAST.get(backend(request), LEAST_ELSEWHERE) - 0.07
    assert per_second(m) >= per_second(beside_hog) * least


@both
def test_asleep_for_ever(machine):
    """HLT with interrupts off: it costs nothing."""
    m = machine().boot(config(vm("hog", "hog.elf"), hostile(["asleep"], vcpus=1)), cpus=1)
    m.expect(r"\[bad\] hostile: asleep")
    answers(m)


@on(SVM, SVM_KVM)
def test_linux_beside(machine):
    """A Linux that computes the same sum again and again, and looks at its clock, beside most of the attacks."""
    attacks = ["holes", "timer", "ipis", "selfirq", "msrs", "ports"]
    conf = config(linux("web", "test=watch", vcpus=2), hostile(attacks, seconds=1))
    m = machine(timeout=180).boot(conf, cpus=2)
    while not re.search(r"\[bad\] hostile: (ports done|calm)", m.log) or m.log.count("[web] watch: ") < 12:
        m.expect(r"\[web\] watch: \d+")
    assert len(set(re.findall(r"\[web\] watch: \d+ (\w{40})", m.log))) == 1, "a sum changed"
    first, last = span_of(samples_of(m, r"\[web\] watch: (\d+) \w{40}"))
    host, guest = last[0] - first[0], last[1] - first[1]
    assert abs(guest - host) < 0.02 * host + 0.5, f"{guest:.2f} s in the guest, {host:.2f} s outside"
