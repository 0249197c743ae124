# SPDX-License-Identifier: BSD-2-Clause
"""The demo as a newcomer sees it: three guests under OVMF, on four pCPUs."""

import pytest

from plinth_vm import EFI, TOP, BUILD

DEMO = TOP / "guests/demo/plinth.conf"


@pytest.mark.timeout(400)
def test_three_guests(machine):
    m = machine(timeout=240).boot(DEMO.read_text(), EFI, cpus=4, memory="2G",
                                  files={"demo/ticker.elf": BUILD / "guests/ticker.elf"})
    m.expect_all(r'vm "web": started, 2 vcpus, 256 MiB', r'vm "db": started, 1 vcpus?, 256 MiB',
                 r"\[web\] plinth: guest web up, 2 cpus", r"\[db\] plinth: guest db up, 1 cpus",
                 r"\[ticker\] tick 3")

    m.screen(1)
    m.expect("web has the screen")
    m.type("\r")
    m.expect("web # ")
    seen = len(m.log)
    m.type("nproc\r")
    m.expect(r"\n2\r?\n")
    m.type("hostname; uname -s\r")
    m.expect(r"web\r?\nLinux\r?\n")
    assert "tick" not in m.log[seen:], "another guest wrote on web's screen"

    m.screen(2)
    m.expect("db has the screen")
    m.type("\rnproc\r")
    m.expect(r"\n1\r?\n")

    m.screen(0)
    first = int(m.expect(r"\[ticker\] tick (\d+)\r").group(1))
    assert int(m.expect(r"\[ticker\] tick (\d+)\r").group(1)) == first + 1
