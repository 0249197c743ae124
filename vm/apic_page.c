// SPDX-License-Identifier: BSD-2-Clause
#include <vm/apic_page.h>

#define STRIDE (sizeof(((struct apic_page *)NULL)->reg[0]) / sizeof(atomic_uint))

static inline u32 get(const atomic_uint *low, unsigned i)
{
	return atomic_load_explicit(low + i * STRIDE, memory_order_relaxed);
}

static inline u32 any_of_four(const atomic_uint *low)
{
	return get(low, 0) | get(low, 1) | get(low, 2) | get(low, 3);
}

int apic_page_highest(const struct apic_page *p, u32 first)
{
	static_assert(APIC_VECTOR_REGS == 8, "twice four");
	const atomic_uint *low = &p->reg[first].val;
	u32 i = 7;

	if (!any_of_four(low + 4 * STRIDE)) {
		if (!any_of_four(low))
			return -1;
		i = 3;
	}
	while (!get(low, i))
		i--;
	return (int)(i * 32 + 31) - __builtin_clz(get(low, i));
}
