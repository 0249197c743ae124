// SPDX-License-Identifier: BSD-2-Clause
/*
 * VMX instructions. Those that act on the current VMCS can only fail by our own mistake: then the
 * machine stops with the manual's reason.
 */
#pragma once

#include "vmcs.h"

/* cpu.c: panics. `operand` is the field, address or type. */
_Noreturn void vmx_insn_failed(const char *insn, u64 operand);

/* Success is CF = ZF = 0: "Conventions" of the VMX instruction reference. */
static inline bool vmxon(hpa_t region)
{
	bool ok;

	__asm__ volatile("vmxon %1" : "=@cca"(ok) : "m"(region) : "memory");
	return ok;
}

static inline void vmxoff(void)
{
	__asm__ volatile("vmxoff" : : : "cc", "memory");
}

static inline void vmclear(const hpa_t *vmcs)
{
	bool ok;

	__asm__ volatile("vmclear %1" : "=@cca"(ok) : "m"(*vmcs) : "memory");
	if (!ok)
		vmx_insn_failed("VMCLEAR", *vmcs);
}

static inline void vmptrld(const hpa_t *vmcs)
{
	bool ok;

	__asm__ volatile("vmptrld %1" : "=@cca"(ok) : "m"(*vmcs) : "memory");
	if (!ok)
		vmx_insn_failed("VMPTRLD", *vmcs);
}

/* Out of line, cpu.c, as there are many. */
u64 vmread(enum vmcs_field f);
void vmwrite(enum vmcs_field f, u64 val);

/* The quick way, of fields that no CPU is without, while there certainly is a current VMCS. */
static inline u64 vmread_known(enum vmcs_field f)
{
	u64 val;

	__asm__ volatile("vmread %1, %0" : "=r"(val) : "r"((u64)f) : "cc", "memory");
	return val;
}

/* The same before an entry, which fails if there is none. */
static inline void vmwrite_known(enum vmcs_field f, u64 val)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"((u64)f), "rm"(val) : "cc", "memory");
}

static inline void invept(u64 type, u64 eptp)
{
	u64 descriptor[2] = { eptp, 0 };
	bool ok;

	__asm__ volatile("invept %1, %2" : "=@cca"(ok) : "m"(descriptor), "r"(type) : "memory");
	if (!ok)
		vmx_insn_failed("INVEPT", type);
}

static inline void invvpid(u64 type, u16 vpid)
{
	u64 descriptor[2] = { vpid, 0 };
	bool ok;

	__asm__ volatile("invvpid %1, %2" : "=@cca"(ok) : "m"(descriptor), "r"(type) : "memory");
	if (!ok)
		vmx_insn_failed("INVVPID", type);
}
