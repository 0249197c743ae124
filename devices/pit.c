// SPDX-License-Identifier: BSD-2-Clause
#include "pit.h"

#include <lib/bits.h>
#include "ticks.h"

#define OFF_CONTROL 3
#define OFF_PORT61  0x21

/* 8254, "Control Word Format". */
#define CW_BCD    0x01u
#define CW_MODE   0x0eu
#define CW_RW     0x30u
#define CW_SELECT 0xc0u
#define RW_LATCH  0 /* counter latch command */
#define RW_LOW    1
#define RW_HIGH   2
#define RW_BOTH   3
#define READ_BACK 3 /* CW_SELECT */

/* 8254, "Read-Back Command", "Status Byte". */
#define RB_COUNTER(i) (2u << (i))
#define RB_NO_COUNT   0x20u
#define RB_NO_STATUS  0x10u
#define STATUS_OUT    0x80u
#define STATUS_NULL   0x40u

/* Intel ICH data sheets, "NMI_SC - NMI Status and Control Register". */
#define P61_GATE2   0x01u
#define P61_WRITE   0x0fu
#define P61_REFRESH 0x10u
#define P61_OUT2    0x20u

#define REFRESH_TICKS 18 /* the PC's counter 1: a refresh every 15 us */

static struct pit *pit_of(struct device *d)
{
	return container_of(d, struct pit, dev);
}

static u32 modulus(const struct pit_counter *c)
{
	return c->bcd ? 10000 : 65536;
}

static u32 decode(const struct pit_counter *c, u16 raw)
{
	u32 tens = (raw >> 12) * 100u + (raw >> 8 & 15) * 10u + (raw >> 4 & 15);
	u32 val = c->bcd ? tens * 10 + (raw & 15) : raw;

	return val ? val : modulus(c);
}

static u16 encode(const struct pit_counter *c, u32 val)
{
	val %= modulus(c);
	if (!c->bcd)
		return (u16)val;
	return (u16)(val / 1000 << 12 | val / 100 % 10 << 8 | val / 10 % 10 << 4 | val % 10);
}

static bool is_periodic(const struct pit_counter *c)
{
	return c->mode == 2 || c->mode == 3;
}

static bool is_triggered(const struct pit_counter *c)
{
	return c->mode == 1 || c->mode == 5;
}

/* Ticks of mode 3's high half; the rest of the period is low. */
static u32 high_half(u32 n)
{
	return (n + 1) / 2;
}

static u64 elapsed(const struct pit_counter *c, u64 t)
{
	if (c->frozen)
		return c->held;
	return (s64)(t - c->start) < 0 ? 0 : t - c->start;
}

/* Brings a count into use whose time has come. */
static void settle(struct pit_counter *c, u64 t)
{
	if (!c->pending || c->load_at > t)
		return;
	c->n = c->next;
	c->start = c->next_start;
	c->pending = false;
}

/* Brings all counters up to now, and answers which tick that is. */
static u64 settle_all(struct pit *p)
{
	u64 t = ticks_from_ns(time_now(), PIT_HZ);

	for (unsigned i = 0; i < ARRAY_LEN(p->counter); i++)
		settle(&p->counter[i], t);
	return t;
}

/* The counting element. */
static u16 count(const struct pit_counter *c, u64 t)
{
	u64 e = elapsed(c, t);
	u32 m = modulus(c), phase;

	if (!c->active)
		return encode(c, c->n);
	phase = (u32)(e % c->n);
	switch (c->mode) {
	case 2:
		return encode(c, c->n - phase);
	case 3:
		/* By two; an odd count starts one below. */
		if (phase >= high_half(c->n))
			phase -= high_half(c->n);
		return encode(c, (c->n & ~1u) - 2 * phase);
	default:
		return encode(c, c->n % m + m - (u32)(e % m));
	}
}

static bool out(const struct pit_counter *c, u64 t)
{
	u64 e = elapsed(c, t);

	if (!c->active)
		return c->mode != 0;
	switch (c->mode) {
	case 0:
	case 1:
		return e >= c->n;
	case 2:
		return c->frozen || e % c->n != c->n - 1;
	case 3:
		return c->frozen || e % c->n < high_half(c->n);
	default:
		return e != c->n;
	}
}

/* The first rising edge of OUT after `t`, TIME_NEVER if none. */
static u64 next_edge(const struct pit_counter *c, u64 t)
{
	u64 e = elapsed(c, t), one_shot = c->n + (c->mode >= 4);

	if (!c->active || c->frozen)
		return TIME_NEVER;
	if (!is_periodic(c))
		return e < one_shot ? c->start + one_shot : TIME_NEVER;
	/* Mode 3 may take a new count in at the falling edge; the rising one ends its low half. */
	if (c->pending)
		return c->next_start == c->load_at ? c->load_at : c->next_start + c->next;
	return c->n > 1 ? c->start + (e / c->n + 1) * c->n : TIME_NEVER;
}

static void load(struct pit_counter *c, u64 t)
{
	c->n = c->next;
	c->start = t + 1;
	c->held = 0;
	c->active = true;
	c->pending = false;
	c->frozen = !c->gate && !is_triggered(c);
}

/* A periodic mode takes a new count in at the end of its period, mode 3 of its half period. */
static void load_later(struct pit_counter *c, u64 t)
{
	u64 e = elapsed(c, t), period = c->start + e - e % c->n;
	u32 high = high_half(c->n);

	c->pending = true;
	if (c->mode == 3 && e % c->n < high) {
		c->load_at = period + high;
		c->next_start = c->load_at - high_half(c->next);
	} else {
		c->load_at = period + c->n;
		c->next_start = c->load_at;
	}
}

static void write_count(struct pit_counter *c, u64 t, u16 raw)
{
	c->next = decode(c, raw);
	if (is_triggered(c) || (is_periodic(c) && !c->gate)) {
		c->pending = true;
		c->load_at = TIME_NEVER;
	} else if (is_periodic(c) && c->active) {
		load_later(c, t);
	} else {
		load(c, t);
	}
}

static void write_data(struct pit_counter *c, u64 t, u8 val)
{
	if (c->rw != RW_BOTH) {
		write_count(c, t, c->rw == RW_HIGH ? (u16)(val << 8) : val);
	} else if (c->write_high) {
		c->write_high = false;
		write_count(c, t, (u16)(val << 8 | c->write_low));
	} else {
		c->write_high = true;
		c->write_low = val;
		/* 8254, "Mode 0": the first byte stops counting and lowers OUT. */
		if (c->mode == 0)
			c->active = false;
	}
}

static void set_gate(struct pit_counter *c, u64 t, bool gate)
{
	if (gate == c->gate)
		return;
	c->gate = gate;
	if (gate && c->next && (is_triggered(c) || is_periodic(c))) {
		load(c, t);
	} else if (gate && c->frozen) {
		c->frozen = false;
		c->start = t - c->held;
	} else if (!gate && c->active && !is_triggered(c)) {
		c->held = elapsed(c, t);
		c->frozen = true;
		/* A count that was to come at the period's end now comes with the trigger. */
		if (c->pending)
			c->load_at = TIME_NEVER;
	}
}

static void latch_count(struct pit_counter *c, u64 t)
{
	if (c->latched)
		return;
	c->latched = true;
	c->latch = count(c, t);
}

static void latch_status(struct pit_counter *c, u64 t)
{
	bool loading = !c->active || c->pending || (!c->frozen && (s64)(t - c->start) < 0);
	u8 state = (out(c, t) ? STATUS_OUT : 0) | (loading ? STATUS_NULL : 0);

	if (c->status_latched)
		return;
	c->status_latched = true;
	c->status = state | FIELD_PUT(CW_RW, c->rw) | FIELD_PUT(CW_MODE, c->mode) | c->bcd;
}

static u8 read_data(struct pit_counter *c, u64 t)
{
	u16 val = c->latched ? c->latch : count(c, t);
	bool high = c->rw == RW_HIGH || (c->rw == RW_BOTH && c->read_high);

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	c->read_high = c->rw == RW_BOTH && !high;
	if (!c->read_high)
		c->latched = false;
	return (u8)(high ? val >> 8 : val);
}

static void program(struct pit_counter *c, u8 cw)
{
	u8 mode = FIELD_GET(CW_MODE, cw);

	*c = (struct pit_counter){
		.mode = mode > 5 ? mode - 4 : mode, /* modes 2 and 3 have an undefined bit */
		.rw = FIELD_GET(CW_RW, cw),
		.bcd = cw & CW_BCD,
		.gate = c->gate,
		.n = c->n,
	};
}

static void pulse_if_due(struct pit *p, u64 t)
{
	if (p->edge > t)
		return;
	irq_set(&p->irq, false);
	irq_set(&p->irq, true);
	p->edge = TIME_NEVER;
	p->not_before = time_now() + PIT_MIN_PERIOD;
}

static void arm(struct pit *p, u64 t)
{
	p->edge = next_edge(&p->counter[0], t);
	if (p->edge == TIME_NEVER)
		dev_timer_cancel(&p->timer);
	else
		dev_timer_set(&p->timer, max_u64(ticks_to_ns(p->edge, PIT_HZ), p->not_before));
}

static void on_timer(struct device *d)
{
	struct pit *p = pit_of(d);
	u64 t = settle_all(p);

	pulse_if_due(p, t);
	arm(p, t);
}

static void write_control(struct pit *p, u64 t, u8 val)
{
	unsigned select = FIELD_GET(CW_SELECT, val);

	if (select != READ_BACK && FIELD_GET(CW_RW, val) == RW_LATCH)
		latch_count(&p->counter[select], t);
	else if (select != READ_BACK)
		program(&p->counter[select], val);
	for (unsigned i = 0; i < ARRAY_LEN(p->counter) && select == READ_BACK; i++) {
		if ((val & RB_COUNTER(i)) && !(val & RB_NO_COUNT))
			latch_count(&p->counter[i], t);
		if ((val & RB_COUNTER(i)) && !(val & RB_NO_STATUS))
			latch_status(&p->counter[i], t);
	}
}

static u8 read8(struct device *d, u64 off)
{
	struct pit *p = pit_of(d);
	u64 t = settle_all(p);

	if (off < OFF_CONTROL)
		return read_data(&p->counter[off], t);
	if (off != OFF_PORT61)
		return 0xff;
	return p->port61 | (t / REFRESH_TICKS & 1 ? P61_REFRESH : 0) |
	       (out(&p->counter[2], t) ? P61_OUT2 : 0);
}

static void write8(struct device *d, u64 off, u8 val)
{
	struct pit *p = pit_of(d);
	u64 t = settle_all(p);

	pulse_if_due(p, t);
	if (off < OFF_CONTROL) {
		write_data(&p->counter[off], t, val);
	} else if (off == OFF_CONTROL) {
		write_control(p, t, val);
	} else if (off == OFF_PORT61) {
		p->port61 = val & P61_WRITE;
		set_gate(&p->counter[2], t, val & P61_GATE2);
	}
	if (p->counter[0].mode == 0)
		irq_set(&p->irq, out(&p->counter[0], t));
	arm(p, t);
}

static u64 pit_read(struct device *d, u64 off, unsigned width)
{
	return device_read_bytes(d, off, width, read8);
}

static void pit_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, write8);
}

static void power_on(struct pit *p)
{
	for (unsigned i = 0; i < ARRAY_LEN(p->counter); i++)
		p->counter[i] = (struct pit_counter){ .rw = RW_BOTH, .gate = i != 2 };
	p->edge = TIME_NEVER;
	p->port61 = 0;
}

static void pit_reset(struct device *d)
{
	struct pit *p = pit_of(d);

	power_on(p);
	dev_timer_cancel(&p->timer);
	irq_set(&p->irq, false);
}

static const struct device_ops ops = {
	.read = pit_read,
	.write = pit_write,
	.reset = pit_reset,
};

void pit_init(struct pit *p, struct spinlock *lock, struct irq_line irq)
{
	*p = (struct pit){
		.dev = { .name = "pit", .ops = &ops, .lock = lock },
		.irq = irq,
	};
	dev_timer_init(&p->timer, &p->dev, on_timer);
	power_on(p);
}
