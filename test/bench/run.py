#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
test/bench/run.py [--parts svm,vmx] [ROW ...]: measures the rows (all, if none is named) bare, under Plinth and under
KVM; prints a table, and leaves it as build/bench/{table.txt,table.tsv,svm.svg,vmx.svg} with the versions used.

docs/PERFORMANCE.md says how to read it. `make bench` builds what is needed and runs this.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import columns  # noqa: E402
import footprint  # noqa: E402
import machines  # noqa: E402
import table  # noqa: E402
from rows import BY_NAME, ROWS  # noqa: E402
from svm_part import SvmPart  # noqa: E402
from vmx_part import VmxPart  # noqa: E402

BEGAN = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - BEGAN:5.0f} s] {text}", file=sys.stderr, flush=True)


PARTS = {"svm": SvmPart(), "vmx": VmxPart()}


def measure(part, names):
    """row -> column -> figure."""
    kinds = [kind for kind in part.kinds if names.get(kind)]
    results = {name: {} for kind in kinds for name in names[kind]}

    def put(column, rows):
        for row, value in rows.items():
            if row in results:
                results[row][column] = value

    for kind in kinds:
        for column, run in (("bare", columns.bare), ("plinth", columns.plinth)):
            if column in part.columns:
                say(f"{column}: {kind}")
                put(column, run(part, kind, names[kind]))
    if "kvm" in part.columns:
        say("KVM: the peer starts")
        put("kvm", columns.kvm(part, kinds, names, say))
    return results


def first_line(*command):
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"no {command[0]}"
    return (text.stdout or text.stderr).strip().split("\n")[0]


def versions():
    kernel = re.search(rb"Linux version \d[^\n]{0,60}", machines.VMLINUX.read_bytes())
    tools = {
        "Plinth": first_line("git", "-C", str(machines.TOP), "describe", "--always", "--dirty"),
        "QEMU": first_line("qemu-system-x86_64", "--version"),
        "Bochs": first_line("dpkg-query", "-W", "-f=${Version}", "bochs"),
        "kernel": kernel.group().decode("ascii", "replace") if kernel else "unknown",
        "compiler": first_line("clang", "--version"),
    }
    return "".join(f"{name}: {version}\n" for name, version in tools.items())


def arguments():
    parser = argparse.ArgumentParser(description="measures what exits cost, in instructions")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="a row's name, see test/bench/rows.py")
    args = parser.parse_args()
    args.parts = args.parts.split(",")
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"no part '{part}'; there are: {', '.join(PARTS)}")
    for row in args.rows:
        if row not in BY_NAME:
            parser.error(f"no row '{row}'; there are: {', '.join(BY_NAME)}")
    return args


def one_part(name, names, whole):
    """The part measured, as text and as TSV; its picture is written."""
    part = PARTS[name]
    say(part.title)
    results = measure(part, names)
    slower = table.slower(results)
    text = (f"{part.title}; instructions\n\n{table.as_text(results)}\n"
            f"slower than KVM: {', '.join(slower) or 'nothing'}\n\n")
    tsv = table.as_tsv(name, results)
    if name == "svm" and whole:
        lines = footprint.measure(part, say)
        text += "footprint\n\n" + "".join(f"{what:<66} {figure}\n" for what, figure in lines) + "\n"
        tsv += "".join(f"footprint\t{what}\t-\t{figure}\t-\t-\t\n" for what, figure in lines)
    (machines.OUT / f"{name}.svg").write_text(table.as_svg(part.title, results), encoding="utf-8")
    return text, tsv


def main():
    args = arguments()
    names = {}
    for row in ROWS:
        if not args.rows or row.name in args.rows:
            names.setdefault(row.kind, []).append(row.name)
    machines.OUT.mkdir(parents=True, exist_ok=True)
    text, tsv = "", "part\trow\tbare\tplinth\tkvm\tkvm/plinth\twhat\n"
    for name in args.parts:
        more_text, more_tsv = one_part(name, names, whole=not args.rows)
        text += more_text
        tsv += more_tsv
        # After each: the second part may be interrupted.
        (machines.OUT / "table.txt").write_text(text + versions(), encoding="utf-8")
        (machines.OUT / "table.tsv").write_text(tsv, encoding="utf-8")
    print(text + versions(), end="")
    say(f"in {machines.OUT.relative_to(machines.TOP)}/: table.txt, table.tsv, "
        + ", ".join(f"{name}.svg" for name in args.parts))


main()
