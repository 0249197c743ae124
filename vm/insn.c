// SPDX-License-Identifier: BSD-2-Clause
#include <vm/insn.h>

#include "insn_decoder.h"

enum insn_class insn_class_of(enum insn_op op)
{
	if (op < INSN_MOVS)
		return INSN_DATA;
	if (op < INSN_IN)
		return INSN_STRING;
	if (op < INSN_PUSH)
		return INSN_IO;
	if (op < INSN_VMOV)
		return INSN_STACK;
	return op < INSN_CPUID ? INSN_WIDE : INSN_PRIV;
}

bool insn_uses_port(enum insn_op op)
{
	return op == INSN_IN || op == INSN_OUT || op == INSN_INS || op == INSN_OUTS;
}

/* In 64-bit mode only FS and GS have bases, and the other overrides are ignored, as if they were
 * not there. */
static void override(struct decoder *d, enum seg_index seg)
{
	if (d->mode != 64 || seg >= SEG_FS)
		d->segment = seg;
}

/* Takes `byte` in if it is a legacy prefix. */
static bool legacy_prefix(struct decoder *d, u8 byte)
{
	switch (byte) {
	case 0x26:
		override(d, SEG_ES);
		return true;
	case 0x2e:
		override(d, SEG_CS);
		return true;
	case 0x36:
		override(d, SEG_SS);
		return true;
	case 0x3e:
		override(d, SEG_DS);
		return true;
	case 0x64:
		override(d, SEG_FS);
		return true;
	case 0x65:
		override(d, SEG_GS);
		return true;
	case 0x66:
		d->opsize = true;
		return true;
	case 0x67:
		d->addrsize = true;
		return true;
	case 0xf0:
		d->in->lock = true;
		return true;
	case 0xf2:
		d->in->rep = REP_NE;
		return true;
	case 0xf3:
		d->in->rep = REP_E;
		return true;
	}
	return false;
}

/* All prefixes and the first opcode byte. A REX prefix that is not the last prefix counts for
 * nothing. */
static enum status read_prefixes(struct decoder *d)
{
	for (;;) {
		u8 byte;
		enum status st = decoder_take_byte(d, &byte);

		if (st)
			return st;
		if (legacy_prefix(d, byte)) {
			d->rex = 0;
		} else if (d->mode == 64 && (byte & 0xf0) == 0x40) {
			d->rex = byte;
		} else {
			d->opcode = byte;
			return OK;
		}
	}
}

static bool prefix_fits(const struct decoder *d, enum insn_need need)
{
	switch (need) {
	case NEED_ANY:
		return true;
	case NEED_NONE:
		return !d->opsize && d->in->rep == REP_NONE;
	case NEED_66:
		return d->opsize && d->in->rep == REP_NONE;
	case NEED_F3:
		return d->in->rep == REP_E;
	case NEED_F2:
		return d->in->rep == REP_NE;
	case NEED_NO_REP:
		return d->in->rep == REP_NONE;
	}
	return false;
}

static enum status find_special(struct decoder *d, enum insn_map map, struct insn_row *row)
{
	for (size_t i = 0; i < insn_special_count; i++) {
		const struct insn_special *s = &insn_specials[i];
		enum status st;

		if (s->map != map || s->opcode != d->opcode || !prefix_fits(d, s->need))
			continue;
		if (s->mask) {
			st = decoder_take_modrm(d);
			if (st)
				return st;
			if ((d->modrm & s->mask) != s->value)
				continue;
		}
		/* With REX.B it is an XCHG of R8 and RAX. */
		if (map == MAP_1BYTE && d->opcode == 0x90 && (d->rex & REX_B))
			break;
		*row = s->row;
		return OK;
	}
	return E_UNSUPPORTED;
}

/*
 * Intel SDM vol. 2, "The VEX Prefix". Takes the rest of it and the opcode, and tells the map; what it encodes is kept as if the older
 * prefixes had said it. Outside of 64-bit mode it is LDS or LES with a memory operand, and there are fewer registers.
 */
static enum status read_vex(struct decoder *d, enum insn_map *map)
{
	static const enum insn_rep reps[] = { REP_NONE, REP_NONE, REP_E, REP_NE };
	bool prefixed = d->rex || d->opsize || d->in->rep || d->in->lock, two = d->opcode == 0xc5;
	u8 first = 0xc1, last;
	enum status st = decoder_take_byte(d, &last);

	if (!st && !two) {
		first = last;
		st = decoder_take_byte(d, &last);
	}
	if (st)
		return st;
	if (two)
		first = (last & 0x80) | 0x61;
	else if (last & VEX_W)
		d->rex = REX_W;
	if (prefixed || (last & VEX_VVVV) != VEX_VVVV || (first & 0x1f) > 2 || !(first & 0x1f) || d->mode == 16 ||
	    (d->mode == 32 && (first & 0xc0) != 0xc0))
		return E_UNSUPPORTED;
	d->rex = d->mode == 64 ? d->rex | 0x40 | (u8)~first >> 5 : 0;
	d->opsize = (last & VEX_PP) == 1;
	d->in->rep = reps[last & VEX_PP];
	d->vex = last & VEX_L ? 32 : 16;
	*map = first & 0x1f;
	return decoder_take_byte(d, &d->opcode);
}

/* Of what we decode only moves to and from memory have the prefix; of parts of a vector, only scalars may be in a long one. */
static bool vex_fits(const struct decoder *d, const struct insn_row *row)
{
	return (row->op == INSN_VMOV || row->op == INSN_VMOVA) && row->form <= FORM_V_E &&
	       (d->vex == 16 || (row->flags & ROW_XMM) || (d->opcode & 0xfe) == 0x10);
}

/* The row for the opcode, groups and special cases resolved. Takes the rest of the opcode, and
 * ModRM if it must. */
static enum status find_row(struct decoder *d, struct insn_row *row)
{
	enum insn_map map = MAP_1BYTE;
	enum status st = OK;

	*row = insn_map_1byte[d->opcode];
	if ((d->opcode & 0xfe) == 0xc4) {
		st = read_vex(d, &map);
		row->flags = ROW_SPECIAL;
	} else if (d->opcode == 0x0f) {
		map = MAP_0F;
		st = decoder_take_byte(d, &d->opcode);
		*row = insn_map_0f[d->opcode];
	}
	if (!st && !d->vex && map == MAP_0F && d->opcode == 0x38) {
		map = MAP_0F38;
		st = decoder_take_byte(d, &d->opcode);
		row->flags = ROW_SPECIAL;
	}
	if (!st && (row->flags & ROW_SPECIAL)) {
		st = find_special(d, map, row);
	} else if (!st && (row->flags & ROW_GROUP)) {
		const struct insn_row *sub;

		st = decoder_take_modrm(d);
		sub = &insn_groups[row->op][FIELD_GET(MODRM_REG, d->modrm)];
		*row = (struct insn_row){ sub->op, sub->form ? sub->form : row->form,
					  row->flags | sub->flags };
	}
	if (!st && (row->op == INSN_NONE || (d->vex && !vex_fits(d, row))))
		st = E_UNSUPPORTED;
	return st;
}

/* In bytes, where it does not depend on prefixes; else 0. */
static u8 fixed_width(const struct decoder *d)
{
	static const struct {
		u32 flag;
		u8 width;
	} sizes[] = {
		{ ROW_BYTE, 1 },  { ROW_WORD, 2 }, { ROW_DWORD, 4 },
		{ ROW_QWORD, 8 }, { ROW_XMM, 16 },
	};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (d->flags & sizes[i].flag)
			return sizes[i].width;
	if (d->flags & ROW_NATURAL)
		return d->mode == 64 ? 8 : 4;
	if (d->mode == 64 && (d->flags & ROW_BRANCH))
		return 8;
	if (d->flags & (ROW_MOVD | ROW_DOUBLE))
		return (d->flags & ROW_DOUBLE ? 8 : 4) << (d->rex & REX_W ? 1 : 0);
	return 0;
}

static void set_sizes(struct decoder *d)
{
	struct insn *in = d->in;
	bool narrow = d->mode == 16;

	in->width = fixed_width(d);
	if (d->vex && in->width == 16)
		in->width = d->vex;
	if (!in->width && (d->rex & REX_W))
		in->width = d->flags & ROW_PORT ? 4 : 8;
	if (!in->width)
		in->width = d->opsize != narrow ? 2 : 4;
	if (d->mode == 64 && (d->flags & ROW_STACK) && in->width == 4)
		in->width = 8;

	in->src_width = in->width;
	if (d->flags & ROW_SRC8)
		in->src_width = 1;
	else if (d->flags & ROW_SRC16)
		in->src_width = 2;
	else if ((d->flags & ROW_SRC32) && in->width > 4)
		in->src_width = 4;

	if (d->mode == 64)
		in->addr_width = d->addrsize ? 4 : 8;
	else
		in->addr_width = d->addrsize != narrow ? 2 : 4;
}

enum status insn_decode(const u8 *bytes, size_t len, unsigned mode, struct insn *out)
{
	struct decoder d = {
		.bytes = bytes, .len = len, .mode = mode, .segment = NO_OVERRIDE, .in = out
	};
	struct insn_row row;
	enum status st;

	*out = (struct insn){
		.mode = mode,
		.mem = { .base = INSN_NO_REG, .index = INSN_NO_REG, .scale = 1 },
	};
	st = read_prefixes(&d);
	if (!st)
		st = find_row(&d, &row);
	if (st)
		return st;
	if (row.flags & (mode == 64 ? ROW_NOT64 : ROW_ONLY64))
		return E_UNSUPPORTED;
	out->op = row.op;
	d.flags = row.flags;
	set_sizes(&d);
	st = decoder_take_operands(&d, row.form);
	if (st)
		return st;
	if ((d.flags & ROW_MEM) && out->dst.kind != OPERAND_MEM && out->src.kind != OPERAND_MEM)
		return E_UNSUPPORTED;
	out->lockable = (d.flags & ROW_LOCK) && out->dst.kind == OPERAND_MEM;
	out->cond = d.opcode & 0xf;
	out->len = (u8)d.pos;
	return OK;
}
