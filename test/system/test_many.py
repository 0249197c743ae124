# SPDX-License-Identifier: BSD-2-Clause
"""
A guest with many more vCPUs than the machine has processors. On QEMU in emulated time, where each of its processors has
250 million instructions a second whatever else its host does: in real time 128 vCPUs that tick 250 times a second, as those of a
Linux do until its clock is up, are more than an emulator gets done on a busy host.
"""

import pytest

from plinth_vm import config, linux

ICOUNT = 0
NO_X2APIC = "-x2apic"  # QEMU cannot count instructions with it (TESTBED-QEMU)


@pytest.mark.parametrize("vcpus, memory", [(64, "256M"), (128, "384M")], ids=["64", "128"])
def test_linux(machine, vcpus, memory):
    """All vCPUs start, on four processors; and end."""
    conf = config(linux("big", "test=poweroff", memory=memory, vcpus=vcpus), features=NO_X2APIC)
    m = machine(timeout=180, icount=ICOUNT).boot(conf, cpus=4, memory="768M")
    m.expect("4 pcpus online")
    m.expect(rf'vm "big": started, {vcpus} vcpus')
    m.expect(rf"\[big\] plinth: guest big up, {vcpus} cpus")
    m.expect(r'vm "big": powered off')
