# SPDX-License-Identifier: BSD-2-Clause
"""The framebuffer console: does something readable appear, and go on?"""

import collections

import pytest

from plinth_vm import EFI, GRUB_BIOS, GRUB_EFI, config, vm


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
