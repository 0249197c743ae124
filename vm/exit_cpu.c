// SPDX-License-Identifier: BSD-2-Clause
/* Exits that concern control registers. */
#include <vm/exit.h>

#include <arch/x86_64/defs/regs.h>
#include <vm/apic_page.h>
#include <vm/cpuid.h>
#include <vm/emulate.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

static enum exit_action fault_gp(struct vcpu *v)
{
	vcpu_inject_error(v, EXC_GP, 0);
	return EXIT_RESUME;
}

/* Intel SDM vol. 1, "Enabling the XSAVE Feature Set and XSAVE-Enabled Features". */
enum exit_action exit_xsetbv(struct vcpu *v, struct vm_exit *x)
{
	u64 val = vcpu_edx_eax(v);

	if (!(v->vm->virt->get_reg(v, REG_CR4) & CR4_OSXSAVE)) {
		vcpu_inject(v, EXC_UD);
		return EXIT_RESUME;
	}
	if (vcpu_cpl(v) || (u32)v->regs.r[GPR_RCX] || !(val & XCR0_X87) || val & ~machine_xcr0() ||
	    ((val & XCR0_AVX) && !(val & XCR0_SSE)))
		return fault_gp(v);
	guest_cpu_set_xcr0(&v->cpu, val);
	return EXIT_NEXT;
}

/* The first access of a turn: from here on it has them. */
enum exit_action exit_dr(struct vcpu *v, struct vm_exit *x)
{
	guest_cpu_use_dr(&v->cpu);
	v->vm->virt->trap_dr(v, false);
	return EXIT_RESUME;
}

/* Those of the low half that there are: the others are ignored when written. */
#define CR0_KNOWN                                                                                  \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

/* Intel SDM vol. 3, "Control Registers" and "Initializing IA-32e Mode". */
static bool write_cr0(struct vcpu *v, u64 val)
{
	const struct virt_ops *virt = v->vm->virt;
	u64 old = virt->get_reg(v, REG_CR0), efer = virt->get_reg(v, REG_EFER);
	struct segment cs;

	if (val >> 32 || ((val & CR0_PG) && !(val & CR0_PE)) || ((val & CR0_NW) && !(val & CR0_CD)))
		return false;
	val = (val & CR0_KNOWN) | CR0_ET;
	if ((val & CR0_PG) && !(old & CR0_PG) && (efer & EFER_LME)) {
		virt->get_seg(v, SEG_CS, &cs);
		if (!(virt->get_reg(v, REG_CR4) & CR4_PAE) || (cs.attr & SEG_ATTR_L))
			return false;
		virt->set_reg(v, REG_EFER, efer | EFER_LMA);
	}
	if (!(val & CR0_PG) && (old & CR0_PG) && (efer & EFER_LMA)) {
		if (vcpu_code_bits(v) == 64)
			return false;
		virt->set_reg(v, REG_EFER, efer & ~EFER_LMA);
	}
	virt->set_reg(v, REG_CR0, val);
	if ((val ^ old) & (CR0_PG | CR0_WP))
		virt->flush(v);
	return true;
}

static bool write_cr4(struct vcpu *v, u64 val)
{
	const struct virt_ops *virt = v->vm->virt;
	u64 old = virt->get_reg(v, REG_CR4);

	if (val & ~v->vm->cpuid.cr4_allowed)
		return false;
	if (!(val & CR4_PAE) && (virt->get_reg(v, REG_EFER) & EFER_LMA))
		return false;
	virt->set_reg(v, REG_CR4, val);
	/* Only now does anything depend on XCR0. */
	if (val & ~old & CR4_OSXSAVE)
		guest_cpu_set_xcr0(&v->cpu, v->cpu.xcr0);
	if ((val ^ old) & (CR4_PGE | CR4_PAE | CR4_PSE | CR4_SMEP | CR4_SMAP))
		virt->flush(v);
	return true;
}

static bool write_cr3(struct vcpu *v, u64 val)
{
	if (val >> v->vm->cpuid.phys_bits)
		return false;
	v->vm->virt->set_reg(v, REG_CR3, val);
	v->vm->virt->flush(v);
	return true;
}

static bool write_cr8(struct vcpu *v, u64 val)
{
	if (val >> 4)
		return false;
	v->vm->ops->set_cr8(v, (u8)val);
	vcpu_attend(v);
	return true;
}

static bool write_cr(struct vcpu *v, unsigned cr, u64 val)
{
	/* Outside 64-bit code only 32 bits are written. */
	if (vcpu_code_bits(v) != 64)
		val = (u32)val;
	switch (cr) {
	case 0:
		return write_cr0(v, val);
	case 3:
		return write_cr3(v, val);
	case 4:
		return write_cr4(v, val);
	case 8:
		return write_cr8(v, val);
	}
	return false;
}

/* LMSW writes bits 3:0 and cannot clear PE. */
static u64 lmsw(struct vcpu *v, u64 msw)
{
	u64 old = v->vm->virt->get_reg(v, REG_CR0), low = CR0_MP | CR0_EM | CR0_TS;

	return (old & ~low) | (msw & low) | ((old | msw) & CR0_PE);
}

enum exit_action exit_lmsw(struct vcpu *v, struct vm_exit *x, const struct insn *insn)
{
	u64 val;

	x->insn_len = insn->len;
	if (vcpu_cpl(v))
		return fault_gp(v);
	if (!emulate_operand(v, insn, &insn->dst, &val))
		return EXIT_RESUME;
	return write_cr(v, 0, lmsw(v, val)) ? EXIT_NEXT : fault_gp(v);
}

static enum exit_action cr_by_decoder(struct vcpu *v, struct vm_exit *x)
{
	struct insn insn;
	u64 val;

	if (!emulate_decode(v, &insn))
		return EXIT_RESUME;
	x->insn_len = insn.len;
	/* Not what exited: another vCPU changed the code meanwhile. Let the CPU look again. */
	if (x->cr.cr != (insn.op == INSN_MOV_TO_CR ? insn.dst.reg : 0))
		return EXIT_RESUME;
	switch (insn.op) {
	case INSN_MOV_TO_CR:
		return write_cr(v, insn.dst.reg, v->regs.r[insn.src.reg]) ? EXIT_NEXT : fault_gp(v);
	case INSN_CLTS:
		val = v->vm->virt->get_reg(v, REG_CR0) & ~CR0_TS;
		return write_cr(v, 0, val) ? EXIT_NEXT : fault_gp(v);
	case INSN_LMSW:
		return exit_lmsw(v, x, &insn);
	default:
		return EXIT_RESUME;
	}
}

enum exit_action exit_cr_write(struct vcpu *v, struct vm_exit *x)
{
	if (x->cr.gpr == CR_SOURCE_UNKNOWN || !x->insn_len)
		return cr_by_decoder(v, x);
	return write_cr(v, x->cr.cr, v->regs.r[x->cr.gpr]) ? EXIT_NEXT : fault_gp(v);
}

enum exit_action exit_cr_read(struct vcpu *v, struct vm_exit *x)
{
	static const enum virt_reg regs[] = { [0] = REG_CR0, [3] = REG_CR3, [4] = REG_CR4 };
	u64 val = x->cr.cr == 8 ? apic_page_cr8(v->apic) : v->vm->virt->get_reg(v, regs[x->cr.cr]);

	v->regs.r[x->cr.gpr] = vcpu_code_bits(v) == 64 ? val : (u32)val;
	/* EXIT_NEXT brings few registers into the guest: a look around, all. */
	if (x->cr.gpr == GPR_RSP)
		vcpu_attend(v);
	return EXIT_NEXT;
}
