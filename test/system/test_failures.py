# SPDX-License-Identifier: BSD-2-Clause
"""What a VM costs the hypervisor, and that nothing of it is lost when the making of it fails at whatever point."""

import re

from backends import both
from plinth_vm import config, vm

OVERHEAD_KIB = 512  # of each VM, without its RAM and its second-stage tables


@both
def test_every_allocation_fails(machine):
    """fail_alloc: each allocation of each VM in turn; then the VMs start after all."""
    conf = config(vm("smp", "smp.elf", vcpus=2), vm("many", "hello.elf", vcpus=16, memory="4M"))
    m = machine().boot(conf.replace("[host]\n", "[host]\nfail_alloc = 1000\n"))
    for name, at_least in (("smp", 15), ("many", 50)):
        assert int(m.expect(rf'vm "{name}": allocations 1 to (\d+) failed one by one').group(1)) >= at_least
        assert int(m.expect(rf'vm "{name}": takes (\d+) KiB of the hypervisor').group(1)) <= OVERHEAD_KIB
    m.expect_all(r"\[smp\] smp: ok", r'vm "many": powered off', "all VMs have ended")
    assert not re.search(r"are lost|isolation:", m.log)
