// SPDX-License-Identifier: BSD-2-Clause
/* Ports, string I/O, PCI configuration, ACPI tables, the clock chip. */
#include "check.h"

#define UNMAPPED 0x100000000ull /* the first byte that the page tables do not map */

static const u16 empty_ports[] = { 0x1e8, 0x5678, 0x9000, 0xfff0 };

static const char *ports_empty(void)
{
	u64 rax;

	for (u32 i = 0; i < ARRAY_LEN(empty_ports); i++) {
		u16 p = empty_ports[i];

		out8(p, 0x12);
		out16(p, 0x1234);
		out32(p, 0x12345678);
		if (in8(p) != 0xff || in16(p) != 0xffff || in32(p) != 0xffffffff)
			return wrong("port %x: %x %x %x", p, in8(p), in16(p), in32(p));
	}
	/* IN of 4 bytes clears the upper half of RAX, of 1 and 2 bytes keeps the rest. */
	asm volatile("movq $-1, %%rax; inl %%dx, %%eax" : "=a"(rax) : "d"(0x5678));
	if (rax != 0xffffffff)
		return wrong("IN EAX leaves RAX %lx", rax);
	asm volatile("movabsq $0x1122334455667788, %%rax; inb %%dx, %%al"
		     : "=a"(rax)
		     : "d"(0x5678));
	return rax == 0x11223344556677ff ? NULL : wrong("IN AL leaves RAX %lx", rax);
}

/* An access of 2 bytes to 8-bit devices is one to each port. */
static const char *ports_wide(void)
{
	u16 both = in16(0x20); /* 8259: IRR and the mask */

	return both >> 8 == in8(0x21) ? NULL
				      : wrong("IN AX, 20h is %x, mask is %x", both, in8(0x21));
}

/* The harness looks for these lines, too. */
static const char *rep_outs(void)
{
	static const char text[] = "rep outsb\r\n";
	const char *from = text;
	u64 count = sizeof(text) - 1;

	asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x3f8) : "memory");
	if (count || from != text + sizeof(text) - 1)
		return wrong("RCX %lx, RSI off by %ld", count, from - text - (s64)sizeof(text) + 1);
	asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x3f8) : "memory");
	return from == text + sizeof(text) - 1 ? NULL : "RCX 0 moved RSI";
}

static const char *rep_ins(void)
{
	u8 buf[16] = { 0 };
	u32 wide[4] = { 0 };
	void *to = buf;
	u64 count = 8;

	out8(0x70, 0x0d); /* RTC: bit 7 valid, others 0 */
	asm volatile("rep insb" : "+D"(to), "+c"(count) : "d"(0x71) : "memory");
	for (u32 i = 0; i < 8; i++)
		if (buf[i] != 0x80)
			return wrong("INSB: byte %u is %x", i, buf[i]);
	if (buf[8] || count || to != buf + 8)
		return wrong("INSB ends with RCX %lx, byte 8 %x", count, buf[8]);
	out32(0xcf8, 0x80001234);
	to = &wide[2];
	count = 2;
	asm volatile("std; rep insl; cld" : "+D"(to), "+c"(count) : "d"(0xcf8) : "memory");
	if (wide[0] || wide[1] != 0x80001234 || wide[2] != 0x80001234 || wide[3])
		return wrong("INSD backwards: %x %x %x %x", wide[0], wide[1], wide[2], wide[3]);
	to = buf;
	asm volatile("insw" : "+D"(to) : "d"(0x5678) : "memory");
	return buf[0] == 0xff && buf[1] == 0xff && to == buf + 2 ? NULL : "INSW";
}

/* The guest's own page fault, raised by the string instruction. */
static const char *string_fault(void)
{
	u64 at = UNMAPPED;

	if (TRY("insb", OUT("+D"(at)), "d"(0x71)) != VEC_PF || last_fault.error != 2 ||
	    last_fault.cr2 != UNMAPPED || at != UNMAPPED)
		return wrong("INSB: vector %d error %lx CR2 %lx RDI %lx", last_fault.vector,
			     last_fault.error, last_fault.cr2, at);
	if (TRY("outsb", OUT("+S"(at)), "d"(0x80)) != VEC_PF || last_fault.error || at != UNMAPPED)
		return wrong("OUTSB: vector %d error %lx RSI %lx", last_fault.vector,
			     last_fault.error, at);
	return NULL;
}

static u32 pci_read(u32 dev, u32 fn, u32 off)
{
	out32(0xcf8, 0x80000000 | dev << 11 | fn << 8 | off);
	return in32(0xcfc);
}

static const char *pci_bridge(void)
{
	u32 id = pci_read(0, 0, 0), class = pci_read(0, 0, 8);

	if (id == 0xffffffff || (id & 0xffff) == 0xffff)
		return wrong("00:00.0 has id %x", id);
	if (class >> 16 != 0x0600)
		return wrong("00:00.0 has class %x", class >> 16);
	if (in32(0xcf8) != 0x80000008)
		return wrong("CF8h reads %x", in32(0xcf8));
	out32(0xcf8, 0x80000000);
	if (in16(0xcfe) != id >> 16 || in8(0xcfd) != (id >> 8 & 0xff))
		return wrong("parts of %x read %x, %x", id, in16(0xcfe), in8(0xcfd));
	out32(0xcf8, 0);
	return in32(0xcfc) == 0xffffffff ? NULL : "CFCh answers while CF8h bit 31 is 0";
}

static const char *pci_empty(void)
{
	for (u32 dev = 1; dev < 32; dev++)
		if (pci_read(dev, 0, 0) != 0xffffffff)
			return wrong("00:%02x.0 has id %x", dev, pci_read(dev, 0, 0));
	out32(0xcf8, 0x80010000);
	return in32(0xcfc) == 0xffffffff ? NULL : "something on bus 1";
}

static const char *acpi_rsdp(void)
{
	u64 at = acpi_scan_rsdp();
	const u8 *p = (const u8 *)at;
	u32 length;

	if (!at)
		return "no RSDP below 1 MiB";
	if (p[15] < 2)
		return NULL;
	memcpy(&length, p + 20, 4);
	return acpi_sum_ok(p, length) ? NULL : "the extended checksum is wrong";
}

static const char *acpi_tables(void)
{
	static const char *const wanted[] = { "FACP", "APIC", "MCFG" };
	const struct acpi_header *t, *dsdt;

	for (u32 i = 0; (t = acpi_table(i)); i++)
		if (!acpi_sum_ok(t, t->length))
			return wrong("table %u, %.4s: checksum", i, t->signature);
	for (u32 i = 0; i < ARRAY_LEN(wanted); i++)
		if (!acpi_find(wanted[i]))
			return wrong("no %s", wanted[i]);
	dsdt = (const struct acpi_header *)(u64)acpi_read32(acpi_find("FACP"), 40);
	if (!dsdt || memcmp(dsdt->signature, "DSDT", 4) || !acpi_sum_ok(dsdt, dsdt->length))
		return wrong("DSDT at %lx", (u64)dsdt);
	return NULL;
}

static u8 rtc(u8 index)
{
	out8(0x70, index);
	return in8(0x71);
}

static u8 rtc_value(u8 index, bool binary)
{
	u8 v;

	for (u32 i = 0; i < 100000 && (rtc(0x0a) & 0x80); i++)
		pause();
	v = rtc(index);
	return binary ? v : (u8)((v >> 4) * 10 + (v & 15));
}

static const char *rtc_date(void)
{
	bool binary = rtc(0x0b) & 4;
	u8 month = rtc_value(8, binary), day = rtc_value(7, binary), hour = rtc_value(4, binary);
	u8 century = rtc_value(0x32, binary), year = rtc_value(9, binary);
	u8 second = rtc_value(0, binary);
	u64 until;

	if (century != 20 || year < 20 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    hour > 23)
		return wrong("%02u%02u-%02u-%02u hour %u", century, year, month, day, hour);
	until = clock_ns() + 1500 * NS_PER_MS;
	while (rtc_value(0, binary) == second)
		if (clock_ns() > until)
			return "the seconds stand still";
	return NULL;
}

/* What is in the battery-backed bytes is kept. */
static const char *rtc_cmos(void)
{
	u8 old = rtc(0x50), got;

	out8(0x71, 0xa5);
	got = rtc(0x50);
	out8(0x71, old);
	return got == 0xa5 ? NULL : wrong("byte 50h reads %x", got);
}

// clang-format off
const struct check io_checks[] = {
	CHECK("ports-empty", ports_empty, ANYWHERE),
	CHECK("ports-wide", ports_wide, ANYWHERE),
	CHECK("rep-outs", rep_outs, ANYWHERE),
	CHECK("rep-ins", rep_ins, ANYWHERE),
	CHECK("string-io-fault", string_fault, ANYWHERE),
	CHECK("pci-bridge", pci_bridge, ANYWHERE),
	CHECK("pci-empty", pci_empty, UNDER_PLINTH),
	CHECK("acpi-rsdp", acpi_rsdp, ANYWHERE),
	CHECK("acpi-tables", acpi_tables, ANYWHERE),
	CHECK("rtc-date", rtc_date, ANYWHERE),
	CHECK("rtc-cmos", rtc_cmos, ANYWHERE),
	CHECKS_END,
};
// clang-format on
