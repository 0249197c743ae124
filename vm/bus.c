// SPDX-License-Identifier: BSD-2-Clause
#include <vm/bus.h>

#include <lib/bits.h>
#include <lib/range.h>

enum status bus_add(struct bus *b, u64 base, u64 len, u64 origin, struct device *dev)
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
	u64 val;

	if (!w)
		return width_mask(width);
	spin_lock(w->dev->lock);
	val = w->dev->ops->read(w->dev, addr - w->origin, width);
	spin_unlock(w->dev->lock);
	return val & width_mask(width);
}

static void write_one(const struct bus *b, u64 addr, unsigned width, u64 val)
{
	const struct bus_window *w = bus_find(b, addr, width);

	if (!w)
		return;
	spin_lock(w->dev->lock);
	w->dev->ops->write(w->dev, addr - w->origin, width, val & width_mask(width));
	spin_unlock(w->dev->lock);
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

u64 bus_read(const struct bus *b, u64 addr, unsigned width)
{
	u64 val = 0;

	if (!straddles(b, addr, width))
		return read_one(b, addr, width);
	for (unsigned i = 0; i < width; i++)
		val |= read_one(b, addr + i, 1) << (8 * i);
	return val;
}

void bus_write(const struct bus *b, u64 addr, unsigned width, u64 val)
{
	if (!straddles(b, addr, width)) {
		write_one(b, addr, width, val);
		return;
	}
	for (unsigned i = 0; i < width; i++)
		write_one(b, addr + i, 1, val >> (8 * i));
}
