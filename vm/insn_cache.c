// SPDX-License-Identifier: BSD-2-Clause
#include <vm/insn_cache.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <vm/virt.h>

#define BYTES_READ 16 /* in two words; an instruction has at most 15 */

static unsigned slot_of(gva_t at)
{
	return (at ^ at >> 4) % INSN_CACHE_SLOTS;
}

/* Other vCPUs may write here: a word that is half old and half new is what a fetch might see, too. */
static u64 load(const u8 *p)
{
	u64 word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

static bool same_way(const struct insn_cache_slot *s)
{
	for (unsigned i = 0; i < s->steps; i++)
		/* Relaxed: as the CPU's own walker. */
		if (atomic_load_explicit(s->entry[i], memory_order_relaxed) != s->seen[i])
			return false;
	return true;
}

const struct insn *insn_cache_find(const struct insn_cache *c, const struct virt_code *code)
{
	const struct insn_cache_slot *s = &c->slot[slot_of(code->at)];

	if (s->at != code->at || s->cr3 != code->cr3 || s->mode != code->mode || !s->bytes || !same_way(s))
		return NULL;
	if (((load(s->bytes) ^ s->low) & s->low_mask) | ((load(s->bytes + 8) ^ s->high) & s->high_mask))
		return NULL;
	return &s->insn;
}

static bool keep_way(struct insn_cache_slot *s, const struct gmem *mem, const struct gwalk_trace *t)
{
	s->steps = t->steps;
	for (unsigned i = 0; i < t->steps; i++) {
		s->entry[i] = gmem_ptr(mem, t->at[i], sizeof(u64));
		s->seen[i] = t->entry[i];
		if (!s->entry[i])
			return false;
	}
	return true;
}

void insn_cache_keep(struct insn_cache *c, const struct virt_code *code, const struct gmem *mem, const struct gwalk_trace *trace,
		     const u8 bytes[INSN_MAX_LEN], const struct insn *insn)
{
	struct insn_cache_slot *s = &c->slot[slot_of(code->at)];
	const u8 *in_ram = gmem_ptr(mem, trace->gpa, BYTES_READ);

	s->bytes = NULL;
	if (!in_ram || trace->entry_size == 4 || (code->at & (PAGE_SIZE - 1)) + insn->len > PAGE_SIZE || !keep_way(s, mem, trace))
		return;
	s->cr3 = code->cr3;
	s->mode = code->mode;
	s->at = code->at;
	s->low_mask = width_mask(min_u64(insn->len, 8));
	s->high_mask = insn->len > 8 ? width_mask(insn->len - 8) : 0;
	memcpy(&s->low, bytes, 8);
	memcpy(&s->high, bytes + 8, INSN_MAX_LEN - 8);
	s->insn = *insn;
	s->bytes = in_ram;
}
