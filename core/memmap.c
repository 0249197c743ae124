// SPDX-License-Identifier: BSD-2-Clause
#include <core/memmap.h>

#include <lib/assert.h>
#include <lib/bits.h>

/* An entry as [base, end). RAM keeps its bytes, as two entries may meet inside a page; the rest
 * grows to whole pages. */
static bool entry_bounds(const struct boot_mem *e, hpa_t *base, hpa_t *end)
{
	bool wraps = e->len > ~e->base;

	*base = e->base;
	*end = wraps ? ~0ull : e->base + e->len;
	if (e->type == MEM_RAM)
		return e->len && !wraps;
	*base = align_down(*base, PAGE_SIZE);
	*end = *end > ~(PAGE_SIZE - 1) ? ~0ull : align_up(*end, PAGE_SIZE);
	return e->len;
}

struct sweep {
	const struct boot_mem *mem;
	u32 count;
	hpa_t hi;
};

/* Where the entries of one kind (RAM or not) that hold `at`, and those that follow without a gap,
 * end; `limit` at most. */
static hpa_t end_of(const struct sweep *s, bool ram, hpa_t at, hpa_t limit)
{
	hpa_t base, end, was;

	do {
		was = at;
		for (u32 i = 0; i < s->count; i++)
			if ((s->mem[i].type == MEM_RAM) == ram &&
			    entry_bounds(&s->mem[i], &base, &end) && base <= at && at < end)
				at = end;
	} while (at != was && at < limit);
	return min_u64(at, limit);
}

/* Where the next entry of one kind after `at` begins, at most s->hi. */
static hpa_t next_of(const struct sweep *s, bool ram, hpa_t at)
{
	hpa_t base, end, next = s->hi;

	for (u32 i = 0; i < s->count; i++)
		if ((s->mem[i].type == MEM_RAM) == ram && entry_bounds(&s->mem[i], &base, &end) &&
		    base > at)
			next = min_u64(next, base);
	return next;
}

void memmap_build(struct memmap *m, const struct boot_mem *mem, u32 count, hpa_t lo, hpa_t hi)
{
	struct sweep s = {mem, count, hi};
	hpa_t at = lo;

	check(count <= BOOT_MEM_MAX && hi <= MEMMAP_TOP && is_aligned(lo | hi, PAGE_SIZE));
	m->count = 0;
	while (at < hi) {
		hpa_t bad = end_of(&s, false, at, hi);
		hpa_t end = end_of(&s, true, at, next_of(&s, false, at));
		hpa_t base = align_up(at, PAGE_SIZE);

		if (bad > at) {
			at = bad;
		} else if (end == at) {
			at = next_of(&s, true, at);
		} else {
			at = end;
			end = align_down(end, PAGE_SIZE);
			if (base < end)
				m->range[m->count++] = (struct mem_range){base, end - base};
		}
	}
}

/* The highest place for it in `r`; false if it does not fit. */
static bool place(const struct mem_range *r, u64 size, u64 align, hpa_t limit, hpa_t *out)
{
	hpa_t end = min_u64(r->base + r->len, limit);

	if (end < r->base || end - r->base < size)
		return false;
	*out = align_down(end - size, align);
	return *out >= r->base;
}

enum status memmap_carve(struct memmap *m, u64 size, u64 align, hpa_t limit, hpa_t *out)
{
	struct mem_range *r, above;
	u32 i = m->count;

	check(size && is_aligned(size | align, PAGE_SIZE) && is_aligned(align, align));
	do {
		if (!i)
			return E_NOMEM;
	} while (!place(&m->range[--i], size, align, limit, out));

	r = &m->range[i];
	above = (struct mem_range){*out + size, r->base + r->len - (*out + size)};
	if (above.len && *out > r->base && m->count == MEMMAP_RANGES)
		return E_FULL;
	r->len = *out - r->base;
	if (!r->len) {
		m->count--;
		for (u32 k = i; k < m->count; k++)
			m->range[k] = m->range[k + 1];
	} else {
		i++;
	}
	if (above.len) {
		for (u32 k = m->count++; k > i; k--)
			m->range[k] = m->range[k - 1];
		m->range[i] = above;
	}
	return OK;
}

u64 memmap_bytes(const struct memmap *m)
{
	u64 sum = 0;

	for (u32 i = 0; i < m->count; i++)
		sum += m->range[i].len;
	return sum;
}
