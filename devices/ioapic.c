// SPDX-License-Identifier: BSD-2-Clause
#include "ioapic.h"

#include <lib/bits.h>

/* Offsets in the page. */
#define IOREGSEL 0x00
#define IOWIN    0x10
#define IOEOI    0x40

/* Registers behind the window. */
#define REG_ID    0x00
#define REG_VER   0x01
#define REG_ARB   0x02
#define REG_ENTRY 0x10

#define ID_FIELD BITS(27, 24)
#define VERSION  (0x20u | (IOAPIC_PINS - 1) << 16)

/* 82093AA data sheet, "I/O Redirection Table Registers". */
#define ENTRY_VECTOR     BITS(7, 0)
#define ENTRY_DELIVERY   BITS(10, 8)
#define ENTRY_LOGICAL    BIT(11)
#define ENTRY_BUSY       BIT(12)
#define ENTRY_REMOTE_IRR BIT(14)
#define ENTRY_LEVEL      BIT(15)
#define ENTRY_MASKED     BIT(16)
#define ENTRY_DEST       BITS(63, 56)

/* Delivery status (always idle: sending takes no time) and Remote IRR are read-only. */
#define ENTRY_WRITABLE (ENTRY_DEST | (BITS(16, 0) & ~(ENTRY_BUSY | ENTRY_REMOTE_IRR)))

/* NMI, INIT, SMI and ExtINT are edges whatever the trigger mode says: no EOI comes for them. */
static bool is_level(u64 entry)
{
	u64 delivery = FIELD_GET(ENTRY_DELIVERY, entry);

	return (entry & ENTRY_LEVEL) && (delivery == APIC_FIXED || delivery == APIC_LOWEST);
}

static void fire(struct ioapic *io, unsigned pin)
{
	const u64 entry = io->entry[pin];
	const struct apic_msg msg = {
		.dest = (u32)FIELD_GET(ENTRY_DEST, entry),
		.logical = entry & ENTRY_LOGICAL,
		.level = is_level(entry),
		.delivery = (enum apic_delivery)FIELD_GET(ENTRY_DELIVERY, entry),
		.vector = (u8)FIELD_GET(ENTRY_VECTOR, entry),
	};

	if (msg.level)
		io->entry[pin] |= ENTRY_REMOTE_IRR;
	io->send(io->ctx, &msg);
}

/* Sends a level interrupt if it is due. */
static void serve_level(struct ioapic *io, unsigned pin)
{
	const u64 entry = io->entry[pin];

	if (is_level(entry) && (io->asserted & BIT(pin)) &&
	    !(entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
		fire(io, pin);
}

void ioapic_set_irq(struct ioapic *io, unsigned pin, bool level)
{
	bool rises;

	if (pin >= IOAPIC_PINS)
		return;
	rises = level && !(io->asserted & BIT(pin));
	if (level)
		io->asserted |= (u32)BIT(pin);
	else
		io->asserted &= (u32)~BIT(pin);
	if (is_level(io->entry[pin]))
		serve_level(io, pin);
	else if (rises && !(io->entry[pin] & ENTRY_MASKED))
		fire(io, pin); /* an edge at a masked pin is lost, says the data sheet */
}

void ioapic_eoi(struct ioapic *io, u8 vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		const u64 entry = io->entry[pin];

		if (!(entry & ENTRY_REMOTE_IRR) || FIELD_GET(ENTRY_VECTOR, entry) != vector)
			continue;
		io->entry[pin] &= ~ENTRY_REMOTE_IRR;
		serve_level(io, pin);
	}
}

static u32 read_reg(const struct ioapic *io, u32 reg)
{
	u64 entry;

	switch (reg) {
	case REG_ID:
	case REG_ARB:
		return io->id;
	case REG_VER:
		return VERSION;
	default:
		break;
	}
	if (reg < REG_ENTRY || reg >= REG_ENTRY + 2 * IOAPIC_PINS)
		return 0;
	entry = io->entry[(reg - REG_ENTRY) / 2];
	return (u32)(reg & 1 ? entry >> 32 : entry);
}

static void write_entry(struct ioapic *io, unsigned pin, bool high, u32 val)
{
	u64 entry = io->entry[pin];
	u64 now = high ? (entry & BITS(31, 0)) | (u64)val << 32 : (entry & BITS(63, 32)) | val;

	entry = (now & ENTRY_WRITABLE) | (entry & ENTRY_REMOTE_IRR);
	/* Software without the EOI register clears Remote IRR by a turn to edge and back. */
	if (!is_level(entry))
		entry &= ~ENTRY_REMOTE_IRR;
	io->entry[pin] = entry;
	serve_level(io, pin);
}

static void write_reg(struct ioapic *io, u32 reg, u32 val)
{
	if (reg == REG_ID)
		io->id = val & (u32)ID_FIELD;
	else if (reg >= REG_ENTRY && reg < REG_ENTRY + 2 * IOAPIC_PINS)
		write_entry(io, (reg - REG_ENTRY) / 2, reg & 1, val);
}

static u64 ioapic_read(struct device *d, u64 off, unsigned width)
{
	const struct ioapic *io = container_of(d, struct ioapic, dev);

	switch (off) {
	case IOREGSEL:
		return io->select;
	case IOWIN:
		return read_reg(io, io->select);
	default:
		return 0;
	}
}

static void ioapic_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct ioapic *io = container_of(d, struct ioapic, dev);

	/* IOREGSEL is a byte; the others take 32-bit accesses only. */
	if (off == IOREGSEL)
		io->select = val & 0xff;
	else if (off == IOWIN && width >= 4)
		write_reg(io, io->select, (u32)val);
	else if (off == IOEOI && width >= 4)
		ioapic_eoi(io, (u8)val);
}

/* The wires keep their level: who drives them lowers them in its own reset. */
static void ioapic_reset(struct device *d)
{
	struct ioapic *io = container_of(d, struct ioapic, dev);

	io->id = 0;
	io->select = 0;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		io->entry[pin] = ENTRY_MASKED;
}

static const struct device_ops ops = {
	.read = ioapic_read,
	.write = ioapic_write,
	.reset = ioapic_reset,
};

void ioapic_init(struct ioapic *io, struct spinlock *lock,
		 void (*send)(void *ctx, const struct apic_msg *msg), void *ctx)
{
	*io = (struct ioapic){
		.dev = { .name = "ioapic", .ops = &ops, .lock = lock },
		.send = send,
		.ctx = ctx,
	};
	ioapic_reset(&io->dev);
}
