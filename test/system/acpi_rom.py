# SPDX-License-Identifier: BSD-2-Clause
"""
A whole set of ACPI tables of our own for QEMU's q35, in the place of QEMU's (`acpi=off`): fw_cfg's table loader, which
SeaBIOS and OVMF obey (QEMU, "docs/specs/fw_cfg", hw/acpi/bios-linker-loader).
"""

PM_BASE = 0x600
IOAPIC = 0xfec00000
HPET = 0xfed00000


def numbers(*pairs):
    """(value, bytes) pairs, little-endian."""
    return b"".join(value.to_bytes(size, "little") for value, size in pairs)


def table(signature, body, revision=1):
    """An ACPI table's bytes, with its checksum."""
    head = signature + numbers((36 + len(body), 4), (revision, 1), (0, 1)) + b"PLINTHTABLE   " + numbers((1, 4)) + b"TEST" + numbers((1, 4))
    data = bytearray(head + body)
    data[9] = -sum(data) & 0xff
    return bytes(data)


def cpu(apic_id, enabled=True):
    return numbers((0, 1), (8, 1), (apic_id, 1), (apic_id, 1), (enabled, 4))


def ioapic():
    return numbers((1, 1), (12, 1), (0, 1), (0, 1), (IOAPIC, 4), (0, 4)) + numbers((2, 1), (10, 1), (0, 1), (0, 1), (2, 4), (0, 2))


def madt(*entries):
    return table(b"APIC", numbers((0xfee00000, 4), (1, 4)) + b"".join(entries))


def fadt():
    body = bytearray(116 - 36)
    for at, value, size in ((46, 9, 2), (56, PM_BASE, 4), (64, PM_BASE + 4, 4), (76, PM_BASE + 8, 4), (88, 4, 1), (89, 2, 1), (91, 4, 1)):
        body[at - 36:at - 36 + size] = value.to_bytes(size, "little")
    return table(b"FACP", bytes(body))


def command(number, *fields):
    data = numbers((number, 4))
    for field in fields:
        data += field.ljust(56, b"\0") if isinstance(field, bytes) else numbers(field)
    return data.ljust(128, b"\0")


def devices(folder, madt_table):
    """QEMU's options for a machine whose MADT this is."""
    tables, rsdp = b"etc/acpi/tables", b"etc/acpi/rsdp"
    blob, found = table(b"DSDT", b"", 2), []
    for one in (fadt(), madt_table):
        found.append(len(blob))
        if one.startswith(b"FACP"):
            one = one[:40] + numbers((0, 4)) + one[44:]  # the DSDT is at the blob's beginning
        blob += one
    root = len(blob)
    blob += table(b"RSDT", numbers(*((at, 4) for at in found)))
    loader = command(1, tables, (64, 4), (1, 1)) + command(1, rsdp, (16, 4), (2, 1))
    for at in (found[0] + 40, *(root + 36 + 4 * i for i in range(len(found)))):
        loader += command(2, tables, tables, (at, 4), (4, 1))
    for at, length in ((found[0], 116), (root, 36 + 4 * len(found))):
        loader += command(3, tables, (at + 9, 4), (at, 4), (length, 4))
    loader += command(2, rsdp, tables, (16, 4), (4, 1)) + command(3, rsdp, (8, 4), (0, 4), (20, 4))
    # Sums are added to what is there.
    blob = bytearray(blob)
    blob[found[0] + 9] = blob[root + 9] = 0
    options = []
    for name, data in {"table-loader": loader, "acpi/tables": bytes(blob),
                       "acpi/rsdp": b"RSD PTR \0PLINTH\0" + numbers((root, 4))}.items():
        file = folder / name.replace("/", "-")
        file.write_bytes(data)
        options += ["-fw_cfg", f"name=etc/{name},file={file}"]
    return options
