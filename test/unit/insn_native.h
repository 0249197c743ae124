// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_insn_native.c: a trampoline that runs an instruction natively, a machine for insn_exec()
 * whose memory is the host's, and the comparison of both.
 */
#pragma once

#include "unit.h"

#include <arch/x86_64/defs/regs.h>
#include <lib/fmt.h>
#include <lib/range.h>
#include <lib/string.h>
#include <vm/insn_exec.h>

#include <stdlib.h>
#include <sys/mman.h>

#define FLAGS_LOGIC (RFLAGS_CF | RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
#define FLAGS_ALL   (FLAGS_LOGIC | RFLAGS_AF | RFLAGS_DF)
/* Those that the manuals define: after a logical operation, and after BT. */
#define DEF_LOGIC (FLAGS_LOGIC | RFLAGS_DF)
#define DEF_BIT   (RFLAGS_CF | RFLAGS_ZF | RFLAGS_DF)

/* --- The trampoline --- */

/*
 * void trampoline(struct native *n): loads all registers but RSP and RIP, XMM1, XMM9 and MM3, runs
 * the 16 bytes at its slot, stores all. Copied to a page of its own, so it must not refer to its
 * place.
 */
asm(".pushsection .text\n"
    "trampoline:\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
    "	movups 144(%rdi), %xmm1; movups 160(%rdi), %xmm9; movq 176(%rdi), %mm3\n"
    "	pushq 136(%rdi); popfq\n"
    "	mov (%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx; mov 24(%rdi), %rbx\n"
    "	mov 40(%rdi), %rbp; mov 48(%rdi), %rsi\n"
    "	mov 64(%rdi), %r8; mov 72(%rdi), %r9; mov 80(%rdi), %r10; mov 88(%rdi), %r11\n"
    "	mov 96(%rdi), %r12; mov 104(%rdi), %r13; mov 112(%rdi), %r14; mov 120(%rdi), %r15\n"
    "	mov 56(%rdi), %rdi\n"
    "trampoline_slot:\n"
    "	.fill 16, 1, 0x90\n"
    "	pushfq; push %rdi; mov 16(%rsp), %rdi\n"
    "	mov %rax, (%rdi); mov %rcx, 8(%rdi); mov %rdx, 16(%rdi); mov %rbx, 24(%rdi)\n"
    "	mov %rbp, 40(%rdi); mov %rsi, 48(%rdi)\n"
    "	mov %r8, 64(%rdi); mov %r9, 72(%rdi); mov %r10, 80(%rdi); mov %r11, 88(%rdi)\n"
    "	mov %r12, 96(%rdi); mov %r13, 104(%rdi); mov %r14, 112(%rdi); mov %r15, 120(%rdi)\n"
    "	movups %xmm1, 144(%rdi); movups %xmm9, 160(%rdi); movq %mm3, 176(%rdi); emms\n"
    "	pop %rax; mov %rax, 56(%rdi); pop %rax; mov %rax, 136(%rdi); pop %rdi; cld\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n"
    "trampoline_end:\n"
    ".popsection\n");
static_assert(offsetof(struct gpr, rflags) == 136, "trampoline");

struct vectors {
	u64 xmm1[2], xmm9[2], mm3[2];
};

struct native {
	struct gpr regs;
	struct vectors vec;
};
static_assert(offsetof(struct native, vec) == 144, "trampoline");
static_assert(GPR_RDI == 7 && GPR_R15 == 15, "trampoline");

extern const u8 trampoline[], trampoline_slot[], trampoline_end[];

static u8 *page;

static int make_page(void **state)
{
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? -1 : 0;
}

/* UBSan would look for the function's type in front of the page. */
__attribute__((no_sanitize("function"))) static void run_native(const u8 *bytes, size_t len, struct native *n)
{
	u8 *slot = page + (trampoline_slot - trampoline);

	memcpy(page, trampoline, (size_t)(trampoline_end - trampoline));
	memcpy(slot, bytes, len);
	((void (*)(struct native *))page)(n);
}

/* --- The machine for insn_exec(): host memory --- */

#define MEM_SIZE 8192

static u8 memory[MEM_SIZE] __attribute__((aligned(16)));
static struct vectors vectors;

static void get_seg(struct insn_ctx *c, enum seg_index seg, struct segment *out)
{
	*out = (struct segment){ 0 };
}

static bool inside(gva_t gva, unsigned width)
{
	return range_inside(gva, width, (u64)(uintptr_t)memory, MEM_SIZE);
}

static enum status mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val)
{
	if (!inside(gva, width))
		return E_RANGE;
	*val = 0;
	memcpy(val, (void *)(uintptr_t)gva, width);
	return OK;
}

static enum status mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val)
{
	if (!inside(gva, width))
		return E_RANGE;
	memcpy((void *)(uintptr_t)gva, &val, width);
	return OK;
}

static enum status mem_probe(struct insn_ctx *c, gva_t gva, unsigned width)
{
	return inside(gva, width) ? OK : E_RANGE;
}

static u64 *vector(struct insn_operand o)
{
	if (o.kind == OPERAND_MMX)
		return vectors.mm3;
	return o.reg == 1 ? vectors.xmm1 : vectors.xmm9;
}

static enum status vec_get(struct insn_ctx *c, struct insn_operand o, u64 val[4])
{
	memcpy(val, vector(o), 16);
	return OK;
}

static enum status vec_set(struct insn_ctx *c, struct insn_operand o, const u64 val[4])
{
	memcpy(vector(o), val, o.kind == OPERAND_MMX ? 8 : 16);
	return OK;
}

static const struct insn_ops ops = {
	.get_seg = get_seg,
	.mem_read = mem_read,
	.mem_write = mem_write,
	.mem_probe = mem_probe,
	.vec_get = vec_get,
	.vec_set = vec_set,
};

/* --- Comparison --- */

static u32 seed = 1;

static u32 noise(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Numbers at which flags change, mixed with random ones. */
static u64 operand(void)
{
	static const u64 edge[] = {
		0,
		1,
		2,
		0xf,
		0x10,
		0x7f,
		0x80,
		0x81,
		0xff,
		0x100,
		0x7fff,
		0x8000,
		0xffff,
		0x10000,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xffffffffffffffff,
	};

	if (noise() % 4)
		return edge[noise() % ARRAY_LEN(edge)] ^ (noise() % 8 ? 0 : noise());
	return (u64)noise() << 40 ^ (u64)noise() << 20 ^ noise();
}

static void fill(struct gpr *regs)
{
	for (unsigned i = 0; i < GPR_COUNT; i++)
		regs->r[i] = operand();
	if (noise() % 4 == 0)
		regs->r[GPR_RCX] = regs->r[GPR_RAX];
	regs->r[GPR_RDI] = regs->r[GPR_RSI] = (u64)(uintptr_t)memory + MEM_SIZE / 2;
	regs->rip = 0x1000;
	/* IF as in user mode. */
	regs->rflags =
	    RFLAGS_ONE | RFLAGS_IF | ((u64)noise() & FLAGS_LOGIC) | (noise() & RFLAGS_AF);
	for (unsigned i = 0; i < MEM_SIZE; i += 8) {
		u64 val = noise() % 4 ? operand() : regs->r[GPR_RAX];

		memcpy(memory + i, &val, 8);
	}
}

static size_t parse_hex(const char *hex, u8 *out)
{
	size_t n = 0;

	for (char *end; *hex; hex = end + (*end == ' '))
		out[n++] = (u8)strtoul(hex, &end, 16);
	return n;
}

/* One instruction from one state, both ways. `defined`: the flags to compare. */
static void compare(const char *hex, const struct gpr *start, u64 defined)
{
	static u8 before[MEM_SIZE], after[MEM_SIZE];
	struct native native = { .regs = *start };
	struct gpr emulated = *start;
	struct insn_ctx c = {
		.ops = &ops, .regs = &emulated, .cr0 = CR0_PE, .cr4 = CR4_OSFXSR, .va_bits = 48
	};
	enum insn_result r;
	struct insn in;
	u8 bytes[16];
	size_t len = parse_hex(hex, bytes);

	for (unsigned i = 0; i < 6; i++)
		((u64 *)&vectors)[i] = operand();
	native.vec = vectors;
	memcpy(before, memory, MEM_SIZE);
	run_native(bytes, len, &native);
	memcpy(after, memory, MEM_SIZE);
	memcpy(memory, before, MEM_SIZE);

	assert_int_equal(insn_decode(bytes, len, 64, &in), OK);
	do {
		r = insn_exec(&in, &c);
	} while (r == INSN_AGAIN);
	if (r != INSN_DONE)
		fail_msg("%s: result %d, status %d", hex, r, c.status);
	assert_int_equal(emulated.rip, start->rip + len);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		if (native.regs.r[i] != emulated.r[i])
			fail_msg(
			    "%s: register %u is %#llx, not %#llx; started from %#llx, rax %#llx",
			    hex, i, (unsigned long long)emulated.r[i],
			    (unsigned long long)native.regs.r[i], (unsigned long long)start->r[i],
			    (unsigned long long)start->r[GPR_RAX]);
	if ((native.regs.rflags ^ emulated.rflags) & defined)
		fail_msg(
		    "%s: flags %#llx, not %#llx; rax %#llx rcx %#llx", hex,
		    (unsigned long long)emulated.rflags, (unsigned long long)native.regs.rflags,
		    (unsigned long long)start->r[GPR_RAX], (unsigned long long)start->r[GPR_RCX]);
	if (memcmp(&vectors, &native.vec, sizeof(vectors)))
		fail_msg("%s: a vector register differs", hex);
	if (memcmp(memory, after, MEM_SIZE))
		fail_msg("%s: memory differs", hex);
}

#define ROUNDS 300

static void compare_all(const char *const *rows, size_t count, u64 defined)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned n = 0; n < ROUNDS; n++) {
			struct gpr regs;

			fill(&regs);
			compare(rows[i], &regs, defined);
		}
	}
}
