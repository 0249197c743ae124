// SPDX-License-Identifier: BSD-2-Clause
#include <vm/insn_cache.h>

#include <lib/bits.h>
#include <lib/string.h>

#define BYTES_READ 16 /* in two words; an instruction has at most 15 */

#define NOWHERE	   BIT(63) /* not canonical: RIP of no CPU */

void insn_cache_init(struct insn_cache *c)
{
	for (u32 i = 0; i < INSN_CACHE_SLOTS; i++)
		c->slot[i].rip = NOWHERE;
}

/* False: an entry is not in RAM any more, or there are too many. */
static bool keep_way(struct insn_cache_slot *s, const struct gmem *mem, const struct gwalk_trace *t)
{
	if (t->steps > INSN_CACHE_STEPS)
		return false;
	for (unsigned i = 0; i < INSN_CACHE_STEPS; i++) {
		s->entry[i] = i < t->steps ? gmem_ptr(mem, t->at[i], sizeof(u64)) : &s->seen[i];
		s->seen[i] = i < t->steps ? t->entry[i] : 0;
		if (!s->entry[i])
			return false;
	}
	return true;
}

void insn_cache_keep(struct insn_cache *c, const struct gwalk_env *env, gva_t rip, const struct gwalk_trace *trace,
		     const u8 bytes[INSN_MAX_LEN], const struct insn *insn)
{
	unsigned pair = insn_cache_slot(rip) / 2;
	struct insn_cache_slot *s = &c->slot[2 * pair + (c->turn >> pair & 1)];
	const u8 *in_ram = gmem_ptr(env->mem, trace->gpa, BYTES_READ);

	c->turn ^= 1u << pair;
	s->rip = NOWHERE;
	if (!in_ram || (rip & (PAGE_SIZE - 1)) + insn->len > PAGE_SIZE || !keep_way(s, env->mem, trace))
		return;
	s->cr3 = env->cr3;
	s->low_mask = width_mask((unsigned)min_u64(insn->len, 8));
	s->high_mask = insn->len > 8 ? width_mask(insn->len - 8) : 0;
	memcpy(&s->low, bytes, 8);
	memcpy(&s->high, bytes + 8, INSN_MAX_LEN - 8);
	s->insn = *insn;
	s->bytes = in_ram;
	s->rip = rip;
}
