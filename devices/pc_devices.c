// SPDX-License-Identifier: BSD-2-Clause
/*
 * The devices of the board: where they sit, and where their pins lead.
 */
#include "pc_board.h"

#include <core/service/time.h>
#include <lib/assert.h>

#define PM_BASE	      0x600
#define MMCONFIG_BASE 0xb0000000ull
#define ISA_IRQS      16

enum {
	IRQ_TIMER = 0,
	IRQ_KEYBOARD = 1,
	IRQ_COM1 = 4,
	IRQ_SCI = 9,
	IRQ_MOUSE = 12,
};

/* --- Lines ----------------------------------------------------------------------------- */

/* An ISA interrupt reaches both controllers; the timer sits at pin 2 of the IOAPIC. Numbers from 16
 * on are the IOAPIC's alone. */
void pc_irq(void *ctx, unsigned irq, bool level)
{
	struct board *b = ctx;

	if (irq < ISA_IRQS)
		pic_set_irq(&b->pic, irq, level);
	ioapic_set_irq(&b->ioapic, irq == IRQ_TIMER ? 2 : irq, level);
}

/* INTR of the 8259 is wired to LINT0 of the bootstrap processor, and to pin 0 of the IOAPIC. */
static void pic_output(void *ctx, unsigned pin, bool level)
{
	struct board *b = ctx;

	ioapic_set_irq(&b->ioapic, 0, level);
	if (level)
		vcpu_notify(b->vm->vcpu[0]);
}

static void ioapic_send(void *ctx, const struct apic_msg *msg)
{
	struct board *b = ctx;

	lapic_bus_send(&b->lapics, msg);
}

/* Timer and RTC interrupt by way of the HPET, which may take their places. */
static void hpet_irq(void *ctx, unsigned input, bool level)
{
	struct board *b = ctx;

	hpet_input(&b->hpet, input, level);
}

static void com_put(struct char_backend *be, u8 byte)
{
	console_port_put(container_of(be, struct com_backend, be)->port, byte);
}

static int com_get(struct char_backend *be)
{
	return console_port_get(container_of(be, struct com_backend, be)->port);
}

static void guest_reset(void *ctx)
{
	struct board *b = ctx;

	vm_guest_reset(b->vm, "reset line");
}

static void guest_poweroff(void *ctx)
{
	struct board *b = ctx;

	vm_guest_poweroff(b->vm);
}

/* --- The board ------------------------------------------------------------------------- */

void pc_devices_init(struct board *b)
{
	struct spinlock *lock = &b->vm->lock;
	const struct irq_line ps2[] = { { pc_irq, b, IRQ_KEYBOARD }, { pc_irq, b, IRQ_MOUSE } };
	u64 below = 0, above = 0;

	pic_init(&b->pic, lock, (struct irq_line){ pic_output, b, 0 });
	ioapic_init(&b->ioapic, lock, ioapic_send, b);
	hpet_init(&b->hpet, lock, (struct irq_line){ pc_irq, b, 0 });
	pit_init(&b->pit, lock, (struct irq_line){ hpet_irq, b, HPET_FROM_PIT });
	rtc_init(&b->rtc, lock, (struct irq_line){ hpet_irq, b, HPET_FROM_RTC });
	i8042_init(&b->i8042, lock, ps2, guest_reset, b);
	pm_init(&b->pm, lock, (struct irq_line){ pc_irq, b, IRQ_SCI }, guest_poweroff, b);
	pci_init(&b->pci, lock);
	reset_init(&b->reset, lock, guest_reset, b);
	debugport_init(&b->debugport, lock, NULL);
	b->com.be = (struct char_backend){ .put = com_put, .get = com_get };
	uart_init(&b->com1, lock, &b->com.be, (struct irq_line){ pc_irq, b, IRQ_COM1 });
	b->pci.cf9 = &b->reset.dev;
	for (u32 i = 0; i < b->vm->gmem.count; i++)
		*(b->vm->gmem.ram[i].base < 4 * GIB ? &below : &above) += b->vm->gmem.ram[i].len;
	cmos_fill(b->rtc.cmos, below, above);
}

void pc_devices_place(struct board *b)
{
	struct bus *const ports = &b->vm->ports, *const mmio = &b->vm->mmio;
	const struct {
		struct bus *bus;
		u64 base, len, origin;
		struct device *dev;
	} map[] = {
		{ ports, 0x20, 2, 0, &b->pic.dev },
		{ ports, 0x40, 4, 0x40, &b->pit.dev },
		{ ports, 0x60, 1, 0x60, &b->i8042.dev },
		{ ports, 0x61, 1, 0x40, &b->pit.dev },
		{ ports, 0x64, 1, 0x60, &b->i8042.dev },
		{ ports, 0x70, 2, 0x70, &b->rtc.dev },
		{ ports, 0x92, 1, 0x92, &b->reset.port92 },
		{ ports, 0xa0, 2, 0, &b->pic.dev },
		{ ports, 0xb2, 2, 0xb2, &b->pm.smi },
		{ ports, DEBUGPORT, 1, DEBUGPORT, &b->debugport.dev },
		{ ports, 0x3f8, 8, 0x3f8, &b->com1.dev },
		{ ports, 0x4d0, 2, 0, &b->pic.dev },
		{ ports, PM_BASE, 0x24, PM_BASE, &b->pm.dev },
		{ ports, 0xcf8, 8, 0xcf8, &b->pci.ports },
		{ mmio, IOAPIC_BASE, IOAPIC_LEN, IOAPIC_BASE, &b->ioapic.dev },
		{ mmio, MMCONFIG_BASE, PCI_MMCONFIG_PER_BUS, MMCONFIG_BASE, &b->pci.mmconfig },
		{ mmio, HPET_BASE, HPET_LEN, HPET_BASE, &b->hpet.dev },
	};

	for (size_t i = 0; i < ARRAY_LEN(map); i++) {
		enum status st = OK;

		if (map[i].dev != &b->hpet.dev || b->vm->recipe.hpet)
			st = bus_add(map[i].bus, map[i].base, map[i].len, map[i].origin,
				     map[i].dev);
		check(!st); /* the table has no overlaps and fits */
	}
}

void pc_devices_reset(struct board *b)
{
	struct device *const all[] = {
		&b->com1.dev,  &b->pic.dev,   &b->pit.dev,       &b->rtc.dev,
		&b->i8042.dev, &b->pm.dev,    &b->pm.smi,        &b->pci.ports,
		&b->hpet.dev,  &b->reset.dev, &b->pci.mmconfig,  &b->debugport.dev,
		&b->ioapic.dev, &b->reset.port92,
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		all[i]->ops->reset(all[i]);
}

void pc_devices_drain(struct board *b)
{
	timer_drain(&b->pit.timer.timer);
	timer_drain(&b->rtc.timer.timer);
	timer_drain(&b->hpet.timer.timer);
	timer_drain(&b->pm.timer.timer);
}
