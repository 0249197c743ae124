// SPDX-License-Identifier: BSD-2-Clause
/*
 * insn_random COUNT SEED: so many random instructions through the checks of insn_check.h. Random
 * bytes decode seldom, so prefixes, escapes and opcodes are drawn from what the tables know.
 */
#include "insn_check.h"

#include "fuzz.h"

#include <lib/bits.h>
#include <vm/insn_table.h>

static u64 state;

static u64 next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 11;
}

static u8 known_opcode(const struct insn_row *map)
{
	u8 opcode;

	do
		opcode = (u8)next_random();
	while (!map[opcode].op && !map[opcode].flags);
	return opcode;
}

/* Of three bytes or two, mostly without a second source, and a move behind it. */
static void make_vex(u8 *bytes)
{
	static const u8 moves[] = { 0x10, 0x11, 0x28, 0x29, 0x2b, 0x6e, 0x6f, 0x7e, 0x7f, 0xd6, 0xe7, 0xf0, 0x2a };
	unsigned n = 1;

	bytes[0] = next_random() & 1 ? 0xc4 : 0xc5;
	if (bytes[0] == 0xc4)
		bytes[n++] = (next_random() & 0xe0) | (next_random() % 16 ? 1 : 2);
	bytes[n++] = (u8)next_random() | (next_random() % 16 ? 0x78 : 0);
	bytes[n] = moves[next_random() % ARRAY_LEN(moves)];
}

static void make(u8 bytes[16])
{
	static const u8 prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e,
				       0x36, 0x3e, 0x26, 0x64, 0x65 };
	static const u8 map_38[] = { 0x2a, 0x80, 0x81, 0x82, 0xf0, 0xf1 };
	unsigned n = 0;

	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (u8)next_random();
	while (n < 12 && next_random() % 5 < 2)
		bytes[n++] = prefixes[next_random() % ARRAY_LEN(prefixes)];
	if (n < 2 && next_random() % 8 == 0) {
		make_vex(bytes + n);
		return;
	}
	if (next_random() & 1)
		bytes[n++] = 0x40 | (next_random() & 0xf);
	if (next_random() & 1) {
		bytes[n] = known_opcode(insn_map_1byte);
		return;
	}
	bytes[n++] = 0x0f;
	if (next_random() % 16)
		bytes[n] = known_opcode(insn_map_0f);
	else
		bytes[n++] = 0x38, bytes[n] = map_38[next_random() % ARRAY_LEN(map_38)];
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000, decoded = 0;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	state = seed * 2654435769u + 88172645463325252ull;
	for (u64 i = 0; i < count; i++) {
		u8 bytes[16];
		struct insn in;

		make(bytes);
		if (insn_check_decode(bytes, 16u << (i % 3), &in))
			continue;
		insn_check_exec(&in, next_random());
		decoded++;
	}
	printf("insn_random: %llu instructions, %llu decoded, all as Zydis has them\n",
	       (unsigned long long)count, (unsigned long long)decoded);
	fuzz_check(decoded > count / 4);
	return 0;
}
