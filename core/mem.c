// SPDX-License-Identifier: BSD-2-Clause
#include <core/mem.h>

#include <core/frame.h>
#include <core/hostmap.h>
#include <core/service/mem.h>
#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/string.h>

static struct frames pool, ram;
static hpa_t early_next, early_end; /* [b] both 0 once mem_init() has run */

void mem_early(const struct mem_range *own)
{
	early_next = own->base;
	early_end = own->base + own->len;
}

enum status mem_table_alloc(void *ctx, hpa_t *out)
{
	if (!early_end)
		return frames_alloc(&pool, PAGE_SIZE, PAGE_SIZE, out);
	if (early_next == early_end)
		return E_NOMEM;
	*out = early_next;
	early_next += PAGE_SIZE;
	return OK;
}

/* The early ones are few and stay. */
void mem_table_free(void *ctx, hpa_t frame)
{
	if (!early_end)
		frames_free(&pool, frame, PAGE_SIZE);
}

enum status mem_init(const struct mem_range *own, const struct memmap *rest)
{
	u64 pool_meta = align_up(frames_metadata_size(own, 1), PAGE_SIZE);
	u64 ram_meta = align_up(frames_metadata_size(rest->range, rest->count), PAGE_SIZE);
	u64 taken = early_next - own->base + pool_meta + ram_meta;
	struct mem_range usable = { own->base + taken, own->len - taken };
	u8 *meta = hostmap_ptr(early_next);
	enum status st;

	if (taken >= own->len)
		return E_NOMEM;
	st = frames_init(&pool, &usable, 1, meta, pool_meta);
	if (!st)
		st = frames_init(&ram, rest->range, rest->count, meta + pool_meta, ram_meta);
	early_end = 0;
	return st;
}

void *mem_alloc(u64 len)
{
	hpa_t hpa;
	void *p;

	len = align_up(len, PAGE_SIZE);
	if (frames_alloc(&pool, len, PAGE_SIZE, &hpa))
		return NULL;
	p = hostmap_ptr(hpa);
	memset(p, 0, len);
	return p;
}

void mem_free(void *p, u64 len)
{
	if (!p)
		return;
	len = align_up(len, PAGE_SIZE);
	memset(p, 0, len);
	frames_free(&pool, mem_hpa(p), len);
}

hpa_t mem_hpa(const void *p)
{
	return hostmap_hpa(p);
}

void *mem_ptr(hpa_t hpa)
{
	return hostmap_ptr(hpa);
}

u64 mem_used(void)
{
	return frames_total_bytes(&pool) - frames_free_bytes(&pool);
}

u64 mem_total(void)
{
	return frames_total_bytes(&pool);
}

enum status ram_alloc(u64 len, u64 align, hpa_t *out)
{
	return frames_alloc(&ram, len, align, out);
}

void ram_free(hpa_t hpa, u64 len)
{
	frames_free(&ram, hpa, len);
}

u64 ram_free_bytes(void)
{
	return frames_free_bytes(&ram);
}
