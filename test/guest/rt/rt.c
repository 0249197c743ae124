// SPDX-License-Identifier: BSD-2-Clause
#include "rt.h"

#include "acpi.h"
#include "apic.h"
#include "cpu.h"
#include "trap.h"
#include <lib/fmt.h>
#include <lib/lock.h>
#include <lib/string.h>
#include <stdarg.h>

#define COM1        0x3f8
#define LSR_THRE    0x20u
#define LSR_TEMT    0x40u
#define MODULES_MAX 8
#define MEMORY_MAX  32
#define CMDLINE_MAX 512
#define MB2_MAGIC   0x36d76289u
#define GRACE_US    2000000 /* a board may take a while to act */

/* Offsets in the FADT (ACPI specification, "Fixed ACPI Description Table"). */
#define FADT_PM1A_CNT 64
#define FADT_PM_TMR   76
#define FADT_FLAGS    112
#define FADT_TMR_32   BIT(8)

enum {
	MB2_TAG_END = 0,
	MB2_TAG_CMDLINE = 1,
	MB2_TAG_OLD_RSDP = 14,
	MB2_TAG_RSDP = 15,
};

void rt_start(const void *start, u32 magic);

static struct hvm_start_info info;
static struct hvm_module modules[MODULES_MAX];
static struct hvm_memory memory[MEMORY_MAX];
static char cmdline[CMDLINE_MAX];
static struct spinlock print_lock;

static u16 pm_timer_port = 0x608;
static u16 pm1a_port = 0x604;
static u32 timer_mask = 0xffffff;

static void serial_init(void)
{
	out8(COM1 + 1, 0);    /* no interrupts */
	out8(COM1 + 3, 0x80); /* divisor latch */
	out8(COM1 + 0, 1);    /* 115200 baud */
	out8(COM1 + 1, 0);
	out8(COM1 + 3, 0x03); /* 8N1 */
	out8(COM1 + 2, 0x07); /* FIFOs on and empty */
	out8(COM1 + 4, 0x03);
}

static void serial_put(char c)
{
	while (!(in8(COM1 + 5) & LSR_THRE))
		pause();
	out8(COM1, (u8)c);
}

void print(const char *fmt, ...)
{
	char line[256];
	u64 flags;
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(line, sizeof(line), fmt, ap);
	va_end(ap);
	asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	spin_lock(&print_lock);
	for (const char *p = line; *p; p++) {
		if (*p == '\n')
			serial_put('\r');
		serial_put(*p);
	}
	spin_unlock(&print_lock);
	if (flags & 0x200)
		sti();
}

/* The text behind `key` if a word of the command line starts with it, else NULL. */
static const char *find_word(const struct hvm_start_info *si, const char *key)
{
	const char *p = (const char *)si->cmdline;
	size_t key_len = strlen(key);

	while (p && *p) {
		while (*p == ' ')
			p++;
		if (!strncmp(p, key, key_len))
			return p + key_len;
		while (*p && *p != ' ')
			p++;
	}
	return NULL;
}

bool cmdline_has(const struct hvm_start_info *si, const char *word)
{
	const char *p = (const char *)si->cmdline;
	size_t len = strlen(word), n;

	for (; p && *p; p += n) {
		while (*p == ' ')
			p++;
		for (n = 0; p[n] && p[n] != ' '; n++)
			;
		if (n == len && !strncmp(p, word, len))
			return true;
	}
	return false;
}

u64 cmdline_number(const struct hvm_start_info *si, const char *key, u64 none)
{
	const char *p = find_word(si, key);
	u64 n = 0;

	if (!p || *p < '0' || *p > '9')
		return none;
	while (*p >= '0' && *p <= '9')
		n = n * 10 + (u64)(*p++ - '0');
	return n;
}

bool cmdline_text(const struct hvm_start_info *si, const char *key, char *buf, size_t size)
{
	const char *p = find_word(si, key);
	size_t n = 0;

	if (!p)
		return false;
	while (p[n] && p[n] != ' ' && n + 1 < size) {
		buf[n] = p[n];
		n++;
	}
	buf[n] = 0;
	return true;
}

u64 memory_size(const struct hvm_start_info *si)
{
	const struct hvm_memory *m = (const struct hvm_memory *)si->memmap;
	u64 sum = 0;

	for (u32 i = 0; i < si->memmap_count; i++)
		if (m[i].type == 1)
			sum += m[i].size;
	return sum;
}

void hypervisor_signature(u32 leaf, char sig[13])
{
	struct cpuid c = cpuid(leaf, 0);

	memcpy(sig, &c.b, 4);
	memcpy(sig + 4, &c.c, 4);
	memcpy(sig + 8, &c.d, 4);
	sig[12] = 0;
}

bool under_plinth(void)
{
	char sig[13];

	if (cpuid(0x40000000, 0).a < 0x40000000)
		return false;
	hypervisor_signature(0x40000100, sig);
	return !memcmp(sig, "KVMKVMKVM", 9);
}

u32 pm_mask(void)
{
	return timer_mask;
}

u16 pm_port(void)
{
	return pm_timer_port;
}

u32 pm_ticks(void)
{
	return in32(pm_timer_port) & timer_mask;
}

u64 clock_ns(void)
{
	static u32 last;
	static u64 ticks;
	u32 now = pm_ticks();

	ticks += (now - last) & timer_mask;
	last = now;
	/* 1/3.579545 MHz, without overflow for centuries. */
	return ticks / 3579545 * NS_PER_S + ticks % 3579545 * NS_PER_S / 3579545;
}

void delay_us(u64 us)
{
	u64 until = clock_ns() + us * NS_PER_US;

	while (clock_ns() < until)
		pause();
}

void power_off(void)
{
	cli();
	/* The last line is not to be cut off. */
	while (!(in8(COM1 + 5) & LSR_TEMT))
		pause();
	/* The sleep type of S5 is the board's choice in the DSDT's _S5: Plinth's is 5, QEMU's is 0.
	 * Each ignores the other's. */
	out16(pm1a_port, 5 << 10 | 1 << 13);
	out16(pm1a_port, 0 << 10 | 1 << 13);
	delay_us(GRACE_US);
	print("rt: still on after power-off\n");
	sleep_forever();
}

void reset(void)
{
	cli();
	out8(0xcf9, 0x02);
	out8(0xcf9, 0x06);
	delay_us(GRACE_US);
	print("rt: still on after reset\n");
	sleep_forever();
}

void triple_fault(void)
{
	static const struct __attribute__((packed)) {
		u16 limit;
		u64 base;
	} none;

	asm volatile("lidt %0; int3" : : "m"(none));
	sleep_forever();
}

void sleep_forever(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

/* Takes copies: the loader's structures may lie where the trampoline goes. */
static void copy_info(const struct hvm_start_info *si)
{
	info = *si;
	if (si->cmdline)
		str_copy(cmdline, sizeof(cmdline), (const char *)si->cmdline);
	info.module_count = (u32)min_u64(si->module_count, MODULES_MAX);
	info.memmap_count = si->version >= 1 ? (u32)min_u64(si->memmap_count, MEMORY_MAX) : 0;
	memcpy(modules, (const void *)si->modules, info.module_count * sizeof(modules[0]));
	memcpy(memory, (const void *)si->memmap, info.memmap_count * sizeof(memory[0]));
	info.cmdline = (u64)cmdline;
	info.modules = (u64)modules;
	info.memmap = (u64)memory;
}

static void use_fadt(void)
{
	const struct acpi_header *fadt = acpi_find("FACP");

	if (!fadt || fadt->length < FADT_FLAGS + 4)
		return;
	if (acpi_read32(fadt, FADT_PM_TMR))
		pm_timer_port = (u16)acpi_read32(fadt, FADT_PM_TMR);
	if (acpi_read32(fadt, FADT_PM1A_CNT))
		pm1a_port = (u16)acpi_read32(fadt, FADT_PM1A_CNT);
	if (acpi_read32(fadt, FADT_FLAGS) & FADT_TMR_32)
		timer_mask = 0xffffffff;
}

/* Multiboot2 Specification, "Boot information format": what of it a guest uses, as PVH would say it. */
static const struct hvm_start_info *from_multiboot2(const u8 *start)
{
	static struct hvm_start_info si = { .magic = HVM_START_MAGIC };
	const u8 *end = start + *(const u32 *)start;
	u32 type, size;

	for (const u8 *tag = start + 8; tag < end; tag += (size + 7) & ~7u) {
		memcpy(&type, tag, 4);
		memcpy(&size, tag + 4, 4);
		if (type == MB2_TAG_END || size < 8)
			break;
		if (type == MB2_TAG_CMDLINE)
			si.cmdline = (u64)(tag + 8);
		if (type == MB2_TAG_RSDP || (type == MB2_TAG_OLD_RSDP && !si.rsdp))
			si.rsdp = (u64)(tag + 8);
	}
	return &si;
}

void rt_start(const void *start, u32 magic)
{
	const struct hvm_start_info *si = start;

	if (magic == MB2_MAGIC)
		si = from_multiboot2(start);
	serial_init();
	trap_init();
	trap_load();
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
	if (si->magic != HVM_START_MAGIC) {
		print("rt: not started by PVH: magic %x\n", si->magic);
		sleep_forever();
	}
	copy_info(si);
	acpi_use(info.rsdp ? info.rsdp : acpi_scan_rsdp());
	use_fadt();
	clock_ns();
	main(&info);
	power_off();
}
