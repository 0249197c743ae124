// SPDX-License-Identifier: BSD-2-Clause
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

#define FLAGS_STATUS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* One addition or subtraction, all operands cut to the width. */
struct sum {
	u64 a, b, result;
	u64 carry; /* per bit: out of it, or borrowed by it */
	u64 overflow;
};

static u64 sign_bit(unsigned width)
{
	return BIT(8 * width - 1);
}

static struct sum add(u64 a, u64 b, u64 carry_in, unsigned width)
{
	struct sum s = { .a = a, .b = b };

	s.result = (a + b + carry_in) & width_mask(width);
	s.carry = (a & b) | ((a | b) & ~s.result);
	s.overflow = (a ^ s.result) & (b ^ s.result);
	return s;
}

static struct sum subtract(u64 a, u64 b, u64 borrow_in, unsigned width)
{
	struct sum s = { .a = a, .b = b };

	s.result = (a - b - borrow_in) & width_mask(width);
	s.carry = (~a & b) | ((~a | b) & s.result);
	s.overflow = (a ^ b) & (a ^ s.result);
	return s;
}

u64 insn_result_flags(u64 result, unsigned width)
{
	u64 flags = 0;

	if (!result)
		flags |= RFLAGS_ZF;
	if (result & sign_bit(width))
		flags |= RFLAGS_SF;
	if (!__builtin_parity((u8)result))
		flags |= RFLAGS_PF;
	return flags;
}

static u64 sum_flags(const struct sum *s, unsigned width)
{
	u64 flags = insn_result_flags(s->result, width);

	if (s->carry & sign_bit(width))
		flags |= RFLAGS_CF;
	if (s->carry & BIT(3))
		flags |= RFLAGS_AF;
	if (s->overflow & sign_bit(width))
		flags |= RFLAGS_OF;
	return flags;
}

static void set_flags(u64 *rflags, u64 mask, u64 flags)
{
	*rflags = (*rflags & ~mask) | (flags & mask);
}

static u64 arithmetic(const struct sum *s, unsigned width, u64 mask, u64 *rflags)
{
	set_flags(rflags, mask, sum_flags(s, width));
	return s->result;
}

/* AF is undefined after a logical operation; CPUs clear it. */
static u64 logical(u64 result, unsigned width, u64 *rflags)
{
	set_flags(rflags, FLAGS_STATUS, insn_result_flags(result, width));
	return result;
}

/* The other flags are undefined after BT and its relatives, or unchanged; CPUs leave them all. */
static u64 bit_op(enum insn_op op, u64 a, u64 index, unsigned width, u64 *rflags)
{
	u64 bit = BIT(index & (8 * width - 1));

	set_flags(rflags, RFLAGS_CF, a & bit ? RFLAGS_CF : 0);
	switch (op) {
	case INSN_BTS:
		return a | bit;
	case INSN_BTR:
		return a & ~bit;
	case INSN_BTC:
		return a ^ bit;
	default:
		return a;
	}
}

u64 insn_alu(enum insn_op op, u64 a, u64 b, unsigned width, u64 *rflags)
{
	u64 carry = *rflags & RFLAGS_CF ? 1 : 0;
	struct sum s;

	a &= width_mask(width);
	b &= width_mask(width);
	switch (op) {
	case INSN_ADD:
	case INSN_ADC:
		s = add(a, b, op == INSN_ADC ? carry : 0, width);
		return arithmetic(&s, width, FLAGS_STATUS, rflags);
	case INSN_SUB:
	case INSN_SBB:
		s = subtract(a, b, op == INSN_SBB ? carry : 0, width);
		return arithmetic(&s, width, FLAGS_STATUS, rflags);
	case INSN_CMP:
		s = subtract(a, b, 0, width);
		arithmetic(&s, width, FLAGS_STATUS, rflags);
		return a;
	case INSN_NEG:
		s = subtract(0, a, 0, width);
		return arithmetic(&s, width, FLAGS_STATUS, rflags);
	case INSN_INC:
		s = add(a, 1, 0, width);
		return arithmetic(&s, width, FLAGS_STATUS & ~RFLAGS_CF, rflags);
	case INSN_DEC:
		s = subtract(a, 1, 0, width);
		return arithmetic(&s, width, FLAGS_STATUS & ~RFLAGS_CF, rflags);
	case INSN_AND:
		return logical(a & b, width, rflags);
	case INSN_OR:
		return logical(a | b, width, rflags);
	case INSN_XOR:
		return logical(a ^ b, width, rflags);
	case INSN_TEST:
		logical(a & b, width, rflags);
		return a;
	case INSN_NOT:
		return ~a & width_mask(width);
	default:
		return bit_op(op, a, b, width, rflags);
	}
}
