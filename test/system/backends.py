# SPDX-License-Identifier: BSD-2-Clause
"""The machines that there are, and why one is not there. Decided once a session."""

import functools
import os
import pathlib

import pytest

from bochs import RYZEN, Bochs
from plinth_vm import Qemu

# What a test is run on that asks for `both`; SVM_BOCHS only on request.
SVM, VMX, SVM_KVM, VMX_KVM, SVM_BOCHS = "svm", "vmx", "svm-kvm", "vmx-kvm", "svm-bochs"

# The class, and what it is made with.
MAKERS = {
    SVM: (Qemu, {}),
    VMX: (Bochs, {}),
    SVM_KVM: (Qemu, {"kvm": True}),
    VMX_KVM: (Qemu, {"kvm": True}),
    SVM_BOCHS: (Bochs, {"model": RYZEN}),
}
MODULES = {SVM_KVM: "kvm_amd", VMX_KVM: "kvm_intel"}


def on(*backends):
    """A test that runs once on each of these. It takes the fixture `machine`."""
    return pytest.mark.backends(*backends)


both = on(SVM, VMX, SVM_KVM, VMX_KVM)


def qemu_only(value):
    """A value of a parameter with which Bochs is too slow, or tells nothing that it does not tell with the others."""
    return pytest.param(value, marks=pytest.mark.qemu_only)


@functools.lru_cache
def missing(backend):
    """Why there is no such backend on this machine; None: there is."""
    if backend not in MODULES:
        return None
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as why:
        return f"/dev/kvm: {why.strerror}"
    try:
        nested = pathlib.Path(f"/sys/module/{MODULES[backend]}/parameters/nested").read_text(encoding="ascii").strip()
    except OSError:
        return f"the module {MODULES[backend]} is not loaded"
    return None if nested in ("1", "Y") else f"{MODULES[backend]} was loaded with nested={nested}"
