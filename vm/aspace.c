// SPDX-License-Identifier: BSD-2-Clause
#include <vm/aspace.h>

#include <core/service/log.h>
#include <core/service/mem.h>
#include <core/service/window.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

/* Room for the pieces that RAM consists of: with more than so many the machine's memory is too fragmented. */
#define FRAMES_BYTES (4 * PAGE_SIZE)
#define FRAMES_MAX   (FRAMES_BYTES / sizeof(struct ram_piece))

static enum status table_alloc(void *ctx, hpa_t *out)
{
	void *p = mem_alloc(PAGE_SIZE);

	if (!p)
		return E_NOMEM;
	*out = mem_hpa(p);
	return OK;
}

static void table_free(void *ctx, hpa_t table)
{
	mem_free(mem_ptr(table), PAGE_SIZE);
}

static u64 *table_ptr(void *ctx, hpa_t table)
{
	return mem_ptr(table);
}

static const struct pt_mem table_mem = {
	.alloc = table_alloc,
	.free = table_free,
	.ptr = table_ptr,
};

/* The largest leaf that may start at `gpa` with `len` bytes to go. */
static u64 best_align(gpa_t gpa, u64 len)
{
	if (len >= GIB && is_aligned(gpa, GIB))
		return GIB;
	if (len >= 2 * MIB && is_aligned(gpa, 2 * MIB))
		return 2 * MIB;
	return PAGE_SIZE;
}

/* One contiguous piece, as long as the machine's memory allows. */
static enum status take_piece(struct aspace *as, gpa_t gpa, u64 len, u64 *taken)
{
	u64 align = best_align(gpa, len);
	hpa_t hpa;

	if (as->frame_count == FRAMES_MAX)
		return E_NOMEM;
	for (;;) {
		if (!ram_alloc(len, align, &hpa))
			break;
		if (len == PAGE_SIZE)
			return E_NOMEM;
		len = align_up(len / 2, PAGE_SIZE);
		align = best_align(gpa, len);
		len = align_down(len, align);
	}
	as->frames[as->frame_count++] = (struct ram_piece){ .gpa = gpa, .hpa = hpa, .len = len };
	*taken = len;
	return OK;
}

static enum status take_region(struct vm *vm, gpa_t gpa, u64 len)
{
	while (len) {
		u64 taken;
		enum status st = take_piece(&vm->as, gpa, len, &taken);

		if (st)
			return st;
		gpa += taken;
		len -= taken;
	}
	return OK;
}

/* Cached as the machine caches it: the second stage's word counts, not the MTRRs, where a guest of Intel's looks. */
static enum status map_piece(struct aspace *as, const struct ram_piece *f, u64 *uncached)
{
	u64 done = 0, part;

	for (; done < f->len; done += part) {
		enum pt_memtype type;
		enum status st;

		part = f->len - done;
		type = ram_write_back(f->hpa + done, &part) ? PT_WB : PT_UC;
		*uncached += type == PT_UC ? part : 0;
		st = pt_map(&as->pt, f->gpa + done, f->hpa + done, part, PT_READ | PT_WRITE | PT_EXEC, type);
		if (st)
			return st;
	}
	return OK;
}

static enum status map_all(struct vm *vm)
{
	struct aspace *as = &vm->as;
	u64 uncached = 0;

	for (u32 i = 0; i < as->frame_count; i++) {
		const struct ram_piece *f = &as->frames[i];
		enum status st = map_piece(as, f, &uncached);

		if (!st)
			st = window_add(vm->window, f->gpa, f->hpa, f->len);
		if (st)
			return st;
	}
	if (uncached)
		log_warn("vm \"%s\": %llu KiB of its memory are slow: the MTRRs do not let them be cached", vm->name,
			 (unsigned long long)(uncached / KIB));
	return OK;
}

static void give_back(struct aspace *as)
{
	for (u32 i = 0; i < as->frame_count; i++)
		ram_free(as->frames[i].hpa, as->frames[i].len);
	mem_free(as->frames, FRAMES_BYTES);
}

enum status aspace_init(struct vm *vm, const struct pt_format *fmt)
{
	struct aspace *as = &vm->as;
	enum status st;

	*as = (struct aspace){ 0 };
	spin_init(&as->lock);
	as->frames = mem_alloc(FRAMES_BYTES);
	if (!as->frames)
		return E_NOMEM;
	st = pt_init(&as->pt, fmt, &table_mem, vm->virt->max_leaf());
	if (st)
		goto free_frames;
	st = OK;
	for (u32 i = 0; i < vm->gmem.count && !st; i++)
		st = take_region(vm, vm->gmem.ram[i].base, vm->gmem.ram[i].len);
	if (!st)
		st = map_all(vm);
	if (!st)
		return OK;
	pt_fini(&as->pt);
free_frames:
	give_back(as);
	return st;
}

void aspace_fini(struct vm *vm)
{
	pt_retired_free(&vm->as.pt, &vm->as.retired);
	pt_fini(&vm->as.pt);
	give_back(&vm->as);
}

bool aspace_scrub_some(struct vm *vm, u64 *done, u64 len)
{
	const struct gmem_region *r = vm->gmem.ram, *end = r + vm->gmem.count;
	u64 skip = *done;

	for (; r < end && skip >= r->len; r++)
		skip -= r->len;
	if (r == end)
		return true;
	len = min_u64(len, r->len - skip);
	check(!gmem_zero(&vm->gmem, r->base + skip, len));
	*done += len;
	return false;
}

enum status aspace_unmap(struct vm *vm, gpa_t gpa, u64 len)
{
	struct aspace *as = &vm->as;
	enum status st;

	spin_lock(&as->lock);
	st = pt_unmap(&as->pt, gpa, len, &as->retired);
	if (!st)
		atomic_fetch_add_explicit(&as->generation, 1, memory_order_release);
	spin_unlock(&as->lock);
	for (u32 i = 0; !st && i < vm->vcpu_count; i++)
		vcpu_notify(vm->vcpu[i]);
	return st;
}

void aspace_catch_up(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct aspace *as = &vm->as;
	/* Pairs with the release in aspace_unmap: who sees the generation sees the new tables. */
	u64 generation = atomic_load_explicit(&as->generation, memory_order_acquire);
	bool all = true;

	if (v->as_seen == generation)
		return;
	vm->virt->flush(v);
	spin_lock(&as->lock);
	v->as_seen = generation;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		all &= vm->vcpu[i]->as_seen == atomic_load_explicit(&as->generation, memory_order_relaxed);
	if (all)
		pt_retired_free(&as->pt, &as->retired);
	spin_unlock(&as->lock);
}
