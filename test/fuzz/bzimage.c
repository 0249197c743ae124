// SPDX-License-Identifier: BSD-2-Clause
/* Linux kernels: the magic is put in, so that all inputs get past the choice of a format. */
#include "guest_image.h"

#define MAGIC_AT (1 + 0x202)

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *copy = exact_copy(data, len);
	struct guest_start start;

	if (len >= MAGIC_AT + 4)
		memcpy(copy + MAGIC_AT, "HdrS", 4);
	if (!start_image(copy, len, &start))
		fuzz_check(start.rsi);
	free(copy);
	return 0;
}
