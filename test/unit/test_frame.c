// SPDX-License-Identifier: BSD-2-Clause
/* The frame allocator: sizes, alignments and edges; and that mistakes panic. */
#include "frame_rig.h"

/* --- Sizes --- */

static void metadata_is_32_mib_a_tib(void **state)
{
	struct mem_range tib = {TIB, TIB};
	struct mem_range frame = {12345 * K4, K4};

	assert_in_range(frames_metadata_size(&tib, 1), 32 * MIB, 34 * MIB);
	assert_in_range(frames_metadata_size(&frame, 1), 1, 512);
	assert_int_equal(frames_metadata_size(NULL, 0), 0);
}

static void every_frame_is_handed_out_once(void **state)
{
	/* Ragged ends, a block shared by two ranges, a single frame. */
	static const struct mem_range r[] = {
	    {M2 - 3 * K4, 5 * K4}, {M2 + 100 * K4, M2}, {16 * G1 - K4, K4}};
	static u8 seen[3][1024];
	hpa_t at;

	make(r, 3);
	assert_int_equal(frames_total_bytes(&f), M2 + 6 * K4);
	while (!frames_alloc(&f, K4, K4, &at)) {
		unsigned i = 0;

		while (i < 3 && !range_inside(at, K4, r[i].base, r[i].len))
			i++;
		assert_true(i < 3);
		assert_int_equal(seen[i][(at - r[i].base) / K4]++, 0);
	}
	assert_int_equal(frames_free_bytes(&f), 0);
	for (unsigned i = 0; i < 3; i++)
		frames_free(&f, r[i].base, r[i].len);
	assert_int_equal(frames_free_bytes(&f), frames_total_bytes(&f));
}

static void large_pages_need_alignment(void **state)
{
	/* 4 GiB less a frame at each end hold 2 aligned GiB, and 511 aligned blocks in each of the
	 * others. */
	static const struct mem_range r[] = {{4 * G1 + K4, 4 * G1 - 2 * K4}};
	hpa_t a, b;
	unsigned n = 0;

	make(r, 1);
	a = take(G1, G1);
	b = take(G1, G1);
	assert_true(a != b);
	assert_none(G1, G1);
	while (!frames_alloc(&f, M2, M2, &b))
		n++;
	assert_int_equal(n, 2 * 511);
	assert_int_equal(frames_free_bytes(&f), 2 * 511 * K4);
	frames_free(&f, a, G1);
	assert_int_equal(take(G1, G1), a);
}

static void small_requests_spare_what_is_whole(void **state)
{
	static const struct mem_range r[] = {{0, 4 * G1}};
	hpa_t first, block;

	make(r, 1);
	first = take(K4, K4);
	for (unsigned i = 1; i < 512; i++)
		assert_int_equal(take(K4, K4) / M2, first / M2);
	for (unsigned i = 1; i < 512; i++) {
		block = take(M2, M2);
		assert_int_equal(block / G1, first / G1);
	}
	for (unsigned i = 0; i < 3; i++)
		take(G1, G1);
	assert_none(K4, K4);
	/* A hole in a used block is preferred to a whole block below it, */
	for (unsigned i = 0; i < 512; i++)
		frames_free(&f, first / M2 * M2 + i * K4, K4);
	frames_free(&f, block + 5 * K4, K4);
	assert_int_equal(take(K4, K4), block + 5 * K4);
	assert_int_equal(take(M2, M2), first / M2 * M2);
	/* and one in a used GiB to a whole GiB above it. */
	frames_free(&f, first / G1 * G1, G1);
	frames_free(&f, 3 * M2, M2);
	assert_int_equal(take(M2, M2), 3 * M2);
	frames_free(&f, 3 * M2, M2);
	assert_int_equal(take(K4, K4) / M2, 3);
	/* Odd requests find their way over what is used. */
	take(G1, G1);
	take(M2 - K4, K4);
	assert_int_equal(frames_free_bytes(&f), 0);
	frames_free(&f, G1 + 8 * K4, 2 * K4);
	frames_free(&f, G1 + 511 * K4, 3 * K4);
	assert_int_equal(take(3 * K4, K4), G1 + 511 * K4);
}

static void odd_requests_are_first_fit(void **state)
{
	static const struct mem_range r[] = {{16 * MIB, 64 * MIB}};
	hpa_t a;

	make(r, 1);
	assert_int_equal(take(3 * K4, K4), 16 * MIB);
	assert_int_equal(take(K4, M2), 18 * MIB);
	assert_int_equal(take(5 * K4, 4 * K4), 16 * MIB + 4 * K4);
	assert_int_equal(take(M2 + K4, 64 * K4), 18 * MIB + 64 * K4);
	a = take(32 * MIB, 16 * MIB);
	assert_int_equal(a, 32 * MIB);
	assert_none(32 * MIB, 16 * MIB);
	assert_none(65 * MIB, K4);
	assert_none(K4, G1);
	assert_none(1ull << 62, G1);
	/* Any part may come back, and neighbours join. */
	frames_free(&f, a + 3 * K4, 32 * MIB - 3 * K4);
	frames_free(&f, a, 3 * K4);
	assert_int_equal(take(32 * MIB, 16 * MIB), a);
}

static void the_last_frame_of_all(void **state)
{
	static const struct mem_range r[] = {{MEMMAP_TOP - 2 * K4, 2 * K4}};
	hpa_t a;

	make(r, 1);
	a = take(2 * K4, 2 * K4);
	assert_int_equal(a, MEMMAP_TOP - 2 * K4);
	assert_none(K4, K4);
	frames_free(&f, a + K4, K4);
	assert_int_equal(take(K4, K4), a + K4);
}

static void a_tib_is_no_trouble(void **state)
{
	static const struct mem_range r[] = {{MIB, 3 * G1}, {4 * G1, TIB}};

	make(r, 2);
	assert_int_equal(frames_total_bytes(&f), TIB + 3 * G1);
	for (unsigned i = 0; i < 1024; i++)
		assert_true(take(G1, G1) >= 4 * G1);
	assert_true(take(G1, G1) < 4 * G1);
	for (unsigned i = 0; i < 1000; i++)
		take(M2, M2);
}

/* --- Refusals and panics --- */

static void nonsense_is_refused(void **state)
{
	static const struct {
		struct mem_range r[2];
		enum status st;
	} bad[] = {
	    {{{MIB, 0}, {2 * MIB, K4}}, E_INVAL},
	    {{{MIB + 1, K4}, {2 * MIB, K4}}, E_INVAL},
	    {{{MIB, K4 + 1}, {2 * MIB, K4}}, E_INVAL},
	    {{{2 * MIB, K4}, {MIB, K4}}, E_INVAL},
	    {{{MIB, 2 * MIB}, {2 * MIB, K4}}, E_INVAL},
	    {{{MIB, K4}, {MEMMAP_TOP, K4}}, E_INVAL},
	    {{{MIB, K4}, {MEMMAP_TOP - K4, 2 * K4}}, E_INVAL},
	    {{{MIB, ~(K4 - 1)}, {2 * MIB, K4}}, E_INVAL},
	};
	static const struct mem_range r[] = {{MIB, MIB}};
	static u64 small[4];
	hpa_t at;

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(frames_init(&f, bad[i].r, 2, small, sizeof(small)), bad[i].st);
	assert_int_equal(frames_init(&f, r, 1, small, sizeof(small)), E_NOMEM);
	make(r, 1);
	assert_int_equal(frames_alloc(&f, 0, K4, &at), E_INVAL);
	assert_int_equal(frames_alloc(&f, 100, K4, &at), E_INVAL);
	assert_int_equal(frames_alloc(&f, K4, 0, &at), E_INVAL);
	assert_int_equal(frames_alloc(&f, K4, 0x800, &at), E_INVAL);
	assert_int_equal(frames_alloc(&f, K4, 3 * K4, &at), E_INVAL);
	assert_int_equal(frames_alloc(&f, K4, 2 * G1, &at), E_INVAL);
}

static void checks_see_what_is_used(void **state)
{
	const struct mem_range r[] = {{M2, 2 * M2}, {G1, M2}};
	hpa_t at;

	make(r, 2);
	assert_false(frames_used(&f, M2, K4));
	at = take(M2, M2);
	assert_true(frames_used(&f, at, M2));
	assert_true(frames_used(&f, at + M2 - K4, K4));
	frames_free(&f, at + 70 * K4, K4);
	assert_false(frames_used(&f, at, M2));
	assert_false(frames_used(&f, at + 70 * K4, K4));
	assert_true(frames_used(&f, at + 71 * K4, 400 * K4));
	/* Not all of it ours. */
	assert_false(frames_used(&f, at, 2 * M2));
	assert_false(frames_used(&f, 0, K4));

	assert_true(frames_touch(&f, M2, 1));
	assert_true(frames_touch(&f, 0, M2 + 1));
	assert_true(frames_touch(&f, 0, ~0ull));
	assert_true(frames_touch(&f, G1 + M2 - 1, 1));
	assert_false(frames_touch(&f, 0, M2));
	assert_false(frames_touch(&f, 3 * M2, G1 - 3 * M2));
	assert_false(frames_touch(&f, G1 + M2, M2));
}

static void nothing_to_give(void **state)
{
	make(NULL, 0);
	assert_int_equal(frames_total_bytes(&f), 0);
	assert_none(K4, K4);
}

static void assert_panics(hpa_t hpa, u64 size)
{
	int status;
	pid_t child = fork();

	if (!child) {
		freopen("/dev/null", "w", stderr);
		signal(SIGABRT, SIG_DFL);
		frames_free(&f, hpa, size);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void freeing_what_is_not_allocated_panics(void **state)
{
	static const struct mem_range r[] = {{MIB, 8 * MIB}, {9 * MIB + K4, MIB}};
	hpa_t a;

	make(r, 2);
	a = take(4 * K4, K4);
	frames_free(&f, a + K4, K4);
	assert_panics(a + K4, K4);     /* twice */
	assert_panics(a, 4 * K4);      /* a part of it twice */
	assert_panics(a + 4 * K4, K4); /* never allocated */
	assert_panics(9 * MIB, K4);    /* between the ranges, in the same block */
	assert_panics(0, K4);          /* not ours */
	assert_panics(~0ull - K4 + 1, K4);
	assert_panics(a + 1, K4);
	assert_panics(a, 0);
	frames_free(&f, a, K4);
	frames_free(&f, a + 2 * K4, 2 * K4);
	assert_int_equal(frames_free_bytes(&f), frames_total_bytes(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_is_32_mib_a_tib),
		cmocka_unit_test_teardown(every_frame_is_handed_out_once, done),
		cmocka_unit_test_teardown(large_pages_need_alignment, done),
		cmocka_unit_test_teardown(small_requests_spare_what_is_whole, done),
		cmocka_unit_test_teardown(odd_requests_are_first_fit, done),
		cmocka_unit_test_teardown(the_last_frame_of_all, done),
		cmocka_unit_test_teardown(a_tib_is_no_trouble, done),
		cmocka_unit_test_teardown(nonsense_is_refused, done),
		cmocka_unit_test_teardown(checks_see_what_is_used, done),
		cmocka_unit_test_teardown(nothing_to_give, done),
		cmocka_unit_test_teardown(freeing_what_is_not_allocated_panics, done),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
