// SPDX-License-Identifier: BSD-2-Clause
/*
 * Why did the CPU refuse the guest state, or the controls? The manual's rules for them, checked
 * again in order, for the operator and for us. Pure: the VMCS is behind a function.
 */
#pragma once

#include "controls.h"

typedef u64 vmcs_reader(enum vmcs_field f);

struct vmx_limits {
	const struct vmx_caps *caps;
	u32 phys_bits;
	bool load_pat, load_efer; /* else the VMCS does not hold them */
};

struct vmx_fault {
	enum vmcs_field field;
	u64 val;
	const char *rule; /* that it breaks */
};

/* True: `fault` has the first rule that is broken. */
typedef bool vmx_checker(const struct vmx_limits *limits, vmcs_reader *read,
			 struct vmx_fault *fault);
vmx_checker vmx_check_guest;
/* The controls: VM-instruction error 7. */
vmx_checker vmx_check_controls;
