// SPDX-License-Identifier: BSD-2-Clause
/* Shifts, rotations, bit scans and conditions. */
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

/* A shift in progress. Flags that the manuals leave undefined (AF, OF after more than one bit) come
 * out as one more shift of one bit would set them, or unchanged. */
struct shift {
	u64 result;
	bool carry, overflow;
};

static bool bit(u64 val, unsigned n)
{
	return val >> n & 1;
}

static struct shift rotate(enum insn_op op, u64 a, unsigned count, unsigned bits)
{
	unsigned left = op == INSN_ROL ? count % bits : (bits - count % bits) % bits;
	u64 r = left ? a << left | a >> (bits - left) : a;

	r &= width_mask(bits / 8);
	if (op == INSN_ROL)
		return (struct shift){ r, bit(r, 0), bit(r, bits - 1) != bit(r, 0) };
	return (struct shift){ r, bit(r, bits - 1), bit(r, bits - 1) != bit(r, bits - 2) };
}

static struct shift rotate_carry(enum insn_op op, u64 a, unsigned count, unsigned bits, bool carry)
{
	u64 mask = width_mask(bits / 8);

	for (count %= bits + 1; count; count--) {
		bool out = bit(a, op == INSN_RCL ? bits - 1 : 0);

		if (op == INSN_RCL)
			a = (a << 1 | carry) & mask;
		else
			a = a >> 1 | (u64)carry << (bits - 1);
		carry = out;
	}
	if (op == INSN_RCL)
		return (struct shift){ a, carry, bit(a, bits - 1) != carry };
	return (struct shift){ a, carry, bit(a, bits - 1) != bit(a, bits - 2) };
}

static struct shift shift_left(u64 a, unsigned count, unsigned bits)
{
	u64 r = (a << count) & width_mask(bits / 8);
	bool carry = count <= bits && bit(a, bits - count);

	return (struct shift){ r, carry, bit(r, bits - 1) != carry };
}

static struct shift shift_right(enum insn_op op, u64 a, unsigned count, unsigned bits)
{
	s64 wide = op == INSN_SAR ? (s64)sign_extend(a, bits) : (s64)a;

	if (op == INSN_SAR)
		return (struct shift){ (u64)(wide >> count) & width_mask(bits / 8),
				       bit((u64)wide, count - 1), false };
	return (struct shift){ a >> count, bit(a, count - 1), bit(a, bits - 1) };
}

/* Two operands side by side, `high` above `low`: what is in their upper half after a shift to the
 * left. */
static u64 upper_half(u64 high, u64 low, unsigned left, unsigned bits)
{
	if (left > bits)
		return upper_half(low, high, left - bits, bits);
	if (left == bits)
		return low;
	return left ? (high << left | low >> (bits - left)) & width_mask(bits / 8) : high;
}

static struct shift shift_double(enum insn_op op, u64 a, u64 b, unsigned count, unsigned bits)
{
	struct shift s;

	if (op == INSN_SHLD) {
		s.result = upper_half(a, b, count, bits);
		s.carry = bit(count > bits ? b : a, (2 * bits - count) % bits);
	} else {
		s.result = count > bits ? upper_half(a, b, 2 * bits - count, bits)
					: upper_half(b, a, bits - count, bits);
		s.carry = bit(count > bits ? b : a, (count - 1) % bits);
	}
	s.overflow = bit(s.result, bits - 1) != bit(a, bits - 1);
	return s;
}

static struct shift shift_once(enum insn_op op, u64 a, u64 b, unsigned count, unsigned bits,
			       bool carry)
{
	switch (op) {
	case INSN_ROL:
	case INSN_ROR:
		return rotate(op, a, count, bits);
	case INSN_RCL:
	case INSN_RCR:
		return rotate_carry(op, a, count, bits, carry);
	case INSN_SHR:
	case INSN_SAR:
		return shift_right(op, a, count, bits);
	case INSN_SHLD:
	case INSN_SHRD:
		return shift_double(op, a, b, count, bits);
	default:
		return shift_left(a, count, bits);
	}
}

u64 insn_shift(enum insn_op op, u64 a, u64 b, u8 count, unsigned width, u64 *rflags)
{
	u64 mask = RFLAGS_CF | RFLAGS_OF, flags;
	struct shift s;

	a &= width_mask(width);
	b &= width_mask(width);
	count &= width == 8 ? 63 : 31;
	if (!count)
		return a;
	s = shift_once(op, a, b, count, 8 * width, *rflags & RFLAGS_CF);
	flags = (s.carry ? RFLAGS_CF : 0) | (s.overflow ? RFLAGS_OF : 0);
	if (op < INSN_ROL || op > INSN_RCR) {
		mask |= RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF;
		flags |= insn_result_flags(s.result, width);
	}
	*rflags = (*rflags & ~mask) | flags;
	return s.result;
}

/*
 * CPUs without TZCNT or LZCNT run BSF or BSR instead. We do not: a guest that uses them there asks
 * CPUID first. Flags that BSF and BSR leave undefined stay.
 */
u64 insn_bit_scan(enum insn_op op, u64 dst, u64 src, unsigned width, u64 *rflags)
{
	unsigned bits = 8 * width, count = 0;
	u64 flags = 0;

	src &= width_mask(width);
	if (op == INSN_BSF || op == INSN_BSR) {
		*rflags = (*rflags & ~RFLAGS_ZF) | (src ? 0 : RFLAGS_ZF);
		if (!src)
			return dst;
		return (u64)(op == INSN_BSF ? __builtin_ctzll(src) : 63 - __builtin_clzll(src));
	}
	if (op == INSN_POPCNT) {
		for (u64 rest = src; rest; rest &= rest - 1)
			count++;
		*rflags &= ~(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF);
		*rflags |= src ? 0 : RFLAGS_ZF;
		return count;
	}
	count = bits;
	if (src)
		count = (unsigned)(op == INSN_TZCNT ? __builtin_ctzll(src)
						    : __builtin_clzll(src) - (64 - (int)bits));
	flags |= src ? 0 : RFLAGS_CF;
	flags |= count ? 0 : RFLAGS_ZF;
	*rflags = (*rflags & ~(RFLAGS_CF | RFLAGS_ZF)) | flags;
	return count;
}

/* Intel SDM vol. 1, appendix "EFLAGS Condition Codes". */
bool insn_condition(u8 cond, u64 rflags)
{
	bool less = !(rflags & RFLAGS_SF) != !(rflags & RFLAGS_OF);
	const bool table[8] = {
		rflags & RFLAGS_OF,
		rflags & RFLAGS_CF,
		rflags & RFLAGS_ZF,
		rflags & (RFLAGS_CF | RFLAGS_ZF),
		rflags & RFLAGS_SF,
		rflags & RFLAGS_PF,
		less,
		less || (rflags & RFLAGS_ZF),
	};

	return table[cond >> 1 & 7] != (cond & 1);
}
