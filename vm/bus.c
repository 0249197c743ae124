// SPDX-License-Identifier: BSD-2-Clause
#include <vm/bus.h>

#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>

#define NOBODY	  0
#define PAGE_END  0xff /* no window's place */
static_assert(BUS_WINDOWS < PAGE_END, "a window's place fits in a byte");

const u64 bus_masks[] = { [1] = 0xff, [2] = 0xffff, [4] = 0xffffffff, [8] = ~0ull };

static rare void clear_index(struct bus_index *ix)
{
	memset(ix, NOBODY, sizeof(*ix));
	for (u32 i = 0; i < sizeof(ix->owner); i += BUS_PAGE_STRIDE)
		memset(&ix->owner[i + BUS_PAGE_SIZE], PAGE_END, BUS_PAGE_STRIDE - BUS_PAGE_SIZE);
	ix->end = BUS_PAGE_STRIDE;
}

void bus_init_ports(struct bus *b, struct bus_index *index)
{
	b->index = index;
	clear_index(index);
}

/* False: there are no pages left. */
static bool index_window(struct bus_index *ix, const struct bus_window *w, u8 place)
{
	for (u64 port = w->base; port < w->base + w->len; port++) {
		u16 *page = &ix->page_at[port / BUS_PAGE_SIZE];

		if (!*page && ix->end == sizeof(ix->owner))
			return false;
		if (!*page) {
			*page = ix->end;
			ix->end += BUS_PAGE_STRIDE;
		}
		ix->owner[*page + port % BUS_PAGE_SIZE] = place;
	}
	return true;
}

/* From the start: a new window moves those behind it. */
static void make_index(struct bus *b)
{
	bool fits = true;

	clear_index(b->index);
	for (u32 i = 0; fits && i < b->count; i++)
		fits = index_window(b->index, &b->win[i], (u8)(i + 1));
	if (!fits)
		b->index = NULL;
}

rare enum status bus_add(struct bus *b, u64 base, u64 len, u64 origin, struct device *dev)
{
	u32 i;

	if (b->count == BUS_WINDOWS)
		return E_FULL;
	for (i = 0; i < b->count; i++)
		if (range_overlap(base, len, b->win[i].base, b->win[i].len))
			return E_EXISTS;
	for (i = b->count++; i && b->win[i - 1].base > base; i--)
		b->win[i] = b->win[i - 1];
	b->win[i] = (struct bus_window){ .base = base, .len = len, .origin = origin, .dev = dev };
	if (b->index)
		make_index(b);
	return OK;
}

const struct bus_window *bus_find(const struct bus *b, u64 addr, unsigned width)
{
	u32 lo = 0, hi = b->count;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (b->win[mid].base <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || !range_inside(addr, width, b->win[lo - 1].base, b->win[lo - 1].len))
		return NULL;
	return &b->win[lo - 1];
}

static u64 read_one(const struct bus *b, u64 addr, unsigned width)
{
	const struct bus_window *w = bus_find(b, addr, width);

	return w ? bus_read_window(w, addr, width) : bus_ones(width);
}

static void write_one(const struct bus *b, u64 addr, unsigned width, u64 val)
{
	const struct bus_window *w = bus_find(b, addr, width);

	if (w)
		bus_write_window(w, addr, width, val);
}

/* Does the access touch a device without lying inside one window? */
static bool straddles(const struct bus *b, u64 addr, unsigned width)
{
	if (width == 1 || bus_find(b, addr, width))
		return false;
	for (unsigned i = 0; i < width; i++)
		if (bus_find(b, addr + i, 1))
			return true;
	return false;
}

/* What is not for one window alone: a piece of it for each, byte by byte. */
static rare u64 search_read(const struct bus *b, u64 addr, unsigned width)
{
	u64 val = 0;

	if (!straddles(b, addr, width))
		return read_one(b, addr, width);
	for (unsigned i = 0; i < width; i++)
		val |= read_one(b, addr + i, 1) << (8 * i);
	return val;
}

static rare void search_write(const struct bus *b, u64 addr, unsigned width, u64 val)
{
	if (!straddles(b, addr, width)) {
		write_one(b, addr, width, val);
		return;
	}
	for (unsigned i = 0; i < width; i++)
		write_one(b, addr + i, 1, val >> (8 * i));
}

u64 bus_read(const struct bus *b, u64 addr, unsigned width)
{
	const struct bus_window *w;

	if (!bus_look_up(b, (u16)addr, width, &w))
		return search_read(b, addr, width);
	return w ? bus_read_window(w, addr, width) : bus_ones(width);
}

void bus_write(const struct bus *b, u64 addr, unsigned width, u64 val)
{
	const struct bus_window *w;

	if (!bus_look_up(b, (u16)addr, width, &w))
		search_write(b, addr, width, val);
	else if (w)
		bus_write_window(w, addr, width, val);
}
