# SPDX-License-Identifier: BSD-2-Clause
"""
A machine under test and how to talk to it. A test says what plinth.conf holds and by which door Plinth starts; the
machine builds a boot image with the files that the configuration names, starts the emulator and gives its serial line.

Machine is the seam: Qemu is the test bed for SVM, Bochs (bochs.py) the one for VMX; backends.py says which there are.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import pexpect
import pexpect.fdpexpect

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
OVMF = pathlib.Path("/usr/share/OVMF")
QEMU = "qemu-system-x86_64"
QEMU_MIN = 9  # older ones have no x2APIC, and bugs in SVM (docs/TESTING.md)

# An AMD processor with SVM; what TCG lacks is switched off by name, or QEMU warns.
CPU = ("EPYC-Milan,svm=on,npt=on,x2apic=on,pcid=off,invpcid=off,fxsr-opt=off,misalignsse=off,osvw=off,topoext=off,"
       "perfctr-core=off,clzero=off,ibpb=off,ibrs=off,amd-stibp=off,amd-ssbd=off,nrip-save=off,xsavec=off,xsaves=off")

CTRL_A = "\x01"
EFI, GRUB_BIOS, GRUB_EFI = "efi", "grub-bios", "grub-efi"


def qemu_major():
    try:
        text = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return 0
    return int(re.search(r"version (\d+)", text).group(1))


# Added to [host] of all of a run: features that are off or on.
FEATURES = os.environ.get("FEATURES", "").split()

# Checks of cpucheck that are lost with a feature: an NMI that comes while one is handled, and interrupts stay off (docs/HARDWARE.md);
# an interrupt that Bochs delivers too early (docs/TESTING.md).
LOST = {"vnmi": "nmi", "sound apicv": "x2apic-closed"}


def complaints(lines, word, features=()):
    """Of cpucheck's lines those with the word, but not those of checks that are lost without these features, or in all of this run."""
    off = [*features, *(f[1:] for f in FEATURES if f.startswith("-"))]
    lost = {LOST[feature] for feature in off if feature in LOST}
    return [line for line in lines if (found := re.search(rf"\] {word} ([\w-]+)", line)) and found.group(1) not in lost]


def vm(name, kernel, **keys):
    """A section of plinth.conf."""
    keys.setdefault("memory", "16M")
    lines = [f'[vm "{name}"]', f"kernel = {kernel}"] + [f"{k} = {v}" for k, v in keys.items()]
    return "\n".join(lines) + "\n\n"


def linux(name, cmdline="", kernel="debian/vmlinuz", **keys):
    """A section of a Debian guest."""
    keys.setdefault("memory", "192M")
    return vm(name, kernel, initrd="debian/initrd.img",
              cmdline=f"console=ttyS0 quiet name={name} {cmdline}".strip(), **keys)


def config(*sections, console="serial:0x3f8,115200", **host):
    """plinth.conf; keys of [host] that are empty are left out."""
    words = (host.get("features") or "").split()
    named = {word.lstrip("+-") for word in words}
    host["features"] = " ".join(words + [w for w in FEATURES if w.lstrip("+-") not in named])
    lines = [f"{key} = {value}\n" for key, value in {"console": console, **host}.items() if value]
    return "[host]\n" + "".join(lines) + "\n" + "".join(sections)


def artifact(path):
    """The built file that stands for a path in plinth.conf, or None."""
    known = {"debian/vmlinuz": BUILD / "debian/vmlinuz", "debian/vmlinux.elf": BUILD / "debian/vmlinux.elf",
             "debian/initrd.img": BUILD / "guests/initrd.img"}
    if path in known:
        return known[path]
    elf = BUILD / "guests" / pathlib.PurePosixPath(path).name
    return elf if elf.suffix == ".elf" and elf.exists() else None


def files_of(conf):
    """The files that a configuration names and that there are, as path -> file."""
    named = re.findall(r"^\s*(?:kernel|initrd|module)\s*=\s*(\S+)", conf, re.M)
    return {path: artifact(path) for path in named if artifact(path)}


class Recorder:
    """Where pexpect logs what it reads: all of it, and each line with the time of its end."""

    def __init__(self):
        self.text = ""
        self.lines = []
        self._open = ""

    def write(self, text):
        now = time.monotonic()
        self.text += text
        *whole, self._open = (self._open + text).split("\n")
        self.lines += [(now, line.rstrip("\r")) for line in whole]

    def flush(self):
        pass


class Machine:
    """Expecting and typing on the serial line. A subclass starts the emulator and attaches its line."""

    kernel = "debian/vmlinuz"  # for linux(), where a test does not care

    def __init__(self, folder, timeout):
        self.folder = pathlib.Path(folder)
        self.timeout = timeout
        self.record = Recorder()
        self.console = None
        self.process = None
        self.socket = None

    def image(self, conf, door, files):
        """A boot image with this configuration, the files that it names and those of `files` (path -> file)."""
        (self.folder / "plinth.conf").write_text(conf)
        tool, image = ("image", "disk.img") if door == EFI else ("iso", "plinth.iso")
        pairs = [f"{path}={file}" for path, file in sorted({**files_of(conf), **(files or {})}.items())]
        subprocess.run([TOP / "tools" / tool, "-o", self.folder / image, "-c", self.folder / "plinth.conf", *pairs],
                       check=True, capture_output=True, text=True)
        return self.folder / image

    @property
    def log(self):
        return self.record.text

    def attach(self, fd):
        self.console = pexpect.fdpexpect.fdspawn(fd, timeout=self.timeout, encoding="utf-8", codec_errors="replace")
        self.console.logfile_read = self.record

    def expect(self, pattern, timeout=-1):
        """Waits for a regular expression; returns its match."""
        try:
            self.console.expect(pattern, timeout=timeout)
        except pexpect.TIMEOUT:
            raise AssertionError(f"did not come in time: {pattern}") from None
        except pexpect.EOF:
            raise AssertionError(f"the machine ended before: {pattern}\n{self.last_words()}") from None
        return self.console.match

    def expect_all(self, *patterns, timeout=None):
        """Waits for all of them, in whatever order they come."""
        left = list(patterns)
        until = time.monotonic() + (timeout or self.timeout)
        while left:
            try:
                left.pop(self.console.expect(left, timeout=max(until - time.monotonic(), 0.1)))
            except pexpect.TIMEOUT:
                raise AssertionError("did not come in time: " + " and ".join(left)) from None
            except pexpect.EOF:
                raise AssertionError(f"the machine ended before: {left}\n{self.last_words()}") from None

    def expect_end(self, timeout=-1):
        """Waits until the emulator itself has ended."""
        try:
            self.console.expect(pexpect.EOF, timeout=timeout)
        except pexpect.TIMEOUT:
            raise AssertionError("the machine did not end") from None

    def drain(self, seconds):
        """Reads for a while, whatever comes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.console.expect([pexpect.TIMEOUT, r".+"], timeout=max(until - time.monotonic(), 0.05))

    def type(self, text):
        self.console.send(text)

    def screen(self, digit):
        """Ctrl-A and a digit."""
        self.type(CTRL_A + str(digit))

    def interrogate(self):
        """After a failure: what Plinth's monitor has to say, if it still answers."""
        if self.console is None or self.process.poll() is not None:
            return
        names = sorted(set(re.findall(r'vm "(\w+)": started', self.log)))
        self.type(CTRL_A + "m")
        try:
            for line in ["list", "pcpus"] + [f"{command} {name}" for name in names for command in ("info", "exits")]:
                self.type(line + "\r")
                self.drain(1)
        except (pexpect.EOF, OSError):
            pass

    def last_words(self):
        return ""

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        if self.socket:
            self.socket.close()
        for image in ("disk.img", "plinth.iso"):  # pytest keeps the folder, these are large
            (self.folder / image).unlink(missing_ok=True)


class Qemu(Machine):
    """
    QEMU: its emulation of an AMD machine, or with `kvm` this machine's processor. `board` adds options to -machine; without
    `com1` a device of the test is connected to the character device `console`. `icount`: deterministic, each instruction takes
    2^icount ns, and sleep no time.
    """

    def __init__(self, folder, timeout=60, kvm=False, board="", com1=True, icount=None):
        super().__init__(folder, timeout)
        self.board = f",{board}" if board else ""
        self.serial = "chardev:console" if com1 else "none"
        # One thread: with several TCG mixes up the first CPU's nested paging (docs/TESTING.md).
        self.cpu = ["-accel", "kvm", "-cpu", "host"] if kvm else ["-accel", "tcg,thread=single,tb-size=512", "-cpu", CPU]
        if icount is not None:
            self.cpu = ["-accel", "tcg,thread=single", "-icount", f"shift={icount},sleep=off,align=off", "-cpu", CPU]

    def boot(self, conf, door=GRUB_BIOS, cpus=2, memory="1G", files=None, devices=()):
        """Plinth with this configuration. `files` adds to those that the configuration names (path -> file)."""
        image = self.image(conf, door, files)
        self._start(cpus, memory, [*self._firmware(door), *self._medium(door, image), *devices])
        return self

    def bare(self, guest, cmdline="", cpus=1, memory="64M", initrd=None, devices=()):
        """One of our guests, or a Linux, without Plinth."""
        extra = ["-initrd", str(initrd)] if initrd else []
        self._start(cpus, memory, ["-kernel", str(guest), "-append", cmdline, *extra, *devices])
        return self

    def status(self):
        """What QEMU ends with."""
        return self.process.wait(self.timeout)

    def _firmware(self, door):
        if door == GRUB_BIOS:
            return []
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", self.folder / "vars.fd")
        return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF}/OVMF_CODE_4M.fd",
                "-drive", f"if=pflash,unit=1,format=raw,file={self.folder}/vars.fd"]

    @staticmethod
    def _medium(door, image):
        if door == EFI:
            return ["-drive", f"file={image},format=raw,if=none,id=disk", "-device", "nvme,drive=disk,serial=1"]
        return ["-drive", f"file={image},format=raw,if=none,id=cd,media=cdrom,readonly=on",
                "-device", "ide-cd,drive=cd,bus=ide.0"]

    def _start(self, cpus, memory, more):
        path = self.folder / "serial"
        command = [QEMU, *self.cpu, "-M", "q35,smm=off" + self.board,
                   "-smp", str(cpus), "-m", memory, "-nodefaults", "-display", "none", "-no-reboot",
                   "-chardev", f"socket,id=console,path={path},server=on,wait=on", "-serial", self.serial,
                   "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off", *more]
        (self.folder / "command").write_text(" ".join(map(str, command)) + "\n")
        with open(self.folder / "qemu.log", "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        # wait=on: the machine does not run before we listen, so that nothing is lost.
        self.socket = socket.socket(socket.AF_UNIX)
        until = time.monotonic() + 20
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, self.last_words()
                time.sleep(0.05)
        self.attach(self.socket.fileno())

    def qmp(self, command, **arguments):
        """A command to QEMU itself."""
        with socket.socket(socket.AF_UNIX) as qmp:
            qmp.connect(str(self.folder / "qmp"))
            lines = qmp.makefile("rw", encoding="utf-8")
            for call in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(call) + "\n")
                lines.flush()
                while not re.search(r'"(return|error)"', answer := lines.readline()):
                    assert answer, "QEMU hung up"
                assert '"return"' in answer, answer

    def screenshot(self):
        """The VGA device's picture as a PPM file's bytes."""
        target = self.folder / "screen.ppm"
        self.qmp("screendump", filename=str(target))
        return target.read_bytes()

    def press(self, *combinations):
        """Keys of the PC keyboard by QEMU's names, those of one combination with a dash between."""
        for keys in combinations:
            self.qmp("send-key", keys=[{"type": "qcode", "data": key} for key in keys.split("-")])
            time.sleep(0.15)

    def last_words(self):
        return (self.folder / "qemu.log").read_text(encoding="utf-8", errors="replace")
