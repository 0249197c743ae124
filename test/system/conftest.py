# SPDX-License-Identifier: BSD-2-Clause
"""One line a test; the serial log of its machines is shown if it fails, and only then."""

import pytest

from plinth_vm import BUILD, QEMU_MIN, Qemu, qemu_major

NEEDED = ["BOOTX64.EFI", "plinth-stripped.elf", "debian/vmlinuz", "guests/initrd.img", "guests/hello.elf"]
LOG_SHOWN = 200  # lines


def pytest_configure(config):
    config.option.verbose = max(config.option.verbose, 1)


@pytest.fixture(scope="session", autouse=True)
def test_bed():
    major = qemu_major()
    if major < QEMU_MIN:
        pytest.exit(f"QEMU {major} is too old, at least {QEMU_MIN} is needed: run tools/setup", 2)
    missing = [name for name in NEEDED if not (BUILD / name).exists()]
    if missing:
        pytest.exit(f"not built: {', '.join(missing)}; run `make test-system`", 2)


@pytest.fixture
def machine(request, tmp_path_factory):
    """Makes machines that end with the test. None of them may have seen Plinth panic."""
    machines = []

    def make(timeout=60):
        machines.append(Qemu(tmp_path_factory.mktemp("vm"), timeout))
        return machines[-1]

    request.node.machines = machines
    yield make
    for m in machines:
        m.close()
    for m in machines:
        assert "PANIC on pcpu" not in m.log, "Plinth panicked"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for m in getattr(item, "machines", []):
            lines = m.log.splitlines()[-LOG_SHOWN:]
            report.sections.append((f"serial line of {m.folder}", "\n".join(lines)))
            report.sections.append(("QEMU", m.last_words()))
