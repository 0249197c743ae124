// SPDX-License-Identifier: BSD-2-Clause
#include "pic.h"

#include <lib/assert.h>
#include <lib/bits.h>

#define CASCADE  2 /* the master's input behind which the slave sits */
#define SPURIOUS 7

/* 8259A, "Initialization Command Words". */
#define ICW1      0x10u
#define ICW1_IC4  0x01u
#define ICW1_SNGL 0x02u
#define ICW2_BASE 0xf8u
#define ICW4_AEOI 0x02u
#define ICW4_SFNM 0x10u

/* 8259A, "Operation Command Words". */
#define OCW2_LEVEL   0x07u
#define OCW2_COMMAND 0xe0u
#define OCW3         0x08u
#define OCW3_RIS     0x01u
#define OCW3_RR      0x02u
#define OCW3_POLL    0x04u
#define OCW3_SMM     0x20u
#define OCW3_ESMM    0x40u

/* OCW2_COMMAND */
#define OCW2_ROTATE_AEOI_CLEAR 0
#define OCW2_EOI               1
#define OCW2_NOP               2
#define OCW2_EOI_SPECIFIC      3
#define OCW2_ROTATE_AEOI_SET   4
#define OCW2_EOI_ROTATE        5
#define OCW2_SET_PRIORITY      6
#define OCW2_EOI_SPEC_ROTATE   7

/* ICH, "ELCR1", "ELCR2": timer, keyboard, cascade, RTC and FPU are always edge triggered. */
static const u8 elcr_mask[2] = { 0xf8, 0xde };

static struct pic *pic_of(struct device *d)
{
	return container_of(d, struct pic, dev);
}

/* 0 is the highest priority. */
static unsigned priority(const struct pic_chip *c, unsigned ir)
{
	return (ir - c->lowest - 1) & 7;
}

/* The input of the highest priority among `set`, or -1. */
static int top(const struct pic_chip *c, u8 set)
{
	unsigned first = (c->lowest + 1) & 7;
	/* Turned, so that bit 0 is of the highest priority. */
	u8 turned = (u8)(set >> first | set << (8 - first));

	return set ? (int)((__builtin_ctz(turned) + first) & 7) : -1;
}

/* What holds back requests: in special mask mode not a level in service that is masked. */
static u8 in_service(const struct pic_chip *c)
{
	return c->special_mask ? c->isr & ~c->imr : c->isr;
}

/* The input that the chip's INT output stands for, or -1. */
static rare int request(const struct pic_chip *c)
{
	int ir = c->next_icw ? -1 : top(c, c->irr & ~c->imr);
	int busy = top(c, in_service(c));

	if (ir < 0 || busy < 0 || priority(c, ir) < priority(c, busy))
		return ir;
	/* Special fully nested: the slave in service may ask again, for a higher one of its own. */
	return ir == busy && ir == CASCADE && (c->icw4 & ICW4_SFNM) ? ir : -1;
}

/* Is there such an input? Nearly never. */
static inline bool requests(const struct pic_chip *c)
{
	return (c->irr & ~c->imr) && request(c) >= 0;
}

static void set_line(struct pic_chip *c, unsigned ir, bool level)
{
	u8 bit = (u8)BIT(ir);

	if (!level) {
		c->lines &= ~bit;
		c->irr &= ~bit;
	} else if (!(c->lines & bit)) {
		c->lines |= bit;
		c->irr |= bit;
	}
}

/*
 * The slave's INT drops at each of its acknowledges, so that the master sees every request as an
 * edge. To follow the level instead comes to the same and cannot lose one.
 */
static void update(struct pic *p)
{
	bool out;

	set_line(&p->chip[0], CASCADE, requests(&p->chip[1]));
	out = requests(&p->chip[0]);
	if (out == p->out)
		return;
	p->out = out;
	irq_set(&p->intr, out);
}

/* The chip's part of an INTA cycle or a poll: the input taken, or -1. */
static int take(struct pic_chip *c)
{
	int ir = request(c);

	if (ir < 0)
		return ir;
	c->irr &= ~(BIT(ir) & ~c->follow);
	if (!(c->icw4 & ICW4_AEOI))
		c->isr |= BIT(ir);
	else if (c->rotate_aeoi)
		c->lowest = (u8)ir;
	return ir;
}

int pic_ack(struct pic *p)
{
	struct pic_chip *c = &p->chip[0];
	int ir = take(c);

	if (ir == CASCADE) {
		c = &p->chip[1];
		ir = take(c);
	}
	/* INT falls with the acknowledge, and rises again if there is more. */
	p->out = false;
	irq_set(&p->intr, false);
	update(p);
	return c->base | (ir < 0 ? SPURIOUS : ir);
}

void pic_set_irq(struct pic *p, unsigned irq, bool level)
{
	assert(irq < 16);
	if (irq == CASCADE)
		return;
	set_line(&p->chip[irq / 8], irq % 8, level);
	update(p);
}

/* 8259A, "Initialization Command Words 1 and 2 (ICW1, ICW2)". */
static void write_icw1(struct pic_chip *c, u8 val)
{
	c->icw1 = val;
	c->icw4 = 0;
	c->next_icw = 2;
	c->irr = c->lines & c->follow; /* the edge sense circuit is reset */
	c->isr = 0;
	c->imr = 0;
	c->lowest = 7;
	c->read_isr = c->poll = c->special_mask = c->rotate_aeoi = false;
}

static void write_odd(struct pic_chip *c, u8 val)
{
	u8 after_icw3 = c->icw1 & ICW1_IC4 ? 4 : 0;

	switch (c->next_icw) {
	case 2:
		c->base = val & ICW2_BASE;
		c->next_icw = c->icw1 & ICW1_SNGL ? after_icw3 : 3;
		break;
	case 3:
		c->next_icw = after_icw3;
		break;
	case 4:
		c->icw4 = val;
		c->next_icw = 0;
		break;
	default:
		c->imr = val; /* OCW1 */
	}
}

static void write_ocw2(struct pic_chip *c, u8 val)
{
	unsigned command = FIELD_GET(OCW2_COMMAND, val);
	int ir = val & OCW2_LEVEL;

	switch (command) {
	case OCW2_EOI:
	case OCW2_EOI_ROTATE:
		ir = top(c, in_service(c));
		if (ir < 0)
			return;
		break;
	case OCW2_ROTATE_AEOI_CLEAR:
	case OCW2_ROTATE_AEOI_SET:
		c->rotate_aeoi = command == OCW2_ROTATE_AEOI_SET;
		return;
	case OCW2_NOP:
		return;
	default:
		break;
	}
	if (command != OCW2_SET_PRIORITY)
		c->isr &= ~BIT(ir);
	if (command != OCW2_EOI && command != OCW2_EOI_SPECIFIC)
		c->lowest = (u8)ir;
}

static void write_ocw3(struct pic_chip *c, u8 val)
{
	c->poll = val & OCW3_POLL;
	if (val & OCW3_RR)
		c->read_isr = val & OCW3_RIS;
	if (val & OCW3_ESMM)
		c->special_mask = val & OCW3_SMM;
}

static void write_even(struct pic_chip *c, u8 val)
{
	if (val & ICW1)
		write_icw1(c, val);
	else if (val & OCW3)
		write_ocw3(c, val);
	else
		write_ocw2(c, val);
}

/* The read after a poll command is an acknowledge, whichever of the two ports it uses. */
static u8 read_chip(struct pic *p, struct pic_chip *c, bool odd)
{
	int ir;

	if (!c->poll) {
		if (odd)
			return c->imr;
		return c->read_isr ? c->isr : c->irr;
	}
	c->poll = false;
	ir = take(c);
	update(p);
	return ir < 0 ? 0 : (u8)(0x80 | ir);
}

static void write_elcr(struct pic *p, unsigned n, u8 val)
{
	struct pic_chip *c = &p->chip[n];

	c->follow = (val & elcr_mask[n]) | (c->follow & ~elcr_mask[n]);
	c->irr = (c->irr & ~c->follow) | (c->lines & c->follow);
}

static u8 read8(struct device *d, u64 off)
{
	struct pic *p = pic_of(d);

	switch (off) {
	case 0x20:
	case 0x21:
	case 0xa0:
	case 0xa1:
		return read_chip(p, &p->chip[off >= 0xa0], off & 1);
	case 0x4d0:
	case 0x4d1:
		return p->chip[off & 1].follow & elcr_mask[off & 1];
	}
	return 0xff;
}

static void write8(struct device *d, u64 off, u8 val)
{
	struct pic *p = pic_of(d);

	switch (off) {
	case 0x20:
	case 0xa0:
		write_even(&p->chip[off == 0xa0], val);
		break;
	case 0x21:
	case 0xa1:
		write_odd(&p->chip[off == 0xa1], val);
		break;
	case 0x4d0:
	case 0x4d1:
		write_elcr(p, off & 1, val);
		break;
	}
	update(p);
}

/* The chip whose mask is what a byte at `off` is, and what a guest is most often after; else NULL. */
static struct pic_chip *mask_of(struct pic *p, u64 off, unsigned width)
{
	struct pic_chip *c = off == 0x21 ? &p->chip[0] : off == 0xa1 ? &p->chip[1] : NULL;

	return c && width == 1 && !c->poll && !c->next_icw ? c : NULL;
}

static u64 pic_read(struct device *d, u64 off, unsigned width)
{
	struct pic_chip *c = mask_of(pic_of(d), off, width);

	return c ? c->imr : device_read_bytes(d, off, width, read8);
}

static void pic_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct pic_chip *c = mask_of(pic_of(d), off, width);

	if (!c) {
		device_write_bytes(d, off, width, val, write8);
		return;
	}
	c->imr = (u8)val;
	update(pic_of(d));
}

/*
 * The data sheet leaves the state after power-on open: everything masked is the safe choice. The
 * input lines are not ours to reset.
 */
static void power_on(struct pic *p)
{
	for (unsigned n = 0; n < 2; n++)
		p->chip[n] = (struct pic_chip){
			.lines = p->chip[n].lines,
			.follow = n ? 0 : BIT(CASCADE),
			.imr = 0xff,
			.lowest = 7,
		};
}

static rare void pic_reset(struct device *d)
{
	power_on(pic_of(d));
	update(pic_of(d));
}

static const struct device_ops ops = {
	.read = pic_read,
	.write = pic_write,
	.reset = pic_reset,
};

void pic_init(struct pic *p, struct spinlock *lock, struct irq_line intr)
{
	*p = (struct pic){
		.dev = { .name = "pic", .ops = &ops, .lock = lock },
		.intr = intr,
	};
	power_on(p);
}
