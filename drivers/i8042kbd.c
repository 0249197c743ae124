// SPDX-License-Identifier: BSD-2-Clause
#include "i8042kbd.h"

#include <arch/x86_64/cpu.h>
#include <lib/bits.h>

/* Intel 8042, as the PC AT's keyboard controller. */
#define PORT_DATA    0x60
#define PORT_COMMAND 0x64 /* read: status */

#define STATUS_OUTPUT BIT(0) /* a byte for us */
#define STATUS_INPUT  BIT(1) /* our last byte was not taken yet */
#define STATUS_AUX    BIT(5) /* the byte is the mouse's */
#define STATUS_ABSENT 0xFF

#define CMD_READ_CONFIG  0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_AUX_OFF      0xA7
#define CMD_KBD_OFF      0xAD
#define CMD_KBD_ON       0xAE
#define KBD_SCAN         0xF4

#define CONFIG_IRQS      (BIT(0) | BIT(1))
#define CONFIG_KBD_OFF   BIT(4)
#define CONFIG_TRANSLATE BIT(6) /* to set 1 */

#define WAIT_READS 20000 /* of about 1 us */
#define FLUSH_MAX  64

static bool wait_for(u8 mask, u8 val)
{
	for (u32 i = 0; i < WAIT_READS; i++) {
		if ((inb(PORT_COMMAND) & mask) == val)
			return true;
		cpu_pause();
	}
	return false;
}

static bool send(u16 port, u8 byte)
{
	if (!wait_for(STATUS_INPUT, 0))
		return false;
	outb(port, byte);
	return true;
}

static void flush(void)
{
	for (u32 i = 0; i < FLUSH_MAX && (inb(PORT_COMMAND) & STATUS_OUTPUT); i++)
		inb(PORT_DATA);
}

static int get(struct console_sink *s)
{
	struct i8042kbd *k = container_of(s, struct i8042kbd, sink);

	while (!k->text[k->next]) {
		u8 status = inb(PORT_COMMAND), byte;

		if (status == STATUS_ABSENT || !(status & STATUS_OUTPUT))
			return -1;
		byte = inb(PORT_DATA);
		k->next = 0;
		if (!(status & STATUS_AUX))
			scancode_next(&k->keys, byte, k->text);
	}
	return (u8)k->text[k->next++];
}

bool i8042kbd_init(struct i8042kbd *k)
{
	u8 config;

	*k = (struct i8042kbd){ .sink = { .get = get } };
	if (inb(PORT_COMMAND) == STATUS_ABSENT)
		return false;
	if (!send(PORT_COMMAND, CMD_KBD_OFF) || !send(PORT_COMMAND, CMD_AUX_OFF))
		return false;
	flush();
	if (!send(PORT_COMMAND, CMD_READ_CONFIG) || !wait_for(STATUS_OUTPUT, STATUS_OUTPUT))
		return false;
	config = inb(PORT_DATA);
	config &= (u8) ~(CONFIG_IRQS | CONFIG_KBD_OFF);
	config |= CONFIG_TRANSLATE;
	if (!send(PORT_COMMAND, CMD_WRITE_CONFIG) || !send(PORT_DATA, config) ||
	    !send(PORT_COMMAND, CMD_KBD_ON))
		return false;
	/* Its answer, FAh, is no key. */
	return send(PORT_DATA, KBD_SCAN);
}
