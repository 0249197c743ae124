// SPDX-License-Identifier: BSD-2-Clause
#include <core/mem.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/msr.h>
#include <core/frame.h>
#include <core/hostmap.h>
#include <core/isolation.h>
#include <core/mtrr.h>
#include <core/service/mem.h>
#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/string.h>

static struct frames pool, ram;
static struct mem_range whole;	    /* [b] the pool with what was taken before there was one */
static u64 fixed;		    /* [b] bytes of it that were */
static u32 fail_at;		    /* [b] allocations until one is made to fail; 0: never */
static bool has_failed;		    /* [b] */
static struct mtrrs mtrrs;		  /* [b] of this processor; the firmware gives all the same */
static hpa_t early_next, early_end; /* [b] early_end is 0 once mem_init() has run */

void mem_early(const struct mem_range *own)
{
	whole = *own;
	early_next = own->base;
	early_end = own->base + own->len;
}

bool mem_fail_nth(u32 n)
{
	bool failed = has_failed;

	fail_at = n;
	has_failed = false;
	return failed;
}

static enum status pool_alloc(u64 len, hpa_t *out)
{
	if (fail_at && !--fail_at) {
		has_failed = true;
		return E_NOMEM;
	}
	return frames_alloc(&pool, len, PAGE_SIZE, out);
}

enum status mem_table_alloc(void *ctx, hpa_t *out)
{
	if (!early_end)
		return pool_alloc(PAGE_SIZE, out);
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

#define CPUID_EDX_MTRR	BIT(12)
#define MTRRCAP_COUNT	BITS(7, 0)
#define DEF_TYPE	BITS(7, 0)
#define DEF_TYPE_ENABLE BIT(11)

static void read_mtrrs(void)
{
	u64 def, count;

	if (!(cpuid(1, 0).edx & CPUID_EDX_MTRR))
		return;
	def = rdmsr(MSR_MTRR_DEF_TYPE);
	count = FIELD_GET(MTRRCAP_COUNT, rdmsr(MSR_MTRRCAP));
	mtrrs.on = def & DEF_TYPE_ENABLE;
	mtrrs.otherwise = (u8)FIELD_GET(DEF_TYPE, def);
	for (u32 i = 0; i < count; i++)
		mtrrs_add(&mtrrs, rdmsr(MSR_MTRR_PHYSBASE0 + 2 * i), rdmsr(MSR_MTRR_PHYSBASE0 + 2 * i + 1));
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
	fixed = taken;
	early_end = 0;
	read_mtrrs();
	return st;
}

void *mem_alloc(u64 len)
{
	hpa_t hpa;
	void *p;

	len = align_up(len, PAGE_SIZE);
	if (pool_alloc(len, &hpa))
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

bool ram_write_back(hpa_t hpa, u64 *len)
{
	return mtrrs_write_back(&mtrrs, hpa, len);
}

u64 ram_free_bytes(void)
{
	return frames_free_bytes(&ram);
}

enum status isolation_check(const struct isolation_guest *guest, u32 count, bool all, isolation_report *report,
			    void *ctx)
{
	u64 len = align_up(whole.len / PAGE_SIZE, 64) / 8;
	struct isolation_machine m = {
		.own = whole,
		.own_fixed = fixed,
		.pool = &pool,
		.ram = &ram,
		.seen = mem_alloc(len),
	};
	enum status st;

	if (!m.seen)
		return E_NOMEM;
	st = isolation_check_machine(&m, guest, count, all, report, ctx);
	mem_free(m.seen, len);
	return st;
}
