// SPDX-License-Identifier: BSD-2-Clause
/* Exits that lead to a device: ports and second-stage faults. */
#include <vm/exit.h>

#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <vm/emulate.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

/*
 * Is this the string instruction that exited? Another vCPU may have exchanged the bytes since, and
 * the CPU checked the guest's right to just that port, direction and width.
 */
static bool is_what_exited(struct vcpu *v, const struct vm_exit *x, const struct insn *insn)
{
	return insn->op == (x->pio.how & PIO_IN ? INSN_INS : INSN_OUTS) && insn->width == x->pio.width &&
	       (u16)v->regs.r[GPR_RDX] == x->pio.port;
}

static rare enum exit_action string_io(struct vcpu *v, const struct vm_exit *x)
{
	struct insn insn;

	if (!emulate_decode(v, &insn) || !is_what_exited(v, x, &insn))
		return EXIT_RESUME;
	return emulate_execute(v, &insn, NULL);
}

/* A 32-bit result clears the upper half, shorter ones leave the rest of RAX. */
static void put(struct vcpu *v, unsigned width, u64 val)
{
	u64 *rax = &v->regs.r[GPR_RAX];

	*rax = width == 4 ? val : (*rax & ~bus_ones(width)) | val;
}

static inline enum exit_action device_in(struct vcpu *v, const struct vm_exit *x, const struct bus_window *w)
{
	put(v, x->pio.width, bus_read_window(w, x->pio.port, x->pio.width));
	return EXIT_NEXT;
}

static inline enum exit_action device_out(struct vcpu *v, const struct vm_exit *x, const struct bus_window *w)
{
	bus_write_window(w, x->pio.port, x->pio.width, v->regs.r[GPR_RAX]);
	return EXIT_NEXT;
}

/* Ports of several owners, or not in the index. */
static rare enum exit_action search_io(struct vcpu *v, const struct vm_exit *x)
{
	const struct bus *ports = &v->vm->ports;

	if (x->pio.how & PIO_IN)
		put(v, x->pio.width, bus_read(ports, x->pio.port, x->pio.width));
	else
		bus_write(ports, x->pio.port, x->pio.width, v->regs.r[GPR_RAX]);
	return EXIT_NEXT;
}

enum exit_action exit_pio(struct vcpu *v, struct vm_exit *x)
{
	const struct bus_window *w;

	if (x->pio.how & PIO_STRING)
		return string_io(v, x);
	if (!bus_look_up(&v->vm->ports, x->pio.port, x->pio.width, &w))
		return search_io(v, x);
	if (w)
		return x->pio.how & PIO_IN ? device_in(v, x, w) : device_out(v, x, w);
	/* One port that nobody has. */
	if (x->pio.how & PIO_IN)
		put(v, 1, bus_ones(1));
	return EXIT_NEXT;
}

/* RAM is always mapped, so such an access was made where there is no memory. */
static enum exit_action stop_outside(struct vcpu *v, struct vm_exit *x, const char *what)
{
	vm_guest_crash(v, x, "%s outside of RAM, at %llx", what, (unsigned long long)x->fault.gpa);
	return EXIT_STOP;
}

/* What exits on its own cannot be why we are here: another vCPU exchanged the bytes. */
static bool may_fault(const struct insn *insn)
{
	if (insn_uses_port(insn->op))
		return false;
	return insn_class_of(insn->op) != INSN_PRIV || insn->dst.kind == OPERAND_MEM ||
	       insn->src.kind == OPERAND_MEM;
}

enum exit_action exit_fault(struct vcpu *v, struct vm_exit *x)
{
	struct insn insn;

	if (x->fault.fetch)
		return stop_outside(v, x, "code");
	if (x->fault.table)
		return stop_outside(v, x, "page table");
	/* The CPU was at a descriptor table or stack, not at an instruction. */
	if (v->event.valid)
		return stop_outside(v, x, "event delivery");
	if (!emulate_decode_bytes(v, x->fault.bytes, x->fault.byte_count, &insn) ||
	    !may_fault(&insn))
		return EXIT_RESUME;
	if (insn.op == INSN_LMSW)
		return exit_lmsw(v, x, &insn);
	return emulate_execute(v, &insn, x);
}
