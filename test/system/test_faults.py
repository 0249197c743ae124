# SPDX-License-Identifier: BSD-2-Clause
"""What the operator did wrong is said, with its reason, and the other guests run."""

import pytest

from plinth_vm import BUILD, EFI, GRUB_BIOS, config, linux, vm


def line_of(conf, text):
    return conf[:conf.index(text)].count("\n") + 1


@pytest.mark.parametrize("door", [EFI, GRUB_BIOS])
def test_faulty_sections(machine, tmp_path, door):
    short = tmp_path / "vmlinuz"
    short.write_bytes((BUILD / "debian/vmlinuz").read_bytes()[:300000])
    conf = config(vm("typo", "hello.elf", memry="16M"),
                  vm("absent", "not-there.elf"),
                  vm("short", "short/vmlinuz", memory="64M"),
                  vm("huge", "hello.elf", memory="64G"),
                  vm("ticker", "ticker.elf"))
    m = machine(timeout=120).boot(conf, door, files={"short/vmlinuz": short})
    m.expect_all(rf"plinth\.conf:{line_of(conf, 'memry')}: [^\r\n]*memry[^\r\n]*memory",
                 r'vm "absent": cannot start: [^\r\n]*not-there\.elf',
                 r'vm "short": cannot start: [^\r\n]*(truncated|short|ends|too early|incomplete)',
                 r'vm "huge": cannot start: [^\r\n]*memory',
                 r"\[ticker\] tick 3")
    for name in ("typo", "absent", "short", "huge"):
        assert f'vm "{name}": started' not in m.log


def test_truncated_elf(machine, tmp_path):
    short = tmp_path / "short.elf"
    short.write_bytes((BUILD / "guests/hello.elf").read_bytes()[:5000])
    m = machine().boot(config(vm("short", "cut/short.elf"), vm("hello", "hello.elf")),
                       files={"cut/short.elf": short})
    m.expect_all(r'vm "short": cannot start: [^\r\n]+', r"\[hello\] hello: now poweroff")


def test_not_a_kernel(machine, tmp_path):
    text = tmp_path / "readme"
    text.write_text("This is not a kernel.\n" * 1000)
    m = machine().boot(config(vm("text", "doc/readme"), vm("hello", "hello.elf")), files={"doc/readme": text})
    m.expect_all(r'vm "text": cannot start: [^\r\n]+', r"\[hello\] hello: now poweroff")


def test_linux_without_initrd_file(machine):
    conf = config(linux("web").replace("debian/initrd.img", "debian/none.img"), vm("hello", "hello.elf"))
    m = machine().boot(conf)
    m.expect_all(r'vm "web": cannot start: [^\r\n]*none\.img', r"\[hello\] hello: now poweroff")


def test_nothing_to_start(machine):
    """No valid guest: said so, no panic."""
    m = machine().boot("[host]\nconsole = serial:0x3f8,115200\n\n[vm \"x\"]\nmemory = lots\n")
    m.expect(r"plinth\.conf:5: [^\r\n]*lots")
    m.drain(3)
