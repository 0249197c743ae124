// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers that tag a vCPU's translations in a pCPU's TLB (ASID, VPID). Each pCPU hands its own out
 * in order; when they run out, all start anew. For svm/ and vmx/.
 */
#pragma once

#include <lib/types.h>

/* Of a pCPU; only it touches this. */
struct tag_pool {
	u32 pcpu;
	u32 next, end;
	u64 generation; /* no two pools are ever in the same */
};

/* Of a vCPU. All zero: it has none. */
struct tag {
	u32 pcpu;
	u32 number;
	u64 generation;
};

#define TAG_FIRST	 1 /* 0 is the hypervisor's own */
#define TAG_GENERATION	 0x10000u /* from one to the next; more than there are pCPUs */

/* Numbers from TAG_FIRST to `end` - 1. */
static inline struct tag_pool tag_pool(u32 end, u32 pcpu)
{
	return (struct tag_pool){ .pcpu = pcpu, .next = TAG_FIRST, .end = end, .generation = TAG_GENERATION + pcpu };
}

static inline bool tag_is_valid(const struct tag_pool *p, const struct tag *t)
{
	return t->generation == p->generation;
}

/*
 * Makes `t` valid on the pCPU whose pool `p` is. True: the number is new here. It may have been
 * another vCPU's, or this one's at an earlier stay on this pCPU, so what it tags must be flushed
 * before the next entry.
 */
static inline bool tag_take(struct tag_pool *p, struct tag *t)
{
	if (tag_is_valid(p, t))
		return false;
	if (p->next >= p->end) {
		p->next = TAG_FIRST;
		p->generation += TAG_GENERATION;
	}
	*t = (struct tag){ .pcpu = p->pcpu, .number = p->next++, .generation = p->generation };
	return true;
}
