# SPDX-License-Identifier: BSD-2-Clause
"""Every mode of the CPU in a guest; and that SVM and VMX differ in nothing else that a guest can see."""

import fnmatch
import pathlib
import re

import pytest

from backends import SVM, VMX, both
from plinth_vm import BUILD, config, vm

DIFFERENCES = pathlib.Path(__file__).with_name("state_differences.txt")
# QEMU's processor checks no segment limits, so that these say nothing there.
NEED_LIMITS = {"real-limit", "limits"}

dumps = {}  # backend -> {key: values}, of this session


def backend(request):
    return request.node.callspec.params["machine"]


def words(m, word, prefix=""):
    """The names that `modes` printed behind ok, skip or FAIL."""
    return [name for _, line in m.record.lines for name in re.findall(rf"^{prefix}{word} ([^\r:]+)", line)]


def test_modes_bare(machine):
    """On QEMU alone: what the guest looks for is really there."""
    m = machine().bare(BUILD / "guests/modes.elf")
    m.expect(r"modes: \d+ ok, (\d+) failed")
    assert not words(m, "FAIL")


@both
@pytest.mark.parametrize("seed", [1, 2])
def test_modes(machine, request, seed):
    emulated = "emulated" if backend(request) == SVM else ""
    m = machine(timeout=120).boot(config(vm("modes", "modes.elf", cmdline=f"seed={seed} {emulated}")))
    m.expect(r"\[modes\] modes: \d+ ok, \d+ failed")
    assert not words(m, "FAIL", r"\[modes\] "), m.log
    assert set(words(m, "skip", r"\[modes\] ")) == (NEED_LIMITS if emulated else set())
    assert "walk" in words(m, "ok", r"\[modes\] ")
    m.expect(r'vm "modes": powered off')


def expected_after(when, dump):
    """What the manuals say of reset and INIT (Intel SDM vol. 3, "Processor State After Reset")."""
    zero = ["eax", "ebx", "ecx", "esi", "edi", "ebp", "esp", "es", "ss", "ds", "fs", "gs", "cr2", "cr3", "cr4",
            "dr0", "dr1", "dr2", "dr3"]
    want = {**{reg: "00000000" for reg in zero}, "eflags": "00000002", "cr0": "60000010", "dr6": "ffff0ff0",
            "dr7": "00000400", "cs": "00000800", "edx": dump["reset.cpuid1"],
            "gdtr": "limit ffff base 00000000", "idtr": "limit ffff base 00000000", "msr.c0000080": "0" * 16}
    return {f"{when}.{reg}": value for reg, value in want.items()}


# One worker has both dumps.
together = pytest.mark.xdist_group("state")


@together
@both
def test_state(machine, request):
    """What processor 1 finds when it starts; the whole dump is for test_same_state."""
    m = machine(timeout=120).boot(config(vm("state", "statedump.elf", vcpus=2)))
    m.expect(r"\[state\] statedump: end")
    found = re.findall(r"\[state\] = ([^\r\n]+?): ([^\r\n]+)", m.log)
    dump = dict(found)
    assert len(dump) == len(found) > 300, "a key came twice, or much is missing"
    dumps[backend(request)] = dump
    for when in ("reset", "init", "again"):
        want = expected_after(when, dump)
        assert {key: dump.get(key) for key in want} == want
    # INIT leaves alone what reset sets.
    kept = {"msr.00000174": 0x18, "msr.00000277": 0x70406, "msr.000002ff": 0xc06, "msr.c0000082": 0x82}
    for key, value in kept.items():
        assert int(dump[f"again.{key}"], 16) == value != int(dump[f"reset.{key}"], 16)


def allowed():
    """The patterns of the expectation file."""
    lines = [line for line in DIFFERENCES.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    rows = [[part.strip() for part in line.split("|")] for line in lines]
    assert all(len(row) == 2 and all(row) for row in rows), "each line is: key | reason"
    return [key for key, _ in rows]


@together
def test_same_state():
    if not {SVM, VMX} <= set(dumps):
        pytest.skip("needs test_state of svm and of vmx in the same session")
    svm, vmx = dumps[SVM], dumps[VMX]
    differ = [key for key in sorted({*svm, *vmx}) if svm.get(key) != vmx.get(key)]
    patterns = allowed()
    surprises = [f"{key}: svm {svm.get(key)}, vmx {vmx.get(key)}" for key in differ
                 if not any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)]
    assert not surprises, "\n".join(surprises)
    stale = [pattern for pattern in patterns if not fnmatch.filter(differ, pattern)]
    assert not stale, f"no longer different: {', '.join(stale)}"
