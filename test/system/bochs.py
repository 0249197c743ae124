# SPDX-License-Identifier: BSD-2-Clause
"""
Bochs as a machine under test: the test bed for VMX, and with an AMD model a second opinion on SVM. Headless, and the same
from run to run: time is counted in instructions, and its random numbers begin at the same seed.
"""

import functools
import os
import pathlib
import re
import signal
import socket
import subprocess

from plinth_vm import EFI, GRUB_BIOS, Machine

BOCHS = "bochs-bin"
BIOS = "/usr/share/bochs/BIOS-bochs-latest"
VGA_BIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"
OVMF = pathlib.Path("/usr/share/ovmf/OVMF.fd")
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

SKYLAKE, HASWELL, SANDY_BRIDGE = "corei7_skylake_x", "corei7_haswell_4770", "corei7_sandy_bridge_2600k"
WESTMERE, NEHALEM, PENRYN = "corei5_arrandale_m520", "corei5_lynnfield_750", "core2_penryn_t9600"
RYZEN, PHENOM = "ryzen", "phenom_8650_toliman"

# Instructions in an emulated second. Small guests mostly wait (the serial line takes 86 us a character, and with several
# CPUs each idle instruction costs wall time): a slow processor makes a quick test. Linux mostly works.
IPS, LINUX_IPS = 20_000_000, 100_000_000

# vga: with VBE, GRUB crashes when it sets the mode that our multiboot2 header asks for. rfb: the one display of Debian's
# build that needs neither X nor a terminal; timeout=0: it does not wait for a viewer.
RC = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
memory: guest={mib}, host={host_mib}
{medium}
vgaromimage: file={vga_bios}
vga: extension=none, update_freq=5, realtime=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
pci: enabled=1, chipset=i440fx
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=1760000000
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
com1: enabled=1, mode=socket-client, dev=localhost:{port}
log: {folder}/bochs.log
debugger_log: -
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""

# Commands for Bochs' debugger: run; then, if a signal has stopped it, where is everybody?
DEBUGGER = "c\nr\nsreg\ncreg\nquit\n"


@functools.lru_cache
def bochs_major():
    """0 if there is none."""
    try:
        run = subprocess.run([BOCHS, "-help", "cpu"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return 0
    found = re.search(r"Bochs x86 Emulator (\d+)\.", run.stdout + run.stderr)
    return int(found.group(1)) if found else 0


def mib_of(memory):
    return int(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]


def medium(door, image):
    if door == EFI:
        base = (1 << 32) - OVMF.stat().st_size
        return (f"romimage: file={OVMF}, address={base:#x}, options=none\nboot: disk\n"
                f"ata0-master: type=disk, path={image}, mode=flat")
    assert door == GRUB_BIOS, "no such door here"
    return (f"romimage: file={BIOS}, options=fastboot\nboot: cdrom\n"
            f"ata0-master: type=cdrom, path={image}, status=inserted")


class Bochs(Machine):
    """One machine; `model` is a name of `bochs -help cpu`."""

    kernel = "debian/vmlinux.elf"  # unpacking the bzImage takes longer than the rest of Linux's start

    def __init__(self, folder, timeout=60, model=SKYLAKE, ips=None):
        super().__init__(folder, timeout)
        self.model = model
        self.ips = ips

    def boot(self, conf, door=GRUB_BIOS, cpus=2, memory="512M", files=None):
        """As Qemu.boot()."""
        image = self.image(conf, door, files)
        with socket.create_server(("127.0.0.1", 0)) as server:
            mib = mib_of(memory)
            ips = self.ips or (LINUX_IPS if "debian/" in conf else IPS)
            (self.folder / "bochsrc").write_text(RC.format(
                mib=mib, host_mib=min(mib, 2048), medium=medium(door, image), vga_bios=VGA_BIOS, model=self.model,
                cpus=cpus, ips=ips, port=server.getsockname()[1], folder=self.folder))
            (self.folder / "debugger").write_text(DEBUGGER)
            self._start()
            # Bochs connects before the processor runs, so nothing is lost.
            server.settimeout(20)
            try:
                self.socket, _ = server.accept()
            except TimeoutError:
                raise AssertionError(f"Bochs does not start\n{self.last_words()}") from None
        self.attach(self.socket.fileno())
        return self

    def _start(self):
        # With its debugger the second processor is a fixed number of instructions behind; version 3 has to be asked for it.
        debugger = ["-debugger"] if bochs_major() >= 3 else []
        command = [BOCHS, "-q", "-unlock", *debugger, "-f", str(self.folder / "bochsrc"),
                   "-rc", str(self.folder / "debugger")]
        env = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME": "@2020-01-01 00:00:00"}
        with open(self.folder / "bochs.out", "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)

    def last_words(self):
        """The registers, and what Bochs had to complain about last."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        texts = []
        for name in ("bochs.out", "bochs.log"):
            file = self.folder / name
            if file.exists():
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                # Bochs calls it an error; with an emulated LAPIC there are thousands.
                texts += [line for line in lines if "VMEXIT: EPT violation" not in line][-60:]
        return "\n".join(texts)
