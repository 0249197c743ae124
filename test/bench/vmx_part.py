# SPDX-License-Identifier: BSD-2-Clause
"""Bochs as the benchmark's machine for VMX. GRUB starts what runs on it: there is no -kernel."""

import contextlib
import shutil
import subprocess

import machines
from bochs import GRUB_BIOS, LINUX_IPS, Bochs
from rows import CPU, SAME, SWITCH

GRUB_CFG = """\
serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
menuentry "bench" {{
	{}
}}
"""


def iso(folder, commands, **files):
    """A CD whose GRUB executes these commands; the files are in its root."""
    root = folder / "root"
    (root / "boot/grub").mkdir(parents=True)
    (root / "boot/grub/grub.cfg").write_text(GRUB_CFG.format("\n\t".join(commands)), encoding="ascii")
    for name, file in files.items():
        shutil.copyfile(file, root / name)
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", folder / "plinth.iso", root],
                   check=True, capture_output=True)
    shutil.rmtree(root)
    return folder / "plinth.iso"


class CountedBochs(Bochs):
    """With `ready`, an image made before, in place of one with Plinth."""

    features = "-x2apic +apicv"  # not used on Bochs unasked (docs/HARDWARE.md); the benchmark never waits with interrupts off

    def __init__(self, folder, timeout=900):
        super().__init__(folder, timeout, ips=LINUX_IPS)
        self.ready = None

    def image(self, conf, door, files):
        return self.ready or super().image(conf, door, files)

    def start(self, commands, cpus, memory, **files):
        self.ready = iso(self.folder, commands, **files)
        self.boot("", GRUB_BIOS, cpus=cpus, memory=memory)

    def bare(self, guest, words, cpus=1):
        self.start([f"multiboot2 /guest {words}"], cpus, "128M", guest=guest)


class VmxPart:
    title = "VMX: Bochs, Skylake-X"
    kinds = (CPU, SAME, SWITCH)
    columns = ("bare", "plinth", "kvm")

    @staticmethod
    @contextlib.contextmanager
    def machine():
        with machines.folder() as folder:
            m = CountedBochs(folder)
            try:
                yield m
            finally:
                m.close()

    @staticmethod
    def start_peer(m, script, cpus):
        archive = machines.peer_archive(m.folder, script, linux=False)
        m.start([f"linux /kernel {machines.PEER_WORDS}", "initrd /initrd"], cpus, "512M",
                kernel=machines.BUILD / "debian/vmlinuz", initrd=archive)
