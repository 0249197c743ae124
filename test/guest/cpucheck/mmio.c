// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory-mapped registers by many forms of instructions. The LAPIC's initial count is a 32-bit
 * register that reads back (its timer is masked here); MMCONFIG takes accesses of 1, 2 and 4 bytes.
 */
#include "check.h"

#define REG       (APIC_BASE + APIC_TIMER_INIT)
#define SEED      0x80001234u
#define MCFG_BASE 44 /* offset of the first allocation's address */
#define MSR_GS    0xc0000101u

static volatile u32 *const reg = (volatile u32 *)REG;

/* Seeds the register, runs `insn` (rax, r12, r13, rcx are its to clobber), wants the register to be
 * `want`. */
#define STORE_FORM(want, insn, ...)                                                              \
	do {                                                                                     \
		*reg = SEED;                                                                     \
		asm volatile(insn : : __VA_ARGS__ : "rax", "rcx", "r12", "r13", "cc", "memory"); \
		if (*reg != (u32)(want))                                                         \
			return wrong("%s: register is %x, want %x", insn, *reg, (u32)(want));    \
	} while (0)

/* Seeds the register and rax (all ones), runs `insn`, wants rax to be `want`. */
#define LOAD_FORM(want, insn, ...)                                                         \
	do {                                                                               \
		u64 rax_ = ~0ull;                                                          \
		*reg = SEED;                                                               \
		asm volatile(insn                                                          \
			     : "+a"(rax_)                                                  \
			     : __VA_ARGS__                                                 \
			     : "rcx", "r12", "r13", "cc", "memory");                       \
		if (rax_ != (u64)(want))                                                   \
			return wrong("%s: RAX is %lx, want %lx", insn, rax_, (u64)(want)); \
	} while (0)

static const char *mov_store(void)
{
	STORE_FORM(0x11223344, "movl $0x11223344, (%0)", "r"(REG));
	STORE_FORM(0x55667788, "movl %k1, 0x10(%0, %2, 8)", "r"(REG - 0x18), "r"(0x55667788),
		   "r"(1ull));
	STORE_FORM(0x0badcafe, "movq %0, %%r13; movl $0x0badcafe, %%r12d; movl %%r12d, (%%r13)",
		   "r"(REG));
	STORE_FORM(0x0badcafe, "movq %0, %%r12; movl $0x0badcafe, %%r13d; movl %%r13d, -4(%%r12)",
		   "r"(REG + 4));
	STORE_FORM(0x600df00d, "movl $0x600df00d, %%eax; movabsl %%eax, 0xfee00380", "r"(0));
	STORE_FORM(0x13572468, "movl $0x13572468, (%k0)", "r"(REG | 0x500000000));
	STORE_FORM(0x13572468, "movl $0x13572468, %%ds:(%0)", "r"(REG));
	return NULL;
}

static const char *mov_load(void)
{
	LOAD_FORM(SEED, "movl (%1), %%eax", "r"(REG));
	LOAD_FORM(SEED, "movabsl 0xfee00380, %%eax", "r"(0));
	LOAD_FORM(SEED, "movq %1, %%r13; movl $0x1000, %%r12d; movl 0x100(%%r13, %%r12), %%eax",
		  "r"(REG - 0x1100));
	LOAD_FORM(SEED, "movl (%k1), %%eax", "r"(REG));
	LOAD_FORM(SEED, "movl (%1), %%r12d; movq %%r12, %%rax", "r"(REG));
	return NULL;
}

/* The base of GS counts, that of DS does not. */
static const char *segment_base(void)
{
	u32 got;

	wrmsr(MSR_GS, REG - 0x40);
	*reg = SEED;
	asm volatile("movl %%gs:0x40, %0" : "=r"(got));
	wrmsr(MSR_GS, 0);
	return got == SEED ? NULL : wrong("through GS: %x", got);
}

static const char *alu_store(void)
{
	STORE_FORM(SEED | 0x0f, "orl $0x0f, (%0)", "r"(REG));
	STORE_FORM(SEED | 0xfffffff0, "orl $-16, (%0)", "r"(REG));
	STORE_FORM(SEED & 0x1030, "andl $0x1030, (%0)", "r"(REG));
	STORE_FORM(SEED ^ 0xff00ff00, "movl $0xff00ff00, %%eax; xorl %%eax, (%0)", "r"(REG));
	STORE_FORM(SEED + 0x80000000, "addl $0x80000000, (%0)", "r"(REG));
	STORE_FORM(SEED - 1, "subl $1, (%0)", "r"(REG));
	STORE_FORM(SEED | 1, "lock orl $1, (%0)", "r"(REG));
	return NULL;
}

static const char *alu_load(void)
{
	LOAD_FORM(SEED, "movl $0, %%eax; orl (%1), %%eax", "r"(REG));
	LOAD_FORM(SEED + 5, "movl $5, %%eax; addl (%1), %%eax", "r"(REG));
	LOAD_FORM(5 - SEED, "movl $5, %%eax; subl (%1), %%eax", "r"(REG));
	LOAD_FORM(SEED & 0xff, "movl $0xff, %%eax; andl (%1), %%eax", "r"(REG));
	LOAD_FORM(~SEED, "xorl (%1), %%eax", "r"(REG));
	return NULL;
}

static const char *xchg(void)
{
	LOAD_FORM(SEED, "movl $0x77, %%eax; xchgl %%eax, (%1)", "r"(REG));
	return *reg == 0x77 ? NULL : wrong("register is %x, want 77", *reg);
}

/* CF, ZF and SF as bits 0, 6 and 7 of FLAGS. */
#define FLAGS_FORM(want, insn)                                                      \
	do {                                                                        \
		u64 flags_;                                                         \
		asm volatile(insn "; pushfq; popq %0"                               \
			     : "=r"(flags_)                                         \
			     : "r"(REG), "r"(SEED)                                  \
			     : "cc");                                               \
		if ((flags_ & 0xc1) != (want))                                      \
			return wrong("%s: flags %lx, want %x", insn, flags_, want); \
	} while (0)

static const char *flags(void)
{
	*reg = SEED;
	FLAGS_FORM(0x40, "cmpl %2, (%1)");
	FLAGS_FORM(0x81, "cmpl $-1, (%1)");
	FLAGS_FORM(0x80, "testl %2, (%1)");
	FLAGS_FORM(0x40, "testl $0x10000, (%1)");
	FLAGS_FORM(0x00, "cmpl (%1), %k1");
	FLAGS_FORM(0x41, "cmpl %2, %2; stc; btl $31, (%1)");
	FLAGS_FORM(0x40, "cmpl %2, %2; stc; btl $30, (%1)");
	FLAGS_FORM(0x40, "subl %2, (%1)");
	*reg = SEED;
	FLAGS_FORM(0x41, "addl $0x7fffedcc, (%1)");
	return NULL;
}

static const char *stos(void)
{
	STORE_FORM(0xabcdef01,
		   "movq %0, %%r12; movl $0xabcdef01, %%eax; movl $1, %%ecx; xchgq %%rdi, %%r12; "
		   "rep stosl; xchgq %%rdi, %%r12",
		   "r"(REG));
	STORE_FORM(
	    SEED,
	    "movq %0, %%r12; xorl %%ecx, %%ecx; xchgq %%rdi, %%r12; rep stosl; xchgq %%rdi, %%r12",
	    "r"(REG));
	return NULL;
}

/* --- MMCONFIG
 * ------------------------------------------------------------------------------------------ */

static u64 mmconfig(void)
{
	const struct acpi_header *t = acpi_find("MCFG");

	return t ? acpi_read64(t, MCFG_BASE) : 0;
}

static u32 by_ports(u32 off)
{
	out32(0xcf8, 0x80000000 | off);
	return in32(0xcfc);
}

static const char *widths(void)
{
	u64 base = mmconfig(), zx8, zx16, sx8, sx16;
	u32 id = by_ports(0);
	u16 w;
	u8 b;

	if (!base)
		return "there is no MCFG";
	asm volatile("movzbl 1(%4), %k0; movzwl 2(%4), %k1; movsbq 1(%4), %2; movswq (%4), %3"
		     : "=&r"(zx8), "=&r"(zx16), "=&r"(sx8), "=&r"(sx16)
		     : "r"(base)
		     : "memory");
	asm volatile("movb 3(%2), %0; movw 2(%2), %1" : "=&q"(b), "=&r"(w) : "r"(base) : "memory");
	if (zx8 != (u8)(id >> 8) || zx16 != id >> 16)
		return wrong("MOVZX %lx, %lx of %08x", zx8, zx16, id);
	if (sx8 != (u64)(s64)(s8)(id >> 8) || sx16 != (u64)(s64)(s16)id)
		return wrong("MOVSX %lx, %lx of %08x", sx8, sx16, id);
	if (b != id >> 24 || w != id >> 16)
		return wrong("MOV byte %x, word %x of %08x", b, w, id);
	asm volatile("movq $-1, %%rax; movb 1(%1), %%ah; movq %%rax, %0"
		     : "=r"(zx8)
		     : "b"(base)
		     : "rax");
	return zx8 == ((0xffffffffffff00ffull) | (id & 0xff00))
		   ? NULL
		   : wrong("MOV to AH: %lx of %08x", zx8, id);
}

static const char *movs(void)
{
	u64 base = mmconfig(), count = 4;
	u32 buf[6] = { [4] = 0x5eed };
	const void *from = (const void *)base;
	void *to = buf;

	asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	for (u32 i = 0; i < 4; i++)
		if (buf[i] != by_ports(i * 4))
			return wrong("dword %u is %x, by ports %x", i, buf[i], by_ports(i * 4));
	if (buf[4] != 0x5eed || count || (u64)from != base + 16 || to != &buf[4])
		return wrong("ends with RSI %lx RDI %lx RCX %lx", (u64)from - base,
			     (u64)to - (u64)buf, count);
	/* Backwards, bytes. */
	from = (const u8 *)base + 3;
	to = (u8 *)buf + 3;
	count = 4;
	memset(buf, 0, sizeof(buf));
	asm volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	return buf[0] == by_ports(0) ? NULL
				     : wrong("backwards: %x, by ports %x", buf[0], by_ports(0));
}

// clang-format off
const struct check mmio_checks[] = {
	CHECK("mmio-mov-store", mov_store, ANYWHERE),
	CHECK("mmio-mov-load", mov_load, ANYWHERE),
	CHECK("mmio-segment-base", segment_base, ANYWHERE),
	CHECK("mmio-alu-store", alu_store, ANYWHERE),
	CHECK("mmio-alu-load", alu_load, ANYWHERE),
	CHECK("mmio-xchg", xchg, ANYWHERE),
	CHECK("mmio-flags", flags, ANYWHERE),
	CHECK("mmio-stos", stos, ANYWHERE),
	CHECK("mmio-widths", widths, ANYWHERE),
	CHECK("mmio-movs", movs, ANYWHERE),
	CHECKS_END,
};
// clang-format on
