// SPDX-License-Identifier: BSD-2-Clause
/* Exits that lead to a device: ports and second-stage faults. */
#include <vm/exit.h>

#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <vm/emulate.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

enum exit_action exit_pio(struct vcpu *v, struct vm_exit *x)
{
	u64 *rax = &v->regs.r[GPR_RAX], mask = width_mask(x->pio.width);
	struct insn insn;
	u64 val;

	if (x->pio.string)
		return emulate_decode(v, &insn) ? emulate_execute(v, &insn) : EXIT_RESUME;
	if (!x->pio.in) {
		bus_write(&v->vm->ports, x->pio.port, x->pio.width, *rax & mask);
		return EXIT_NEXT;
	}
	val = bus_read(&v->vm->ports, x->pio.port, x->pio.width);
	/* A 32-bit result clears the upper half, shorter ones leave the rest of RAX. */
	*rax = x->pio.width == 4 ? val : (*rax & ~mask) | val;
	return EXIT_NEXT;
}

enum exit_action exit_fault(struct vcpu *v, struct vm_exit *x)
{
	struct insn insn;

	/* RAM is always mapped, so the guest executes, or keeps page tables, where there is no memory. */
	if (x->fault.fetch || x->fault.table) {
		vcpu_dump(v, x);
		vm_end(v->vm, VM_STOP, "stopped: %s outside of RAM, at %llx", x->fault.fetch ? "code" : "page table",
		       (unsigned long long)x->fault.gpa);
		return EXIT_STOP;
	}
	if (!emulate_decode_bytes(v, x->fault.bytes, x->fault.byte_count, &insn))
		return EXIT_RESUME;
	return emulate_execute(v, &insn);
}
