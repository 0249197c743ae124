# SPDX-License-Identifier: BSD-2-Clause
"""The framebuffer console: does something readable appear, and go on?"""

import collections
import re

import pytest

from plinth_vm import EFI, GRUB_BIOS, GRUB_EFI, TOP, config, vm

FONT = TOP / "drivers/font.c"
WIDTH, HEIGHT = 8, 16


def colours(ppm):
    """How many pixels of each colour."""
    kind, _size, _depth, pixels = ppm.split(b"\n", 3)
    assert kind == b"P6"
    return collections.Counter(pixels[i:i + 3] for i in range(0, len(pixels) - 2, 3))


@pytest.mark.parametrize("door", [EFI, GRUB_BIOS, GRUB_EFI])
def test_framebuffer(machine, door):
    conf = config(vm("ticker", "ticker.elf"), console="serial:0x3f8,115200 framebuffer")
    m = machine(timeout=120).boot(conf, door, devices=["-device", "VGA"])
    m.expect(r"\[ticker\] tick 1\r")
    first = m.screenshot()
    m.expect(r"\[ticker\] tick 4\r")
    second = m.screenshot()
    (_, paper), *others = colours(first).most_common()
    ink = sum(count for _, count in others)
    assert 500 < ink < paper, f"{ink} pixels of text, {paper} of background"
    assert first != second, "the picture stands still"


def glyphs():
    """What a cell of 8 by 16 pixels, ink or paper, stands for."""
    rows = re.findall(r"\{ ((?:0x[0-9a-f]{2},? ){16})\}", FONT.read_text(encoding="utf-8"))
    assert len(rows) == 96, "the font has another look"
    return {bytes(int(n, 16) for n in re.findall(r"0x\w\w", row)): chr(0x20 + i) for i, row in enumerate(rows)}


def text_of(ppm):
    """The lines of a screenshot; bars too, whose paper is grey."""
    _, size, _, pixels = ppm.split(b"\n", 3)
    width, height = map(int, size.split())
    known = glyphs()
    ink = [pixels[i] for i in range(0, len(pixels) - 2, 3)]
    lines = []
    for top in range(0, height - HEIGHT + 1, HEIGHT):
        line = ""
        for left in range(0, width - WIDTH + 1, WIDTH):
            cell = [ink[(top + y) * width + left:(top + y) * width + left + WIDTH] for y in range(HEIGHT)]
            bar = cell[0][0] > 0
            bits = bytes(sum(0x80 >> x for x, level in enumerate(row) if (level == 0 if bar else level > 0)) for row in cell)
            line += known.get(bits, "_")
        lines.append(line.rstrip())
    return lines


def test_panels_and_keyboard(machine):
    """Each guest in its panel, the log in its own; the PC keyboard leads to guests and monitor."""
    names = ["one", "two", "three"]
    conf = config(*(vm(name, "ticker.elf") for name in names), console="serial:0x3f8,115200 framebuffer")
    m = machine(timeout=120).boot(conf, GRUB_BIOS, devices=["-device", "VGA"])
    m.expect_all(*(rf"\[{name}\] tick 3\r" for name in names))
    screen = "\n".join(text_of(m.screenshot()))
    for number, name in enumerate(names, 1):
        assert re.search(rf"(^| ){number} {name}\b", screen, re.M), screen
    assert screen.count("tick 3") == 3 and "Plinth: log and monitor" in screen, screen
    assert 'vm "three": started, 1 vcpu, 16 MiB' in screen, screen
    m.press("ctrl-a", "2")
    m.expect("two has the screen and the keyboard")
    m.press("ctrl-a", "m")
    m.expect("plinth> ")
    m.press("l", "i", "s", "x", "backspace", "t", "ret")
    m.expect(r"three +running")
    screen = "\n".join(text_of(m.screenshot()))
    assert re.search(r"plinth> list\n.*\none +running", screen), screen


@pytest.mark.panics
def test_panic_is_seen(machine):
    """Whoever has a screen only sees why it stands still."""
    conf = config(vm("ticker", "ticker.elf"), console="framebuffer serial:0x3f8,115200")
    m = machine(timeout=120).boot(conf, GRUB_BIOS, devices=["-device", "VGA"])
    m.expect(r"\[ticker\] tick 1\r")
    m.press("ctrl-a", "m")
    m.expect("plinth> ")
    m.type("crash panic\r")
    m.expect("PANIC: all pCPUs are stopped")
    screen = "\n".join(text_of(m.screenshot()))
    assert "PANIC on pcpu 0: the operator asked for it" in screen, screen
    assert re.search(r"called from \w{16} monitor_crash\+", screen), screen
