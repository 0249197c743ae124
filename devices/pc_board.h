// SPDX-License-Identifier: BSD-2-Clause
/*
 * Inside the board: its parts, for pc.c (how it is built, and what a vCPU sees of it) and
 * pc_devices.c (which device sits where, and where its pins lead). Nobody else includes it.
 */
#pragma once

#include <core/service/console.h>
#include <devices/debugport.h>
#include <devices/hpet.h>
#include <devices/i8042.h>
#include <devices/ioapic.h>
#include <devices/lapic.h>
#include <devices/pc_qemu.h>
#include <devices/pci.h>
#include <devices/pic.h>
#include <devices/pit.h>
#include <devices/pm.h>
#include <devices/reset.h>
#include <devices/rtc.h>
#include <devices/uart.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

/* COM1's other end: the guest's place on the operator's console. */
struct com_backend {
	struct char_backend be;
	struct console_port *port;
};

struct board_vcpu {
	struct lapic lapic;
};

struct board {
	struct vm *vm;
	struct lapic_bus lapics;
	struct com_backend com;
	struct uart com1;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct hpet hpet;
	struct i8042 i8042;
	struct pm pm;
	struct pci pci;
	struct reset reset;
	struct debugport debugport;
	struct ioapic ioapic;
	struct pc_qemu qemu;
	struct board_vcpu vcpu[];
};

/* An ISA interrupt, or from 16 on an IOAPIC pin; `ctx` is the board. With the device lock held. */
void pc_irq(void *ctx, unsigned irq, bool level);
/* Initialises all devices but the LAPICs, and connects their pins. */
void pc_devices_init(struct board *b);
/* Puts them on the VM's buses. */
void pc_devices_place(struct board *b);
/* With the device lock held. */
void pc_devices_reset(struct board *b);
/* Waits for timers that are still calling in. After a reset, without the lock. */
void pc_devices_drain(struct board *b);
