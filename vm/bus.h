// SPDX-License-Identifier: BSD-2-Clause
/*
 * A bus: address windows and the devices behind them. One for ports, one for memory-mapped I/O in each VM.
 * Filled when the board is built, constant afterwards.
 */
#pragma once

#include <lib/lock.h>
#include <lib/status.h>
#include <vm/device.h>

#define BUS_WINDOWS 32

struct bus_window {
	u64 base, len;
	u64 origin; /* the device sees addr - origin */
	struct device *dev;
};

#define BUS_PAGES     16
#define BUS_PAGE_SIZE 256
#define BUS_PAGE_STRIDE (BUS_PAGE_SIZE + 3)

/*
 * Who owns each port, so that an access of ports costs no search. Pages without a window share page 0. Behind each page are as many
 * bytes as an access, of at most 4, may reach over its end; they match nobody.
 */
struct bus_index {
	u16 page_at[0x10000 / BUS_PAGE_SIZE];	/* where in owner[] a page begins */
	u8 owner[BUS_PAGES * BUS_PAGE_STRIDE];	/* the window's place in win[], from 1 on; 0: nobody */
	u16 end;				/* where the next page would begin */
};

struct bus {
	struct bus_window win[BUS_WINDOWS]; /* sorted by base */
	u32 count;
	struct bus_index *index; /* ports only; NULL: none, or they lie in too many pages */
};

/* Makes it a bus of ports. Before the first bus_add(). */
void bus_init_ports(struct bus *b, struct bus_index *index);
/* Adds [base, base+len) of `dev`. E_EXISTS if it overlaps another window, E_FULL. */
enum status must_check bus_add(struct bus *b, u64 base, u64 len, u64 origin, struct device *dev);
/* The window that holds all of [addr, addr+width), or NULL. */
const struct bus_window *bus_find(const struct bus *b, u64 addr, unsigned width);
/*
 * One access of 1, 2, 4 or 8 bytes; takes the device's lock. An address without a device reads as ones and
 * swallows writes. An access that straddles windows is split into bytes, as the PC's buses do.
 */
u64 bus_read(const struct bus *b, u64 addr, unsigned width);
void bus_write(const struct bus *b, u64 addr, unsigned width, u64 val);

/* The bits of an access by its width. */
extern const u64 bus_masks[];

static inline u64 bus_ones(unsigned width)
{
	return bus_masks[width];
}

/*
 * The quick way, for an access that lies in one window, which has no holes, or of one port that nobody has (*w NULL). False: search.
 * This and the next two are inline for the way of every exit by a port; others call bus_read() and bus_write().
 */
static inline bool bus_look_up(const struct bus *b, u16 port, unsigned width, const struct bus_window **w)
{
	const struct bus_index *ix = b->index;
	const u8 *owner;

	if (!ix)
		return false;
	owner = &ix->owner[ix->page_at[port / BUS_PAGE_SIZE] + port % BUS_PAGE_SIZE];
	if (owner[0] != owner[width - 1])
		return false;
	*w = NULL;
	if (!owner[0])
		return width == 1;
	*w = b->win + owner[0] - 1;
	return true;
}

/* All of the access lies inside of `w`. */
static inline u64 bus_read_window(const struct bus_window *w, u64 addr, unsigned width)
{
	struct device *dev = w->dev;
	struct spinlock *lock = dev->lock;
	u64 val;

	spin_lock(lock);
	val = dev->ops->read(dev, addr - w->origin, width);
	spin_unlock(lock);
	return val & bus_ones(width);
}

static inline void bus_write_window(const struct bus_window *w, u64 addr, unsigned width, u64 val)
{
	struct device *dev = w->dev;
	struct spinlock *lock = dev->lock;

	spin_lock(lock);
	dev->ops->write(dev, addr - w->origin, width, val & bus_ones(width));
	spin_unlock(lock);
}
