// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that comes to grief, in the way that its command line names: how=idt (default) takes an
 * exception without an IDT; how=cr3 loads a CR3 with reserved bits, which must be a #GP for it or
 * at worst the end of it alone.
 */
#include "cpu.h"
#include "rt.h"
#include "trap.h"
#include <lib/string.h>

void main(const struct hvm_start_info *si)
{
	char how[16] = "idt";

	cmdline_text(si, "how=", how, sizeof(how));
	print("triplefault: by %s\n", how);
	delay_us(cmdline_number(si, "wait_ms=", 0) * 1000);
	if (!strcmp(how, "cr3")) {
		int vector = TRY("mov %0, %%cr3", OUT(), "r"(read_cr3() | BIT(63)));

		print("triplefault: exception %d, and alive\n", vector);
		power_off();
	}
	triple_fault();
}
