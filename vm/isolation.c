// SPDX-License-Identifier: BSD-2-Clause
#include <vm/isolation.h>

#include <core/service/log.h>
#include <lib/assert.h>
#include <lib/list.h>
#include <vm/vm.h>

/* More than plinth.conf can name. */
#define CHECKED_MAX 64

/* The VMs lock of docs/LOCKS.md. */
static struct {
	struct spinlock lock;
	struct list list;    /* [lock] struct vm, link */
	u32 count;	     /* [lock] */
	u32 changing;	     /* [lock] VMs on their way in or out */
} vms = { .lock = SPINLOCK_INIT, .list = { &vms.list, &vms.list } };

void vm_building(void)
{
	spin_lock(&vms.lock);
	vms.changing++;
	spin_unlock(&vms.lock);
}

void vm_built(struct vm *vm)
{
	spin_lock(&vms.lock);
	vms.changing--;
	if (vm) {
		list_add_tail(&vms.list, &vm->link);
		vms.count++;
	}
	spin_unlock(&vms.lock);
}

void vm_dying(struct vm *vm)
{
	spin_lock(&vms.lock);
	vms.changing++;
	vms.count--;
	list_del(&vm->link);
	spin_unlock(&vms.lock);
}

void vm_dead(void)
{
	spin_lock(&vms.lock);
	vms.changing--;
	spin_unlock(&vms.lock);
}

static struct isolation_guest guests[CHECKED_MAX]; /* [lock] for one check at a time */

static struct isolation_guest describe(struct vm *vm)
{
	return (struct isolation_guest){
		.name = vm->name,
		.ram = vm->as.frames,
		.count = vm->as.frame_count,
		.second = &vm->as.pt,
		.lock = &vm->as.lock,
		.window = vm->window,
	};
}

enum status vm_check_isolation(isolation_report *report, void *ctx)
{
	enum status st;
	u32 n = 0;

	spin_lock(&vms.lock);
	list_for_each(it, &vms.list)
		if (n < CHECKED_MAX)
			guests[n++] = describe(container_of(it, struct vm, link));
	st = isolation_check(guests, n, n == vms.count && !vms.changing, report, ctx);
	spin_unlock(&vms.lock);
	return st;
}

static void report_error(void *ctx, const char *message)
{
	log_error("isolation: %s", message);
}

/* Without memory for the check there is nothing to say. */
void vm_assert_isolation(void)
{
	assert(vm_check_isolation(report_error, NULL) != E_INVAL);
}
