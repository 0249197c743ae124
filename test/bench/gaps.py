# SPDX-License-Identifier: BSD-2-Clause
"""What a switch of VMs costs, from when each of two that share a processor was away (test/guest/bench/switch.c)."""

import statistics


def runs_between(gaps):
    """From the end of one gap to the begin of the next."""
    return [later[0] - earlier[1] for earlier, later in zip(gaps, gaps[1:])]


def pairs(gaps, runs, shift):
    """Lengths of a gap here and of the run there that falls into it, if the runs begin `shift` gaps later."""
    return [(gaps[i + shift][1] - gaps[i + shift][0], run) for i, run in enumerate(runs) if 0 <= i + shift < len(gaps)]


def switch_cost(first, second):
    """
    A gap of the first VM is a switch, a run of the second and a switch back. Their clocks differ by an unknown offset:
    gaps and runs are laid side by side in the way in which the differences vary least. None: they did not share.
    """
    runs = runs_between(second)
    best = None
    for shift in range(1 - len(runs), len(first)):
        costs = [gap - run for gap, run in pairs(first, runs, shift)]
        if len(costs) < 8 or statistics.median(costs) <= 0:
            continue
        spread = statistics.mean(abs(c - statistics.median(costs)) for c in costs)
        if best is None or spread < best[0]:
            best = (spread, statistics.median(costs))
    return round(best[1] / 2) if best else None
