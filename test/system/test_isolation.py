# SPDX-License-Identifier: BSD-2-Clause
"""What one guest leaves, no other guest finds. (The page tables are checked by Plinth itself, at each start and end.)"""

from backends import both
from plinth_vm import config, vm


@both
def test_ram_is_scrubbed(machine):
    """All of RAM is filled before each restart; a second guest does the same beside it."""
    m = machine().boot(config(vm("red", "scrub.elf", cmdline="then=reboot", memory="4M"),
                              vm("blue", "scrub.elf", cmdline="then=reboot", memory="5M")))
    for name in ("red", "blue"):
        for _ in range(2):
            kib, words = m.expect(rf"\[{name}\] scrub: (\d+) KiB, (\d+) words").groups()
            assert int(kib) > 3000
            assert int(words) == 0
