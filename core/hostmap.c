// SPDX-License-Identifier: BSD-2-Clause
#include <core/hostmap.h>

#include <arch/x86_64/defs/layout.h>
#include <ept/pt_visit.h>
#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/lock.h>
#include <lib/range.h>
#include <lib/string.h>

static struct {
	struct hostmap_config cfg; /* [b] without the pool */
	struct pt_mem mem;         /* [b] */
	u64 alias;                 /* [b] the pool's byte at hpa is at hpa + alias */
	u64 direct_size;           /* [b] bytes of the direct part whose tables are there */
	struct spinlock lock;
	struct pt pt; /* [lock] */
} map;

/* --- Frames --- */

static enum status alloc_zeroed(void *ctx, hpa_t *out)
{
	enum status st = map.cfg.alloc(map.cfg.ctx, out);

	if (!st)
		memset(hostmap_ptr(*out), 0, PAGE_SIZE);
	return st;
}

static void free_frame(void *ctx, hpa_t frame)
{
	map.cfg.free(map.cfg.ctx, frame);
}

static u64 *table_ptr(void *ctx, hpa_t table)
{
	return hostmap_ptr(table);
}

void *hostmap_ptr(hpa_t hpa)
{
	check(hpa < map.direct_size);
	return (void *)(map.alias + hpa);
}

hpa_t hostmap_hpa(const void *p)
{
	u64 va = (u64)p;

	if (range_inside(va, 1, map.cfg.image_start, map.cfg.image_end - map.cfg.image_start))
		return map.cfg.image_hpa + (va - map.cfg.image_start);
	check(range_inside(va, 1, map.alias, map.direct_size));
	return va - map.alias;
}

/* --- The shared part --- */

static enum status pin_all(void)
{
	enum status st = pt_pin_top(&map.pt, HOSTMAP_DIRECT, map.direct_size);

	if (!st)
		st = pt_pin_top(&map.pt, HOSTMAP_STACKS, HOSTMAP_STACKS_SIZE);
	if (!st)
		st = pt_pin_top(&map.pt, map.cfg.image_start,
				map.cfg.image_end - map.cfg.image_start);
	return st;
}

static enum status map_section(u64 start, u64 end, u32 prot)
{
	hpa_t hpa = map.cfg.image_hpa + (start - map.cfg.image_start);

	if (start == end)
		return OK;
	return pt_map(&map.pt, start, hpa, end - start, prot | PT_GLOBAL, PT_WB);
}

static enum status map_image(void)
{
	const struct hostmap_config *c = &map.cfg;
	enum status st = map_section(c->image_start, c->text_end, PT_READ | PT_EXEC);

	if (!st)
		st = map_section(c->text_end, c->rodata_end, PT_READ);
	if (!st)
		st = map_section(c->rodata_end, c->image_end, PT_READ | PT_WRITE);
	return st;
}

static enum status map_pool(const struct mem_range *pool, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (!hostmap_add(pool[i].base, pool[i].len, PT_READ | PT_WRITE, PT_WB))
			return E_NOMEM;
	return OK;
}

enum status hostmap_init(const struct hostmap_config *cfg)
{
	enum status st;

	check(cfg->image_start >= HOSTMAP_STACKS + HOSTMAP_STACKS_SIZE &&
	      cfg->image_start <= cfg->text_end && cfg->text_end <= cfg->rodata_end &&
	      cfg->rodata_end <= cfg->image_end);
	check(cfg->phys_bits <= 52);
	map.cfg = *cfg;
	map.cfg.pool = NULL;
	map.alias = cfg->boot_alias;
	map.direct_size = min_u64(BIT(cfg->phys_bits), HOSTMAP_DIRECT_SIZE);
	map.mem = (struct pt_mem){.alloc = alloc_zeroed, .free = free_frame, .ptr = table_ptr};
	spin_init(&map.lock);
	st = pt_init(&map.pt, &pt_format_host, &map.mem, cfg->page1g ? PT_SIZE_1G : PT_SIZE_2M);
	if (st)
		return st;
	st = pin_all();
	if (!st)
		st = map_image();
	if (!st)
		st = map_pool(cfg->pool, cfg->pool_count);
	if (st)
		pt_fini(&map.pt);
	return st;
}

hpa_t hostmap_cr3(void)
{
	return map.pt.root;
}

void hostmap_loaded(void)
{
	map.alias = HOSTMAP_DIRECT;
}

/* Maps what is not mapped of the pages [hpa, hpa+len); E_EXISTS if what is does not do. */
static enum status fill_direct(hpa_t hpa, u64 len, u32 prot, enum pt_memtype memtype)
{
	enum status st = OK;
	struct pt_leaf leaf;
	u64 part;

	for (; len && !st; hpa += part, len -= part) {
		st = pt_find(&map.pt, HOSTMAP_DIRECT + hpa, &leaf);
		part = min_u64(len, leaf.size - (hpa & (leaf.size - 1)));
		if (!st && (leaf.memtype != memtype || prot & ~leaf.prot))
			return E_EXISTS;
		if (st == E_NOTFOUND)
			st = pt_map(&map.pt, HOSTMAP_DIRECT + hpa, hpa, part, prot, memtype);
	}
	return st;
}

void *hostmap_add(hpa_t hpa, u64 len, u32 prot, enum pt_memtype memtype)
{
	hpa_t first = align_down(hpa, PAGE_SIZE);
	enum status st;

	check(prot == PT_READ || prot == (PT_READ | PT_WRITE));
	if (!len || !range_inside(hpa, len, 0, map.direct_size))
		return NULL;
	spin_lock(&map.lock);
	st = fill_direct(first, align_up(hpa + len, PAGE_SIZE) - first, prot | PT_GLOBAL, memtype);
	spin_unlock(&map.lock);
	return st ? NULL : (void *)(HOSTMAP_DIRECT + hpa);
}

/* --- Stacks --- */

#define STACK_PAGES ((STACK_MAIN_SIZE + 3 * STACK_IST_SIZE) / PAGE_SIZE)

/* Each above a guard page; the first guard is the lowest page of the slot. */
static const struct {
	u64 bottom, size;
} stacks[] = {
    [STACK_MAIN] = {PAGE_SIZE, STACK_MAIN_SIZE},
    [STACK_NMI] = {2 * PAGE_SIZE + STACK_MAIN_SIZE, STACK_IST_SIZE},
    [STACK_DF] = {3 * PAGE_SIZE + STACK_MAIN_SIZE + STACK_IST_SIZE, STACK_IST_SIZE},
    [STACK_MC] = {4 * PAGE_SIZE + STACK_MAIN_SIZE + 2 * STACK_IST_SIZE, STACK_IST_SIZE},
};
static_assert(ARRAY_LEN(stacks) == STACK_KINDS, "every stack has a place");
static_assert(5 * PAGE_SIZE + STACK_PAGES * PAGE_SIZE <= STACK_SLOT,
	      "a guard above the last one too");

u64 hostmap_stack_top(u32 pcpu, enum stack_kind kind)
{
	return HOSTMAP_STACKS + pcpu * STACK_SLOT + stacks[kind].bottom + stacks[kind].size;
}

static enum status map_stack_page(u64 va, hpa_t *frame)
{
	enum status st = alloc_zeroed(NULL, frame);

	if (st)
		return st;
	st = pt_map(&map.pt, va, *frame, PAGE_SIZE, PT_READ | PT_WRITE | PT_GLOBAL, PT_WB);
	if (st)
		free_frame(NULL, *frame);
	return st;
}

static enum status map_stacks(u32 pcpu)
{
	struct pt_retired r = {0};
	hpa_t frame[STACK_PAGES];
	enum status st = OK;
	u32 n = 0;

	for (unsigned kind = 0; kind < STACK_KINDS; kind++)
		for (u64 off = stacks[kind].size; off && !st; off -= PAGE_SIZE) {
			st = map_stack_page(hostmap_stack_top(pcpu, kind) - off, &frame[n]);
			n += !st;
		}
	if (!st)
		return OK;
	/* No CPU has used the slot yet, so there is nothing to flush; and without large leaves this
	 * cannot fail. */
	check(!pt_unmap(&map.pt, HOSTMAP_STACKS + pcpu * STACK_SLOT, STACK_SLOT, &r));
	pt_retired_free(&map.pt, &r);
	while (n)
		free_frame(NULL, frame[--n]);
	return st;
}

enum status hostmap_stacks_add(u32 pcpu)
{
	enum status st = OK;

	if (pcpu >= HOSTMAP_STACKS_SIZE / STACK_SLOT)
		return E_RANGE;
	spin_lock(&map.lock);
	if (pt_lookup(&map.pt, hostmap_stack_top(pcpu, STACK_MAIN) - 1, NULL, NULL, NULL))
		st = map_stacks(pcpu);
	spin_unlock(&map.lock);
	return st;
}

/* --- Windows --- */

enum status window_init(struct window *w)
{
	enum status st = pt_init(&w->pt, &pt_format_host, &map.mem, map.pt.max_leaf);

	if (!st)
		pt_borrow_top(&w->pt, &map.pt, HOSTMAP_SHARED);
	return st;
}

enum status window_map(struct window *w, gpa_t gpa, hpa_t hpa, u64 len)
{
	if (!range_inside(gpa, len, 0, WINDOW_SIZE))
		return E_RANGE;
	return pt_map(&w->pt, WINDOW_BASE + gpa, hpa, len, PT_READ | PT_WRITE, PT_WB);
}

void window_fini(struct window *w)
{
	pt_fini(&w->pt);
}

hpa_t window_cr3(const struct window *w)
{
	return w->pt.root;
}

/* --- For checks --- */

void hostmap_visit(const struct pt_visitor *v)
{
	spin_lock(&map.lock);
	pt_visit(&map.pt, v);
	spin_unlock(&map.lock);
}

bool hostmap_shared_by(const struct window *w)
{
	return pt_borrows(&w->pt, &map.pt, HOSTMAP_SHARED);
}

struct mem_range hostmap_text(void)
{
	return (struct mem_range){map.cfg.image_hpa, map.cfg.text_end - map.cfg.image_start};
}
