# SPDX-License-Identifier: BSD-2-Clause
"""The measured rows as text, TSV and SVG."""

import math

from rows import LINUX, ROWS

COLUMNS = ("bare", "plinth", "kvm")
HEAD = ("row", "bare", "Plinth", "KVM", "KVM/Plinth", "")


def number(value):
    return "-" if value is None else f"{value:,}"


def ratio(cells):
    ours, theirs = cells.get("plinth"), cells.get("kvm")
    return f"{theirs / ours:.2f}" if ours and theirs else "-"


def overhead(cells, column):
    bare, value = cells.get("bare"), cells.get(column)
    return f"{(value - bare) / bare * 100:+.2f} %" if bare and value else "-"


def remark(row, cells):
    if row.kind != LINUX:
        return row.what
    return f"{row.what}; over bare: Plinth {overhead(cells, 'plinth')}, KVM {overhead(cells, 'kvm')}"


def measured(results):
    return [(row, results[row.name]) for row in ROWS if row.name in results]


def as_text(results):
    lines = [HEAD] + [(row.name, *(number(cells.get(c)) for c in COLUMNS), ratio(cells), remark(row, cells))
                      for row, cells in measured(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD) - 1)]
    out = []
    for name, *values, text in lines:
        cells = " ".join(v.rjust(w) for v, w in zip(values, widths[1:]))
        out.append(f"{name.ljust(widths[0])} {cells}  {text}".rstrip())
    return "\n".join(out) + "\n"


def as_tsv(part, results):
    return "".join("\t".join((part, row.name, *(str(cells[c]) if cells.get(c) is not None else "-" for c in COLUMNS),
                              ratio(cells), row.what)) + "\n" for row, cells in measured(results))


def slower(results):
    """Rows in which Plinth takes more than KVM."""
    return [row.name for row, cells in measured(results)
            if cells.get("plinth") and cells.get("kvm") and cells["plinth"] > cells["kvm"]]


# --- SVG: a bar for each column, on a logarithmic scale ---------------------------------------------------------------

COLOURS = {"bare": "#9a9a9a", "plinth": "#1f77b4", "kvm": "#d62728"}
BAR, GAP, LEFT, WIDTH = 7, 6, 130, 900


def log_width(value, top):
    return math.log10(value) / math.log10(max(top, 10)) * (WIDTH - LEFT - 80)


def bars(y, row, cells, top):
    yield f'<text x="{LEFT - 6}" y="{y + 15}" text-anchor="end">{row.name}</text>'
    for i, column in enumerate(COLUMNS):
        if not cells.get(column):
            continue
        width = max(log_width(cells[column], top), 1)
        yield (f'<rect x="{LEFT}" y="{y + i * BAR}" width="{width:.1f}" height="{BAR - 1}" fill="{COLOURS[column]}"/>'
               f'<text x="{LEFT + width + 4:.1f}" y="{y + i * BAR + 6}" font-size="7">{cells[column]:,}</text>')


def as_svg(title, results):
    rows = [(row, cells) for row, cells in measured(results) if any(cells.values())]
    top = max((max(v for v in cells.values() if v) for _, cells in rows), default=1)
    step = BAR * len(COLUMNS) + GAP
    height = 50 + step * len(rows)
    legend = "".join(f'<text x="{LEFT + 300 + 90 * i}" y="36" fill="{COLOURS[c]}">{c}</text>'
                     for i, c in enumerate(COLUMNS))
    body = "\n".join(line for n, (row, cells) in enumerate(rows) for line in bars(46 + n * step, row, cells, top))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
            f'font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n'
            f'<text x="10" y="18" font-size="14">{title}</text>\n'
            f'<text x="10" y="36">instructions, logarithmic</text>{legend}\n{body}\n</svg>\n')
