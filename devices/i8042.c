// SPDX-License-Identifier: BSD-2-Clause
#include "i8042.h"

#include <lib/bits.h>

#define OFF_DATA    0
#define OFF_CONTROL 4

#define STATUS_OBF     0x01u
#define STATUS_SYS     0x04u
#define STATUS_COMMAND 0x08u /* the last write was a command */
#define STATUS_UNLOCK  0x10u
#define STATUS_AUX     0x20u

/* Command byte. */
#define CB_IRQ1      0x01u
#define CB_IRQ12     0x02u
#define CB_SYS       0x04u
#define CB_NO_KBD    0x10u
#define CB_NO_AUX    0x20u
#define CB_TRANSLATE 0x40u
#define CB_DEFAULT   (CB_TRANSLATE | CB_NO_AUX | CB_SYS | CB_IRQ1) /* as firmware leaves it */

#define PORT_RUN     0x01u /* 0: reset */
#define PORT_A20     0x02u
#define PORT_OBF     0x10u
#define PORT_DEFAULT (PORT_RUN | PORT_A20 | 0xc0u)

/* Commands. */
#define READ_RAM          0x20 /* to 3Fh */
#define WRITE_RAM         0x60 /* to 7Fh */
#define DISABLE_AUX       0xa7
#define ENABLE_AUX        0xa8
#define TEST_AUX          0xa9
#define SELF_TEST         0xaa
#define TEST_KBD          0xab
#define DISABLE_KBD       0xad
#define ENABLE_KBD        0xae
#define READ_INPUT_PORT   0xc0
#define READ_OUTPUT_PORT  0xd0
#define WRITE_OUTPUT_PORT 0xd1
#define ECHO_KBD          0xd2 /* the argument appears as if the keyboard had sent it */
#define ECHO_AUX          0xd3
#define WRITE_AUX         0xd4
#define DISABLE_A20       0xdd
#define ENABLE_A20        0xdf
#define READ_TEST_INPUTS  0xe0
#define PULSE             0xf0 /* to FFh: bits 3:0 that are 0 pulse that output line */

#define SELF_TEST_OK   0x55
#define INPUT_UNLOCKED 0x80

/* Between the codes of set 2 and set 1. */
#define BREAK_PREFIX 0xf0
#define BREAK_BIT    0x80u

static struct i8042 *i8042_of(struct device *d)
{
	return container_of(d, struct i8042, dev);
}

static void update(struct i8042 *k)
{
	bool full = k->status & STATUS_OBF, aux = k->status & STATUS_AUX;

	irq_set(&k->irq_keyboard, full && !aux && (k->ram[0] & CB_IRQ1));
	irq_set(&k->irq_mouse, full && aux && (k->ram[0] & CB_IRQ12));
}

/* The output buffer is one byte: a guest that does not read loses the older one. */
static void answer(struct i8042 *k, u8 byte, u8 flags)
{
	k->data = byte;
	k->status = (k->status & STATUS_COMMAND) | STATUS_OBF | flags;
}

/* The next byte from the keyboard, in set 1 if the command byte wants that; -1 if none. */
static int from_keyboard(struct i8042 *k)
{
	bool translate = k->ram[0] & CB_TRANSLATE;
	int byte = ps2_take(&k->keyboard.out);

	if (byte == BREAK_PREFIX && translate) {
		k->released = true;
		byte = ps2_take(&k->keyboard.out);
	}
	if (byte < 0 || !translate)
		return byte;
	byte = ps2_translate((u8)byte) | (k->released ? BREAK_BIT : 0);
	k->released = false;
	return byte;
}

/* Fills the output buffer if it is empty and somebody has something to say. */
static void pump(struct i8042 *k)
{
	int byte = -1;

	if (k->status & STATUS_OBF)
		return;
	if (!(k->ram[0] & CB_NO_KBD))
		byte = from_keyboard(k);
	if (byte >= 0) {
		answer(k, (u8)byte, 0);
		return;
	}
	if (!(k->ram[0] & CB_NO_AUX))
		byte = ps2_take(&k->mouse.out);
	if (byte >= 0)
		answer(k, (u8)byte, STATUS_AUX);
}

static void pulse_reset(struct i8042 *k)
{
	if (k->pulse)
		k->pulse(k->ctx);
}

static void set_bit(u8 *byte, u8 bit, bool on)
{
	*byte = on ? *byte | bit : *byte & ~bit;
}

static void command(struct i8042 *k, u8 val)
{
	k->argument_of = 0;
	if (val >= READ_RAM && val < READ_RAM + sizeof(k->ram)) {
		answer(k, k->ram[val - READ_RAM], 0);
		return;
	}
	if (val >= WRITE_RAM && val < WRITE_RAM + sizeof(k->ram)) {
		k->argument_of = val;
		return;
	}
	if (val >= PULSE) {
		if (!(val & PORT_RUN))
			pulse_reset(k);
		return;
	}
	switch (val) {
	case DISABLE_AUX:
	case ENABLE_AUX:
		set_bit(&k->ram[0], CB_NO_AUX, val == DISABLE_AUX);
		break;
	case DISABLE_KBD:
	case ENABLE_KBD:
		set_bit(&k->ram[0], CB_NO_KBD, val == DISABLE_KBD);
		break;
	case DISABLE_A20:
	case ENABLE_A20:
		set_bit(&k->output_port, PORT_A20, val == ENABLE_A20);
		break;
	case SELF_TEST:
		k->ram[0] |= CB_SYS;
		answer(k, SELF_TEST_OK, 0);
		break;
	case TEST_KBD:
	case TEST_AUX:
	case READ_TEST_INPUTS:
		answer(k, 0, 0);
		break;
	case READ_INPUT_PORT:
		answer(k, INPUT_UNLOCKED, 0);
		break;
	case READ_OUTPUT_PORT:
		answer(k, k->output_port | (k->status & STATUS_OBF ? PORT_OBF : 0), 0);
		break;
	case WRITE_OUTPUT_PORT:
	case ECHO_KBD:
	case ECHO_AUX:
	case WRITE_AUX:
		k->argument_of = val;
		break;
	default:
		break;
	}
}

static void argument(struct i8042 *k, u8 val)
{
	u8 of = k->argument_of;

	k->argument_of = 0;
	switch (of) {
	case WRITE_OUTPUT_PORT:
		k->output_port = (val & ~PORT_OBF) | PORT_RUN;
		if (!(val & PORT_RUN))
			pulse_reset(k);
		break;
	case ECHO_KBD:
		answer(k, val, 0);
		break;
	case ECHO_AUX:
		answer(k, val, STATUS_AUX);
		break;
	case WRITE_AUX:
		k->ram[0] &= ~CB_NO_AUX;
		ps2_mouse_write(&k->mouse, val);
		break;
	default:
		k->ram[of - WRITE_RAM] = val;
	}
}

/* A byte for the keyboard also switches its interface on. */
static void to_keyboard(struct i8042 *k, u8 val)
{
	k->ram[0] &= ~CB_NO_KBD;
	ps2_keyboard_write(&k->keyboard, val);
}

static u8 read8(struct device *d, u64 off)
{
	struct i8042 *k = i8042_of(d);
	u8 val;

	if (off == OFF_CONTROL)
		return k->status | STATUS_UNLOCK | (k->ram[0] & CB_SYS ? STATUS_SYS : 0);
	if (off != OFF_DATA)
		return 0xff;
	val = k->data;
	k->status &= STATUS_COMMAND;
	update(k);
	/* The line fell: the next byte is an edge of its own. */
	pump(k);
	update(k);
	return val;
}

static void write8(struct device *d, u64 off, u8 val)
{
	struct i8042 *k = i8042_of(d);

	if (off == OFF_CONTROL) {
		k->status |= STATUS_COMMAND;
		command(k, val);
	} else if (off == OFF_DATA) {
		k->status &= ~STATUS_COMMAND;
		if (k->argument_of)
			argument(k, val);
		else
			to_keyboard(k, val);
	}
	pump(k);
	update(k);
}

void i8042_key(struct i8042 *k, u16 key, bool down)
{
	ps2_keyboard_key(&k->keyboard, key, down);
	pump(k);
	update(k);
}

void i8042_mouse(struct i8042 *k, s32 dx, s32 dy, u8 buttons)
{
	ps2_mouse_move(&k->mouse, dx, dy, buttons);
	pump(k);
	update(k);
}

static u64 i8042_read(struct device *d, u64 off, unsigned width)
{
	return device_read_bytes(d, off, width, read8);
}

static void i8042_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, write8);
}

static void power_on(struct i8042 *k)
{
	for (unsigned i = 0; i < sizeof(k->ram); i++)
		k->ram[i] = 0;
	k->ram[0] = CB_DEFAULT;
	k->data = k->status = k->argument_of = 0;
	k->output_port = PORT_DEFAULT;
	k->released = false;
	ps2_keyboard_reset(&k->keyboard);
	ps2_mouse_reset(&k->mouse);
}

static void i8042_reset(struct device *d)
{
	power_on(i8042_of(d));
	update(i8042_of(d));
}

static const struct device_ops ops = {
	.read = i8042_read,
	.write = i8042_write,
	.reset = i8042_reset,
};

void i8042_init(struct i8042 *k, struct spinlock *lock, const struct irq_line irq[2],
		void (*reset)(void *ctx), void *ctx)
{
	*k = (struct i8042){
		.dev = { .name = "i8042", .ops = &ops, .lock = lock },
		.irq_keyboard = irq[0],
		.irq_mouse = irq[1],
		.pulse = reset,
		.ctx = ctx,
	};
	power_on(k);
}
