# SPDX-License-Identifier: BSD-2-Clause
"""One line a test; the serial log of its machines is shown if it fails, and only then."""

import os
import re

import pytest

from backends import MAKERS, SVM, SVM_BOCHS, VMX, missing
from bochs import bochs_major
from plinth_vm import BUILD, QEMU_MIN, qemu_major

NEEDED = ["BOOTX64.EFI", "plinth-stripped.elf", "debian/vmlinuz", "debian/vmlinux.elf", "guests/initrd.img",
          "guests/hello.elf"]
LOG_SHOWN = 60, 240  # lines: so many from the beginning, so many from the end
OF_FEATURES = ("test_features.py", "test_apic.py", "test_budget.py", "test_tsc.py")  # they are about features: not with FEATURES
PATIENCE = 4  # times what a test waits on a machine with nothing else to do: a busy one is no failure


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="only the long tests, which are left out otherwise")


class OneLine:
    """With several workers a test's beginning is not told: its one line is that of its end."""

    def __init__(self, option):
        self.option = option

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_logstart(self):
        verbose, self.option.verbose = self.option.verbose, -1
        yield
        self.option.verbose = verbose


def pytest_configure(config):
    config.option.verbose = max(config.option.verbose, 1)
    if getattr(config.option, "numprocesses", None):
        config.pluginmanager.register(OneLine(config.option))
    config.addinivalue_line("markers", "backends(name, ...): the machines that the test is run on")
    config.addinivalue_line("markers", "qemu_only: not on Bochs")
    config.addinivalue_line("markers", "soak: long, and only run by `make soak`")
    config.addinivalue_line("markers", "panics: Plinth is expected to panic")
    config.addinivalue_line("markers", "preempts: it takes a pCPU from a guest with interrupts off")


def pytest_report_header():
    return [f"{name}: {'not here, ' + missing(name) if missing(name) else 'here'}" for name in MAKERS]


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("backends")
    if not marker:
        return
    params = [pytest.param(name, marks=pytest.mark.skip(reason=missing(name)) if missing(name) else ())
              for name in marker.args]
    metafunc.parametrize("machine", params, indirect=True)


def unwanted(item):
    features = os.environ.get("FEATURES", "").split()
    machine = item.callspec.params.get("machine") if hasattr(item, "callspec") else None
    if features and item.path.name in OF_FEATURES:
        return True
    if bool(item.get_closest_marker("soak")) != item.config.getoption("soak"):
        return True
    # There an interrupt does not end a guest with interrupts off.
    if machine == VMX and "-preemptiontimer" in features and item.get_closest_marker("preempts"):
        return True
    return item.get_closest_marker("qemu_only") and machine in (VMX, SVM_BOCHS)


def pytest_collection_modifyitems(config, items):
    dropped = [item for item in items if unwanted(item)]
    items[:] = [item for item in items if item not in dropped]
    config.hook.pytest_deselected(items=dropped)


def pytest_sessionstart(session):
    """Is the test bed complete? Asked once, not by each worker."""
    if hasattr(session.config, "workerinput"):
        return
    major = qemu_major()
    if major < QEMU_MIN:
        pytest.exit(f"QEMU {major} is too old, at least {QEMU_MIN} is needed: run tools/setup", 2)
    if not bochs_major():
        pytest.exit("Bochs is missing: run tools/setup", 2)
    absent = [name for name in NEEDED if not (BUILD / name).exists()]
    if absent:
        pytest.exit(f"not built: {', '.join(absent)}; run `make test-system`", 2)


@pytest.fixture
def machine(request, tmp_path_factory):
    """Makes machines of the test's backend that end with the test. None of them may have seen Plinth panic."""
    kind, fixed = MAKERS[getattr(request, "param", SVM)]
    machines = []

    def make(timeout=60, **how):
        machines.append(kind(tmp_path_factory.mktemp("vm"), timeout * PATIENCE, **{**fixed, **how}))
        return machines[-1]

    make.kernel = kind.kernel
    request.node.machines = machines
    yield make
    for m in machines:
        m.close()
    if not request.node.get_closest_marker("panics"):
        for m in machines:
            assert "PANIC on pcpu" not in m.log, "Plinth panicked"


def excerpt(log):
    """Its beginning and its end; of a row of lines that differ in digits only, the first and the last."""
    lines = []
    for line in log.splitlines():
        key = re.sub(r"\d+", "#", line)
        if len(lines) > 1 and lines[-1][0] == lines[-2][0] == key:
            lines.pop()
        lines.append((key, line))
    first, last = LOG_SHOWN
    if len(lines) > first + last:
        lines[first:-last] = [("", f"[{len(lines) - first - last} lines left out]")]
    return "\n".join(line for _, line in lines)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for m in getattr(item, "machines", []):
            if report.when == "call":
                m.interrogate()
            report.sections.append((f"serial line of {m.folder}", excerpt(m.log)))
            report.sections.append(("the emulator", m.last_words()))
