// SPDX-License-Identifier: BSD-2-Clause
#include <vm/msr.h>

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

typedef bool msr_read_fn(struct vcpu *v, u32 msr, u64 *val);
typedef bool msr_write_fn(struct vcpu *v, u32 msr, u64 val);

static bool is_canonical(u64 a)
{
	return (u64)((s64)(a << 16) >> 16) == a;
}

/* --- Registers that the hardware switches with the guest ------------------------------------------------ */

static const struct {
	u32 msr;
	enum virt_reg reg;
} switched[] = {
	{ MSR_SYSENTER_CS, REG_SYSENTER_CS },
	{ MSR_SYSENTER_ESP, REG_SYSENTER_ESP },
	{ MSR_SYSENTER_EIP, REG_SYSENTER_EIP },
	{ MSR_STAR, REG_STAR },
	{ MSR_LSTAR, REG_LSTAR },
	{ MSR_CSTAR, REG_CSTAR },
	{ MSR_SFMASK, REG_SFMASK },
	{ MSR_KERNEL_GS_BASE, REG_KERNEL_GS_BASE },
};

static bool read_switched(struct vcpu *v, u32 msr, u64 *val)
{
	for (size_t i = 0; i < ARRAY_LEN(switched); i++)
		if (switched[i].msr == msr) {
			*val = v->vm->virt->get_reg(v, switched[i].reg);
			return true;
		}
	return false;
}

static bool write_switched(struct vcpu *v, u32 msr, u64 val)
{
	bool address = msr != MSR_STAR && msr != MSR_SFMASK && msr != MSR_SYSENTER_CS;

	if (address && !is_canonical(val))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(switched); i++)
		if (switched[i].msr == msr) {
			v->vm->virt->set_reg(v, switched[i].reg, val);
			return true;
		}
	return false;
}

static enum seg_index base_of(u32 msr)
{
	return msr == MSR_FS_BASE ? SEG_FS : SEG_GS;
}

static bool read_base(struct vcpu *v, u32 msr, u64 *val)
{
	struct segment s;

	v->vm->virt->get_seg(v, base_of(msr), &s);
	*val = s.base;
	return true;
}

static bool write_base(struct vcpu *v, u32 msr, u64 val)
{
	struct segment s;

	if (!is_canonical(val))
		return false;
	v->vm->virt->get_seg(v, base_of(msr), &s);
	s.base = val;
	v->vm->virt->set_seg(v, base_of(msr), &s);
	return true;
}

/* --- Registers with an effect ------------------------------------------------------------------------------ */

static bool read_efer(struct vcpu *v, u32 msr, u64 *val)
{
	*val = v->vm->virt->get_reg(v, REG_EFER);
	return true;
}

/* LMA is read-only: what is written to it is ignored. */
static bool write_efer(struct vcpu *v, u32 msr, u64 val)
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

static bool write_pat(struct vcpu *v, u32 msr, u64 val)
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

static void move_tsc(struct vcpu *v, u64 by)
{
	if (!by)
		return;
	v->tsc_offset += by;
	v->msr.tsc_adjust += by;
	v->vm->virt->set_tsc(v, v->tsc_offset);
	v->vm->ops->tsc_moved(v);
	kvmclock_tsc_moved(v);
}

static bool write_tsc(struct vcpu *v, u32 msr, u64 val)
{
	move_tsc(v, val - vcpu_tsc(v));
	return true;
}

static bool write_tsc_adjust(struct vcpu *v, u32 msr, u64 val)
{
	move_tsc(v, val - v->msr.tsc_adjust);
	return true;
}

static bool read_apic(struct vcpu *v, u32 msr, u64 *val)
{
	return v->vm->ops->msr_read(v, msr, val);
}

static bool write_apic(struct vcpu *v, u32 msr, u64 val)
{
	return v->vm->ops->msr_write(v, msr, val);
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

/* --- Registers that are only stored ------------------------------------------------------------------------ */

static u64 *stored(struct vcpu *v, u32 msr)
{
	struct vcpu_msrs *m = &v->msr;

	switch (msr) {
	case MSR_TSC_ADJUST:
		return &m->tsc_adjust;
	case MSR_MISC_ENABLE:
		return &m->misc_enable;
	case MSR_MCG_STATUS:
		return &m->mcg_status;
	case MSR_HWCR:
		return &m->hwcr;
	case MSR_MTRR_DEF_TYPE:
		return &m->mtrr_def;
	case MSR_MTRR_FIX64K:
		return &m->mtrr_fix[0];
	case MSR_MTRR_FIX16K_80:
	case MSR_MTRR_FIX16K_A0:
		return &m->mtrr_fix[1 + msr - MSR_MTRR_FIX16K_80];
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_OLD:
		return &m->kvm_wall;
	case MSR_KVM_STEAL_TIME:
		return &m->kvm_steal;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_OLD:
		return &m->kvm_time;
	case MSR_TSC_AUX:
		return &v->cpu.tsc_aux;
	}
	if (msr >= MSR_MTRR_FIX4K_C0 && msr <= MSR_MTRR_FIX4K_F8)
		return &m->mtrr_fix[3 + msr - MSR_MTRR_FIX4K_C0];
	return &m->mtrr_var[msr - MSR_MTRR_PHYSBASE0];
}

static bool read_stored(struct vcpu *v, u32 msr, u64 *val)
{
	*val = *stored(v, msr);
	return true;
}

static bool write_stored(struct vcpu *v, u32 msr, u64 val)
{
	*stored(v, msr) = val;
	return true;
}

static bool mtrr_type_valid(u8 type)
{
	return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

static bool write_mtrr_fix(struct vcpu *v, u32 msr, u64 val)
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

static bool write_mtrr_var(struct vcpu *v, u32 msr, u64 val)
{
	u64 reserved = ~width_mask(8) | ~((1ull << v->vm->cpuid.phys_bits) - 1);

	reserved |= (msr & 1) ? 0x7ff : 0xf00;
	if ((val & reserved) || (!(msr & 1) && !mtrr_type_valid((u8)val)))
		return false;
	return write_stored(v, msr, val);
}

static bool write_tsc_aux(struct vcpu *v, u32 msr, u64 val)
{
	return !(val >> 32) && write_stored(v, msr, val);
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

/* A missing write means read-only: #GP. */
// clang-format off
static const struct row {
	u32 first, last;
	msr_read_fn *read;
	msr_write_fn *write;
} rows[] = {
	/* 0: no such MSR. */
	{ 1,			0,			NULL,		NULL },
	{ MSR_TSC,		MSR_TSC,		read_tsc,	write_tsc },
	{ MSR_KVM_WALL_CLOCK_OLD, MSR_KVM_WALL_CLOCK_OLD, read_stored,	write_kvm_wall },
	{ MSR_KVM_SYSTEM_TIME_OLD, MSR_KVM_SYSTEM_TIME_OLD, read_stored, write_kvm_time },
	{ MSR_PLATFORM_ID,	MSR_PLATFORM_ID,	read_zero,	NULL },
	{ MSR_APIC_BASE,	MSR_APIC_BASE,		read_apic,	write_apic },
	{ MSR_TSC_ADJUST,	MSR_TSC_ADJUST,		read_stored,	write_tsc_adjust },
	{ MSR_UCODE_REV,	MSR_UCODE_REV,		read_ucode,	write_ignored },
	{ MSR_MTRRCAP,		MSR_MTRRCAP,		read_mtrrcap,	NULL },
	{ MSR_SYSENTER_CS,	MSR_SYSENTER_EIP,	read_switched,	write_switched },
	{ MSR_MCG_CAP,		MSR_MCG_CAP,		read_zero,	NULL },
	{ MSR_MCG_STATUS,	MSR_MCG_STATUS,		read_stored,	write_stored },
	{ MSR_MISC_ENABLE,	MSR_MISC_ENABLE,	read_stored,	write_stored },
	{ MSR_DEBUGCTL,		MSR_DEBUGCTL,		read_zero,	write_ignored },
	{ MSR_MTRR_PHYSBASE0,	MSR_MTRR_PHYSMASK7,	read_stored,	write_mtrr_var },
	{ MSR_MTRR_FIX64K,	MSR_MTRR_FIX64K,	read_stored,	write_mtrr_fix },
	{ MSR_MTRR_FIX16K_80,	MSR_MTRR_FIX16K_A0,	read_stored,	write_mtrr_fix },
	{ MSR_MTRR_FIX4K_C0,	MSR_MTRR_FIX4K_F8,	read_stored,	write_mtrr_fix },
	{ MSR_PAT,		MSR_PAT,		read_pat,	write_pat },
	{ MSR_MTRR_DEF_TYPE,	MSR_MTRR_DEF_TYPE,	read_stored,	write_mtrr_def },
	{ MSR_TSC_DEADLINE,	MSR_TSC_DEADLINE,	read_apic,	write_apic },
	{ MSR_X2APIC_FIRST,	MSR_X2APIC_LAST,	read_apic,	write_apic },
	{ MSR_KVM_WALL_CLOCK,	MSR_KVM_WALL_CLOCK,	read_stored,	write_kvm_wall },
	{ MSR_KVM_SYSTEM_TIME,	MSR_KVM_SYSTEM_TIME,	read_stored,	write_kvm_time },
	{ MSR_KVM_STEAL_TIME,	MSR_KVM_STEAL_TIME,	read_stored,	write_kvm_steal },
	{ MSR_EFER,		MSR_EFER,		read_efer,	write_efer },
	{ MSR_STAR,		MSR_SFMASK,		read_switched,	write_switched },
	{ MSR_FS_BASE,		MSR_GS_BASE,		read_base,	write_base },
	{ MSR_KERNEL_GS_BASE,	MSR_KERNEL_GS_BASE,	read_switched,	write_switched },
	{ MSR_TSC_AUX,		MSR_TSC_AUX,		read_stored,	write_tsc_aux },
	{ MSR_SYSCFG,		MSR_SYSCFG,		read_zero,	write_ignored },
	{ MSR_HWCR,		MSR_HWCR,		read_stored,	write_stored },
	{ MSR_NB_CFG,		MSR_NB_CFG,		read_zero,	write_ignored },
	{ MSR_DE_CFG,		MSR_DE_CFG,		read_de_cfg,	write_ignored },
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

bool msr_read(struct vcpu *v, u32 msr, u64 *val)
{
	const struct row *r = find(msr);

	return r->read && r->read(v, msr, val);
}

bool msr_write(struct vcpu *v, u32 msr, u64 val)
{
	const struct row *r = find(msr);

	return r->write && r->write(v, msr, val);
}

void msr_setup(struct vm *vm)
{
	index_rows();
	for (size_t i = 0; i < ARRAY_LEN(switched); i++)
		vm->virt->trap_msr(vm, switched[i].msr, false, false);
	vm->virt->trap_msr(vm, MSR_FS_BASE, false, false);
	vm->virt->trap_msr(vm, MSR_GS_BASE, false, false);
	if (machine_cpuid(0x80000001, 0).edx & BIT(27))
		vm->virt->trap_msr(vm, MSR_TSC_AUX, false, false);
}
