// SPDX-License-Identifier: BSD-2-Clause
/* vm/aspace.c: RAM in pieces, and what is taken away while vCPUs run. */
#include "vm_rig.h"

#include <core/service/mem.h>
#include <ept/pt.h>
#include <lib/range.h>

static struct vm plain; /* only what aspace.c looks at */

static int setup(void **state)
{
	rig_reset();
	fake_ram_watch = false;
	plain = (struct vm){ .virt = &fake_virt };
	assert_int_equal(window_create(&plain.window), OK);
	return 0;
}

static int teardown(void **state)
{
	window_destroy(plain.window);
	assert_int_equal(fake_mem_blocks, 0);
	assert_int_equal(fake_ram_used, 0);
	return 0;
}

static enum status make(u64 base, u64 len)
{
	plain.gmem.ram[0] = (struct gmem_region){ base, len };
	plain.gmem.count = 1;
	plain.gmem.window = window_base();
	return aspace_init(&plain, fake_virt.pt);
}

/*
 * Every page of [base, base+len) is mapped, readable, writable, executable, write-back, to RAM that
 * is taken, and to the same that the window shows; no page twice. Returns the number of leaves.
 */
static unsigned walk(u64 base, u64 len)
{
	unsigned leaves = 0;
	u64 at = base, sum = 0;

	while (at < base + len) {
		struct pt_leaf leaf;

		assert_int_equal(pt_find(&plain.as.pt, at, &leaf), OK);
		assert_int_equal(leaf.prot, PT_READ | PT_WRITE | PT_EXEC);
		assert_int_equal(leaf.memtype, PT_WB);
		assert_true(range_inside(leaf.hpa, leaf.size, FAKE_RAM_BASE, FAKE_RAM_SIZE));
		sum += leaf.size;
		at += leaf.size;
		leaves++;
	}
	assert_int_equal(sum, len);
	return leaves;
}

static void outside_is_empty(u64 base, u64 len)
{
	u64 hpa;

	assert_int_equal(pt_lookup(&plain.as.pt, base + len, &hpa, NULL, NULL), E_NOTFOUND);
	if (base)
		assert_int_equal(pt_lookup(&plain.as.pt, base - 1, &hpa, NULL, NULL), E_NOTFOUND);
}

/* --- How RAM is taken ------------------------------------------------------------------ */

static void largest_leaves(void **state)
{
	assert_int_equal(make(0, 2 * GIB + 4 * MIB + 12 * KIB), OK);
	assert_int_equal(plain.as.frame_count, 1);
	assert_int_equal(walk(0, 2 * GIB + 4 * MIB + 12 * KIB), 2 + 2 + 3);
	outside_is_empty(0, 2 * GIB + 4 * MIB + 12 * KIB);
	aspace_fini(&plain);
}

/* A CPU without 1 GiB leaves. */
static void smaller_leaves(void **state)
{
	fake_virt_max_leaf = 2 * MIB;
	assert_int_equal(make(0, GIB), OK);
	assert_int_equal(walk(0, GIB), 512);
	aspace_fini(&plain);
}

/* What the machine does not cache, a guest does not either. */
static void cached_as_the_machine_does(void **state)
{
	struct pt_leaf leaf;

	fake_ram_uncached = FAKE_RAM_BASE + MIB;
	assert_int_equal(make(0, 2 * MIB), OK);
	for (gpa_t gpa = 0; gpa < 2 * MIB; gpa += PAGE_SIZE) {
		assert_int_equal(pt_find(&plain.as.pt, gpa, &leaf), OK);
		assert_int_equal(leaf.memtype, leaf.hpa + gpa % leaf.size == fake_ram_uncached ? PT_UC : PT_WB);
	}
	fake_ram_uncached = 0;
	aspace_fini(&plain);
}

static void several_regions(void **state)
{
	plain.gmem.ram[1] = (struct gmem_region){ 4 * GIB, 6 * MIB };
	plain.gmem.ram[0] = (struct gmem_region){ 0, 3 * MIB };
	plain.gmem.count = 2;
	assert_int_equal(aspace_init(&plain, fake_virt.pt), OK);
	walk(0, 3 * MIB);
	walk(4 * GIB, 6 * MIB);
	outside_is_empty(0, 3 * MIB);
	outside_is_empty(4 * GIB, 6 * MIB);
	assert_int_equal(fake_ram_used, 9 * MIB);
	aspace_fini(&plain);
}

/* The machine's memory has holes: RAM consists of what is between them. */
static void fragmented(void **state)
{
	/* 2 MiB free, 2 MiB not, and so on; then pieces of 12 KiB; nothing else. */
	for (u64 at = 0; at < 32 * MIB; at += 4 * MIB)
		fake_ram_hole(FAKE_RAM_BASE + at + 2 * MIB, 2 * MIB);
	for (u64 at = 32 * MIB; at < 33 * MIB; at += 16 * KIB)
		fake_ram_hole(FAKE_RAM_BASE + at, 4 * KIB);
	fake_ram_hole(FAKE_RAM_BASE + 33 * MIB, FAKE_RAM_SIZE - 33 * MIB);
	assert_int_equal(make(0, 16 * MIB + 512 * KIB), OK);
	walk(0, 16 * MIB + 512 * KIB);
	outside_is_empty(0, 16 * MIB + 512 * KIB);
	assert_true(plain.as.frame_count >= 8 + 512 / 12);
	assert_int_equal(fake_ram_used, 16 * MIB + 512 * KIB);
	for (u32 i = 0; i < plain.as.frame_count; i++)
		for (u32 k = 0; k < i; k++)
			assert_false(range_overlap(plain.as.frames[i].hpa, plain.as.frames[i].len,
						   plain.as.frames[k].hpa, plain.as.frames[k].len));
	aspace_fini(&plain);
}

/* What the guest writes through its window is in the frames that its table names. */
static void window_and_table_agree(void **state)
{
	u64 scrubbed = 0;

	for (u64 at = 0; at < 4 * MIB; at += 24 * KIB)
		fake_ram_hole(FAKE_RAM_BASE + at, 4 * KIB);
	fake_ram_hole(FAKE_RAM_BASE + 4 * MIB, FAKE_RAM_SIZE - 4 * MIB);
	assert_int_equal(make(MIB, 256 * KIB), OK);
	window_enter(plain.window);
	for (u64 at = MIB; at < MIB + 256 * KIB; at += PAGE_SIZE) {
		hpa_t hpa;

		assert_int_equal(gmem_write(&plain.gmem, at + 8, &at, 8), OK);
		assert_int_equal(pt_lookup(&plain.as.pt, at + 8, &hpa, NULL, NULL), OK);
		assert_memory_equal(fake_ram_ptr(hpa), &at, 8);
	}
	while (!aspace_scrub_some(&plain, &scrubbed, ~0ull))
		continue;
	for (u64 at = MIB; at < MIB + 256 * KIB; at += 8)
		assert_int_equal(*(u64 *)gmem_ptr(&plain.gmem, at, 8), 0);
	window_enter(NULL);
	aspace_fini(&plain);
}

/* In parts that begin and end anywhere in the regions: each byte is zeroed. */
static void scrubbed_in_parts(void **state)
{
	static const u64 sizes[] = { PAGE_SIZE, 3 * PAGE_SIZE, 640 * KIB, MIB, 2 * MIB + 640 * KIB, 16 * MIB };
	const u64 all = 2 * MIB + 640 * KIB;

	plain.gmem.ram[1] = (struct gmem_region){ MIB, 2 * MIB };
	plain.gmem.ram[0] = (struct gmem_region){ 0, 640 * KIB };
	plain.gmem.count = 2;
	plain.gmem.window = window_base();
	assert_int_equal(aspace_init(&plain, fake_virt.pt), OK);
	window_enter(plain.window);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		u64 at = 0;

		memset(window_base(), 0x77, 640 * KIB);
		memset(window_base() + MIB, 0x77, 2 * MIB);
		for (u64 before = 0; !aspace_scrub_some(&plain, &at, sizes[i]); before = at)
			assert_in_range(at - before, 1, sizes[i]);
		assert_int_equal(at, all);
		for (u64 k = 0; k < 3 * MIB; k += 8)
			if (k < 640 * KIB || k >= MIB)
				assert_int_equal(*(u64 *)(window_base() + k), 0);
	}
	window_enter(NULL);
	aspace_fini(&plain);
}

static void not_enough(void **state)
{
	fake_ram_hole(FAKE_RAM_BASE + 8 * MIB, FAKE_RAM_SIZE - 8 * MIB);
	assert_int_equal(make(0, 8 * MIB + PAGE_SIZE), E_NOMEM);
	assert_int_equal(fake_ram_used, 0);
	assert_int_equal(make(0, 8 * MIB), OK);
	aspace_fini(&plain);
}

/* Memory in too many pieces is as bad as none. */
static void too_many_pieces(void **state)
{
	for (u64 at = 0; at < 16 * MIB; at += 8 * KIB)
		fake_ram_hole(FAKE_RAM_BASE + at, 4 * KIB);
	fake_ram_hole(FAKE_RAM_BASE + 16 * MIB, FAKE_RAM_SIZE - 16 * MIB);
	assert_int_equal(make(0, 8 * MIB), E_NOMEM);
	assert_int_equal(make(0, 256 * KIB), OK);
	assert_int_equal(plain.as.frame_count, 64);
	aspace_fini(&plain);
}

/* Whichever allocation fails: E_NOMEM, and nothing is left but the window's own. */
static void every_allocation(void **state)
{
	enum status st = E_NOMEM;

	fake_ram_hole(FAKE_RAM_BASE + 4 * MIB, 4 * KIB);
	for (unsigned n = 1; st; n++) {
		window_destroy(plain.window);
		assert_int_equal(fake_mem_blocks, 0);
		assert_int_equal(fake_ram_used, 0);
		assert_int_equal(window_create(&plain.window), OK);
		fake_mem_fail_at = n;
		fake_mem_fail_on = true;
		st = make(MIB, 4 * MIB + 64 * KIB);
		assert_true(st == E_NOMEM || (st == OK && fake_mem_fail_at));
		fake_mem_fail_at = 0;
		assert_true(n < 100);
	}
	aspace_fini(&plain);
}

/* --- Taking away ----------------------------------------------------------------------- */

static int setup_running(void **state)
{
	rig_reset();
	rig_vm(3);
	rig_leave();
	return 0;
}

static void catch_up(u32 i)
{
	struct vcpu *w = vm->vcpu[i];

	window_enter(vm->window);
	guest_cpu_load(&w->cpu);
	vm->virt->load(w);
	w->hw->flushes = 0;
	aspace_catch_up(w);
	vm->virt->put(w);
	guest_cpu_save(&w->cpu);
	window_enter(NULL);
}

/* Tables taken out are freed when the last vCPU has flushed, not before; each flushes once. */
static void retired_until_all_flushed(void **state)
{
	unsigned blocks, notified;
	hpa_t hpa;

	/* Splits a 2 MiB leaf, so that the next call has a table to retire. */
	assert_int_equal(aspace_unmap(vm, 0x1ff000, PAGE_SIZE), OK);
	assert_int_equal(pt_lookup(&vm->as.pt, 0x1ff000, &hpa, NULL, NULL), E_NOTFOUND);
	assert_int_equal(pt_lookup(&vm->as.pt, 0x1fe000, &hpa, NULL, NULL), OK);
	for (u32 i = 0; i < 3; i++)
		catch_up(i);
	blocks = fake_mem_blocks;
	notified = fake_run_notified;
	assert_int_equal(aspace_unmap(vm, 0, RIG_RAM), OK);
	assert_int_equal(fake_run_notified, notified + 3);
	assert_int_equal(pt_lookup(&vm->as.pt, 0, &hpa, NULL, NULL), E_NOTFOUND);
	assert_int_equal(fake_mem_blocks, blocks);
	catch_up(2);
	assert_int_equal(vm->vcpu[2]->hw->flushes, 1);
	catch_up(2);
	assert_int_equal(vm->vcpu[2]->hw->flushes, 0);
	catch_up(0);
	assert_int_equal(fake_mem_blocks, blocks);
	catch_up(1);
	assert_true(fake_mem_blocks < blocks);
}

/* Another change comes in between: who flushed before it has not seen it. */
static void change_in_between(void **state)
{
	unsigned blocks;

	assert_int_equal(aspace_unmap(vm, 0x1ff000, PAGE_SIZE), OK);
	for (u32 i = 0; i < 3; i++)
		catch_up(i);
	blocks = fake_mem_blocks;
	assert_int_equal(aspace_unmap(vm, 0, 0x1f0000), OK);
	catch_up(0);
	catch_up(1);
	assert_int_equal(aspace_unmap(vm, 0x1f0000, 0xf000), OK);
	catch_up(2);
	assert_int_equal(vm->vcpu[2]->hw->flushes, 1);
	assert_int_equal(fake_mem_blocks, blocks);
	catch_up(0);
	assert_int_equal(vm->vcpu[0]->hw->flushes, 1);
	assert_int_equal(fake_mem_blocks, blocks);
	catch_up(1);
	assert_true(fake_mem_blocks < blocks);
}

/* An entry of a vCPU includes it. */
static void before_each_entry(void **state)
{
	assert_int_equal(aspace_unmap(vm, 0x1ff000, PAGE_SIZE), OK);
	rig_run();
	assert_int_equal(rig_last_entry()->flushes, 1);
	rig_run();
	assert_int_equal(rig_last_entry()->flushes, 0);
}

/* No memory to split a leaf with: nothing changed, nobody has to flush. */
static void failed_unmap(void **state)
{
	unsigned notified = fake_run_notified;
	hpa_t hpa;

	fake_mem_fail_at = 1;
	assert_int_equal(aspace_unmap(vm, 0x1ff000, PAGE_SIZE), E_NOMEM);
	assert_int_equal(pt_lookup(&vm->as.pt, 0x1ff000, &hpa, NULL, NULL), OK);
	assert_int_equal(fake_run_notified, notified);
	rig_run();
	assert_int_equal(rig_last_entry()->flushes, 0);
}

/* A VM that ends with tables still waiting frees them. */
static void end_with_retired_tables(void **state)
{
	assert_int_equal(aspace_unmap(vm, 0x1ff000, PAGE_SIZE), OK);
	assert_int_equal(aspace_unmap(vm, 0, RIG_RAM), OK);
}

#define PLAIN(name)   cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RUNNING(name) cmocka_unit_test_setup_teardown(name, setup_running, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(largest_leaves),
		PLAIN(smaller_leaves),
		PLAIN(cached_as_the_machine_does),
		PLAIN(several_regions),
		PLAIN(fragmented),
		PLAIN(window_and_table_agree),
		PLAIN(scrubbed_in_parts),
		PLAIN(not_enough),
		PLAIN(too_many_pieces),
		PLAIN(every_allocation),
		RUNNING(retired_until_all_flushed),
		RUNNING(change_in_between),
		RUNNING(before_each_entry),
		RUNNING(failed_unmap),
		RUNNING(end_with_retired_tables),
	};

	return cmocka_run_group_tests_name("aspace", tests, NULL, NULL);
}
