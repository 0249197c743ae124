// SPDX-License-Identifier: BSD-2-Clause
/* Multiplication and division. */
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

/* CF and OF say that the upper half counts; the other flags are undefined and stay. */
static void set_overflow(u64 *rflags, bool overflow)
{
	u64 both = RFLAGS_CF | RFLAGS_OF;

	*rflags = overflow ? *rflags | both : *rflags & ~both;
}

static s128 signed_product(u64 a, u64 b, unsigned width)
{
	return (s128)(s64)sign_extend(a, 8 * width) * (s64)sign_extend(b, 8 * width);
}

u64 insn_multiply(u64 a, u64 b, unsigned width, u64 *rflags)
{
	s128 product = signed_product(a & width_mask(width), b & width_mask(width), width);
	u64 low = (u64)product & width_mask(width);

	set_overflow(rflags, (s128)(s64)sign_extend(low, 8 * width) != product);
	return low;
}

/* Twice as wide as an operand can be. Not u128: shifts and divisions of that are library functions.
 */
struct wide {
	u64 hi, lo;
};

static struct wide negate(struct wide w)
{
	return (struct wide){ ~w.hi + !w.lo, -w.lo };
}

/* The quotient fits into 64 bits: w.hi is below the divisor. */
static u64 divide(struct wide w, u64 divisor, u64 *remainder)
{
	u64 rest = w.hi, quotient = 0;

	for (int i = 63; i >= 0; i--) {
		bool carry = rest >> 63;

		rest = rest << 1 | (w.lo >> i & 1);
		if (carry || rest >= divisor) {
			rest -= divisor;
			quotient |= BIT(i);
		}
	}
	*remainder = rest;
	return quotient;
}

static bool divide_unsigned(struct wide w, u64 divisor, unsigned width, u64 *hi, u64 *lo)
{
	u64 rest, quotient;

	if (w.hi >= divisor)
		return false;
	quotient = divide(w, divisor, &rest);
	if (quotient > width_mask(width))
		return false;
	*lo = quotient;
	*hi = rest;
	return true;
}

/* The remainder has the sign of the dividend. */
static bool divide_signed(struct wide w, u64 divisor, unsigned width, u64 *hi, u64 *lo)
{
	bool minus = w.hi >> 63, other = divisor >> 63;
	u64 limit = BIT(8 * width - 1), rest, quotient;

	w = minus ? negate(w) : w;
	divisor = other ? -divisor : divisor;
	if (w.hi >= divisor)
		return false;
	quotient = divide(w, divisor, &rest);
	if (quotient > (minus != other ? limit : limit - 1))
		return false;
	*lo = (minus != other ? -quotient : quotient) & width_mask(width);
	*hi = (minus ? -rest : rest) & width_mask(width);
	return true;
}

static bool divide_any(enum insn_op op, u64 divisor, unsigned width, u64 *hi, u64 *lo)
{
	unsigned bits = 8 * width;
	struct wide w = { *hi, *lo };

	if (!divisor)
		return false;
	if (width < 8)
		w = (struct wide){ 0, *hi << bits | *lo };
	if (op == INSN_DIV_A)
		return divide_unsigned(w, divisor, width, hi, lo);
	if (width < 8) {
		w.lo = sign_extend(w.lo, 2 * bits);
		w.hi = (u64)((s64)w.lo >> 63);
	}
	return divide_signed(w, sign_extend(divisor, bits), width, hi, lo);
}

bool insn_muldiv(enum insn_op op, u64 operand, unsigned width, u64 *hi, u64 *lo, u64 *rflags)
{
	u64 low, high;
	u128 product;

	operand &= width_mask(width);
	if (op == INSN_DIV_A || op == INSN_IDIV_A)
		return divide_any(op, operand, width, hi, lo);
	product =
	    op == INSN_MUL_A ? (u128)*lo * operand : (u128)signed_product(*lo, operand, width);
	low = (u64)product;
	high = width < 8 ? low >> 8 * width : (u64)(product >> 64);
	*lo = low & width_mask(width);
	*hi = high & width_mask(width);
	set_overflow(rflags, op == INSN_MUL_A
				 ? *hi != 0
				 : (s128)(s64)sign_extend(*lo, 8 * width) != (s128)product);
	return true;
}
