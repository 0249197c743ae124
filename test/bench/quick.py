#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
test/bench/quick.py [--bare] [ROW ...]: the rows (all, if none is named) under Plinth, or bare, on QEMU, in seconds.

For whoever shortens a path; `make bench` measures everything, with KVM beside it.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import machines  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description="instructions for single rows of the benchmark")
    parser.add_argument("--bare", action="store_true", help="without Plinth")
    parser.add_argument("--cpus", type=int, default=1, help="pCPUs, and vCPUs (the row ipi needs 2)")
    parser.add_argument("rows", nargs="*", default=["all"])
    args = parser.parse_args()
    words = " ".join(args.rows)
    rows = {}
    with machines.folder() as folder:
        machine = machines.CountedQemu(folder)
        try:
            if args.bare:
                machine.bare(machines.GUEST, words, cpus=args.cpus)
            else:
                machines.plinth(machine, machines.guest("bench", words, vcpus=args.cpus), cpus=args.cpus)
            machines.read_rows(machine, rows)
        finally:
            machine.close()
    for row, value in rows.items():
        print(f"{row}\t{'-' if value is None else value}")


main()
