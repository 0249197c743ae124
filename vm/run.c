// SPDX-License-Identifier: BSD-2-Clause
#include <vm/run.h>

#include <arch/x86_64/defs/regs.h>
#include <core/service/window.h>
#include <lib/assert.h>
#include <vm/apic_page.h>
#include <vm/emulate.h>
#include <vm/steal.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

/* INIT, start-up IPI and NMI that others posted. */
static void take_signals(struct vcpu *v)
{
	u8 vector;
	u32 signals = v->vm->ops->take_signals(v, &vector);

	if (signals & SIGNAL_INIT) {
		vcpu_reset(v, true);
		/* The bootstrap processor restarts at the reset vector, where there is no firmware: it waits too. */
		v->mode = VCPU_WAIT_SIPI;
	}
	if ((signals & SIGNAL_SIPI) && v->mode == VCPU_WAIT_SIPI) {
		vcpu_start_up(v, vector);
		v->mode = VCPU_RUNNING;
	}
	if ((signals & SIGNAL_NMI) && v->mode != VCPU_WAIT_SIPI)
		v->nmi_pending = true;
}

static bool can_interrupt(const struct vcpu *v)
{
	return (v->regs.rflags & RFLAGS_IF) && !v->int_shadow;
}

/* Is there an NMI, and none being handled? */
static bool nmi_ready(const struct vcpu *v)
{
	return v->nmi_pending && !v->nmi_blocked;
}

/* May the vCPU enter the guest, or does it sleep on? */
static bool awake(struct vcpu *v)
{
	if (v->mode == VCPU_RUNNING)
		return true;
	if (v->mode != VCPU_HALTED)
		return false;
	/* A sibling's kick ends a sleep with interrupts off, too: it does not end the next one. */
	if (!atomic_exchange_explicit(&v->pv_kicked, false, memory_order_acquire) && !nmi_ready(v) &&
	    !v->vm->ops->has_work(v, v->regs.rflags & RFLAGS_IF))
		return false;
	v->mode = VCPU_RUNNING;
	return true;
}

/*
 * Chooses what goes into the guest at the next entry. One event at a time; a window is asked for what has to wait. False: nothing
 * waits.
 */
static bool prepare_events(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;
	const struct board_ops *board = v->vm->ops;
	bool waiting, more = true;

	if (!v->event.valid && nmi_ready(v) && !v->int_shadow) {
		v->nmi_pending = false;
		v->event = (struct vcpu_event){ .valid = true, .type = EVENT_NMI, .vector = EXC_NMI };
	}
	if (!v->event.valid && can_interrupt(v)) {
		int got = board->irq_take(v);

		more = got < 0 || (got & IRQ_MORE);
		if (got >= 0)
			v->event = (struct vcpu_event){ .valid = true, .type = EVENT_INTR, .vector = (u8)got };
	}
	if (v->event.valid) {
		virt->inject(v, &v->event);
		v->event.valid = false;
	}
	waiting = nmi_ready(v) || (more && board->irq_ready(v));
	virt->want_window(v, waiting ? WINDOW_INTR : more && board->irq_held(v) ? WINDOW_CR8 : WINDOW_NONE);
	/* An NMI that is blocked has no window: the IRET before it may be seen by any exit. */
	return waiting || v->nmi_pending;
}

/* Steps over the instruction that exited. False: it cannot be read, the guest goes on where it is. */
static bool step(struct vcpu *v, struct vm_exit *x)
{
	u8 len = x->insn_len;
	u64 next;

	if (!len)
		len = emulate_length(v);
	if (!len)
		return false;
	next = v->regs.rip + len;
	/* Outside of 64-bit code RIP counts modulo 4G, so it never has more bits before. */
	if ((next ^ v->regs.rip) >> 32 && vcpu_code_bits(v) != 64)
		next = (u32)next;
	v->regs.rip = next;
	v->int_shadow = false;
	if (v->regs.rflags & (RFLAGS_RF | RFLAGS_TF)) {
		v->regs.rflags &= ~RFLAGS_RF;
		vcpu_end_insn(v, v->regs.rflags);
	}
	return true;
}

static rare void block(struct vcpu *v, struct vm_exit *x)
{
	/* A trap of its own ends the sleep before it begins. */
	if (!step(v, x) || v->event.valid)
		return;
	v->mode = VCPU_HALTED;
	vcpu_attend(v);
}

/* Does what is left of an exit. True: the vCPU's turn is over. */
static rare bool act(struct vcpu *v, enum exit_action action)
{
	struct vm_exit *x = exit_trace_newest(&v->trace);

	if (action == EXIT_NEXT || action == EXIT_YIELD) {
		step(v, x);
		return action == EXIT_YIELD && run_yield(&v->run);
	}
	if (action == EXIT_BLOCK)
		block(v, x);
	return false;
}

/* All but events: the VM's verdict, signals, sleep, what was changed for the vCPU. As look_around(). */
static bool look_at_rest(struct vcpu *v, u64 until, enum run_result *result)
{
	u8 cr8;

	if (atomic_load_explicit(&v->vm->verdict, memory_order_acquire) != VM_RUN || v->mode <= VCPU_PARKED) {
		static const enum run_result results[] = {
			[VM_FOLLOW_BLOCK] = RUN_BLOCKED,
			[VM_FOLLOW_AGAIN] = RUN_AGAIN,
			[VM_FOLLOW_GONE] = RUN_GONE,
		};
		enum vm_follow follow;

		do
			follow = vm_follow(v);
		while (follow == VM_FOLLOW_AGAIN && !run_wanted(until));
		if (follow != VM_FOLLOW_RUN) {
			vcpu_attend(v);
			*result = results[follow];
			return false;
		}
	}
	take_signals(v);
	if (!awake(v)) {
		vcpu_attend(v);
		*result = RUN_BLOCKED;
		return false;
	}
	cr8 = apic_page_cr8(v->apic);
	if (cr8 != v->cr8)
		v->vm->virt->set_reg(v, REG_CR8, cr8);
	v->cr8 = cr8;
	aspace_catch_up(v);
	return true;
}

/*
 * All that may keep a vCPU from going on as it did. It starts with the word at 0, so that what comes meanwhile sets it again; what
 * has to wait does so, too. False: it may not enter, but return *result, and looks again when its next turn begins.
 */
static bool look_around(struct vcpu *v, u64 until, enum run_result *result)
{
	/* Acquire, see vcpu_notify(). That it is a full barrier keeps the looks below behind it. */
	u8 at = atomic_exchange_explicit(&v->attention, 0, memory_order_seq_cst);

	if (at > ATTEND_EVENTS && !look_at_rest(v, until, result))
		return false;
	if (prepare_events(v))
		vcpu_attend_events(v);
	return true;
}

static void load(struct vcpu *v, const struct virt_ops *virt)
{
	window_enter(v->vm->window);
	guest_cpu_load(&v->cpu);
	virt->load(v);
	if (v->msr.kvm_steal)
		steal_running(v);
}

static rare void put_dr(struct vcpu *v)
{
	if (!guest_cpu_save_dr(&v->cpu))
		v->vm->virt->trap_dr(v, true);
}

static void put(struct vcpu *v, const struct virt_ops *virt)
{
	if (v->msr.kvm_steal)
		steal_preempted(v);
	if (v->cpu.dr_used)
		put_dr(v);
	if (virt->put)
		virt->put(v);
	guest_cpu_save(&v->cpu);
}

enum run_result vcpu_run(struct runnable *r, u64 until)
{
	struct vcpu *v = container_of(r, struct vcpu, run);
	const struct virt_ops *virt = v->vm->virt;
	enum run_result result = RUN_AGAIN;

	load(v, virt);
	for (;;) {
		enum exit_action action;

		forget(v);
		/* Who leaves an event for it has attended. */
		if (vcpu_must_look(v) && !look_around(v, until, &result))
			break;
		action = virt->run(v);
		if (action > EXIT_POLL ? act(v, action) : action == EXIT_POLL && run_wanted(until))
			break;
	}
	put(v, virt);
	return result;
}
