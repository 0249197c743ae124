// SPDX-License-Identifier: BSD-2-Clause
#include <vm/exit.h>

#include <arch/x86_64/defs/regs.h>
#include <vm/task.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

static enum exit_action on_nothing(struct vcpu *v, struct vm_exit *x)
{
	return EXIT_RESUME;
}

static enum exit_action on_host(struct vcpu *v, struct vm_exit *x)
{
	return EXIT_POLL;
}

/* Deeper sleep than the guest asked for is not possible: interrupts that are already there end it at once (run.c). */
static enum exit_action on_hlt(struct vcpu *v, struct vm_exit *x)
{
	return EXIT_BLOCK;
}

/* Whom the vCPU gives way to is the run loop's affair. */
static enum exit_action on_pause(struct vcpu *v, struct vm_exit *x)
{
	return EXIT_YIELD;
}

/* Guest memory is coherent with everything that can see it, so there is nothing to write back. */
static enum exit_action on_cache(struct vcpu *v, struct vm_exit *x)
{
	if (vcpu_cpl(v)) {
		vcpu_inject_error(v, EXC_GP, 0);
		return EXIT_RESUME;
	}
	return EXIT_NEXT;
}

static enum exit_action on_undefined(struct vcpu *v, struct vm_exit *x)
{
	vcpu_inject(v, EXC_UD);
	return EXIT_RESUME;
}

static enum exit_action on_forbidden(struct vcpu *v, struct vm_exit *x)
{
	vcpu_inject_error(v, EXC_GP, 0);
	return EXIT_RESUME;
}

static enum exit_action on_exception(struct vcpu *v, struct vm_exit *x)
{
	if (x->exception.vector == EXC_PF)
		vcpu_inject_pf(v, x->exception.cr2, x->exception.error);
	else if (x->exception.has_error)
		vcpu_inject_error(v, x->exception.vector, x->exception.error);
	else
		vcpu_inject(v, x->exception.vector);
	/* It may come again at its own delivery, for ever; between such exits the CPU takes no interrupt of the host's. */
	return EXIT_POLL;
}

static enum exit_action on_apic(struct vcpu *v, struct vm_exit *x)
{
	v->vm->ops->apic_written(v, x->apic.reg, x->apic.vector);
	return EXIT_RESUME;
}

static enum exit_action stop(struct vcpu *v, struct vm_exit *x, const char *why)
{
	vcpu_dump(v, x);
	vm_end(v->vm, VM_STOP, "stopped: %s", why);
	return EXIT_STOP;
}

static enum exit_action on_shutdown(struct vcpu *v, struct vm_exit *x)
{
	vm_guest_crash(v, x, "triple fault");
	return EXIT_STOP;
}

static enum exit_action on_invalid(struct vcpu *v, struct vm_exit *x)
{
	return stop(v, x, "the CPU refuses the guest state");
}

static enum exit_action on_unknown(struct vcpu *v, struct vm_exit *x)
{
	return stop(v, x, "an exit that nobody handles");
}

exit_handler *const exit_handlers[EXIT_KINDS] = {
	[EXIT_NONE] = on_nothing,
	[EXIT_HOST] = on_host,
	[EXIT_PIO] = exit_pio,
	[EXIT_FAULT] = exit_fault,
	[EXIT_CPUID] = exit_cpuid,
	[EXIT_RDMSR] = exit_rdmsr,
	[EXIT_WRMSR] = exit_wrmsr,
	[EXIT_HLT] = on_hlt,
	[EXIT_PAUSE] = on_pause,
	[EXIT_HYPERCALL] = exit_hypercall,
	[EXIT_CR_READ] = exit_cr_read,
	[EXIT_CR_WRITE] = exit_cr_write,
	[EXIT_DR] = exit_dr,
	[EXIT_XSETBV] = exit_xsetbv,
	[EXIT_CACHE] = on_cache,
	[EXIT_UNDEFINED] = on_undefined,
	[EXIT_FORBIDDEN] = on_forbidden,
	[EXIT_TASK] = exit_task,
	[EXIT_EXCEPTION] = on_exception,
	[EXIT_APIC] = on_apic,
	[EXIT_SHUTDOWN] = on_shutdown,
	[EXIT_INVALID] = on_invalid,
	[EXIT_UNKNOWN] = on_unknown,
};

static const char *const names[EXIT_KINDS] = {
	[EXIT_NONE] = "none",
	[EXIT_HOST] = "host interrupt",
	[EXIT_PIO] = "port",
	[EXIT_FAULT] = "second-stage fault",
	[EXIT_CPUID] = "cpuid",
	[EXIT_RDMSR] = "rdmsr",
	[EXIT_WRMSR] = "wrmsr",
	[EXIT_HLT] = "hlt",
	[EXIT_PAUSE] = "pause",
	[EXIT_HYPERCALL] = "hypercall",
	[EXIT_CR_READ] = "cr read",
	[EXIT_CR_WRITE] = "cr write",
	[EXIT_DR] = "dr",
	[EXIT_XSETBV] = "xsetbv",
	[EXIT_CACHE] = "cache",
	[EXIT_UNDEFINED] = "undefined",
	[EXIT_FORBIDDEN] = "forbidden",
	[EXIT_TASK] = "task switch",
	[EXIT_EXCEPTION] = "exception",
	[EXIT_APIC] = "apic",
	[EXIT_SHUTDOWN] = "shutdown",
	[EXIT_INVALID] = "invalid state",
	[EXIT_UNKNOWN] = "unknown",
};

const char *exit_name(enum exit_kind kind)
{
	return names[kind];
}
