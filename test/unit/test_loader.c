// SPDX-License-Identifier: BSD-2-Clause
/* What the loaders share: the memory layout, the choice of a format, the placing of ranges. */
#include "unit.h"

#include "guest_ram.h"

#include <guests/place.h>
#include <lib/range.h>

static struct placer placer;
static const u8 bytes[8192] = {1, 2, 3};

static void layout(void **state)
{
	static const struct {
		u64 bytes;
		u32 count;
		u64 low, high;
	} rows[] = {
	    {2 * MIB, 1, 2 * MIB, 0},
	    {0xb0000000, 1, 0xb0000000, 0},
	    {0xb0001000, 2, 0xb0000000, 0x1000},
	    {1024 * GIB, 2, 0xb0000000, 1024 * GIB - 0xb0000000},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gmem g = {};

		gmem_layout(rows[i].bytes, g.ram, &g.count);
		assert_int_equal(g.count, rows[i].count);
		assert_int_equal(g.ram[0].base, 0);
		assert_int_equal(g.ram[0].len, rows[i].low);
		if (g.count > 1) {
			assert_int_equal(g.ram[1].base, 4 * GIB);
			assert_int_equal(g.ram[1].len, rows[i].high);
		}
		assert_int_equal(gmem_size(&g), rows[i].bytes);
	}
}

static void map_is_sorted_and_tells_all_ram(void **state)
{
	static const struct memory_range large[] = {
	    {0, 0xa0000, MEMORY_RAM},
	    {0xa0000, 0x60000, MEMORY_RESERVED},
	    {0x100000, 0xb0000000 - 0x100000, MEMORY_RAM},
	    {0xb0000000, 0x10000000, MEMORY_RESERVED},
	    {0x100000000, 5 * GIB, MEMORY_RAM},
	};
	struct memory_map map;
	struct gmem g = {};

	gmem_layout(0xb0000000 + 5 * GIB, g.ram, &g.count);
	memory_map_build(&g, &map);
	assert_int_equal(map.count, ARRAY_LEN(large));
	for (u32 i = 0; i < map.count; i++) {
		assert_int_equal(map.range[i].base, large[i].base);
		assert_int_equal(map.range[i].len, large[i].len);
		assert_int_equal(map.range[i].type, large[i].type);
	}
}

static void map_of_many_regions_fits(void **state)
{
	struct gmem g = {
	    .ram = {{0, MIB / 2}, {2 * MIB, MIB}, {4 * MIB, MIB}, {4 * GIB, MIB}},
	    .count = 4,
	};
	struct memory_map map;

	memory_map_build(&g, &map);
	assert_int_equal(map.count, 6);
	for (u32 i = 1; i < map.count; i++)
		assert_true(map.range[i].base >= map.range[i - 1].base + map.range[i - 1].len);
}

static void unknown_format(void **state)
{
	struct guest_image img = {.kernel = bytes, .kernel_len = sizeof(bytes), .cmdline = ""};
	struct guest_start start;

	ram_new(2 * MIB);
	assert_int_equal(load_image(&img, &start), E_FORMAT);
	assert_string_equal(reason,
			    "the kernel is neither a Linux bzImage nor a multiboot kernel nor an "
			    "ELF image for PVH");
	img.kernel_len = 0;
	assert_int_equal(load_image(&img, &start), E_FORMAT);
	assert_true(ram_untouched());
}

static void reason_is_cut_not_overrun(void **state)
{
	struct guest_image img = {.kernel = bytes, .kernel_len = sizeof(bytes), .cmdline = ""};
	struct guest_start start;
	char *small = malloc(5);

	ram_new(2 * MIB);
	assert_int_equal(guest_load(&img, &ram, &start, small, 5), E_FORMAT);
	assert_string_equal(small, "the ");
	free(small);
}

static void fresh_placer(u64 ram_bytes)
{
	ram_new(ram_bytes);
	place_init(&placer, &ram, reason, sizeof(reason));
}

static void low_and_high_places_avoid_what_is_there(void **state)
{
	struct place_want want = {.what = "w", .len = 4096, .align = 4096, .end = 4 * MIB};
	struct placed fixed = {0x2000, 0x1001, NULL, 0, "fixed"};
	gpa_t gpa;

	fresh_placer(4 * MIB);
	assert_int_equal(place_at(&placer, &fixed), OK);
	want.min = 0x1000;
	want.len = 0x1001;
	assert_int_equal(place_low(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, 0x4000);
	want.len = 0x1000;
	assert_int_equal(place_low(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, 0x1000);
	/* Up to the ROM area, then behind it. */
	want.len = LAYOUT_LOW_END - 0x6000;
	assert_int_equal(place_low(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, 0x6000);
	want.len = 0x1000;
	assert_int_equal(place_low(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, LAYOUT_ROM_END);

	want.len = 1;
	want.min = 0;
	want.align = 0x10000;
	assert_int_equal(place_high(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, 4 * MIB - 0x10000);
	want.align = 1;
	assert_int_equal(place_high(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, 4 * MIB - 1);
	want.len = 2 * MIB;
	assert_int_equal(place_high(&placer, &want, &gpa), OK);
	assert_int_equal(gpa, 2 * MIB - 0x10000);
	assert_int_equal(place_high(&placer, &want, &gpa), E_NOMEM);
	assert_string_equal(reason, "no room for w of 2 MiB below 0x400000, VM has 4 MiB");
	assert_int_equal(place_low(&placer, &want, &gpa), E_NOMEM);
}

/* A lower bound above the upper one leaves no place, not every place. */
static void bounds_the_wrong_way_round(void **state)
{
	struct place_want want = {.what = "w", .len = 1, .align = 1, .min = 3 * MIB, .end = 2 * MIB};
	gpa_t gpa;

	fresh_placer(4 * MIB);
	assert_int_equal(place_low(&placer, &want, &gpa), E_NOMEM);
	assert_int_equal(place_high(&placer, &want, &gpa), E_NOMEM);
}

static void claims_never_overlap(void **state)
{
	u32 seed = 7;

	for (u32 round = 0; round < 200; round++) {
		fresh_placer(2 * MIB);
		while (placer.count < PLACE_MAX) {
			struct place_want want = {.what = "w", .end = 2 * MIB};
			gpa_t gpa;

			seed = seed * 1664525 + 1013904223;
			want.len = (seed >> 8) % 0x20000;
			want.align = 1ull << ((seed >> 3) % 18);
			want.min = (seed >> 16) % 0x40000;
			if (seed >> 31 ? place_low(&placer, &want, &gpa)
				       : place_high(&placer, &want, &gpa))
				break;
			assert_int_equal(gpa % want.align, 0);
			assert_true(gpa >= want.min);
		}
		for (u32 i = 0; i < placer.count; i++) {
			const struct placed *a = &placer.range[i];

			assert_false(range_overlap(a->gpa, a->len, LAYOUT_ROM_BASE,
						   LAYOUT_ROM_END - LAYOUT_ROM_BASE));
			assert_true(range_inside(a->gpa, a->len, 0, 2 * MIB));
			for (u32 j = 0; j < i; j++)
				assert_false(range_overlap(a->gpa, a->len, placer.range[j].gpa,
							   placer.range[j].len));
		}
	}
}

static void write_copies_and_zeroes(void **state)
{
	struct placed part = {0x1000, 8, bytes, 2, "part"};
	struct placed blank = {0x1008, 8, NULL, 0, "blank"};

	fresh_placer(2 * MIB);
	assert_int_equal(place_at(&placer, &part), OK);
	assert_int_equal(place_at(&placer, &blank), OK);
	assert_true(ram_untouched());
	place_write(&placer);
	assert_memory_equal(gmem_ptr(&ram, 0x1000, 16), "\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_true(ram_is(0x1010, 16, RAM_FILL));
	assert_true(ram_is(0xff0, 16, RAM_FILL));
}

static void full_table(void **state)
{
	struct placed r = {0x1000, 1, NULL, 0, "r"};

	fresh_placer(2 * MIB);
	for (; r.gpa < 0x1000 + PLACE_MAX; r.gpa++)
		assert_int_equal(place_at(&placer, &r), OK);
	assert_int_equal(place_at(&placer, &r), E_FULL);
	assert_string_equal(reason, "more than 48 pieces to load");
}

static void sizes_for_people(void **state)
{
	assert_string_equal(size_text(0).text, "0 KiB");
	assert_string_equal(size_text(1).text, "1 KiB");
	assert_string_equal(size_text(MIB - 1).text, "1024 KiB");
	assert_string_equal(size_text(MIB).text, "1 MiB");
	assert_string_equal(size_text(MIB + 1).text, "2 MiB");
	assert_string_equal(size_text(~0ull).text, "17592186044416 MiB");
}

static int end(void **state)
{
	ram_free();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(layout),
	    cmocka_unit_test(map_is_sorted_and_tells_all_ram),
	    cmocka_unit_test(map_of_many_regions_fits),
	    cmocka_unit_test(unknown_format),
	    cmocka_unit_test(reason_is_cut_not_overrun),
	    cmocka_unit_test(low_and_high_places_avoid_what_is_there),
	    cmocka_unit_test(bounds_the_wrong_way_round),
	    cmocka_unit_test(claims_never_overlap),
	    cmocka_unit_test(write_copies_and_zeroes),
	    cmocka_unit_test(full_table),
	    cmocka_unit_test(sizes_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
