#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Families of multiprocessor proportional-share scheduling, compared before `fair` was written (docs/SCHEDULER.md): hogs only, in
steps of a slice (DP-Wrap: exact). Prints the worst lag against the ideal in slices, and migrations for each pCPU and slice."""

import heapq
import random
import sys

STEPS = 3000


def ideal(weights, cpus):
    """Water-filling: the rate of each."""
    rate, left, rest = [0.0] * len(weights), float(cpus), set(range(len(weights)))
    while rest:
        level = left / sum(weights[i] for i in rest)
        capped = [i for i in rest if weights[i] * level >= 1]
        if not capped:
            for i in rest:
                rate[i] = weights[i] * level
            break
        for i in capped:
            rate[i] = 1.0
            left -= 1
            rest.discard(i)
    return rate


class Meter:
    def __init__(self, rate, cpus):
        self.rate, self.cpus, self.got = rate, cpus, [0.0] * len(rate)
        self.last, self.worst, self.moves = [None] * len(rate), 0.0, 0

    def step(self, t, chosen):
        """`chosen`: entity of each pCPU or None. An entity keeps its pCPU if it can."""
        seat = {i: c for c, i in enumerate(chosen) if i is not None}
        free, homeless = set(range(self.cpus)), []
        for i in seat:
            if self.last[i] in free:
                free.discard(self.last[i])
            else:
                homeless.append(i)
        for i in homeless:
            self.moves += self.last[i] is not None
            self.last[i] = free.pop()
        for i in seat:
            self.got[i] += 1
        for i, r in enumerate(self.rate):
            self.worst = max(self.worst, abs(r * (t + 1) - self.got[i]))

    def result(self):
        return self.worst, self.moves / (STEPS * self.cpus)


def queue_eevdf(weights, cpus, rate):
    """A fair queue for each pCPU; every 4 slices one entity moves from the heaviest to the lightest, as Linux balances load."""
    m, home, v = Meter(rate, cpus), {}, [0.0] * len(weights)
    for i in range(len(weights)):
        home[i] = i % cpus
    for t in range(STEPS):
        chosen = []
        for c in range(cpus):
            here = [i for i in home if home[i] == c]
            w = sum(weights[i] for i in here)
            mean = sum(v[i] * weights[i] for i in here) / w if w else 0
            ready = [i for i in here if v[i] <= mean + 1e-9] or here
            chosen.append(min(ready, key=lambda i: v[i] + 1 / weights[i]) if ready else None)
        m.step(t, chosen)
        for i in chosen:
            if i is not None:
                v[i] += 1 / weights[i]
        if t % 4 == 3:
            load = [sum(weights[i] for i in home if home[i] == c) for c in range(cpus)]
            a, b = load.index(max(load)), load.index(min(load))
            movable = [i for i in home if home[i] == a and weights[i] <= (load[a] - load[b]) and i != chosen[a]]
            if movable:
                i = min(movable, key=lambda i: weights[i])
                base = [min((v[k] for k in home if home[k] == c), default=0) for c in (a, b)]
                v[i] += base[1] - base[0]
                home[i] = b
    return m.result()


def dwrr(weights, cpus, rate):
    """Rounds: each runs for its share of a round, and nobody begins the next round before all have done this one (Li 2009)."""
    m, left, small = Meter(rate, cpus), [0.0] * len(weights), min(weights)
    for t in range(STEPS):
        if not any(x > 1e-9 for x in left):
            left = [x + w / small for x, w in zip(left, weights)]
        run = heapq.nlargest(cpus, [i for i in range(len(weights)) if left[i] > 1e-9], key=lambda i: left[i])
        if len(run) < cpus:
            idle = [i for i in range(len(weights)) if i not in run]
            # Who would idle begins his next round already.
            run += heapq.nlargest(cpus - len(run), idle, key=lambda i: left[i])
        for i in run:
            left[i] -= 1
        m.step(t, run)
    return m.result()


def global_eevdf(weights, cpus, rate, look=1.0):
    """One virtual time; eligible within `look` slices; earliest deadline first."""
    m, got = Meter(rate, cpus), [0.0] * len(weights)
    for t in range(STEPS):
        ready = [i for i in range(len(weights)) if rate[i] * (t + look) - got[i] > 1e-9]
        run = heapq.nsmallest(cpus, ready, key=lambda i: (got[i] + (0 if rate[i] > 1 - 1e-9 else 1)) / rate[i])
        for i in run:
            got[i] += 1
        m.step(t, run)
    return m.result()


def pd2(weights, cpus, rate):
    """Pfair PD2 (Anderson, Srinivasan): the same with the b-bit and, for the heavy, the group deadline as tie-breaks."""
    m, got = Meter(rate, cpus), [0] * len(weights)

    def key(i):
        r, k = rate[i], got[i] + 1
        due = -(-k // r)
        b = abs(k / r - round(k / r)) > 1e-9
        group = 0
        if r >= 0.5 and r < 1 - 1e-9:
            hole = int((due - k) + 1)
            group = -(-hole // (1 - r))
        return (due, not b, -group)

    for t in range(STEPS):
        ready = [i for i in range(len(weights)) if got[i] / rate[i] // 1 <= t]
        run = heapq.nsmallest(cpus, ready, key=key)
        for i in run:
            got[i] += 1
        m.step(t, run)
    return m.result()


def dp_wrap(weights, cpus, rate, window=8.0):
    """In each window everybody gets his part, wrapped around the pCPUs (McNaughton; Levin et al. 2010). Exact, so by formula."""
    at, worst, moves = 0.0, 0.0, 0
    for r in rate:
        a = at % 1
        first = min(r, 1 - a)
        if r - first > 1e-9:
            moves += 2
        early = max(r - first, 0.0)  # on the next pCPU, at the beginning of the window
        for begin, ran in ((early, early), (a, early), (a + first, r)):
            worst = max(worst, abs(r * begin - ran) * window if r < 1 - 1e-9 else 0)
        at += r
    return worst, moves / (window * cpus)


CASES = {
    '1:1:1 on 2': (2, [1] * 3), '1:1:2:4 on 2': (2, [1, 1, 2, 4]), '5 equal on 2': (2, [1] * 5), '5 equal on 4': (4, [1] * 5),
    '65 equal on 64': (64, [1] * 65), '64 random on 16': (16, None), '1000:1x100 on 2': (2, [1000] + [1] * 100),
}
FAMILIES = {'queues+balance': queue_eevdf, 'DWRR': dwrr, 'global EEVDF': global_eevdf, 'PD2': pd2, 'DP-Wrap, 8 slices': dp_wrap}


def main():
    random.seed(1)
    print(f"{'worst lag in slices (migrations per slice)':44}" + ''.join(f'{f:>20}' for f in FAMILIES))
    for name, (cpus, weights) in CASES.items():
        weights = weights or [random.randint(200, 3000) for _ in range(64)]
        rate = ideal(weights, cpus)
        row = [fn(weights, cpus, rate) for fn in FAMILIES.values()]
        print(f'{name:44}' + ''.join(f'{lag:13.2f} ({mig:4.2f})' for lag, mig in row))


if __name__ == '__main__':
    sys.exit(main())
