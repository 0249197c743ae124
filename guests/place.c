// SPDX-License-Identifier: BSD-2-Clause
#include "place.h"

#include "board_layout.h"

#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/range.h>
#include <lib/string.h>

void place_init(struct placer *p, const struct gmem *g, char *reason, size_t reason_size)
{
	p->g = g;
	p->reason = reason;
	p->reason_size = reason_size;
	p->count = 0;
}

enum status place_fail(struct placer *p, enum status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(p->reason, p->reason_size, fmt, ap);
	va_end(ap);
	return st;
}

struct size_text size_text(u64 bytes)
{
	bool large = bytes >= MIB;
	u64 unit = large ? MIB : KIB;
	struct size_text s;

	fmt_print(s.text, sizeof(s.text), "%lu %s", bytes / unit + !!(bytes % unit),
		  large ? "MiB" : "KiB");
	return s;
}

/* The claimed range that shares a byte with [gpa, gpa+len), or NULL. The ROM area counts as
 * claimed. */
static const struct placed *find_overlap(const struct placer *p, gpa_t gpa, u64 len)
{
	static const struct placed rom = {
	    .gpa = LAYOUT_ROM_BASE,
	    .len = LAYOUT_ROM_END - LAYOUT_ROM_BASE,
	    .what = "ROM area",
	};

	if (range_overlap(gpa, len, rom.gpa, rom.len))
		return &rom;
	for (u32 i = 0; i < p->count; i++)
		if (range_overlap(gpa, len, p->range[i].gpa, p->range[i].len))
			return &p->range[i];
	return NULL;
}

static enum status claim(struct placer *p, const struct placed *r)
{
	assert(r->src_len <= r->len && (r->src || !r->src_len));
	if (p->count == PLACE_MAX)
		return place_fail(p, E_FULL, "more than %u pieces to load", PLACE_MAX);
	p->range[p->count++] = *r;
	return OK;
}

enum status place_at(struct placer *p, const struct placed *r)
{
	const struct placed *other = find_overlap(p, r->gpa, r->len);

	if (other)
		return place_fail(p, E_INVAL, "%s at 0x%lx overlaps %s at 0x%lx", r->what, r->gpa,
				  other->what, other->gpa);
	if (gmem_ptr(p->g, r->gpa, r->len))
		return claim(p, r);
	/* With RAM that begins at 0 the end is what the VM would need. */
	if (r->gpa < LAYOUT_RAM_MAX && r->len <= LAYOUT_RAM_MAX - r->gpa)
		return place_fail(p, E_NOMEM, "%s needs %s, VM has %s", r->what,
				  size_text(r->gpa + r->len).text, size_text(gmem_size(p->g)).text);
	return place_fail(p, E_RANGE, "%s of %s at 0x%lx is outside the VM's RAM", r->what,
			  size_text(r->len).text, r->gpa);
}

static enum status fail_no_room(struct placer *p, const struct place_want *w)
{
	return place_fail(p, E_NOMEM, "no room for %s of %s below 0x%lx, VM has %s", w->what,
			  size_text(w->len).text, w->end, size_text(gmem_size(p->g)).text);
}

static enum status claim_want(struct placer *p, const struct place_want *w, gpa_t gpa)
{
	struct placed r = {gpa, w->len, w->src, w->src_len, w->what};

	return claim(p, &r);
}

/* Is it free RAM inside the wanted bounds? Else `other`, if not NULL, is what is in the way. */
static bool fits(const struct placer *p, const struct place_want *w, gpa_t gpa,
		 const struct placed **other)
{
	*other = find_overlap(p, gpa, w->len);
	return !*other && w->min <= w->end &&
	       range_inside(gpa, w->len, w->min, w->end - w->min) &&
	       gmem_ptr(p->g, gpa, w->len);
}

/*
 * The lowest free place begins at the lower bound or where something ends, aligned; so these are
 * all candidates. The same holds, mirrored, for the highest one.
 */
enum status place_low(struct placer *p, const struct place_want *w, gpa_t *gpa)
{
	const struct placed *other;
	gpa_t at = align_up(w->min, w->align);

	while (at >= w->min && !fits(p, w, at, &other)) {
		if (!other)
			return fail_no_room(p, w);
		at = align_up(other->gpa + other->len, w->align);
	}
	if (at < w->min)
		return fail_no_room(p, w);
	*gpa = at;
	return claim_want(p, w, at);
}

enum status place_high(struct placer *p, const struct place_want *w, gpa_t *gpa)
{
	gpa_t end = min_u64(w->end, place_low_end(p));
	const struct placed *other;
	gpa_t at;

	for (;;) {
		if (end < w->min || end - w->min < w->len)
			return fail_no_room(p, w);
		at = align_down(end - w->len, w->align);
		if (fits(p, w, at, &other))
			break;
		if (!other)
			return fail_no_room(p, w);
		end = other->gpa;
	}
	*gpa = at;
	return claim_want(p, w, at);
}

void place_write(const struct placer *p)
{
	for (u32 i = 0; i < p->count; i++) {
		const struct placed *r = &p->range[i];
		u8 *dst = place_ptr(p, r->gpa, r->len);

		if (r->src_len)
			memcpy(dst, r->src, r->src_len);
		memset(dst + r->src_len, 0, r->len - r->src_len);
	}
}

void *place_ptr(const struct placer *p, gpa_t gpa, u64 len)
{
	void *ptr = gmem_ptr(p->g, gpa, len);

	check(ptr);
	return ptr;
}

gpa_t place_low_end(const struct placer *p)
{
	if (!p->g->count || p->g->ram[0].base)
		return 0;
	return min_u64(p->g->ram[0].len, LAYOUT_RAM_MAX);
}
