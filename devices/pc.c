// SPDX-License-Identifier: BSD-2-Clause
#include <devices/pc.h>

#include "pc_board.h"

#include <arch/x86_64/defs/msr.h>
#include <core/service/mem.h>
#include <core/service/time.h>
#include <lib/assert.h>

static size_t board_size(const struct vm *vm)
{
	return sizeof(struct board) + vm->vcpu_count * sizeof(struct board_vcpu);
}

static void lapic_eoi_broadcast(void *ctx, u8 vector)
{
	struct board *b = ctx;

	spin_lock(&b->vm->lock);
	ioapic_eoi(&b->ioapic, vector);
	spin_unlock(&b->vm->lock);
}

/* Where the vCPU runs, it is not in the guest now, and has the look that follows before it. */
static void lapic_kick(void *ctx, bool signal)
{
	struct vcpu *v = ctx;

	if (!run_is_here(&v->run))
		vcpu_notify(v);
	else if (signal)
		vcpu_attend(v);
	else
		vcpu_attend_events(v);
}

static u64 lapic_tsc_to_time(void *ctx, u64 tsc)
{
	const struct vcpu *v = ctx;
	u64 now = time_now(), tsc_now = vcpu_tsc_at(v, now), left;

	if (tsc <= tsc_now)
		return 0;
	left = tsc_to_host(&v->vm->tsc, tsc - tsc_now);
	if (left > 1ull << 62)
		return TIME_NEVER;
	return time_from_tsc(time_to_tsc(now) + left) + 1;
}

static bool lapic_x2apic(void *ctx, bool on)
{
	struct vcpu *v = ctx;

	vcpu_set_x2apic(v, on);
	return v->apic_by_cpu;
}

static const struct lapic_client lapic_client = {
	.kick = lapic_kick,
	.tsc_to_time = lapic_tsc_to_time,
	.x2apic = lapic_x2apic,
};

/* --- Building ----------------------------------------------------------------------------------------------- */

static void init_lapic(struct board *b, struct vcpu *v)
{
	const struct lapic_setup setup = {
		.id = v->id,
		.bus = &b->lapics,
		.page = v->apic,
		.client = &lapic_client,
		.ctx = v,
	};

	v->board = &b->vcpu[v->id];
	lapic_init(&v->board->lapic, &setup);
}

static enum status pc_build(struct vm *vm)
{
	struct board *b = mem_alloc(board_size(vm));
	enum status st;

	if (!b)
		return E_NOMEM;
	b->vm = vm;
	vm->board = b;
	st = pc_qemu_build(&b->qemu, vm, (struct irq_line){ pc_irq, b, 0 });
	if (st)
		goto free_board;
	b->com.port = console_port_open(vm->name);
	if (!b->com.port) {
		st = E_FULL;
		goto fini_qemu;
	}
	b->lapics.eoi = lapic_eoi_broadcast;
	b->lapics.ctx = b;
	pc_devices_init(b);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		init_lapic(b, vm->vcpu[i]);
	pc_devices_place(b);
	console_port_on_input(b->com.port, b->com.be.on_input, b->com.be.on_input_ctx);
	return OK;

fini_qemu:
	pc_qemu_fini(&b->qemu);
free_board:
	mem_free(b, board_size(vm));
	vm->board = NULL;
	return st;
}

static void pc_reset(struct vm *vm)
{
	struct board *b = vm->board;

	spin_lock(&vm->lock);
	pc_devices_reset(b);
	pc_qemu_reset(&b->qemu);
	spin_unlock(&vm->lock);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		lapic_reset(&b->vcpu[i].lapic, false);
	/* As firmware leaves it: the 8259 reaches the bootstrap processor. */
	lapic_virtual_wire(&b->vcpu[0].lapic);
}

/* Timers and input may still call in from other pCPUs: after a reset they find nothing to set, and are waited for. */
static void pc_fini(struct vm *vm)
{
	struct board *b = vm->board;

	console_port_on_input(b->com.port, NULL, NULL);
	pc_reset(vm);
	pc_devices_drain(b);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		timer_drain(&b->vcpu[i].lapic.timer);
	pc_qemu_fini(&b->qemu);
	mem_free(b, board_size(vm));
	vm->board = NULL;
}

void pc_key(struct vm *vm, u16 key, bool down)
{
	spin_lock(&vm->lock);
	i8042_key(&vm->board->i8042, key, down);
	spin_unlock(&vm->lock);
}

/* --- A vCPU's view --------------------------------------------------------------------------------------- */

static struct lapic *lapic_of(struct vcpu *v)
{
	return &v->board->lapic;
}

/* What the vCPU does to its own LAPIC kicks nobody, but may make an interrupt deliverable. */
static struct lapic *own_lapic(struct vcpu *v)
{
	vcpu_attend(v);
	return lapic_of(v);
}

static bool reaches(struct vcpu *v)
{
	return (!v->id && lapic_takes_extint(lapic_of(v))) || lapic_extint_came(lapic_of(v));
}

static bool extint(struct vcpu *v)
{
	return pic_intr(&v->vm->board->pic) && reaches(v);
}

/* What the LAPIC has for the CPU to be given; called even if the CPU fetches it, as it brings the page up to date. */
static int lapic_vector(struct vcpu *v)
{
	int vector = lapic_pending(lapic_of(v));

	return v->apic_by_cpu ? -1 : vector;
}

static bool pc_irq_ready(struct vcpu *v)
{
	int vector = lapic_vector(v);

	return vector >= 0 || extint(v);
}

/* The 8259's request may go away until the lock is held: another vCPU masks its line. */
static int take_extint(struct vcpu *v)
{
	struct pic *pic = &v->vm->board->pic;
	int vector = -1;

	spin_lock(&v->vm->lock);
	lapic_extint_done(lapic_of(v));
	if (pic_intr(pic))
		vector = pic_ack(pic);
	spin_unlock(&v->vm->lock);
	return vector;
}

/* Behind the highest that a LAPIC has, no other is ready before an EOI. */
static inline int take_lapic(struct vcpu *v)
{
	return v->apic_by_cpu ? lapic_vector(v) : lapic_take(lapic_of(v));
}

static rare int take_any(struct vcpu *v)
{
	int vector = reaches(v) ? take_extint(v) : -1;

	return vector >= 0 ? vector | IRQ_MORE : take_lapic(v);
}

static int pc_irq_take(struct vcpu *v)
{
	return pic_intr(&v->vm->board->pic) ? take_any(v) : take_lapic(v);
}

static bool pc_irq_held(struct vcpu *v)
{
	return !v->apic_by_cpu && lapic_held(lapic_of(v));
}

static bool pc_has_work(struct vcpu *v, bool interrupts_on)
{
	return (interrupts_on && extint(v)) || lapic_has_work(lapic_of(v), interrupts_on);
}

static void pc_vcpu_init(struct vcpu *v)
{
	lapic_reset(own_lapic(v), true);
}

static void pc_tsc_moved(struct vcpu *v)
{
	lapic_tsc_moved(own_lapic(v));
}

static u32 pc_take_signals(struct vcpu *v, u8 *sipi_vector)
{
	return lapic_take_signals(lapic_of(v), sipi_vector);
}

static void pc_set_cr8(struct vcpu *v, u8 cr8)
{
	lapic_set_cr8(lapic_of(v), cr8);
}

static bool pc_msr_read(struct vcpu *v, u32 msr, u64 *val)
{
	/* That the APIC base is read is no event: CPUID does it too. */
	return lapic_msr_read(msr == MSR_APIC_BASE ? lapic_of(v) : own_lapic(v), msr, val);
}

static bool pc_msr_write(struct vcpu *v, u32 msr, u64 val)
{
	return lapic_msr_write(own_lapic(v), msr, val);
}

static bool pc_lapic_page(struct vcpu *v, u64 gpa)
{
	return gpa >> PAGE_SHIFT == LAPIC_BASE_DEFAULT >> PAGE_SHIFT && lapic_has_page(lapic_of(v));
}

static u64 pc_lapic_read(struct vcpu *v, u32 off, unsigned width)
{
	return lapic_mmio_read(own_lapic(v), off, width);
}

static void pc_lapic_write(struct vcpu *v, u32 off, unsigned width, u64 val)
{
	lapic_mmio_write(own_lapic(v), off, width, val);
}

static void pc_apic_written(struct vcpu *v, u32 reg, u8 vector)
{
	lapic_written(own_lapic(v), reg, vector);
}

const struct board_ops pc_board = {
	.build = pc_build,
	.fini = pc_fini,
	.reset = pc_reset,
	.vcpu_init = pc_vcpu_init,
	.tsc_moved = pc_tsc_moved,
	.irq_ready = pc_irq_ready,
	.irq_held = pc_irq_held,
	.irq_take = pc_irq_take,
	.take_signals = pc_take_signals,
	.set_cr8 = pc_set_cr8,
	.msr_read = pc_msr_read,
	.msr_write = pc_msr_write,
	.lapic_page = pc_lapic_page,
	.lapic_read = pc_lapic_read,
	.lapic_write = pc_lapic_write,
	.apic_written = pc_apic_written,
	.has_work = pc_has_work,
};
