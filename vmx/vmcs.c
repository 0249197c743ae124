// SPDX-License-Identifier: BSD-2-Clause
/* The names in the VMCS, for people. */
#include "vmcs.h"

#define VMCS_CODE(name, encoding, width, type) encoding,
#define VMCS_NAME(name, encoding, width, type) #name "\0"
static const u16 codes[] = { VMCS_FIELDS(VMCS_CODE) };
static const char names[] = VMCS_FIELDS(VMCS_NAME); /* in that order; a table of pointers would be twice as large */

const char *vmcs_field_name(enum vmcs_field f)
{
	const char *name = names;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i] == f)
			return name;
		while (*name++)
			;
	}
	return "a field without a name";
}

static const char *const errors[] = {
	[1] = "VMCALL in root mode",
	[2] = "VMCLEAR of no physical address",
	[3] = "VMCLEAR of the VMXON region",
	[4] = "VMLAUNCH of a VMCS that is not clear",
	[5] = "VMRESUME of a VMCS that is not launched",
	[6] = "VMRESUME after VMXOFF and VMXON",
	[7] = "entry with invalid controls",
	[8] = "entry with invalid host state",
	[9] = "VMPTRLD of no physical address",
	[10] = "VMPTRLD of the VMXON region",
	[11] = "VMPTRLD of another revision",
	[12] = "a VMCS field that is not supported",
	[13] = "VMWRITE to a read-only field",
	[15] = "VMXON in root mode",
	[16] = "entry with an invalid executive VMCS",
	[17] = "entry with an executive VMCS that is not launched",
	[18] = "entry with an executive VMCS of another region",
	[19] = "VMCALL with a VMCS that is not clear",
	[20] = "VMCALL with invalid exit controls",
	[22] = "VMCALL with another MSEG revision",
	[23] = "VMXOFF under dual-monitor treatment",
	[24] = "VMCALL with invalid SMM-monitor features",
	[25] = "entry with invalid controls in the executive VMCS",
	[26] = "entry with events blocked by MOV SS",
	[28] = "invalid operand to INVEPT or INVVPID",
};

const char *vmcs_error_text(u32 error)
{
	return error < ARRAY_LEN(errors) && errors[error] ? errors[error] : "not in the manual";
}
