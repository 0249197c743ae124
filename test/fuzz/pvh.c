// SPDX-License-Identifier: BSD-2-Clause
/* ELF images, mostly with a PVH entry. */
#include "guest_image.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *copy = exact_copy(data, len);
	struct guest_start start;

	if (len >= 5)
		memcpy(copy + 1,
		       "\x7f"
		       "ELF",
		       4);
	if (!start_image(copy, len, &start))
		fuzz_check(start.mode == START_PROT32 && start.rbx);
	free(copy);
	return 0;
}
