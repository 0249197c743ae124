// SPDX-License-Identifier: BSD-2-Clause
#include <core/symbols.h>

#define FIRST_PAIR 0x80
#define PAIRS_SIZE 256
#define DEPTH_MAX  32 /* pairs within pairs */
#define STEPS_MAX  (2 * SYMBOL_NAME_MAX)

struct reader {
	const u8 *at, *end;
};

static u8 next(struct reader *r)
{
	return r->at < r->end ? *r->at++ : 0;
}

static u64 number(struct reader *r)
{
	u64 val = 0;
	u8 byte = 0x80;

	for (u32 shift = 0; (byte & 0x80) && shift < 64; shift += 7) {
		byte = next(r);
		val |= (u64)(byte & 0x7F) << shift;
	}
	return val;
}

/* Adds what `code` stands for. */
static size_t expand(const u8 *pairs, u8 code, char *name, size_t len)
{
	u8 stack[DEPTH_MAX];
	u32 depth = 0;

	stack[depth++] = code;
	/* A damaged table may hold a pair of itself. */
	for (u32 steps = 0; depth && steps < STEPS_MAX; steps++) {
		u8 c = stack[--depth];

		if (c < FIRST_PAIR) {
			if (len < SYMBOL_NAME_MAX - 1)
				name[len++] = (char)c;
		} else if (depth + 2 <= DEPTH_MAX) {
			stack[depth++] = pairs[(c - FIRST_PAIR) * 2 + 1];
			stack[depth++] = pairs[(c - FIRST_PAIR) * 2];
		}
	}
	return len;
}

bool symbol_find(const u8 *table, size_t len, u64 at, struct symbol *out)
{
	struct reader r, found = { 0 };
	const u8 *pairs;
	u64 addr = 0, found_at = 0;
	size_t n = 0;
	u32 count;

	if (len < 2 + PAIRS_SIZE)
		return false;
	r = (struct reader){ table, table + len };
	count = next(&r);
	count |= (u32)next(&r) << 8;
	pairs = r.at;
	r.at += PAIRS_SIZE;
	while (count--) {
		addr += number(&r);
		if (addr > at)
			break;
		found = r;
		found_at = addr;
		for (u8 codes = next(&r); codes; codes--)
			next(&r);
	}
	if (!found.at)
		return false;
	for (u8 codes = next(&found); codes; codes--)
		n = expand(pairs, next(&found), out->name, n);
	out->name[n] = '\0';
	out->offset = at - found_at;
	return true;
}
