// SPDX-License-Identifier: BSD-2-Clause
#include <vm/apic_page.h>

int apic_page_highest(const struct apic_page *p, u32 first)
{
	for (int i = APIC_VECTOR_REGS - 1; i >= 0; i--) {
		u32 word = apic_page_get(p, first + (u32)i);

		if (word)
			return i * 32 + 31 - __builtin_clz(word);
	}
	return -1;
}
