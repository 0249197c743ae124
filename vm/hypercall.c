// SPDX-License-Identifier: BSD-2-Clause
#include <vm/exit.h>

#include <vm/vcpu.h>

/* KVM's answer to a hypercall that it does not know; Plinth offers none so far. */
#define KVM_ENOSYS 1000

enum exit_action exit_hypercall(struct vcpu *v, struct vm_exit *x)
{
	v->regs.r[GPR_RAX] = (u64)-KVM_ENOSYS;
	return EXIT_NEXT;
}
