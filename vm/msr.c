// SPDX-License-Identifier: BSD-2-Clause
#include <vm/msr.h>

#include "msr_parts.h"

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <core/service/time.h>
#include <vm/cpuid.h>
#include <vm/kvmclock.h>
#include <vm/steal.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

/* What MTRRcap says: so many variable ranges, fixed ranges, write combining. */
#define MTRRCAP_VALUE (VCPU_MTRRS | 1u << 8 | 1u << 10)

/* --- Registers with an effect ------------------------------------------------------------------------------ */

static bool read_efer(struct vcpu *v, u32 msr, u64 *val)
{
	*val = v->vm->virt->get_reg(v, REG_EFER);
	return true;
}

/* LMA is read-only: what is written to it is ignored. */
static rare bool write_efer(struct vcpu *v, u32 msr, u64 val)
{
	const struct virt_ops *virt = v->vm->virt;
	u64 old = virt->get_reg(v, REG_EFER);

	if (val & ~cpuid_efer_allowed())
		return false;
	if (((val ^ old) & EFER_LME) && (virt->get_reg(v, REG_CR0) & CR0_PG))
		return false;
	virt->set_reg(v, REG_EFER, (val & ~EFER_LMA) | (old & EFER_LMA));
	if ((val ^ old) & EFER_NXE)
		virt->flush(v);
	return true;
}

static bool read_pat(struct vcpu *v, u32 msr, u64 *val)
{
	*val = v->vm->virt->get_reg(v, REG_PAT);
	return true;
}

static bool pat_valid(u64 val)
{
	for (unsigned i = 0; i < 64; i += 8) {
		u8 type = (u8)(val >> i);

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static rare bool write_pat(struct vcpu *v, u32 msr, u64 val)
{
	if (!pat_valid(val))
		return false;
	v->vm->virt->set_reg(v, REG_PAT, val);
	return true;
}

static bool read_tsc(struct vcpu *v, u32 msr, u64 *val)
{
	*val = vcpu_tsc(v);
	return true;
}

static rare bool move_tsc(struct vcpu *v, u64 by)
{
	v->tsc_offset += by;
	v->msr.tsc_adjust += by;
	v->vm->virt->set_tsc(v, v->tsc_offset);
	v->vm->ops->tsc_moved(v);
	kvmclock_tsc_moved(v);
	return true;
}

static bool write_tsc(struct vcpu *v, u32 msr, u64 val)
{
	return move_tsc(v, val - vcpu_tsc(v));
}

static bool write_tsc_adjust(struct vcpu *v, u32 msr, u64 val)
{
	return move_tsc(v, val - v->msr.tsc_adjust);
}

static bool read_apic(struct vcpu *v, u32 msr, u64 *val)
{
	return v->vm->ops->msr_read(v, msr, val);
}

static bool write_apic(struct vcpu *v, u32 msr, u64 val)
{
	return v->vm->ops->msr_write(v, msr, val);
}

/* Unlike what is only stored: to write the same once more has an effect. */
static bool read_kvm_wall(struct vcpu *v, u32 msr, u64 *val)
{
	*val = v->msr.kvm_wall;
	return true;
}

static bool read_kvm_time(struct vcpu *v, u32 msr, u64 *val)
{
	*val = v->msr.kvm_time;
	return true;
}

static bool read_kvm_steal(struct vcpu *v, u32 msr, u64 *val)
{
	*val = v->msr.kvm_steal;
	return true;
}

static bool write_kvm_wall(struct vcpu *v, u32 msr, u64 val)
{
	return kvmclock_wall(v, val);
}

static bool write_kvm_steal(struct vcpu *v, u32 msr, u64 val)
{
	return steal_set(v, val);
}

static bool write_kvm_time(struct vcpu *v, u32 msr, u64 val)
{
	return kvmclock_time(v, val);
}

/* --- Registers that are only stored: rows[] says where ----------------------------------------------------- */

static u64 *stored(struct vcpu *v, u32 msr);

static bool write_stored(struct vcpu *v, u32 msr, u64 val)
{
	*stored(v, msr) = val;
	return true;
}

static bool mtrr_type_valid(u8 type)
{
	return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

static rare bool write_mtrr_fix(struct vcpu *v, u32 msr, u64 val)
{
	for (unsigned i = 0; i < 64; i += 8)
		if (!mtrr_type_valid((u8)(val >> i)))
			return false;
	return write_stored(v, msr, val);
}

static bool write_mtrr_def(struct vcpu *v, u32 msr, u64 val)
{
	if ((val & ~0xcffull) || !mtrr_type_valid((u8)val))
		return false;
	return write_stored(v, msr, val);
}

static rare bool write_mtrr_var(struct vcpu *v, u32 msr, u64 val)
{
	u64 reserved = ~width_mask(8) | ~((1ull << v->vm->cpuid.phys_bits) - 1);

	reserved |= (msr & 1) ? 0x7ff : 0xf00;
	if ((val & reserved) || (!(msr & 1) && !mtrr_type_valid((u8)val)))
		return false;
	return write_stored(v, msr, val);
}

static bool write_tsc_aux(struct vcpu *v, u32 msr, u64 val)
{
	if (val >> 32)
		return false;
	guest_cpu_set_tsc_aux(&v->cpu, val);
	return true;
}

/* --- Constants ------------------------------------------------------------------------------------------------ */

static bool read_zero(struct vcpu *v, u32 msr, u64 *val)
{
	*val = 0;
	return true;
}

static bool read_mtrrcap(struct vcpu *v, u32 msr, u64 *val)
{
	*val = MTRRCAP_VALUE;
	return true;
}

/* Microcode: old enough that no guest finds something to work around that the hypervisor hides anyway. */
static bool read_ucode(struct vcpu *v, u32 msr, u64 *val)
{
	*val = 0x01000065;
	return true;
}

/* LFENCE is serialising (AMD APM vol. 2, "MSR C001_1029"). */
static bool read_de_cfg(struct vcpu *v, u32 msr, u64 *val)
{
	*val = BIT(1);
	return true;
}

static bool write_ignored(struct vcpu *v, u32 msr, u64 val)
{
	return true;
}

#define AT(field) offsetof(struct vcpu, field)

/* A missing write means read-only: #GP. Several in a row lie in an array. */
// clang-format off
static const struct row {
	u32 first, last;
	msr_read_fn *read;
	msr_write_fn *write;
	u16 at; /* of what is only stored: where in struct vcpu */
} rows[] = {
	/* 0: no such MSR. */
	{ 1,			0,			NULL,		NULL,		0 },
	{ MSR_TSC,		MSR_TSC,		read_tsc,	write_tsc, 0 },
	{ MSR_KVM_WALL_CLOCK_OLD, MSR_KVM_WALL_CLOCK_OLD, read_kvm_wall,	write_kvm_wall, 0 },
	{ MSR_KVM_SYSTEM_TIME_OLD, MSR_KVM_SYSTEM_TIME_OLD, read_kvm_time,	write_kvm_time, 0 },
	{ MSR_PLATFORM_ID,	MSR_PLATFORM_ID,	read_zero,	NULL, 0 },
	{ MSR_APIC_BASE,	MSR_APIC_BASE,		read_apic,	write_apic, 0 },
	{ MSR_TSC_ADJUST,	MSR_TSC_ADJUST,		NULL,		write_tsc_adjust, AT(msr.tsc_adjust) },
	{ MSR_UCODE_REV,	MSR_UCODE_REV,		read_ucode,	write_ignored, 0 },
	{ MSR_MTRRCAP,		MSR_MTRRCAP,		read_mtrrcap,	NULL, 0 },
	{ MSR_SYSENTER_CS,	MSR_SYSENTER_EIP,	msr_read_switched,	msr_write_switched, 0 },
	{ MSR_MCG_CAP,		MSR_MCG_CAP,		read_zero,	NULL, 0 },
	{ MSR_MCG_STATUS,	MSR_MCG_STATUS,		NULL,		write_stored, AT(msr.mcg_status) },
	{ MSR_MISC_ENABLE,	MSR_MISC_ENABLE,	NULL,		write_stored, AT(msr.misc_enable) },
	{ MSR_DEBUGCTL,		MSR_DEBUGCTL,		read_zero,	write_ignored, 0 },
	{ MSR_MTRR_PHYSBASE0,	MSR_MTRR_PHYSMASK7,	NULL,		write_mtrr_var, AT(msr.mtrr_var) },
	{ MSR_MTRR_FIX64K,	MSR_MTRR_FIX64K,	NULL,		write_mtrr_fix, AT(msr.mtrr_fix) },
	{ MSR_MTRR_FIX16K_80,	MSR_MTRR_FIX16K_A0,	NULL,		write_mtrr_fix, AT(msr.mtrr_fix[1]) },
	{ MSR_MTRR_FIX4K_C0,	MSR_MTRR_FIX4K_F8,	NULL,		write_mtrr_fix, AT(msr.mtrr_fix[3]) },
	{ MSR_PAT,		MSR_PAT,		read_pat,	write_pat, 0 },
	{ MSR_MTRR_DEF_TYPE,	MSR_MTRR_DEF_TYPE,	NULL,		write_mtrr_def, AT(msr.mtrr_def) },
	{ MSR_TSC_DEADLINE,	MSR_TSC_DEADLINE,	read_apic,	write_apic, 0 },
	{ MSR_X2APIC_FIRST,	MSR_X2APIC_LAST,	read_apic,	write_apic, 0 },
	{ MSR_KVM_WALL_CLOCK,	MSR_KVM_WALL_CLOCK,	read_kvm_wall,	write_kvm_wall, 0 },
	{ MSR_KVM_SYSTEM_TIME,	MSR_KVM_SYSTEM_TIME,	read_kvm_time,	write_kvm_time, 0 },
	{ MSR_KVM_STEAL_TIME,	MSR_KVM_STEAL_TIME,	read_kvm_steal,	write_kvm_steal, 0 },
	{ MSR_EFER,		MSR_EFER,		read_efer,	write_efer, 0 },
	{ MSR_STAR,		MSR_SFMASK,		msr_read_switched,	msr_write_switched, 0 },
	{ MSR_FS_BASE,		MSR_GS_BASE,		msr_read_base,	msr_write_base, 0 },
	{ MSR_KERNEL_GS_BASE,	MSR_KERNEL_GS_BASE,	msr_read_switched,	msr_write_switched, 0 },
	{ MSR_TSC_AUX,		MSR_TSC_AUX,		NULL,		write_tsc_aux, AT(cpu.tsc_aux) },
	{ MSR_SYSCFG,		MSR_SYSCFG,		read_zero,	write_ignored, 0 },
	{ MSR_HWCR,		MSR_HWCR,		NULL,		write_stored, AT(msr.hwcr) },
	{ MSR_NB_CFG,		MSR_NB_CFG,		read_zero,	write_ignored, 0 },
	{ MSR_DE_CFG,		MSR_DE_CFG,		read_de_cfg,	write_ignored, 0 },
};
// clang-format on
static_assert(ARRAY_LEN(rows) < 0x100, "a row fits in a byte");

/* Where rows[] has an MSR, without a search for those that are used often. */
#define LOW_END	   (MSR_X2APIC_LAST + 1)
#define HIGH_FIRST MSR_EFER
#define HIGH_END   (MSR_TSC_AUX + 1)

static u8 low[LOW_END], high[HIGH_END - HIGH_FIRST]; /* [b] */

/* The same for all VMs, so it does no harm that each does it. */
static void index_rows(void)
{
	for (u32 i = 1; i < ARRAY_LEN(rows); i++)
		for (u32 msr = rows[i].first; msr <= rows[i].last; msr++)
			if (msr < LOW_END)
				low[msr] = (u8)i;
			else if (msr - HIGH_FIRST < ARRAY_LEN(high))
				high[msr - HIGH_FIRST] = (u8)i;
}

static const struct row *find(u32 msr)
{
	if (msr < LOW_END)
		return &rows[low[msr]];
	if (msr - HIGH_FIRST < ARRAY_LEN(high))
		return &rows[high[msr - HIGH_FIRST]];
	for (u32 i = 1; i < ARRAY_LEN(rows); i++)
		if (msr >= rows[i].first && msr <= rows[i].last)
			return &rows[i];
	return &rows[0];
}

static u64 *slot(struct vcpu *v, const struct row *r, u32 msr)
{
	return (u64 *)((u8 *)v + r->at) + (msr - r->first);
}

static u64 *stored(struct vcpu *v, u32 msr)
{
	return slot(v, find(msr), msr);
}

static bool read_row(struct vcpu *v, const struct row *r, u32 msr, u64 *val)
{
	if (!r->at)
		return r->read && r->read(v, msr, val);
	*val = *slot(v, r, msr);
	return true;
}

static bool write_row(struct vcpu *v, const struct row *r, u32 msr, u64 val)
{
	return r->write && r->write(v, msr, val);
}

bool msr_read(struct vcpu *v, u32 msr, u64 *val)
{
	return read_row(v, find(msr), msr, val);
}

bool msr_write(struct vcpu *v, u32 msr, u64 val)
{
	return write_row(v, find(msr), msr, val);
}

static void put(struct vcpu *v, u64 val)
{
	vcpu_set32(v, GPR_RAX, (u32)val);
	vcpu_set32(v, GPR_RDX, (u32)(val >> 32));
}

static rare enum exit_action refuse(struct vcpu *v)
{
	vcpu_inject_error(v, EXC_GP, 0);
	return EXIT_RESUME;
}

/* One that is not only stored. */
static rare enum exit_action read_special(struct vcpu *v, const struct row *r, u32 msr)
{
	u64 val;

	if (!read_row(v, r, msr, &val))
		return refuse(v);
	put(v, val);
	return EXIT_NEXT;
}

enum exit_action exit_rdmsr(struct vcpu *v, struct vm_exit *x)
{
	u32 msr = (u32)v->regs.r[GPR_RCX];
	const struct row *r = find(msr);

	if (!r->at)
		return read_special(v, r, msr);
	put(v, *slot(v, r, msr));
	return EXIT_NEXT;
}

static rare enum exit_action write_special(struct vcpu *v, const struct row *r, u32 msr, u64 val)
{
	return write_row(v, r, msr, val) ? EXIT_NEXT : refuse(v);
}

/* Guests often write what is there, to be sure. */
enum exit_action exit_wrmsr(struct vcpu *v, struct vm_exit *x)
{
	u32 msr = (u32)v->regs.r[GPR_RCX];
	u64 val = vcpu_edx_eax(v);
	const struct row *r = find(msr);

	if (r->at && *slot(v, r, msr) == val)
		return EXIT_NEXT;
	return write_special(v, r, msr, val);
}

void msr_setup(struct vm *vm)
{
	index_rows();
	msr_open_switched(vm);
}
