// SPDX-License-Identifier: BSD-2-Clause
/*
 * emulator: each instruction of a table runs twice from the same registers, once on RAM, where the
 * CPU executes it, once on the window of pc-testdev at FF000000h, where the hypervisor has to.
 * Registers, defined flags, memory and exceptions must be the same. Needs `testdev = yes`, or on
 * QEMU -device pc-testdev. Prints "FAIL BYTES: why" and at the end "emulator: N ok, M failed";
 * "seed=N" on the command line.
 */
#include "cpu.h"
#include "rt.h"
#include "trap.h"
#include <lib/fmt.h>
#include <lib/string.h>

#define WINDOW 0xff000000ull
#define AREA   0x2000u /* bytes of either memory */
#define WORDS  6       /* looked at */
#define ROUNDS 6
#define SHOWN  10 /* failures */

#define CF    BIT(0)
#define LOGIC (CF | BIT(2) | BIT(6) | BIT(7) | BIT(11)) /* and PF, ZF, SF, OF */
#define ALL   (LOGIC | BIT(4))                          /* and AF */
#define ZF    BIT(6)
#define CF_OF (CF | BIT(11))

enum how {
	ALIGNED = 1, /* only at multiples of 16 */
	BSWAP = 2,   /* MOVBE, which not every CPU has */
	TO_NEXT = 4, /* the memory holds the address behind the instruction */
	TO_RET = 8,  /* ... of a RET */
	AVX = 16,    /* which not every CPU has */
};

struct row {
	const char *hex;
	u32 flags; /* that are defined */
	u32 how;
};

/* Operands: [rdi], [rsi] in the same memory, rax, rcx, rdx, rbx, xmm1, xmm9, mm3. */
static const struct row rows[] = {
	/* moves */
	{ "88 0f", ALL, 0 },
	{ "66 89 0f", ALL, 0 },
	{ "48 89 0f", ALL, 0 },
	{ "8b 0f", ALL, 0 },
	{ "8a 2f", ALL, 0 },
	{ "c6 07 5a", ALL, 0 },
	{ "48 c7 07 80 80 80 f0", ALL, 0 },
	{ "0f b6 0f", ALL, 0 },
	{ "48 0f b7 0f", ALL, 0 },
	{ "66 0f be 0f", ALL, 0 },
	{ "48 63 0f", ALL, 0 },
	{ "48 87 0f", ALL, 0 },
	{ "0f c1 0f", ALL, 0 },
	{ "f0 0f b1 0f", ALL, 0 },
	{ "48 0f b1 0f", ALL, 0 },
	{ "0f c7 0f", ZF, 0 },
	{ "f0 48 0f c7 0f", ZF, ALIGNED },
	{ "0f c3 0f", ALL, 0 },
	{ "0f 38 f0 0f", ALL, BSWAP },
	{ "66 0f 38 f1 0f", ALL, BSWAP },
	{ "48 0f 38 f1 0f", ALL, BSWAP },
	/* arithmetic */
	{ "48 01 0f", ALL, 0 },
	{ "66 11 0f", ALL, 0 },
	{ "1b 0f", ALL, 0 },
	{ "28 2f", ALL, 0 },
	{ "83 3f 80", ALL, 0 },
	{ "f0 09 0f", LOGIC, 0 },
	{ "23 0f", LOGIC, 0 },
	{ "48 31 0f", LOGIC, 0 },
	{ "f7 07 00 ff 00 ff", LOGIC, 0 },
	{ "f6 17", ALL, 0 },
	{ "48 f7 1f", ALL, 0 },
	{ "66 ff 07", ALL, 0 },
	{ "fe 0f", ALL, 0 },
	{ "f6 27", CF_OF, 0 },
	{ "48 f7 27", CF_OF, 0 },
	{ "66 f7 2f", CF_OF, 0 },
	{ "0f af 0f", CF_OF, 0 },
	{ "48 69 0f 78 56 34 f2", CF_OF, 0 },
	{ "66 6b 0f 85", CF_OF, 0 },
	{ "f6 37", 0, 0 },
	{ "66 f7 37", 0, 0 },
	{ "f7 37", 0, 0 },
	{ "48 f7 37", 0, 0 },
	{ "f6 3f", 0, 0 },
	{ "48 f7 3f", 0, 0 },
	/* bits */
	{ "d0 07", CF_OF, 0 },
	{ "48 d1 0f", CF_OF, 0 },
	{ "d1 17", CF_OF, 0 },
	{ "66 d1 1f", CF_OF, 0 },
	{ "d1 27", LOGIC, 0 },
	{ "48 d1 2f", LOGIC, 0 },
	{ "d0 3f", LOGIC, 0 },
	{ "c1 07 1d", CF, 0 },
	{ "48 c1 1f 25", CF, 0 },
	{ "48 c1 27 13", LOGIC & ~BIT(11), 0 },
	{ "c1 3f 1e", LOGIC & ~BIT(11), 0 },
	{ "48 d3 07", CF, 0 },
	{ "d3 3f", 0, 0 },
	{ "0f a4 0f 07", LOGIC & ~BIT(11), 0 },
	{ "48 0f ad 0f", 0, 0 },
	{ "b8 55 00 00 00 0f ab 07", CF, 0 },
	{ "0f ba 2f 1f", CF, 0 },
	{ "48 0f ba 37 25", CF, 0 },
	{ "0f ba 3f 05", CF, 0 },
	{ "48 0f bc 0f", ZF, 0 },
	{ "48 0f bd 0f", ZF, 0 },
	{ "f3 0f b8 0f", ALL, 0 },
	{ "f3 48 0f bc 0f", CF | ZF, 0 },
	{ "f3 0f bd 0f", CF | ZF, 0 },
	{ "0f 94 07", ALL, 0 },
	{ "0f 9c 07", ALL, 0 },
	{ "48 0f 42 0f", ALL, 0 },
	{ "0f 4f 0f", ALL, 0 },
	/* the stack */
	{ "ff 37 59", ALL, 0 },
	{ "66 ff 37 66 59", ALL, 0 },
	{ "51 8f 07", ALL, 0 },
	{ "66 51 66 8f 07", ALL, 0 },
	{ "ff 27", ALL, TO_NEXT },
	{ "ff 17", ALL, TO_RET },
	/* ... in that memory: PUSHF, POPF, LEAVE, ENTER; RSP is kept in rDX meanwhile */
	{ "89 e2 48 8d 67 08 9c 89 d4", ALL, 0 },
	{ "48 81 27 d5 0c 20 00 89 e2 48 89 fc 9d 89 d4", ALL, 0 },
	{ "89 e2 48 89 fd c9 48 29 fc 48 89 e1 89 d4", ALL, 0 },
	{ "89 e2 48 8d 67 10 c8 08 00 00 48 29 fd 89 d4", ALL, 0 },
	/* strings */
	{ "a4", ALL, 0 },
	{ "48 a5", ALL, 0 },
	{ "b9 05 00 00 00 f3 a5", ALL, 0 },
	{ "fd b9 03 00 00 00 f3 66 a5 fc", ALL, 0 },
	{ "b9 07 00 00 00 f3 aa", ALL, 0 },
	{ "48 ab", ALL, 0 },
	{ "48 ad", ALL, 0 },
	{ "b9 04 00 00 00 f3 ac", ALL, 0 },
	{ "48 a7", ALL, 0 },
	{ "b9 06 00 00 00 f3 a6", ALL, 0 },
	{ "b9 06 00 00 00 f2 ae", ALL, 0 },
	{ "31 c9 f3 a4", 0, 0 },
	/* vector registers */
	{ "0f 10 0f", ALL, 0 },
	{ "66 44 0f 10 0f", ALL, 0 },
	{ "f3 0f 10 0f", ALL, 0 },
	{ "f2 44 0f 10 0f", ALL, 0 },
	{ "0f 11 0f", ALL, 0 },
	{ "f3 44 0f 11 0f", ALL, 0 },
	{ "f2 0f 11 0f", ALL, 0 },
	{ "0f 28 0f", ALL, ALIGNED },
	{ "66 44 0f 29 0f", ALL, ALIGNED },
	{ "66 0f 6f 0f", ALL, ALIGNED },
	{ "f3 44 0f 6f 0f", ALL, 0 },
	{ "66 0f 7f 0f", ALL, ALIGNED },
	{ "f3 0f 7f 0f", ALL, 0 },
	{ "66 0f e7 0f", ALL, ALIGNED },
	{ "0f 2b 0f", ALL, ALIGNED },
	{ "66 0f 6e 0f", ALL, 0 },
	{ "66 4c 0f 6e 0f", ALL, 0 },
	{ "66 0f 7e 0f", ALL, 0 },
	{ "66 48 0f 7e 0f", ALL, 0 },
	{ "f3 0f 7e 0f", ALL, 0 },
	{ "66 0f d6 0f", ALL, 0 },
	{ "f2 0f f0 0f", ALL, 0 },
	{ "0f 6f 1f", ALL, 0 },
	{ "0f 7f 1f", ALL, 0 },
	{ "0f 6e 1f", ALL, 0 },
	{ "48 0f 7e 1f", ALL, 0 },
	{ "0f e7 1f", ALL, 0 },
	/* all of a YMM register, the upper half by a store of it */
	{ "c5 fe 6f 0f c5 fe 7f 0e", ALL, AVX },
	{ "c5 fa 6f 0f c5 fe 7f 0e", ALL, AVX },
	{ "c5 fa 10 0f c5 fe 7f 0e", ALL, AVX },
	{ "c5 f9 6e 0f c5 fe 7f 0e", ALL, AVX },
	{ "c5 fa 7e 0f c5 fe 7f 0e", ALL, AVX },
	{ "c5 ff f0 0f c5 fe 7f 0e", ALL, AVX },
	{ "c5 7a 7f 0f", ALL, AVX },
	{ "c5 78 29 0f", ALL, AVX | ALIGNED },
	{ "c5 fb 11 0f", ALL, AVX },
	{ "c5 f9 d6 0f", ALL, AVX },
	{ "c4 e1 f9 6e 0f c4 e1 f9 7e 0e", ALL, AVX },
	{ "44 0f 10 0f c5 7e 7f 0e", ALL, AVX },
	/* system registers */
	{ "0f 01 07", ALL, 0 },
	{ "0f 01 0f", ALL, 0 },
	{ "0f 00 07", ALL, 0 },
	{ "0f 00 0f", ALL, 0 },
	{ "0f 01 27", ALL, 0 },
	{ "0f 01 07 0f 01 17 0f 01 06", ALL, 0 },
	{ "0f 01 0f 0f 01 1f 0f 01 0e", ALL, 0 },
	{ "0f 01 27 0f 01 37 0f 01 e1", ALL, 0 },
	{ "8c 17", ALL, 0 },
	{ "48 8c 1f", ALL, 0 },
};

struct state {
	u64 r[16]; /* in the order of the encoding; RSP is not used */
	u64 rflags;
	u64 xmm1[2], xmm9[2], mm3;
};

/* Loads a state, runs the 16 bytes at emulator_slot, stores the state; a fault leads to
 * emulator_next. */
void emulator_run(struct state *s);
extern u8 emulator_slot[], emulator_next[], emulator_ret[];
asm(".pushsection .data\n"
    "emulator_run:\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
    "	movups 136(%rdi), %xmm1; movups 152(%rdi), %xmm9; movq 168(%rdi), %mm3\n"
    "	pushq 128(%rdi); popfq\n"
    "	mov (%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx; mov 24(%rdi), %rbx\n"
    "	mov 40(%rdi), %rbp; mov 48(%rdi), %rsi; mov 56(%rdi), %rdi\n"
    "emulator_slot:\n"
    "	.fill 16, 1, 0x90\n"
    "emulator_next:\n"
    "	pushfq; push %rdi; mov 16(%rsp), %rdi\n"
    "	mov %rax, (%rdi); mov %rcx, 8(%rdi); mov %rdx, 16(%rdi); mov %rbx, 24(%rdi)\n"
    "	mov %rbp, 40(%rdi); mov %rsi, 48(%rdi)\n"
    "	movups %xmm1, 136(%rdi); movups %xmm9, 152(%rdi); movq %mm3, 168(%rdi); emms\n"
    "	pop %rax; mov %rax, 56(%rdi); pop %rax; mov %rax, 128(%rdi); pop %rdi; cld\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "emulator_ret:\n"
    "	ret\n"
    ".popsection\n");
static_assert(offsetof(struct state, xmm1) == 136, "emulator_run");

static u8 ram[AREA] __attribute__((aligned(4096)));
static u64 random_state;
static u32 ok, failed;

static u64 noise(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u64 operand(void)
{
	static const u64 edges[] = { 0,      1,          0x7f,       0x80,  0xff,
				     0x8000, 0x7fffffff, 0x80000000, ~0ull, 1ull << 63 };

	return noise() & 1 ? noise() >> (noise() & 63) : edges[noise() % ARRAY_LEN(edges)];
}

static u32 parse(const char *hex, u8 *out)
{
	u32 n = 0;

	for (; *hex; hex += hex[2] ? 3 : 2) {
		u8 digits[2] = { (u8)hex[0], (u8)hex[1] };

		for (u32 i = 0; i < 2; i++)
			digits[i] = (u8)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
		out[n++] = (u8)(digits[0] << 4 | digits[1]);
	}
	return n;
}

struct outcome {
	struct state s;
	u64 mem[WORDS];
	int vector;
	u64 error;
};

/* `at`: where the operand is; the memory is put there first. */
static void run_once(const struct state *start, const u64 mem[WORDS], u64 at, struct outcome *o)
{
	o->s = *start;
	o->s.r[7] = at;
	o->s.r[6] = at + 24;
	for (u32 i = 0; i < WORDS; i++)
		((volatile u64 *)at)[i] = mem[i];
	last_fault.vector = -1;
	last_fault.error = 0;
	trap_recover = emulator_next;
	emulator_run(&o->s);
	trap_recover = NULL;
	o->vector = last_fault.vector;
	o->error = last_fault.error;
	o->s.r[7] -= at;
	o->s.r[6] -= at;
	for (u32 i = 0; i < WORDS; i++)
		o->mem[i] = ((volatile u64 *)at)[i];
}

static const char *difference(const struct row *row, const struct outcome *a,
			      const struct outcome *b)
{
	static char text[96];

	if (a->vector != b->vector || a->error != b->error) {
		fmt_print(text, sizeof(text), "vector %d error %lx, not %d, %lx", b->vector,
			  b->error, a->vector, a->error);
		return text;
	}
	for (u32 i = 0; i < 8; i++)
		if (a->s.r[i] != b->s.r[i]) {
			fmt_print(text, sizeof(text), "register %u is %lx, not %lx", i, b->s.r[i],
				  a->s.r[i]);
			return text;
		}
	if ((a->s.rflags ^ b->s.rflags) & row->flags & (a->vector < 0 ? ~0u : 0)) {
		fmt_print(text, sizeof(text), "flags %lx, not %lx", b->s.rflags, a->s.rflags);
		return text;
	}
	for (u32 i = 0; i < WORDS; i++)
		if (a->mem[i] != b->mem[i]) {
			fmt_print(text, sizeof(text), "word %u is %lx, not %lx", i, b->mem[i],
				  a->mem[i]);
			return text;
		}
	return memcmp(a->s.xmm1, b->s.xmm1, 40) ? "a vector register differs" : NULL;
}

static const char *compare(const struct row *row)
{
	static struct outcome native, emulated;
	struct state start = { .rflags = 2 | (noise() & ALL) };
	u32 off = row->how & ALIGNED ? (u32)noise() & 0xf0
		  : noise() & 1      ? 0x1000 - (u32)(noise() & 15)
				     : (u32)noise() & 0xff;
	u64 mem[WORDS];

	for (u32 i = 0; i < 16; i++)
		start.r[i] = operand();
	for (u32 i = 0; i < WORDS; i++)
		mem[i] = noise() & 3 ? operand() : start.r[0];
	if (row->how & (TO_NEXT | TO_RET))
		mem[0] = (u64)(row->how & TO_NEXT ? emulator_next : emulator_ret);
	start.xmm1[0] = noise();
	start.xmm1[1] = noise();
	start.xmm9[0] = noise();
	start.xmm9[1] = noise();
	start.mm3 = noise();
	run_once(&start, mem, (u64)ram + off, &native);
	run_once(&start, mem, WINDOW + off, &emulated);
	return difference(row, &native, &emulated);
}

static void run_row(const struct row *row)
{
	u8 bytes[16];
	u32 len = parse(row->hex, bytes);

	if ((row->how & BSWAP) && !(cpuid(1, 0).c & BIT(22)))
		return;
	if ((row->how & AVX) && !(read_cr4() & BIT(18)))
		return;
	memset(emulator_slot, 0x90, 16);
	memcpy(emulator_slot, bytes, len);
	cpuid(0, 0); /* serialises */
	for (u32 i = 0; i < ROUNDS; i++) {
		const char *bad = compare(row);

		if (!bad)
			continue;
		if (failed++ < SHOWN)
			print("FAIL %s: %s\n", row->hex, bad);
		return;
	}
	ok++;
}

void main(const struct hvm_start_info *si)
{
	random_state = cmdline_number(si, "seed=", 1) * 2654435769u + 88172645463325252ull;
	*(volatile u32 *)WINDOW = 0x12345678;
	if (*(volatile u32 *)WINDOW != 0x12345678) {
		print("FAIL window: there is no pc-testdev\n");
		return;
	}
	if ((cpuid(1, 0).c & (BIT(26) | BIT(28))) == (BIT(26) | BIT(28))) {
		write_cr4(read_cr4() | BIT(18));
		asm volatile("xsetbv" : : "a"(7), "c"(0), "d"(0));
	}
	for (u32 i = 0; i < ARRAY_LEN(rows); i++)
		run_row(&rows[i]);
	print("emulator: %u ok, %u failed\n", ok, failed);
}
