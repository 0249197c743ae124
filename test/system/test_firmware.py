# SPDX-License-Identifier: BSD-2-Clause
"""Machines whose firmware or board is not as it should be: Plinth says so and goes on. The tables' bytes: test/unit/test_acpi*.c."""

import pytest

import acpi_rom
from backends import SVM, on
from plinth_vm import CPU, EFI, GRUB_BIOS, config, vm
from test_screen import colours

HELLO = vm("hello", "hello.elf")
SMP = vm("smp", "smp.elf", vcpus=2)
TICKER = vm("ticker", "ticker.elf")


def table(signature, body):
    """An ACPI table's bytes; QEMU sees to the checksum."""
    length = 36 + len(body)
    return (signature + length.to_bytes(4, "little") + b"\2\0" + b"PLINTH" + b"TABLE   " + b"\1\0\0\0" + b"TEST" + b"\1\0\0\0"
            + body)


def spcr(port):
    """A 16550 at this port, 115200 baud."""
    body = bytearray(44)
    body[4:8] = b"\1\x08\0\1"  # generic address: I/O, 8 bits, byte access
    body[8:16] = port.to_bytes(8, "little")
    body[22] = 7
    return table(b"SPCR", bytes(body))


def runs(m):
    m.expect_all(r'vm "hello": powered off', r'vm "smp": powered off', "all VMs have ended")
    # On a busy host a line may come in pieces: those of 100 ms each.
    assert "smp: ok" in m.log.replace("\r\n[smp] ", "")


@on(SVM)
@pytest.mark.parametrize("board, door, says", [
    ("hpet=off", GRUB_BIOS, [r"tsc [\d.]+ MHz by PM timer"]),
    ("pit=off,i8042=off", GRUB_BIOS, ["2 pcpus online"]),
    ("acpi=off", EFI, ["no ACPI tables", r"tsc [\d.]+ MHz by PIT", "2 pcpus online"]),  # BIOS makes tables of its own
], ids=["hpet", "pit", "acpi"])
def test_board_without(machine, board, door, says):
    m = machine(board=board).boot(config(HELLO, SMP), door)
    for line in says:
        m.expect(line)
    runs(m)


@on(SVM)
def test_tables_twice_and_unknown(machine, tmp_path):
    """A second MADT, an HPET that is cut short, a root with a table of nobody's."""
    devices = []
    for name, data in {"madt": table(b"APIC", b"\0" * 8), "hpet": table(b"HPET", b""), "what": table(b"????", b"\xff" * 99)}.items():
        (tmp_path / name).write_bytes(data)
        devices += ["-acpitable", f"file={tmp_path / name}"]
    m = machine().boot(config(HELLO, SMP), devices=devices)
    m.expect(r"acpi: a second APIC at \w+, ignored")
    m.expect("2 pcpus online")
    runs(m)


@on(SVM)
def test_list_of_processors(machine, tmp_path):
    """Two there are: one of them is listed twice, eight are switched off, 198 do not answer, and an entry has no end."""
    here, off, absent = [acpi_rom.cpu(0), acpi_rom.cpu(1)], range(200, 208), range(2, 200)
    madt = acpi_rom.madt(*here, acpi_rom.cpu(1), acpi_rom.ioapic(), *(acpi_rom.cpu(n, enabled=False) for n in off),
                         *(acpi_rom.cpu(n) for n in absent), b"\0\0", acpi_rom.cpu(250))
    m = machine(board="acpi=off").boot(config(HELLO, SMP), devices=acpi_rom.devices(tmp_path, madt))
    m.expect(r"MADT: entry of length 0 at offset \d+, the rest ignored")
    m.expect("MADT: 1 processors are listed twice")
    m.expect("processor with APIC id 2 does not answer, left asleep")
    m.expect("others like it are not named")
    m.expect("2 pcpus online")
    runs(m)


@on(SVM)
def test_serial_port_named_by_spcr(machine, tmp_path):
    (tmp_path / "spcr").write_bytes(spcr(0x2e8))
    m = machine(com1=False).boot(config(HELLO, SMP), devices=[
        "-acpitable", f"file={tmp_path / 'spcr'}", "-device", "isa-serial,chardev=console,iobase=0x2e8,irq=3"])
    m.expect("no serial port at 3f8h")
    m.expect("serial port at 2e8h, named by SPCR")
    runs(m)


@on(SVM)
@pytest.mark.parametrize("door", [GRUB_BIOS, EFI])
def test_serial_port_on_pci(machine, door):
    m = machine(com1=False).boot(config(HELLO, SMP), door, devices=["-device", "pci-serial,chardev=console"])
    m.expect(r"serial port at [0-9a-f]+h, PCI 00:[0-9a-f]+\.0")
    runs(m)


@on(SVM)
def test_no_serial_port(machine):
    """The framebuffer is all there is."""
    m = machine(com1=False).boot(config(TICKER, console="serial:0x3f8,115200 framebuffer"), EFI, devices=["-device", "VGA"])
    seen = []
    for _ in range(60):
        m.drain(0.5)
        seen.append(m.screenshot())
        if len(seen) > 2 and len({*seen[-3:]}) == 3:  # the firmware's screen stands still, the ticker's does not
            break
    (_, paper), *others = colours(seen[-1]).most_common()
    assert 500 < sum(count for _, count in others) < paper


@on(SVM)
@pytest.mark.parametrize("cpus", [1, 2])
def test_nmi(machine, cpus):
    """Somebody presses the button: said, and survived, in a guest as well as outside."""
    m = machine().boot(config(TICKER, vm("hog", "hog.elf", cmdline="seconds=3")), cpus=cpus)
    m.expect(r"\[ticker\] tick 1\r")
    for number in range(3):
        m.qmp("inject-nmi")
        m.expect("NMI on pcpu")
    m.expect(r'vm "hog": powered off')
    m.expect(r"\[ticker\] tick \d+\r")


def sparse(size):
    """Memory that costs nothing until somebody writes to it."""
    return ["-object", f"memory-backend-ram,id=ram,size={size},reserve=off", "-machine", "memory-backend=ram"]


@on(SVM)
@pytest.mark.parametrize("door, size, mib", [(EFI, "6G", 6 << 10), (GRUB_BIOS, "1200G", 1200 << 10)])
def test_large_memory(machine, door, size, mib):
    """Guests get the highest addresses first."""
    m = machine()
    m.cpu[-1] = CPU + ",phys-bits=42"
    m.boot(config(HELLO, SMP), door, memory=size, devices=sparse(size))
    found = int(m.expect(r"memory: (\d+) MiB, \d+ MiB for the hypervisor").group(1))
    assert mib * 0.98 < found <= mib
    runs(m)
