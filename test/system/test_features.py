# SPDX-License-Identifier: BSD-2-Clause
"""What a processor may lack, and does lack here: because plinth.conf switches it off, or because it is an older one."""

import re

import pytest

from backends import SVM, SVM_BOCHS, SVM_KVM, VMX, both, on
from bochs import HASWELL, NEHALEM, PENRYN, PHENOM, RYZEN, SANDY_BRIDGE, WESTMERE
from plinth_vm import TOP, complaints, config, vm

GUESTS = [vm("smp", "smp.elf", vcpus=2), vm("check", "cpucheck.elf", cmdline="emulated", vcpus=2)]

# One line of cpucheck each: what does not single-step. Bochs leaves a single step of the guest, which SVM intercepts,
# pending for the host as well.
CHECKS = ["cpuid-signature", "msr-round-trip", "cr4-reserved", "efer-reserved", "debug-registers", "rep-ins",
          "mmio-movs", "mode-legacy-paging", "mode-pae-paging", "mode-real", "timer-deadline", "nmi", "sti-shadow-exit",
          "exceptions", "user-mode"]


def names(vendor):
    """The rows of a vendor's features: each new one is tested from then on."""
    return re.findall(r'^\t\{ "(\w+)", &', (TOP / vendor / "ops.c").read_text(), re.M)


NEUTRAL = re.findall(r'\{ "(\w+)", &cpu_features', (TOP / "boot/features.c").read_text()) + ["hpet"]


def run(m, conf, cpus=2, without=()):
    """Nothing fails but what is lost `without` these features."""
    m.boot(conf, cpus=cpus)
    m.expect_all(r"\[smp\] smp: ok", r"\[check\] cpucheck: [1-9]\d* ok, \d+ failed", "all VMs have ended")
    bad = complaints([line for _, line in m.record.lines], "FAIL", without)
    assert not bad, "\n".join(bad)


def lacks(m):
    """What Plinth said that it does without."""
    return set(" ".join(re.findall(r"does without:([^\r\n]*)", m.log)).split())


@on(VMX)
@pytest.mark.parametrize("feature", names("vmx"))
def test_vmx_without(machine, feature):
    m = machine()
    run(m, config(*GUESTS, features=f"-{feature}"), without=[feature])
    assert feature in lacks(m)


@on(VMX)
def test_bochs_has_a_flaw(machine):
    """It takes interrupts of APIC virtualisation with interrupts off, so there it is used on request; all else of it is sound."""
    m = machine().boot(config(vm("check", "cpucheck.elf", cmdline="only=x2apic-closed")))
    m.expect("apicv has a flaw here: Bochs interrupts")
    m.expect("cpucheck: 1 ok, 0 failed")
    assert "apicv" in lacks(m)
    m.close()
    m = machine()
    run(m, config(vm("smp", "smp.elf", cmdline="x2apic", vcpus=2), GUESTS[1], features="+apicv"), without=["sound apicv"])
    assert "apicv" not in lacks(m)


@on(VMX)
@pytest.mark.parametrize("cpus", [1, 2])
def test_vmx_without_any(machine, cpus):
    """On one pCPU Bochs needs the preemption timer: there an interrupt does not end a guest that was entered with IF=0."""
    off = [f for f in names("vmx") if cpus > 1 or f != "preemptiontimer"]
    m = machine()
    run(m, config(*GUESTS, features=" ".join(f"-{f}" for f in off)), cpus, off)
    assert lacks(m) >= set(off)


@both
@pytest.mark.parametrize("feature", NEUTRAL)
def test_without(machine, feature):
    """What the hypervisor itself uses of a CPU."""
    m = machine()
    run(m, config(*GUESTS, features=f"-{feature}"))
    assert feature == "hpet" or feature in lacks(m)
    on = set(re.search(r"protection: ([^\r\n]*)", m.log).group(1).split())
    assert on >= {"nx", "wp"} and feature not in on


@on(SVM)
def test_cpu_without(machine):
    """The same, on a CPU that has none of it: no bit is set that it does not know."""
    m = machine()
    m.cpu[-1] += "".join(f",{flag}=off" for flag in ("x2apic", "pdpe1gb", "smep", "smap", "umip", "rdtscp", "xsave"))
    run(m, config(*GUESTS))
    assert lacks(m) >= {"x2apic", "1g", "tscdeadline", "smep", "smap", "umip", "rdtscp", "invtsc", "xsave"}
    assert re.search(r"protection: nx wp\r", m.log)


@on(SVM)
def test_all_is_on(machine):
    """What this CPU has is used."""
    m = machine().boot(config(GUESTS[0], features="+smap +tscdeadline -apicv"))
    m.expect("feature tscdeadline is wanted by plinth.conf, but this machine has none")
    m.expect(r"protection: nx wp smep smap umip\r")
    m.expect("feature apicv is not used with this CPU")
    m.expect(r"\[smp\] smp: ok")


@on(SVM)
@pytest.mark.panics
@pytest.mark.parametrize("flag, why", [("nx=off", "no NX bit"), ("svm=off", "the CPU has no SVM"),
                                       ("npt=off", "no nested paging")])
def test_cpu_must_have(machine, flag, why):
    m = machine()
    m.cpu[-1] += f",{flag}"
    m.boot(config(GUESTS[0]), cpus=1).expect(why)


@both
def test_without_any(machine):
    run(machine(), config(*GUESTS, features=" ".join(f"-{f}" for f in NEUTRAL)))


@on(VMX)
@pytest.mark.parametrize("model", [HASWELL, SANDY_BRIDGE, WESTMERE])
def test_older_models(machine, model):
    run(machine(model=model), config(*GUESTS))


@on(VMX)
@pytest.mark.panics
@pytest.mark.parametrize("model, why", [(NEHALEM, "unrestricted guest"), (PENRYN, "EPT|primary controls")])
def test_too_old(machine, model, why):
    """Says what is missing."""
    m = machine(model=model).boot(config(*GUESTS), cpus=1)
    m.expect(rf"VMX: [^\r\n]*({why})")
    m.expect("this CPU cannot run guests")


@on(SVM_BOCHS)
@pytest.mark.parametrize("model, feature", [(RYZEN, ""), (RYZEN, "nrips"), (RYZEN, "flushbyasid"), (PHENOM, "")])
def test_svm_on_bochs(machine, model, feature):
    """A second opinion on the VMCBs, from an emulator that checks them more strictly than QEMU does."""
    conf = config(*(vm(name, "cpucheck.elf", cmdline=f"emulated only={name}", memory="8M") for name in CHECKS),
                  features=f"-{feature}" if feature else "")
    m = machine(model=model).boot(conf)
    m.expect_all(*(rf"\[{name}\] cpucheck: 1 ok, 0 failed" for name in CHECKS), "all VMs have ended")
    assert not feature or feature in lacks(m)


@on(SVM_BOCHS)
def test_svm_smp_on_bochs(machine):
    """A pCPU for each vCPU: SVM has no preemption timer, and Bochs lets no interrupt end a guest with IF=0."""
    machine().boot(config(vm("smp", "smp.elf", vcpus=2))).expect_all(r"\[smp\] smp: ok", "all VMs have ended")


@on(SVM, SVM_KVM)
def test_svm_without_any(machine):
    m = machine()
    run(m, config(*GUESTS, features=" ".join(f"-{f}" for f in names("svm"))))
    assert lacks(m) >= set(names("svm"))
