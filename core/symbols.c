// SPDX-License-Identifier: BSD-2-Clause
#include <core/symbols.h>

#define CODES	  256
#define DEPTH_MAX 32 /* pairs within pairs */
#define STEPS_MAX (2 * SYMBOL_NAME_MAX)

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

/* What codes stand for (tools/symbols). */
struct codes {
	u32 letters;
	const u8 *letter, *pair;
};

/* Adds what `code` stands for. False: that was the end of the name. */
static bool expand(const struct codes *k, u8 code, char *name, size_t *len)
{
	u8 stack[DEPTH_MAX];
	u32 depth = 0;
	bool more = true;

	stack[depth++] = code;
	/* A damaged table may hold a pair of itself. */
	for (u32 steps = 0; depth && steps < STEPS_MAX; steps++) {
		u8 c = stack[--depth];

		if (c >= k->letters && depth + 2 <= DEPTH_MAX) {
			stack[depth++] = k->pair[(c - k->letters) * 2 + 1];
			stack[depth++] = k->pair[(c - k->letters) * 2];
		} else if (!c) {
			more = false;
		} else if (c < k->letters && *len < SYMBOL_NAME_MAX - 1) {
			name[(*len)++] = (char)k->letter[c];
		}
	}
	return more;
}

bool symbol_find(const u8 *table, size_t len, u64 at, struct symbol *out)
{
	struct reader r;
	struct codes k;
	bool found = false;
	u64 addr = 0;
	u32 count;

	if (len < 3)
		return false;
	r = (struct reader){ table, table + len };
	count = next(&r);
	count |= (u32)next(&r) << 8;
	k.letters = next(&r);
	k.letter = r.at;
	if (len < 3 + k.letters + 2 * (CODES - k.letters))
		return false;
	k.pair = k.letter + k.letters;
	r.at = k.pair + 2 * (CODES - k.letters);
	/* The names before are read only to get past them. */
	while (count-- && (addr += number(&r)) <= at) {
		size_t n = 0;

		while (r.at < r.end && expand(&k, next(&r), out->name, &n))
			continue;
		out->name[n] = '\0';
		out->offset = at - addr;
		found = true;
	}
	return found;
}
