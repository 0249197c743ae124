// SPDX-License-Identifier: BSD-2-Clause
/* boot/gop.c: every pixel format, and modes that cannot be. */
#include "unit.h"

#include <boot/gop.h>

static struct gop_mode mode;
static struct boot_fb fb;

static int setup(void **state)
{
	mode = (struct gop_mode){
		.base = 0x80000000,
		.size = 1024 * 768 * 4,
		.width = 1000,
		.height = 768,
		.stride = 1024,
		.format = GOP_BGR,
	};
	fb = (struct boot_fb){ .width = 1 };
	return 0;
}

static void assert_shifts(u8 red, u8 green, u8 blue)
{
	assert_true(gop_framebuffer(&mode, &fb));
	assert_int_equal(fb.red_shift, red);
	assert_int_equal(fb.green_shift, green);
	assert_int_equal(fb.blue_shift, blue);
}

static void assert_none(void)
{
	fb = (struct boot_fb){ .width = 1 };
	assert_false(gop_framebuffer(&mode, &fb));
	assert_int_equal(fb.width, 1);
}

static void geometry(void **state)
{
	assert_true(gop_framebuffer(&mode, &fb));
	assert_int_equal(fb.base, 0x80000000);
	assert_int_equal(fb.width, 1000);
	assert_int_equal(fb.height, 768);
	assert_int_equal(fb.pitch, 4096);
}

static void formats(void **state)
{
	assert_shifts(16, 8, 0);
	mode.format = GOP_RGB;
	assert_shifts(0, 8, 16);
	mode.format = GOP_MASKS;
	mode.red = 0xff000000;
	mode.green = 0x00ff0000;
	mode.blue = 0x0000ff00;
	assert_shifts(24, 16, 8);
	mode.format = GOP_BLT_ONLY;
	assert_none();
	mode.format = 4;
	assert_none();
}

static void masks_that_do_not_do(void **state)
{
	static const u32 bad[][3] = {
		{ 0, 0xff00, 0xff },
		{ 0x3ff00000, 0xffc00, 0x3ff }, /* ten bits a colour */
		{ 0xf800, 0x7e0, 0x1f },	/* sixteen bits a pixel */
		{ 0xff0000, 0xff00, 0xff00 },
		{ 0xff0000, 0xef00, 0xff },
		{ 0x1fe0000, 0x1fe00, 0xff },
	};

	mode.format = GOP_MASKS;
	for (size_t i = 0; i < ARRAY_LEN(bad) - 1; i++) {
		mode.red = bad[i][0];
		mode.green = bad[i][1];
		mode.blue = bad[i][2];
		assert_none();
	}
	/* Odd, but eight bits each. */
	mode.red = bad[ARRAY_LEN(bad) - 1][0];
	mode.green = bad[ARRAY_LEN(bad) - 1][1];
	mode.blue = bad[ARRAY_LEN(bad) - 1][2];
	assert_shifts(17, 9, 0);
}

static void modes_that_cannot_be(void **state)
{
	mode.base = 0;
	assert_none();
	setup(state);
	mode.width = 0;
	assert_none();
	setup(state);
	mode.height = 0;
	assert_none();
	setup(state);
	mode.stride = 999;
	assert_none();
	setup(state);
	mode.stride = 0x40000000;
	mode.size = 0;
	assert_none();
	setup(state);
	mode.size--;
	assert_none();
	setup(state);
	mode.base = ~0ull - 4096;
	assert_none();
	setup(state);
	mode.size = 0;
	assert_true(gop_framebuffer(&mode, &fb));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(geometry),
		TEST(formats),
		TEST(masks_that_do_not_do),
		TEST(modes_that_cannot_be),
	};

	return cmocka_run_group_tests_name("gop", tests, NULL, NULL);
}
