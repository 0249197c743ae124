# SPDX-License-Identifier: BSD-2-Clause
"""The operator's console: keys, scroll-back, paste, monitor; what a crash shows."""

import hashlib
import random
import re

import pytest

from backends import both
from plinth_vm import CTRL_A, config, linux, vm

TICKER = vm("ticker", "ticker.elf")
HOG = vm("hog", "hog.elf")
PROMPT = "plinth> "


def ask(m, command, pattern):
    """A command at the monitor's prompt; waits for its answer and the next prompt."""
    m.type(command + "\r")
    found = m.expect(pattern)
    m.expect(PROMPT)
    return found


def monitor(m):
    m.type(CTRL_A + "m")
    m.expect(PROMPT)


def paste_of(size):
    """Lines of printable characters, as somebody would paste them."""
    rnd = random.Random(4)
    text = ""
    while len(text) < size:
        text += "".join(rnd.choices("abcdefghijklmnopqrstuvwxyz0123456789/+-= ", k=63)) + "\n"
    return text[:size - 1] + "\n"


def paste(m):
    m.type("stty -echo; cat > /tmp/paste; echo END; stty echo\r")
    m.drain(1)
    text = paste_of(4096)
    m.type(text + "\x04")
    m.expect("END")
    m.type("wc -c < /tmp/paste; md5sum < /tmp/paste\r")
    m.expect(r"\n4096\r")
    m.expect(hashlib.md5(text.encode()).hexdigest())


@both
def test_linux_and_monitor(machine):
    """4 KiB pasted into a shell; then the monitor, and back."""
    m = machine(timeout=180).boot(config(linux("web", kernel=machine.kernel), vm("db", "ticker.elf")))
    m.expect_all(r"\[web\] plinth: guest web up", r"\[db\] tick 2\r")
    m.screen(1)
    m.expect("web has the screen")
    m.type("\r")
    m.expect("web # ")
    paste(m)
    monitor(m)
    ask(m, "list", r"web +running +1 +192 MiB +\d+\.\d s\r\ndb +running +1 +16 MiB +\d+\.\d s\r")
    ask(m, "stop db", "db is stopped")
    m.expect(r'vm "db": stopped by the operator')
    ask(m, "list", r"db +ended .* stopped by the operator\r")
    ask(m, "start db", "db starts")
    ask(m, "info web", r"web: running, 1 vcpu, 192 MiB, started 1 time\r")
    assert int(ask(m, "exits web", r"(\d+)  port\r").group(1)) > 1000
    ask(m, "log 5", r'vm "db": stopped by the operator')
    ask(m, "list", r"db +(running|starting)")
    m.drain(2)
    ask(m, "reset db", "db is started anew")
    ask(m, "stop nobody", 'there is no VM "nobody"')
    m.type("quit\r")
    m.expect("web has the screen")
    m.type("echo still $((6 * 7))\r")
    m.expect("still 42")
    m.screen(2)
    m.expect(r"\ntick 2\r")


@both
def test_kept_while_not_in_front(machine):
    """Of the guest that was not in front nothing is lost, nor shown twice."""
    m = machine().boot(config(TICKER, HOG))
    m.expect(r"\[hog\] hog: second 1")
    m.type(CTRL_A + "n")
    m.expect("ticker has the screen")
    first = len(m.log)
    m.expect(r"\ntick 4\r")
    assert "hog:" not in m.log[first:]
    m.type(CTRL_A + "n")
    m.expect("hog has the screen")
    m.expect(r"hog: second 1 ")
    for second in (2, 3, 4):
        m.expect(rf"\nhog: second {second} ")
    m.type(CTRL_A + "p" + CTRL_A + "?")
    m.expect_all("Ctrl-A 1: ticker; 2: hog", "Ctrl-A m: the monitor")


@both
@pytest.mark.panics
def test_crash_report(machine):
    """A fault of the hypervisor: who called whom by name, what the guest did, and then silence."""
    m = machine().boot(config(TICKER, HOG), cpus=2)
    m.expect_all(r"\[ticker\] tick 1\r", r"\[hog\] hog: second 1")
    monitor(m)
    m.type("crash fault\r")
    m.expect(r"PANIC on pcpu 0: exception 14, error 2")
    m.expect(r"cr0 \w+  cr2 10  cr3")
    m.expect(r"code( \w\w){16}\r")
    m.expect(r"in \w{16} monitor_crash\+")
    for name in ("monitor_execute", "console_poll", "(timer_)?run_(due|wanted)", "run_loop"):
        m.expect(rf"called from \w{{16}} {name}\+")
    m.expect(r'vm "hog": started')
    m.expect("PANIC: all pCPUs are stopped")
    end = len(m.log)
    m.drain(3)
    assert not re.search("tick|second", m.log[end:]), "somebody runs on"


@both
def test_refused_entry(machine):
    """A state that the CPU refuses to enter: that guest is stopped alone, and on Intel, where the CPU does not say why, Plinth does."""
    m = machine().boot(config(TICKER, HOG), cpus=2)
    m.expect_all(r"\[ticker\] tick 1\r", r"\[hog\] hog: second 1")
    monitor(m)
    m.type("spoil hog\r")
    m.expect('vm "hog": stopped: the CPU refuses the guest state')
    m.type("log 60\r")
    m.expect("vmcb: exit" if "SVM is on" in m.log else r"vmcs: GUEST_RFLAGS \(0\): reserved bits")
    m.type("quit\r")
    m.expect(r"\[ticker\] tick \d+\r")


@both
@pytest.mark.panics
def test_panic_names_the_guest(machine):
    """On the one pCPU a guest was running that never sleeps: its exits are shown too."""
    m = machine().boot(config(HOG), cpus=1)
    m.expect(r"\[hog\] hog: second 1")
    monitor(m)
    m.type("crash panic\r")
    m.expect("PANIC on pcpu 0: the operator asked for it")
    m.expect(r"called from \w{16} monitor_crash\+")
    m.expect(r'vm "hog": vcpu 0 was running')
    m.expect(r"   0 rip \w{16}  \w")
    m.expect(r"  -15 rip \w{16}  ")
    m.expect(r"vm(cb|cs): exit")
    m.expect("PANIC: all pCPUs are stopped")
