# SPDX-License-Identifier: BSD-2-Clause
"""
The emulated machines of the benchmark, on which a tick of the TSC is an instruction: QEMU with -icount shift=0 for SVM,
Bochs for VMX. Both give the same figures each time. On each the benchmark guest runs bare, under Plinth, or under KVM.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "test/system"))

from plinth_vm import BUILD, CPU, Qemu, config, vm  # noqa: E402

# An idle machine jumps to its next timer (sleep=off), its clock begins at the same time and its random numbers with the
# same seed. QEMU ends at a read of the LAPIC timer in x2APIC mode (RDMSR 839h) under -icount, so that the host kernels,
# Plinth and Linux, are kept from that mode; their guests are not.
COUNTED = ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off,align=off", "-rtc",
           "base=2025-01-01T00:00:00,clock=vm", "-seed", "1", "-cpu", CPU]
OUT = BUILD / "bench"
GUEST = BUILD / "guests/bench.elf"
VMLINUX = BUILD / "debian/vmlinux.elf"
INITRD = OUT / "linux.img"
PEER = OUT / "peer.cpio"
PLUGIN = OUT / "count.so"
ROW = r"([a-z0-9-]+)\t([0-9]+|-|begin|end)\r*\n"


def folder():
    """A folder for one run, that ends with it."""
    OUT.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=OUT)


class CountedQemu(Qemu):
    """`count`: arguments of the plugin; what it prints is in the file `counts`."""

    features = "-x2apic"

    def __init__(self, folder, timeout=600, count=None):
        super().__init__(folder, timeout)
        self.cpu = list(COUNTED)
        self.counts = self.folder / "counts"
        if count is not None:
            self.cpu += ["-plugin", ",".join([str(PLUGIN), f"out={self.counts}", *count])]

    def quit(self):
        """Ends it so that the plugin can write what it has."""
        self.process.terminate()
        self.process.wait(20)


def guest(name, words, **keys):
    """A section of plinth.conf for the benchmark guest."""
    return vm(name, "guests/bench.elf", cmdline=words, memory="64M", **keys)


def linux_guest():
    return vm("linux", "debian/vmlinux.elf", initrd="bench/linux.img", cmdline=LINUX_WORDS, memory="192M")


# As little waiting by the clock as can be: it is the same for all and would hide what they cost.
LINUX_WORDS = "console=ttyS0 quiet panic=-1 nokaslr tsc_early_khz=1000000 lapic=notscdeadline"
PEER_WORDS = "console=ttyS0 quiet panic=-1 nokaslr nox2apic mitigations=off"


def plinth(machine, *guests, cpus=1):
    return machine.boot(config(*guests, features=machine.features), cpus=cpus, memory="512M",
                        files={"bench/linux.img": INITRD} if INITRD.exists() else {})


def peer_archive(where, script, linux=True):
    """The peer's initramfs with this /bench.sh and the guests."""
    guests = [f"vmlinux.elf={VMLINUX}", f"linux.img={INITRD}"] if linux else []
    (where / "bench.sh").write_text(script)
    subprocess.run([TOP / "tools/initramfs", "--plain", "--only", "-o", where / "more.cpio",
                    f"bench.sh={where}/bench.sh", f"bench.elf={GUEST}", *guests], check=True)
    (where / "peer.cpio").write_bytes(PEER.read_bytes() + (where / "more.cpio").read_bytes())
    (where / "more.cpio").unlink()
    return where / "peer.cpio"


def read_rows(machine, rows):
    """What the guest prints, put into `rows` (row -> ticks, None: cannot be done there)."""
    while True:
        row, value = machine.expect(rf"(?:\[[a-z]+\] )?{ROW}").groups()
        if value == "end":
            return rows
        if value != "begin":
            rows[row] = None if value == "-" else int(value)


def read_marks(counts):
    """What the plugin wrote: the lists of totals at each mark, and at each address."""
    marks = {}
    for kind, what, total in re.findall(r"^(mark|pc) ([0-9a-f]+) (\d+)$", counts.read_text(encoding="ascii"), re.M):
        marks.setdefault((kind, int(what, 10 if kind == "mark" else 16)), []).append(int(total))
    return marks
