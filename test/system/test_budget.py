# SPDX-License-Identifier: BSD-2-Clause
"""
What an exit may cost, in instructions: test/budget.tsv. The emulators count the same each time, so a figure above its
maximum is a longer path and not a busy host. tools/exit-profile shows where the instructions go (docs/PERFORMANCE.md).
"""

import sys

import pytest

from plinth_vm import TOP

sys.path.insert(0, str(TOP / "test/bench"))

import columns  # noqa: E402
import footprint  # noqa: E402
from gaps import switch_cost  # noqa: E402
from rows import BY_NAME  # noqa: E402
from svm_part import SvmPart  # noqa: E402
from vmx_part import VmxPart  # noqa: E402

PARTS = {"svm": SvmPart(), "vmx": VmxPart()}


def budget(part):
    """row -> maximum."""
    lines = [line.split("\t") for line in (TOP / "test/budget.tsv").read_text(encoding="ascii").splitlines()
             if line and not line.startswith("#")]
    return {row: int(most) for where, row, most in lines if where == part}


@pytest.mark.parametrize("part", PARTS)
def test_no_exit_is_longer_than_agreed(part):
    limits = budget(part)
    assert limits, "nothing is agreed"
    kinds = {}
    for row in limits:
        kinds.setdefault(BY_NAME[row].kind, []).append(row)
    seen = {}
    for kind, rows in kinds.items():
        seen |= columns.plinth(PARTS[part], kind, rows)
    over = [f"{row}: {seen.get(row)}, agreed are {most}" for row, most in limits.items()
            if seen.get(row) is None or seen[row] > most]
    assert not over, "\n".join(over)


def test_image_is_no_larger_than_agreed():
    assert 0 < footprint.image_bytes() <= budget("image")["bytes"]


def test_a_switch_is_a_gap_of_one_less_a_run_of_the_other():
    """Two VMs take turns; their clocks are 10^9 apart and the second has seen less."""
    first, second, now, ran = [], [], 0, 0
    for turn in range(40):
        run, other = 100_000 + turn % 7 * 1000, 100_000 + turn % 5 * 3000
        now += run
        first.append((now, now + 700 + other + 700))
        if turn >= 3:
            second.append((ran + 10**9, now + 700 + 10**9))
        ran = now + 700 + other
        now += 700 + other + 700
    assert switch_cost(first, second) == 700
    assert switch_cost(second, first) == 700
    assert switch_cost(first, []) is None
