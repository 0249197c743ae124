// SPDX-License-Identifier: BSD-2-Clause
#include "insn_text.h"

#include <lib/string.h>
#include <vm/insn.h>
#include <vm/insn_table.h>

#include <stdlib.h>

struct row {
	unsigned mode;
	const char *bytes; /* hexadecimal */
	const char *text;  /* as print_insn() writes it */
};

static const struct row rows[] = {
#include "insn_rows_32.inc"
#include "insn_rows_64.inc"
#include "insn_rows_odd.inc"
#include "insn_rows_more.inc"
};

/* --- Helpers --- */

static size_t parse_hex(const char *hex, u8 *out, size_t size)
{
	size_t n = 0;

	for (char *end; *hex && n < size; hex = end + (*end == ' '))
		out[n++] = (u8)strtoul(hex, &end, 16);
	return n;
}

/* Decodes bytes that end where their allocation ends, so that ASan sees a read too far. */
static enum status decode(const u8 *bytes, size_t len, unsigned mode, struct insn *in)
{
	u8 *copy = malloc(len ? len : 1);
	enum status st;

	memcpy(copy, bytes, len);
	st = insn_decode(copy + (len ? 0 : 1), len, mode, in);
	free(copy);
	return st;
}

static enum status decode_hex(const char *hex, unsigned mode, struct insn *in)
{
	u8 bytes[32];
	size_t len = parse_hex(hex, bytes, sizeof(bytes));

	return decode(bytes, len, mode, in);
}

/* --- Tests --- */

static void decodes_every_row(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct insn in;
		struct text t;
		u8 bytes[16];
		size_t len = parse_hex(r->bytes, bytes, sizeof(bytes));

		if (decode(bytes, len, r->mode, &in))
			fail_msg("%u: %s is refused, not %s", r->mode, r->bytes, r->text);
		print_insn(&t, &in);
		if (strcmp(t.s, r->text) || in.len != len || in.mode != r->mode)
			fail_msg("%u: %s gives %s, %u bytes, not %s", r->mode, r->bytes, t.s,
				 in.len, r->text);
	}
}

static void bytes_behind_do_not_matter(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct insn in;
		u8 bytes[32];
		size_t len;

		memset(bytes, 0xf0, sizeof(bytes));
		len = parse_hex(rows[i].bytes, bytes, sizeof(bytes));
		assert_int_equal(insn_decode(bytes, sizeof(bytes), rows[i].mode, &in), OK);
		assert_int_equal(in.len, len);
	}
}

static void every_cut_is_truncated(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct insn in;
		u8 bytes[16];
		size_t len = parse_hex(rows[i].bytes, bytes, sizeof(bytes));

		for (size_t cut = 0; cut < len; cut++)
			if (decode(bytes, cut, rows[i].mode, &in) != E_TRUNCATED)
				fail_msg("%u: %s cut to %zu", rows[i].mode, rows[i].bytes, cut);
	}
}

static void sixteen_bytes_are_too_many(void **state)
{
	static const struct {
		const char *bytes;
		enum status st;
	} t[] = {
		/* 15 bytes, and one prefix more */
		{ "66 66 66 66 66 66 66 66 66 66 66 66 66 8b 03", OK },
		{ "66 66 66 66 66 66 66 66 66 66 66 66 66 66 8b 03", E_INVAL },
		/* the operand would cross the limit, its bytes here or not */
		{ "66 66 66 66 66 66 66 66 66 66 66 8b 05 00 00 00 00", E_INVAL },
		{ "66 66 66 66 66 66 66 66 66 66 66 8b 05", E_INVAL },
		{ "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", E_INVAL },
		{ "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", E_INVAL },
		{ "66 66 66 66 66 66 66 66 66 66 66 66 66 66", E_TRUNCATED },
	};
	struct insn in;

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		assert_int_equal(decode_hex(t[i].bytes, 64, &in), t[i].st);
}

static void refuses_what_is_not_in_the_tables(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes;
	} t[] = {
		{ 64, "06" },
		{ 64, "0f 0b" },
		{ 64, "0f ff c0" },
		{ 64, "d8 c0" },
		{ 64, "c5 f8 77" },
		{ 64, "c5 f8 6f 0b" },          /* MMX has no VEX */
		{ 64, "c5 f6 6f 0b" },          /* a second source */
		{ 64, "66 c5 f9 6f 0b" },       /* prefixes that VEX has itself */
		{ 64, "f3 c5 f8 10 0b" },
		{ 64, "f0 c5 f8 11 0b" },
		{ 64, "48 c5 f8 10 0b" },
		{ 64, "c5 fd 6e 0b" },          /* VMOVD with VEX.L */
		{ 64, "c5 fe 7e 0b" },
		{ 64, "c4 e0 78 10 0b" },       /* maps that there are not */
		{ 64, "c4 e3 79 14 0b 00" },
		{ 64, "c4 e1 f8 c3 0b" },       /* MOVNTI, MOVBE, BSF */
		{ 64, "c4 e2 78 f0 0b" },
		{ 64, "c5 f8 bc 0b" },
		{ 64, "c5 f8 10 c1" },          /* of registers */
		{ 32, "c5 0b 00 00" },          /* LDS, LES */
		{ 32, "c4 4b 00 00" },
		{ 16, "c5 f8 10 07" },
		{ 64, "62 f1 7c 48" },
		{ 64, "82 03 01" },
		{ 32, "63 03" },
		{ 16, "63 03" },
		{ 32, "48 8b 03" },
		{ 16, "40" },
		{ 64, "c6 08 01" },
		{ 64, "c7 f8 00" },
		{ 64, "fe d0" },
		{ 64, "0f ba 03 01" },
		{ 64, "0f ba d8 01" },
		{ 64, "0f 00 30" },
		{ 64, "0f 01 28" },
		{ 64, "0f 01 f8" },
		{ 64, "0f 01 c0" },
		{ 64, "0f 01 d2" },
		{ 64, "f3 0f 01 fa" }, /* MCOMMIT */
		{ 64, "0f c7 f0" },
		{ 64, "66 0f c7 f0" },
		{ 64, "f3 0f c7 38" },
		{ 64, "f2 0f c7 30" },
		{ 64, "66 0f 78 c0" },
		{ 64, "f2 0f 79 c0" },
		{ 64, "0f 38 80 03" },
		{ 64, "66 0f 38 80 c3" },
		{ 64, "f3 66 0f 38 80 03" },
		{ 64, "66 0f 38 83 03" },
		{ 64, "0f 3a 0f" },
		{ 64, "8f 08" },       /* XOP */
		{ 64, "ff 18" },       /* far CALL */
		{ 64, "ff 38" },
		{ 64, "0f c7 c8" },    /* CMPXCHG8B of a register */
		{ 64, "0f 38 f0 c0" }, /* MOVBE likewise */
		{ 64, "f2 0f 38 f0 03" }, /* CRC32 */
		{ 64, "0f c3 c0" },    /* MOVNTI */
		{ 64, "0f 10 c1" },    /* vector registers alone: nothing that could exit */
		{ 64, "66 0f 6e c0" },
		{ 64, "0f b8 03" },    /* POPCNT without F3 */
		{ 64, "f3 0f 28 03" },
		{ 64, "66 0f f0 03" },
		{ 64, "8c 30" },       /* segment register 6 */
		{ 64, "8e 00" },
		{ 64, "c2 08 00" },
		{ 64, "41 90" },
		{ 64, "f3 41 90" },
		{ 64, "91" },
	};
	struct insn in;

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (decode_hex(t[i].bytes, t[i].mode, &in) != E_UNSUPPORTED)
			fail_msg("%u: %s is not refused", t[i].mode, t[i].bytes);
}

static void lockable_is_a_read_modify_write_of_memory(void **state)
{
	static const struct {
		const char *bytes;
		bool lockable;
	} t[] = {
		{ "f0 01 03", true },        { "f0 01 c3", false },
		{ "f0 03 03", false },       { "f0 39 03", false },
		{ "f0 83 3b 01", false },    { "f0 83 33 01", true },
		{ "f0 87 03", true },        { "f0 88 03", false },
		{ "f0 0f a3 03", false },    { "f0 0f ab 03", true },
		{ "f0 0f ba 23 01", false }, { "f0 0f ba 2b 01", true },
		{ "f0 0f b1 03", true },     { "f0 0f b1 c3", false },
		{ "f0 0f c1 03", true },     { "f0 f7 03 00 00 00 00", false },
		{ "f0 f7 13", true },        { "f0 f7 1b", true },
		{ "f0 fe 03", true },        { "f0 ff 0b", true },
		{ "f0 ff c8", false },       { "f0 a5", false },
		{ "f0 c6 03 00", false },    { "f0 0f a2", false },
		{ "01 03", true },
	};
	struct insn in;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		assert_int_equal(decode_hex(t[i].bytes, 64, &in), OK);
		if (in.lockable != t[i].lockable)
			fail_msg("%s: lockable is %d", t[i].bytes, in.lockable);
	}
}

static void every_operation_has_its_class(void **state)
{
	assert_int_equal(insn_class_of(INSN_ADD), INSN_DATA);
	assert_int_equal(insn_class_of(INSN_BTC), INSN_DATA);
	assert_int_equal(insn_class_of(INSN_IDIV_A), INSN_DATA);
	assert_int_equal(insn_class_of(INSN_PUSH), INSN_STACK);
	assert_int_equal(insn_class_of(INSN_RET), INSN_STACK);
	assert_int_equal(insn_class_of(INSN_VMOV), INSN_WIDE);
	assert_int_equal(insn_class_of(INSN_SIDT), INSN_WIDE);
	assert_int_equal(insn_class_of(INSN_MOVS), INSN_STRING);
	assert_int_equal(insn_class_of(INSN_OUTS), INSN_STRING);
	assert_int_equal(insn_class_of(INSN_IN), INSN_IO);
	assert_int_equal(insn_class_of(INSN_OUT), INSN_IO);
	assert_int_equal(insn_class_of(INSN_CPUID), INSN_PRIV);
	assert_int_equal(insn_class_of(INSN_INVVPID), INSN_PRIV);
	assert_true(insn_uses_port(INSN_INS) && insn_uses_port(INSN_OUTS));
	assert_true(insn_uses_port(INSN_IN) && insn_uses_port(INSN_OUT));
	assert_false(insn_uses_port(INSN_MOVS) || insn_uses_port(INSN_MOV) ||
		     insn_uses_port(INSN_CPUID));
}

/* Every operation is reached by a row above. */
static void every_operation_is_tested(void **state)
{
	bool seen[INSN_OPS] = { [INSN_NONE] = true };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct insn in;

		assert_int_equal(decode_hex(rows[i].bytes, rows[i].mode, &in), OK);
		seen[in.op] = true;
	}
	for (unsigned op = 0; op < INSN_OPS; op++)
		if (!seen[op])
			fail_msg("no row for %s", op_names[op]);
}

static void check_row(const struct insn_row *row)
{
	assert_true(row->form < FORM_COUNT);
	assert_true(row->flags & ROW_GROUP ? row->op < GROUP_COUNT : row->op < INSN_OPS);
}

static void every_table_row_is_sound(void **state)
{
	for (unsigned i = 0; i < 256; i++) {
		check_row(&insn_map_1byte[i]);
		check_row(&insn_map_0f[i]);
	}
	for (unsigned g = 0; g < GROUP_COUNT; g++)
		for (unsigned i = 0; i < 8; i++)
			assert_true(insn_groups[g][i].op < INSN_OPS &&
				    !(insn_groups[g][i].flags & ROW_GROUP));
	for (size_t i = 0; i < insn_special_count; i++) {
		const struct insn_special *s = &insn_specials[i];

		check_row(&s->row);
		assert_false(s->row.flags & (ROW_GROUP | ROW_SPECIAL));
		assert_int_equal(s->value & ~s->mask, 0);
		if (s->map != MAP_0F38)
			assert_true((s->map ? insn_map_0f : insn_map_1byte)[s->opcode].flags &
				    ROW_SPECIAL);
	}
}

/* Whatever the bytes: an answer, a length within what was given, no read beyond it. */
static void noise_is_harmless(void **state)
{
	u32 seed = 1;

	for (unsigned n = 0; n < 200000; n++) {
		u8 bytes[INSN_MAX_LEN + 3];
		size_t len = n % (sizeof(bytes) + 1);
		struct insn in;
		enum status st;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (u8)(seed >> 24);
		}
		st = decode(bytes, len, 16u << (n % 3), &in);
		if (!st)
			assert_true(in.len && in.len <= len && in.len <= INSN_MAX_LEN);
		else
			assert_true(st == E_TRUNCATED ? len < INSN_MAX_LEN
						      : st == E_INVAL || st == E_UNSUPPORTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_every_row),
		cmocka_unit_test(bytes_behind_do_not_matter),
		cmocka_unit_test(every_cut_is_truncated),
		cmocka_unit_test(sixteen_bytes_are_too_many),
		cmocka_unit_test(refuses_what_is_not_in_the_tables),
		cmocka_unit_test(lockable_is_a_read_modify_write_of_memory),
		cmocka_unit_test(every_operation_has_its_class),
		cmocka_unit_test(every_operation_is_tested),
		cmocka_unit_test(every_table_row_is_sound),
		cmocka_unit_test(noise_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
