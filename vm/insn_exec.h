// SPDX-License-Identifier: BSD-2-Clause
/*
 * Executes a decoded instruction on a guest's registers, with memory, ports and segments behind
 * callbacks. Pure: it knows no vCPU, no page table and no device. Used for accesses to emulated
 * devices, which the CPU hands over unfinished.
 *
 * Done here: operands, flags, segment and canonical checks, RIP and RFLAGS.RF. The caller's: paging
 * (in the callbacks), single-step traps, the end of an interrupt shadow after INSN_DONE, and the
 * I/O permission check: it may let an instruction for which insn_uses_port() run only if the CPU
 * exited for just that port and width. (The bytes fetched may be others than those that exited:
 * another vCPU can exchange them in between.)
 */
#pragma once

#include <vm/insn.h>
#include <vm/regs.h>

/* Elements of a REP string instruction in one call; 1 while RFLAGS.TF is set. */
#define INSN_REP_MAX 64

enum insn_result {
	INSN_DONE,  /* finished, RIP is at the next instruction */
	INSN_AGAIN, /* a REP is not at its end: registers moved, RIP did not; call or enter again */
	INSN_FAULT, /* nothing changed since the last finished element: inject ctx.fault */
	INSN_FAILED, /* likewise; ctx.status says why. E_UNSUPPORTED: of class INSN_PRIV */
};

struct insn_fault {
	bool pending;
	u8 vector; /* enum exception */
	bool has_error;
	u32 error;
	gva_t cr2; /* for #PF */
};

struct insn_ctx;

/*
 * Callbacks answer OK, or anything else to stop the instruction; one that wants an exception in the
 * guest fills ctx->fault first (`pending` too), otherwise the result is INSN_FAILED. `width` is 1,
 * 2, 4 or 8, of a probe also 10, 16 and 32: wider operands are moved in parts. An access may cross a
 * page, and outside of 64-bit mode it may wrap from the last byte below 4G to address 0.
 */
struct insn_ops {
	void (*get_seg)(struct insn_ctx *c, enum seg_index seg, struct segment *out);
	/* SEG_GDTR or SEG_IDTR. */
	void (*set_table)(struct insn_ctx *c, enum seg_index seg, u64 base, u16 limit);
	enum status (*mem_read)(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val);
	enum status (*mem_write)(struct insn_ctx *c, gva_t gva, unsigned width, u64 val);
	/*
	 * Would a write be allowed? Asked before anything with a side effect is read on behalf of
	 * that write (the old value, the source of MOVS, the port of INS), so that a page fault
	 * comes in time and as one of a write.
	 */
	enum status (*mem_probe)(struct insn_ctx *c, gva_t gva, unsigned width);
	enum status (*io_read)(struct insn_ctx *c, u16 port, unsigned width, u64 *val);
	enum status (*io_write)(struct insn_ctx *c, u16 port, unsigned width, u64 val);
	/* A vector register, OPERAND_YMM (all words of `val`), OPERAND_XMM (two) or OPERAND_MMX (the
	 * first). Asked only if CR0, CR4 and XCR0 let the guest use it. */
	enum status (*vec_get)(struct insn_ctx *c, struct insn_operand o, u64 val[4]);
	enum status (*vec_set)(struct insn_ctx *c, struct insn_operand o, const u64 val[4]);
};

/* Embedded in the caller's own structure, which the callbacks find with container_of(). */
struct insn_ctx {
	const struct insn_ops *ops;
	struct gpr *regs;
	u64 cr0; /* PE: exceptions have error codes; segment types count unless RFLAGS.VM */
	u64 cr4;
	u64 xcr0; /* looked at if CR4 has OSXSAVE */
	u8 cpl;
	u8 va_bits; /* width of a canonical address in 64-bit mode: 48 or 57 */
	struct insn_fault fault; /* out */
	enum status status;      /* out */
};

/* LOCK is obeyed only in so far as it may be #UD: the read and the write are two calls. */
enum insn_result must_check insn_exec(const struct insn *in, struct insn_ctx *c);
