#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
test/bench/quick.py [--bare] [ROW ...]: the rows (all of one vCPU, if none is named) under Plinth, or bare, on QEMU, in seconds.

For whoever shortens a path; `make bench` measures everything, with KVM beside it.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import columns  # noqa: E402
from rows import BY_NAME, CPU, LINUX  # noqa: E402
from svm_part import SvmPart  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description="instructions for single rows of the benchmark")
    parser.add_argument("--bare", action="store_true", help="without Plinth")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="one of " + " ".join(BY_NAME))
    args = parser.parse_args()
    kinds = {}
    for row in args.rows or [name for name, row in BY_NAME.items() if row.kind == CPU]:
        if row not in BY_NAME or BY_NAME[row].kind == LINUX:
            parser.error(f"no row '{row}' that is quick")
        kinds.setdefault(BY_NAME[row].kind, []).append(row)
    for kind, names in kinds.items():
        for row, value in (columns.bare if args.bare else columns.plinth)(SvmPart, kind, names).items():
            print(f"{row}\t{'-' if value is None else value}")


main()
