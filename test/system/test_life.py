# SPDX-License-Identifier: BSD-2-Clause
"""How guests restart and end, and that nobody else notices."""

import re

import pytest

from backends import SVM, SVM_KVM, VMX, VMX_KVM, both, on
from plinth_vm import config, linux, vm

TICKER = vm("ticker", "ticker.elf")


def ticks_on(m):
    """Two more ticks."""
    first = int(m.expect(r"\[ticker\] tick (\d+)\r").group(1))
    m.expect(rf"\[ticker\] tick {first + 1}\r")


@both
def test_linux_reboot(machine):
    m = machine(timeout=180).boot(config(linux("web", "test=reboot", machine.kernel), TICKER))
    m.expect(r"\[web\] plinth: guest web reboots")
    m.expect(r'vm "web": restarted')
    ticks_on(m)
    m.expect(r"\[web\] plinth: guest web reboots")
    assert len([line for _, line in m.record.lines if "] tick 1" == line[-8:]]) == 1, "the ticker began anew"


@both
def test_linux_poweroff(machine):
    """Typed into the shell of one of two."""
    m = machine(timeout=180).boot(config(linux("web", kernel=machine.kernel), linux("db", kernel=machine.kernel)))
    m.expect_all(r"\[web\] plinth: guest web up", r"\[db\] plinth: guest db up")
    m.screen(1)
    m.expect("web has the screen")
    m.type("\r")
    m.expect("web # ")
    m.type("poweroff\r")
    m.expect("Power down")
    m.screen(2)
    m.expect("db has the screen")
    m.type("\r")
    m.expect("db # ")
    m.type("echo still $((6 * 7))\r")
    m.expect("still 42")


@on(SVM, SVM_KVM, VMX_KVM)
def test_poweroff_is_logged(machine):
    m = machine(timeout=180).boot(config(linux("web", "test=poweroff"), TICKER))
    m.expect(r"\[web\] plinth: guest web powers off")
    m.expect(r'vm "web": powered off')
    ticks_on(m)


@both
def test_small_reboots(machine):
    m = machine().boot(config(vm("again", "hello.elf", cmdline="then=reboot wait_ms=200"), TICKER))
    for _ in range(10):
        m.expect(r"\[again\] hello: now reboot")
        m.expect(r'vm "again": restarted')
    ticks_on(m)


@both
@pytest.mark.parametrize("pcpus", [1, 2])
def test_resets_in_a_hurry(machine, request, pcpus):
    """A guest that resets before its other vCPUs have left the last start behind them."""
    m = machine().boot(config(vm("hasty", "quickreset.elf", vcpus=3, memory="3M"), TICKER), cpus=pcpus)
    # Bochs' processors take turns in a fixed order: what does not happen there soon does not happen.
    for _ in range(50 if request.node.callspec.params["machine"] == VMX else 200):
        m.expect(r'vm "hasty": restarted')
    ticks_on(m)


@both
def test_restart_never(machine):
    m = machine().boot(config(vm("once", "hello.elf", cmdline="then=reboot", restart="never"), TICKER))
    m.expect(r"\[once\] hello: now reboot")
    ticks_on(m)
    ticks_on(m)
    assert m.log.count("hello: now reboot") == 1


@both
def test_all_ended(machine):
    m = machine().boot(config(vm("a", "hello.elf"), vm("b", "ticker.elf", cmdline="ticks=2")))
    m.expect_all(r'vm "a": powered off', r'vm "b": powered off', "all VMs have ended")
    assert "[b] tick 3" not in m.log


@both
def test_triple_fault(machine):
    """Its state is printed, it alone is stopped."""
    m = machine().boot(config(vm("bad", "triplefault.elf", cmdline="wait_ms=1500"), TICKER))
    m.expect(r"\[bad\] triplefault: by idt")
    m.expect(r'vm "bad": stopped: triple fault')
    ticks_on(m)
    # The guest's image begins at 1 MiB.
    assert re.search(r"\brip 0*10[0-9a-f]{4}\b", m.log), "no registers"
    assert re.search(r" 0 rip 0*10[0-9a-f]{4}  shutdown\r\n.* -1 rip .*\r\n.* -2 rip ", m.log), "no exits"
    assert re.search(r"vm(cb|cs): exit .*\r\n(.*vmcs.*\r\n)*.*  code( [0-9a-f]{2}){15}\r", m.log), "no code"
    assert "all VMs have ended" not in m.log


@both
def test_bad_cr3(machine):
    """Reserved bits in CR3: a #GP for the guest, or at worst its own end."""
    m = machine().boot(config(vm("bad", "triplefault.elf", cmdline="how=cr3"), TICKER))
    m.expect(r'triplefault: exception 13, and alive|vm "bad": stopped')
    ticks_on(m)


@both
def test_every_one_stops(machine):
    """A guest that sleeps for ever with interrupts off does not keep the others."""
    m = machine().boot(config(vm("asleep", "hello.elf", cmdline="then=hang"), vm("hog", "hog.elf"), TICKER), cpus=1)
    m.expect_all(r"\[asleep\] hello: now hang", r"\[hog\] hog: second 2")
    ticks_on(m)
