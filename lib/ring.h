// SPDX-License-Identifier: BSD-2-Clause
/*
 * A byte ring over storage of a power-of-two size. One lock or one writer and one reader: the caller's matter.
 */
#pragma once

#include <lib/types.h>

struct ring {
	u8 *data;
	u32 size; /* power of two */
	u32 head; /* bytes ever written, modulo 2^32 */
	u32 tail; /* bytes ever read, modulo 2^32 */
};

static inline void ring_init(struct ring *r, void *storage, u32 size)
{
	*r = (struct ring){ .data = storage, .size = size };
}

static inline u32 ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

static inline u32 ring_free(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* False, and nothing stored, if full. */
static inline bool ring_put(struct ring *r, u8 byte)
{
	if (!ring_free(r))
		return false;
	r->data[r->head++ & (r->size - 1)] = byte;
	return true;
}

/* Like ring_put, but a full ring forgets its oldest byte. */
static inline void ring_push(struct ring *r, u8 byte)
{
	if (!ring_free(r))
		r->tail++;
	ring_put(r, byte);
}

/* The oldest byte, or -1 if empty. */
static inline int ring_get(struct ring *r)
{
	return ring_used(r) ? r->data[r->tail++ & (r->size - 1)] : -1;
}
