// SPDX-License-Identifier: BSD-2-Clause
/* Multiboot 1 kernels: the first thing that looks like a header gets its checksum right. */
#include "guest_image.h"

#define MAGIC 0x1badb002u

static void fix_checksum(u8 *kernel, size_t len)
{
	for (size_t at = 0; at + 12 <= len; at += 4) {
		u32 magic, flags, sum;

		memcpy(&magic, kernel + at, 4);
		memcpy(&flags, kernel + at + 4, 4);
		if (magic != MAGIC)
			continue;
		sum = -(magic + flags);
		memcpy(kernel + at + 8, &sum, 4);
		return;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *copy = exact_copy(data, len);
	struct guest_start start;

	if (len)
		fix_checksum(copy + 1, len - 1);
	if (!start_image(copy, len, &start) && start.rax)
		fuzz_check(start.rax == 0x2badb002 && start.rbx && start.mode == START_PROT32);
	free(copy);
	return 0;
}
