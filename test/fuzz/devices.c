// SPDX-License-Identifier: BSD-2-Clause
/*
 * The whole board by what guests can do to it: every port and MMIO window in every width, the
 * LAPICs of two vCPUs by page, MSR and CR8, interrupts taken, keys typed, time passing, resets. The
 * clock is the unit tests'; what is below the board (vCPUs, VM, console, memory) is made up here.
 */
#include "fuzz.h"

#include <core/service/console.h>
#include <core/service/mem.h>
#include <devices/pc.h>
#include <devices/testdev.h>
#include <vm/apic_page.h>
#include <lib/bits.h>
#include <test/host/fake_time.h>
#include <vm/apic_page.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define VCPUS        2
#define OPS_MAX      2000
#define EXPIRIES_MAX 20000
#define LAPIC_PAGE   0xfee00000ull

static struct vm vm;
static struct vcpu vcpus[VCPUS];
static struct apic_page pages[VCPUS];
static struct input in;
static unsigned ended, expiries;

/* --- What the board needs
 * -------------------------------------------------------------------------- */

struct console_port {
	void (*on_input)(void *ctx);
	void *ctx;
	u8 typed[16];
	unsigned count;
};

static struct console_port port;

struct console_port *console_port_open(const char *name)
{
	return &port;
}

void console_port_on_input(struct console_port *p, void (*fn)(void *ctx), void *ctx)
{
	p->on_input = fn;
	p->ctx = ctx;
}

void console_port_put(struct console_port *p, u8 byte)
{
}

int console_port_get(struct console_port *p)
{
	return p->count ? p->typed[--p->count] : -1;
}

void vcpu_notify(struct vcpu *v)
{
}

void vcpu_set_x2apic(struct vcpu *v, bool on)
{
}

u64 vcpu_tsc_at(const struct vcpu *v, u64 now)
{
	return time_to_tsc(now);
}

void vm_guest_reset(struct vm *v, const char *how)
{
	fuzz_check(how && *how);
	ended++;
}

void vm_guest_poweroff(struct vm *v)
{
	ended++;
}

void vm_guest_exit(struct vm *v, u32 code)
{
	ended++;
}

/* --- What a guest does
 * ----------------------------------------------------------------------------- */

static unsigned take_width(unsigned max)
{
	return min_u64(1u << (take(&in, 1) & 3), max);
}

/* In or next to a device's window, or anywhere. */
static u64 take_address(const struct bus *b)
{
	u8 window = (u8)take(&in, 1);
	u64 offset = take(&in, 2);
	const struct bus_window *w = &b->win[window % b->count];

	if (window == 0xff)
		return take(&in, 8);
	return w->base + (window & 0x80 ? offset : offset % (w->len + 1));
}

static void access_bus(const struct bus *b, unsigned max_width, u64 mask)
{
	bool write = take(&in, 1) & 1;
	unsigned width = take_width(max_width);
	u64 addr = take_address(b) & mask;

	if (write)
		bus_write(b, addr, width, take(&in, width));
	else
		fuzz_check(!(bus_read(b, addr, width) & ~width_mask(width)));
}

static void access_lapic(struct vcpu *v)
{
	u8 what = (u8)take(&in, 1);
	u32 off = (u32)take(&in, 2) & 0xfff;
	unsigned width = take_width(8);
	u64 val;

	if (!(what & 4))
		off &= 0xff0;
	if (what & 2) {
		u32 msr = what & 8 ? 0x1b : what & 16 ? 0x6e0 : 0x800 + (off >> 4);

		if (what & 1)
			(void)pc_board.msr_write(v, msr, take(&in, 8));
		else
			(void)pc_board.msr_read(v, msr, &val);
	} else if (pc_board.lapic_page(v, LAPIC_PAGE + off)) {
		if (what & 1)
			pc_board.lapic_write(v, off, width, take(&in, width));
		else
			fuzz_check(!(pc_board.lapic_read(v, off, width) & ~width_mask(width)));
	}
}

static void run_vcpu(struct vcpu *v)
{
	u8 what = (u8)take(&in, 1), vector;
	u32 signals = pc_board.take_signals(v, &vector);

	if (signals & SIGNAL_INIT)
		pc_board.vcpu_init(v);
	if (what & 1)
		pc_board.set_cr8(v, what >> 4);
	fuzz_check(apic_page_cr8(v->apic) < 16);
	if (what & 2)
		pc_board.tsc_moved(v);
	(void)pc_board.has_work(v, what & 4);
	/* Who is told that there is an interrupt gets one, or nothing, but always a vector. */
	for (unsigned i = 0; i < 3 && pc_board.irq_ready(v); i++) {
		int irq = pc_board.irq_take(v);

		fuzz_check(irq >= -1 && (irq & ~IRQ_MORE) < 256);
	}
}

static void type_key(u8 key)
{
	pc_key(&vm, (key & 0x40 ? 0xe000 : 0) | (key & 0x3f), key & 0x80);
	port.typed[port.count++ % ARRAY_LEN(port.typed)] = key;
	port.count = (unsigned)min_u64(port.count, ARRAY_LEN(port.typed));
	if (port.on_input)
		port.on_input(port.ctx);
}

/* As far as it goes with so many timers expired: else a fast timer and a long time take for ever.
 */
static void pass_time(u64 ns)
{
	while (ns && expiries) {
		u64 now = time_now(), next = fake_time_next();
		u64 step = next > now ? min_u64(ns, next - now) : 1;

		fake_time_advance(step);
		ns -= step;
		expiries--;
	}
}

static void one_op(void)
{
	u8 op = (u8)take(&in, 1);
	struct vcpu *v = &vcpus[op >> 7];
	u64 ns;

	switch (op & 0xf) {
	case 0 ... 6:
		access_bus(&vm.ports, 4, 0xffff);
		break;
	case 7 ... 9:
		access_bus(&vm.mmio, 8, ~0ull);
		break;
	case 10 ... 11:
		access_lapic(v);
		break;
	case 12:
		ns = take(&in, 1);
		pass_time(ns << (take(&in, 1) & 31));
		break;
	case 13:
		run_vcpu(v);
		break;
	case 14:
		type_key((u8)take(&in, 1));
		break;
	case 15:
		if (op & 0x10)
			pc_board.reset(&vm);
		break;
	}
	fuzz_check(!spin_held(&vm.lock));
}

static void build(void)
{
	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(pages, 0, sizeof(pages));
	memset(&port, 0, sizeof(port));
	fake_time_reset();
	strcpy(vm.name, "fuzz");
	vm.gmem = (struct gmem){ .ram = { { 0, 64 * MIB } }, .count = 1 };
	vm.recipe = (struct vm_recipe){ .testdev = true, .hpet = true, .cmdline = "a=b" };
	vm.ops = &pc_board;
	vm.vcpu_count = VCPUS;
	spin_init(&vm.lock);
	for (u32 i = 0; i < VCPUS; i++) {
		vcpus[i].vm = &vm;
		vcpus[i].id = i;
		vcpus[i].apic = &pages[i];
		vm.vcpu[i] = &vcpus[i];
	}
	fuzz_check(!pc_board.build(&vm));
	pc_board.reset(&vm);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	in = (struct input){ data, len };
	build();
	expiries = EXPIRIES_MAX;
	for (unsigned i = 0; i < OPS_MAX && in.left; i++)
		one_op();
	/* Its timers must not outlive it. */
	pc_board.fini(&vm);
	fuzz_check(fake_time_next() == TIME_NEVER);
	return 0;
}
