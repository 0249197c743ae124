// SPDX-License-Identifier: BSD-2-Clause
/*
 * A stranger's kernel: looks for all that suites for QEMU's PC need before their first test, says
 * what it found and ends by the test device with the code that its command line asks for, or 99 if
 * something is missing. Runs on QEMU as well, which is what it is right by.
 */
#include <lib/types.h>

#define COM1 0x3f8

struct info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	u32 mmap_length, mmap_addr;
};

struct module {
	u32 base, end, cmdline, reserved;
};

void suite(u32 magic, const struct info *mbi);

static bool failed;

static void outb(u16 port, u8 val)
{
	__asm__ volatile("outb %0, %1" : : "a"(val), "d"(port));
}

static void outw(u16 port, u16 val)
{
	__asm__ volatile("outw %0, %1" : : "a"(val), "d"(port));
}

static void outl(u16 port, u32 val)
{
	__asm__ volatile("outl %0, %1" : : "a"(val), "d"(port));
}

static u8 inb(u16 port)
{
	u8 val;

	__asm__ volatile("inb %1, %0" : "=a"(val) : "d"(port));
	return val;
}

static u16 inw(u16 port)
{
	u16 val;

	__asm__ volatile("inw %1, %0" : "=a"(val) : "d"(port));
	return val;
}

static void put(const char *s)
{
	for (; *s; s++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, (u8)*s);
	}
}

static void put_number(u32 n)
{
	char text[11], *at = text + 10;

	*at = '\0';
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	put(at);
}

static void expect(bool ok, const char *what)
{
	failed |= !ok;
	put(ok ? "suite: ok " : "suite: FAIL ");
	put(what);
	put("\n");
}

static u64 fwcfg(u16 key, unsigned width)
{
	u64 val = 0;

	outw(0x510, key);
	for (unsigned i = 0; i < width; i++)
		val |= (u64)inb(0x511) << 8 * i;
	return val;
}

/* "NAME=number" among the words. */
static u32 number(const char *s, char name)
{
	u32 n = 0;

	while (*s && !(s[0] == name && s[1] == '='))
		s++;
	for (s += *s ? 2 : 0; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (u32)(*s - '0');
	return n;
}

static void boot_information(u32 magic, const struct info *mbi)
{
	const char *cmdline = (const char *)mbi->cmdline;
	const struct module *m = (const struct module *)mbi->mods_addr;

	expect(magic == 0x2badb002, "magic");
	expect((mbi->flags & 0x4d) == 0x4d, "flags");
	put("suite: command line \"");
	put(cmdline);
	put("\"\n");
	expect(mbi->mem_lower >= 600 && mbi->mem_upper >= 8 * KIB, "memory sizes");
	expect(mbi->mmap_length >= 20 && *(u32 *)mbi->mmap_addr == 20, "memory map");
	expect(mbi->mods_count == number(cmdline, 'm'), "modules");
	if (mbi->mods_count)
		expect(m->end - m->base >= 4 && *(u32 *)m->base == 0x464c457f, "a module's bytes");
}

static void firmware(const char *cmdline, const struct info *mbi)
{
	u64 ram = fwcfg(3, 8);

	expect(fwcfg(0, 4) == 0x554d4551, "fw_cfg's signature");
	expect(fwcfg(1, 4) & 1, "fw_cfg's id");
	expect(fwcfg(5, 2) == number(cmdline, 'c'), "number of CPUs");
	expect(ram / KIB > mbi->mem_upper && ram < 4 * GIB, "RAM size");
	expect(fwcfg(0x19, 3) == 0, "file directory"); /* fewer than 256 */
}

static void test_device(void)
{
	volatile u32 *window = (volatile u32 *)0xff000000;

	outl(0xe0, 0x12345678);
	outb(0xe1, 0xaa);
	expect(inw(0xe0) == 0xaa78 && inw(0xe2) == 0x1234, "loop-back");
	outl(0xe4, 0x1000);
	window[0x3fff] = 0x87654321;
	expect(window[0x3fff] == 0x87654321, "memory window");
}

/* The level of line 14 as the second 8259 sees it: ICW1 to 4, all masked, OCW3 "read IRR". */
static void interrupt_line(void)
{
	outb(0xa0, 0x11);
	outb(0xa1, 0x28);
	outb(0xa1, 0x02);
	outb(0xa1, 0x01);
	outb(0xa1, 0xff);
	outb(0xa0, 0x0a);
	expect(!(inb(0xa0) & (1 << 6)), "line 14 low");
	outb(0x200e, 1);
	expect(inb(0xa0) & (1 << 6), "line 14 high");
	outb(0x200e, 0); /* what the request does now differs between chips and QEMU */
}

void suite(u32 magic, const struct info *mbi)
{
	const char *cmdline = (const char *)mbi->cmdline;
	u32 code = number(cmdline, 'x');

	boot_information(magic, mbi);
	firmware(cmdline, mbi);
	test_device();
	interrupt_line();
	put("suite: exit ");
	put_number(failed ? 99 : code);
	put("\n");
	outl(0xf4, failed ? 99 : code);
}
