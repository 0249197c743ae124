// SPDX-License-Identifier: BSD-2-Clause
#include <vm/vm.h>

#include <arch/x86_64/defs/regs.h>
#include <core/service/log.h>
#include <core/service/mem.h>
#include <core/service/window.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <stdarg.h>
#include <vm/isolation.h>
#include <vm/msr.h>
#include <vm/roster.h>
#include <vm/run.h>
#include <vm/vcpu.h>

static atomic_uint vms;	     /* [a] VMs that exist */
static atomic_uint next_id;  /* [a] */
static void (*all_gone)(void); /* [b] */

u32 vm_count(void)
{
	return atomic_load(&vms);
}

void vm_on_all_gone(void (*fn)(void))
{
	all_gone = fn;
}

/* --- Birth and death ------------------------------------------------------------------------------------- */

static void destroy_vcpus(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_destroy(vm->vcpu[i]);
}

static enum status create_vcpus(struct vm *vm)
{
	for (u32 i = 0; i < vm->recipe.vcpus; i++) {
		enum status st = vcpu_create(vm, i, &vm->vcpu[i]);

		if (st) {
			destroy_vcpus(vm);
			return st;
		}
		vm->vcpu_count = i + 1;
	}
	return OK;
}

static void fill(struct vm *vm, const struct vm_recipe *r)
{
	vm->recipe = *r;
	str_copy(vm->name, sizeof(vm->name), r->name);
	vm->recipe.name = vm->name;
	vm->id = atomic_fetch_add(&next_id, 1);
	vm->virt = r->virt;
	vm->ops = r->board;
	vm->tsc = tsc_rate(r->tsc_khz);
	vm->gmem.count = r->ram_count;
	memcpy(vm->gmem.ram, r->ram, sizeof(vm->gmem.ram));
	vm->gmem.window = window_base();
	spin_init(&vm->lock);
	spin_init(&vm->park_lock);
	atomic_init(&vm->verdict, VM_START);
	atomic_init(&vm->staying, r->vcpus);
	atomic_init(&vm->alive, r->vcpus);
}

static enum status build(struct vm *vm)
{
	enum status st = window_create(&vm->window);

	if (st)
		return st;
	st = aspace_init(vm, vm->virt->pt);
	if (st)
		goto destroy_window;
	st = vm->virt->vm_init(vm);
	if (st)
		goto fini_aspace;
	st = run_group_init(&vm->sched, &vm->recipe.sched);
	if (st)
		goto fini_virt;
	st = create_vcpus(vm);
	if (st)
		goto fini_group;
	cpuid_setup(vm);
	bus_init_ports(&vm->ports, &vm->port_index);
	msr_setup(vm);
	st = vm->ops->build(vm);
	if (!st)
		return OK;

	destroy_vcpus(vm);
fini_group:
	run_group_fini(&vm->sched);
fini_virt:
	vm->virt->vm_fini(vm);
fini_aspace:
	aspace_fini(vm);
destroy_window:
	window_destroy(vm->window);
	return st;
}

static void unbuild(struct vm *vm)
{
	vm->ops->fini(vm);
	run_group_fini(&vm->sched);
	destroy_vcpus(vm);
	vm->virt->vm_fini(vm);
	/* The window maps the RAM, so it goes first. */
	window_destroy(vm->window);
	aspace_fini(vm);
}

enum status vm_create(const struct vm_recipe *r, struct vm **out)
{
	struct vm *vm = mem_alloc(sizeof(*vm));
	u32 count = r->vcpus;
	enum status st;

	if (!vm)
		return E_NOMEM;
	fill(vm, r);
	vm_building();
	st = build(vm);
	if (!st && !roster_join(vm)) {
		unbuild(vm);
		st = E_FULL;
	}
	vm_built(st ? NULL : vm);
	if (st) {
		mem_free(vm, sizeof(*vm));
		return st;
	}
	vm_assert_isolation();
	atomic_fetch_add(&vms, 1);
	*out = vm;
	/* It cannot end before its last vCPU was told; after that it may be gone. */
	for (u32 i = 0; i < count; i++)
		vcpu_notify(vm->vcpu[i]);
	return OK;
}

static void destroy(struct vm *vm)
{
	char name[VM_NAME_MAX], reason[VM_REASON_MAX];
	u32 number;

	vm_log_exits(vm);
	str_copy(name, sizeof(name), vm->name);
	str_copy(reason, sizeof(reason), vm->reason);
	number = roster_leave(vm);
	vm_dying(vm);
	unbuild(vm);
	mem_free(vm, sizeof(*vm));
	vm_dead();
	vm_assert_isolation();
	roster_ended(number);
	/* When it is true. A warning, so that it is seen while another guest has the screen. */
	log_warn("vm \"%s\": %s", name, reason);
	if (atomic_fetch_sub(&vms, 1) == 1 && all_gone)
		all_gone();
}

/* --- Verdicts --------------------------------------------------------------------------------------------- */

bool vm_end(struct vm *vm, enum vm_verdict verdict, const char *reason, ...)
{
	va_list ap;
	bool first;

	spin_lock(&vm->park_lock);
	first = atomic_load_explicit(&vm->verdict, memory_order_relaxed) == VM_RUN;
	if (first) {
		va_start(ap, reason);
		fmt_vprint(vm->reason, sizeof(vm->reason), reason, ap);
		va_end(ap);
		/* Pairs with the acquire before each entry. */
		atomic_store_explicit(&vm->verdict, verdict, memory_order_release);
	}
	spin_unlock(&vm->park_lock);
	for (u32 i = 0; first && i < vm->vcpu_count; i++)
		vcpu_notify(vm->vcpu[i]);
	return first;
}

void vm_guest_reset(struct vm *vm, const char *how)
{
	if (vm->recipe.restart)
		vm_end(vm, VM_START, "restarted (%s)", how);
	else
		vm_end(vm, VM_STOP, "ended by a reset (%s)", how);
}

void vm_guest_poweroff(struct vm *vm)
{
	vm_end(vm, VM_STOP, "powered off");
}

void vm_guest_crash(struct vcpu *v, const struct vm_exit *x, const char *what, ...)
{
	char text[VM_REASON_MAX / 2];
	va_list ap;

	va_start(ap, what);
	fmt_vprint(text, sizeof(text), what, ap);
	va_end(ap);
	if (v->vm->recipe.restart_crashed) {
		vm_end(v->vm, VM_START, "restarted (%s)", text);
		return;
	}
	vcpu_dump(v, x);
	vm_end(v->vm, VM_STOP, "stopped: %s", text);
}

/* QEMU, whose test device this is, would exit with a status that is never 0: suites' runners look for that one. */
void vm_guest_exit(struct vm *vm, u32 code)
{
	spin_lock(&vm->park_lock);
	vm->has_exit_code = true;
	vm->exit_code = code;
	spin_unlock(&vm->park_lock);
	vm_end(vm, VM_STOP, "ended with exit code %u (QEMU's status %u)", code, (code << 1 | 1) & 0xff);
}

/* All vCPUs are parked, RAM is scrubbed: a fresh start, in the context of the last one, on the VM's window. */
static bool bring_up(struct vm *vm)
{
	char why[VM_REASON_MAX - 16];
	enum status st;

	vm->start = (struct vm_start){ 0 };
	st = vm->recipe.load(vm, vm->recipe.load_ctx, &vm->start, why, sizeof(why));
	if (st) {
		fmt_print(vm->reason, sizeof(vm->reason), "cannot start: %s", why);
		return false;
	}
	vm->epoch = time_now();
	vm->tsc_offset = -tsc_from_host(&vm->tsc, time_to_tsc(vm->epoch));
	if (vm->starts++)
		log_info("vm \"%s\": %s", vm->name, vm->reason);
	else
		log_info("vm \"%s\": started, %u vcpu%s, %llu MiB", vm->name, vm->vcpu_count,
			 vm->vcpu_count > 1 ? "s" : "", (unsigned long long)(gmem_size(&vm->gmem) / MIB));
	return true;
}

/*
 * `parked` counts the vCPUs that stand still. Whoever finds all of them there, and nobody at it, brings the VM up. A vCPU that has
 * not left when the next start is asked for stays counted; so it must leave, or find that it may not, under the same lock as
 * vm_end() and park().
 */
static enum vm_follow park(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool first, mine, ok;

	spin_lock(&vm->park_lock);
	if (v->mode != VCPU_PARKED)
		vm->parked++;
	v->mode = VCPU_PARKED;
	/* Read again: a sibling may have brought the VM up since. */
	first = atomic_load_explicit(&vm->verdict, memory_order_relaxed) == VM_START &&
		vm->parked == vm->vcpu_count && !vm->riser;
	if (first)
		vm->riser = v;
	mine = vm->riser == v;
	spin_unlock(&vm->park_lock);
	if (!mine)
		return VM_FOLLOW_BLOCK;
	if (first) {
		vm->scrubbed = 0;
		vm->ops->reset(vm);
	}
	/* Bit by bit: a guest that restarts all the time must not keep the pCPU from the others. */
	if (!aspace_scrub_some(vm, &vm->scrubbed, VM_SCRUB_STEP))
		return VM_FOLLOW_AGAIN;
	ok = bring_up(vm);
	spin_lock(&vm->park_lock);
	vm->riser = NULL;
	atomic_store_explicit(&vm->verdict, ok ? VM_RUN : VM_STOP, memory_order_release);
	spin_unlock(&vm->park_lock);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_notify(vm->vcpu[i]);
	return VM_FOLLOW_BLOCK;
}

/* False: the next verdict came first; vm_end() has notified `v` once more. */
static bool leave_park(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool run;

	spin_lock(&vm->park_lock);
	run = atomic_load_explicit(&vm->verdict, memory_order_relaxed) == VM_RUN;
	if (run) {
		vm->parked--;
		v->mode = VCPU_WAIT_SIPI;
	}
	spin_unlock(&vm->park_lock);
	return run;
}

/*
 * The VM runs again: every vCPU takes its state after power-on, the first goes where the loader said. The LAPICs were reset when
 * all were parked, so that an INIT or start-up IPI of a faster sibling is not lost here.
 */
static enum vm_follow unpark(struct vcpu *v)
{
	if (!leave_park(v))
		return VM_FOLLOW_BLOCK;
	v->tsc_offset = v->vm->tsc_offset;
	vcpu_reset(v, false);
	if (v->id)
		return VM_FOLLOW_RUN;
	vcpu_apply_start(v);
	v->mode = VCPU_RUNNING;
	return VM_FOLLOW_RUN;
}

/* The last one scrubs RAM, which the others do not touch any more. */
static enum vm_follow leave(struct vcpu *v)
{
	struct vm *vm = v->vm;

	if (!v->left) {
		v->left = true;
		v->last = atomic_fetch_sub(&vm->staying, 1) == 1;
		if (v->last)
			vm->scrubbed = 0;
	}
	return !v->last || aspace_scrub_some(vm, &vm->scrubbed, VM_SCRUB_STEP) ? VM_FOLLOW_GONE : VM_FOLLOW_AGAIN;
}

/* RFLAGS without its fixed bit is what Intel's CPUs refuse, CR0.NW without CD what AMD's do. */
static rare void spoil(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;
	unsigned expected = VM_SPOIL;

	if ((v->mode != VCPU_RUNNING && v->mode != VCPU_HALTED) ||
	    !atomic_compare_exchange_strong(&v->vm->verdict, &expected, VM_RUN))
		return;
	v->regs.rflags = 0;
	virt->set_reg(v, REG_CR0, (virt->get_reg(v, REG_CR0) & ~CR0_CD) | CR0_NW);
}

enum vm_follow vm_follow(struct vcpu *v)
{
	switch (atomic_load_explicit(&v->vm->verdict, memory_order_acquire)) {
	case VM_STOP:
		return leave(v);
	case VM_START:
		return park(v);
	case VM_SPOIL:
		spoil(v);
		break;
	}
	return v->mode == VCPU_PARKED ? unpark(v) : VM_FOLLOW_RUN;
}

void vcpu_gone(struct runnable *r)
{
	struct vm *vm = container_of(r, struct vcpu, run)->vm;

	if (atomic_fetch_sub(&vm->alive, 1) == 1)
		destroy(vm);
}
