// SPDX-License-Identifier: BSD-2-Clause
/* A guest's RAM for the loaders' tests: exactly as large as asked for, so that ASan sees a byte too
 * far. */
#pragma once

#include <guests/board_layout.h>
#include <guests/loader.h>
#include <lib/string.h>
#include <stdlib.h>

#define RAM_FILL 0xcc /* what was there before loading */

static struct gmem ram;
static char reason[GUEST_REASON_MAX];

static inline void ram_free(void)
{
	free(ram.window);
	ram.window = NULL;
}

/* At most LAYOUT_RAM_MAX. */
static inline void ram_new(u64 bytes)
{
	ram_free();
	gmem_layout(bytes, ram.ram, &ram.count);
	assert_int_equal(ram.count, 1);
	ram.window = malloc(bytes);
	memset(ram.window, RAM_FILL, bytes);
}

static inline bool ram_is(gpa_t gpa, u64 len, u8 byte)
{
	const u8 *at = gmem_ptr(&ram, gpa, len);

	assert_non_null(at);
	while (len && *at == byte) {
		at++;
		len--;
	}
	return !len;
}

static inline bool ram_untouched(void)
{
	return ram_is(0, gmem_size(&ram), RAM_FILL);
}

static inline enum status load_image(const struct guest_image *img, struct guest_start *start)
{
	memset(reason, 'x', sizeof(reason));
	reason[0] = '\0';
	return guest_load(img, &ram, start, reason, sizeof(reason));
}
