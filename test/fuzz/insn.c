// SPDX-License-Identifier: BSD-2-Clause
/* The instruction decoder and executor: the first byte is the mode, then a seed, then instructions.
 */
#include "insn_check.h"

#include "fuzz.h"

static void truncations(const u8 *bytes, unsigned mode, const struct insn *whole)
{
	struct insn in;

	for (size_t len = 0; len < whole->len; len++) {
		u8 *copy = exact_copy(bytes, len);

		fuzz_check(insn_decode(copy, len, mode, &in) == E_TRUNCATED);
		free(copy);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct input stream = { data, len };
	unsigned mode = 16u << (take(&stream, 1) % 3);
	u64 seed = take(&stream, 4);

	while (stream.left) {
		u8 bytes[16] = { 0 };
		struct insn in;

		memcpy(bytes, stream.at, stream.left < 16 ? stream.left : 16);
		if (insn_check_decode(bytes, mode, &in)) {
			take(&stream, 1);
			continue;
		}
		truncations(bytes, mode, &in);
		insn_check_exec(&in, seed);
		stream.at += in.len < stream.left ? in.len : stream.left;
		stream.left -= in.len < stream.left ? in.len : stream.left;
	}
	return 0;
}
