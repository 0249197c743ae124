// SPDX-License-Identifier: BSD-2-Clause
#include <vm/apic_page.h>

int apic_page_highest(const struct apic_page *p, u32 first)
{
	const atomic_uint *low = &p->reg[first].val;
	const unsigned stride = sizeof(p->reg[0]) / sizeof(*low);

	for (int i = APIC_VECTOR_REGS - 1; i >= 0; i--) {
		u32 word = atomic_load_explicit(low + (unsigned)i * stride, memory_order_relaxed);

		if (word)
			return i * 32 + 31 - __builtin_clz(word);
	}
	return -1;
}
