// SPDX-License-Identifier: BSD-2-Clause
/* The frame allocator: random traffic against a byte a frame. */
#include "frame_rig.h"

/* --- Random traffic --- */

#define SPAN  (3 * G1)
#define HELD  400
#define START (5 * G1 - 77 * K4)

static u8 used[SPAN / K4]; /* 0 free, 1 used, 2 not ours */

static bool possible(u64 size, u64 align)
{
	u64 n = size / K4, at = align_up(START, align);

	while (at + size <= START + SPAN) {
		u64 first = (at - START) / K4, i = n;

		while (i && !used[first + i - 1])
			i--;
		if (!i)
			return true;
		at = align_up(at + i * K4, align);
	}
	return false;
}

static void random_traffic_matches_a_byte_a_frame(void **state)
{
	static const struct mem_range r[] = {{START, 700 * MIB + 4 * K4},
					     {START + 800 * MIB, 1500 * MIB + 52 * K4},
					     {START + 2900 * MIB, 100 * MIB}};
	static const u64 sizes[] = {K4, K4, 2 * K4, 7 * K4, 64 * K4, M2, M2, 3 * M2, 40 * M2, G1};
	static const u64 aligns[] = {K4, K4, K4, 8 * K4, M2, G1};
	static struct mem_range held[HELD];
	u64 free_bytes = 0;

	srand(7);
	make(r, 3);
	memset(used, 2, sizeof(used));
	for (unsigned i = 0; i < 3; i++) {
		memset(used + (r[i].base - START) / K4, 0, r[i].len / K4);
		free_bytes += r[i].len;
	}
	for (unsigned i = 0; i < 6000; i++) {
		struct mem_range *h = &held[rand() % HELD];

		if (h->len) {
			u64 part = rand() % 4 ? h->len : align_up(h->len / 2, K4);

			frames_free(&f, h->base, part);
			memset(used + (h->base - START) / K4, 0, part / K4);
			free_bytes += part;
			h->base += part;
			h->len -= part;
		} else {
			u64 size = sizes[rand() % ARRAY_LEN(sizes)];
			u64 align = rand() % 2 && size <= G1 ? size & -size
							     : aligns[rand() % ARRAY_LEN(aligns)];

			if (frames_alloc(&f, size, align, &h->base)) {
				assert_false(possible(size, align));
				continue;
			}
			h->len = size;
			assert_true(is_aligned(h->base, align) &&
				    range_inside(h->base, size, START, SPAN));
			u8 *mine = used + (h->base - START) / K4;

			assert_false(mine[0] || memcmp(mine, mine + 1, size / K4 - 1));
			memset(mine, 1, size / K4);
			free_bytes -= size;
		}
		assert_int_equal(frames_free_bytes(&f), free_bytes);
	}
	for (unsigned i = 0; i < HELD; i++)
		if (held[i].len)
			frames_free(&f, held[i].base, held[i].len);
	assert_int_equal(frames_free_bytes(&f), frames_total_bytes(&f));
	take(G1, G1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(random_traffic_matches_a_byte_a_frame, done),
	};

	return cmocka_run_group_tests_name("frame_traffic", tests, NULL, NULL);
}
