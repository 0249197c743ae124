#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
test/bench/peer.py -o OUT.cpio: the initramfs of the peer, a Linux with KVM and QEMU, from what is installed here.

QEMU comes with the libraries that it is linked with and the firmware that it needs to start a PVH or Linux kernel. A
second archive behind this one brings /bench.sh, which /init runs (test/bench/init).
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
QEMU = "qemu-system-x86_64"
FIRMWARE = ["bios-256k.bin", "kvmvapic.bin", "pvh.bin", "linuxboot_dma.bin"]
DATA = ["/usr/share/seabios", "/usr/share/qemu"]
MODULES = ["irqbypass", "kvm", "ccp", "kvm-amd", "kvm-intel"]


def libraries(program):
    """What ldd names, the dynamic linker too."""
    listing = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", listing)


def firmware(name):
    for folder in DATA:
        if (pathlib.Path(folder) / name).exists():
            return pathlib.Path(folder) / name
    raise FileNotFoundError(f"no {name} in {' or '.join(DATA)}")


def contents(kernel):
    qemu = shutil.which(QEMU)
    if not qemu:
        raise FileNotFoundError(f"no {QEMU}")
    yield f"/bin/{QEMU}", qemu
    for path in libraries(qemu):
        yield path, path
    for name in FIRMWARE:
        yield f"/usr/share/qemu/{name}", firmware(name)
    for name in MODULES:
        yield f"/modules/{name}.ko", kernel / f"modules/{name}.ko"


def main():
    parser = argparse.ArgumentParser(description="builds the initramfs of the KVM peer")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--kernel", type=pathlib.Path, default=TOP / "build/debian", help="of tools/debian-kernel")
    args = parser.parse_args()
    try:
        files = [f"{path}={file}" for path, file in contents(args.kernel)]
        subprocess.run([TOP / "tools/initramfs", "--plain", "-o", args.output, "--init", TOP / "test/bench/init",
                        *files], check=True)
    except (OSError, subprocess.CalledProcessError) as why:
        sys.exit(f"peer.py: {why}")


main()
