// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypercalls of KVM that Plinth has, so that an unmodified Linux uses them. RAX is the number, RBX, RCX, RDX and RSI the
 * arguments, RAX the answer (Linux' Documentation/virt/kvm/x86/hypercalls.rst).
 */
#include <vm/exit.h>

#include <vm/vcpu.h>
#include <vm/vm.h>

#define KVM_EPERM    1
#define KVM_ENOSYS   1000
#define KVM_KICK_CPU 5

/*
 * RCX: APIC id of a vCPU that halted, perhaps with interrupts off, to wait for a lock that is free now. (A spinning waiter would
 * keep the holder from its pCPU.)
 */
static u64 kick_cpu(struct vcpu *v)
{
	u64 id = v->regs.r[GPR_RCX];
	struct vcpu *to;

	if (id >= v->vm->vcpu_count)
		return 0;
	to = v->vm->vcpu[id];
	atomic_store_explicit(&to->pv_kicked, true, memory_order_release);
	vcpu_notify(to);
	return 0;
}

enum exit_action exit_hypercall(struct vcpu *v, struct vm_exit *x)
{
	u64 answer = (u64)-KVM_ENOSYS;

	if (x->hypercall.cpl)
		answer = (u64)-KVM_EPERM;
	else if ((u32)v->regs.r[GPR_RAX] == KVM_KICK_CPU)
		answer = kick_cpu(v);
	v->regs.r[GPR_RAX] = x->hypercall.wide ? answer : (u32)answer;
	return EXIT_NEXT;
}
