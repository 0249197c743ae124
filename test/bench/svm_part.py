# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's TCG as the benchmark's machine for SVM."""

import contextlib

import machines
from rows import CPU, LINUX, SAME, SMP, SWITCH


class SvmPart:
    title = "SVM: QEMU's TCG, -icount shift=0"
    kinds = (CPU, SMP, SAME, SWITCH, LINUX)
    columns = ("bare", "plinth", "kvm")

    @staticmethod
    @contextlib.contextmanager
    def machine(**how):
        with machines.folder() as folder:
            m = machines.CountedQemu(folder, **how)
            try:
                yield m
            finally:
                m.close()

    @staticmethod
    def start_peer(m, script, cpus):
        archive = machines.peer_archive(m.folder, script)
        m.bare(machines.VMLINUX, machines.PEER_WORDS, cpus=cpus, memory="1G", initrd=archive)
