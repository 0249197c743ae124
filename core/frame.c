// SPDX-License-Identifier: BSD-2-Clause
/*
 * A block is 2 MiB (512 frames, 8 words of bits), a group 1 GiB (512 blocks). A zone's bits, blocks
 * and groups begin at the 2 MiB and 1 GiB boundaries at or below its range; what lies outside of
 * the range is never free.
 */
#include <core/frame.h>

#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>

#define BLOCK       512u /* frames in a block, blocks in a group */
#define GROUP       (BLOCK * BLOCK)
#define BLOCK_WORDS (BLOCK / 64)

struct group {
	u32 free; /* frames */
	u32 full; /* blocks all of whose frames are free */
};

/* Everything is counted in frames; first_block and first_group in their units, from physical
 * address 0. */
struct frame_zone {
	u64 first, end; /* the range */
	u64 first_block, blocks;
	u64 first_group, groups;
	u64 free;
	u64 *bits;  /* 1: free */
	u16 *block; /* free frames */
	struct group *group;
};

static void zone_bounds(struct frame_zone *z, const struct mem_range *r)
{
	*z = (struct frame_zone){.first = r->base >> PAGE_SHIFT,
				 .end = (r->base + r->len) >> PAGE_SHIFT};
	z->first_block = z->first / BLOCK;
	z->blocks = (z->end - 1) / BLOCK + 1 - z->first_block;
	z->first_group = z->first / GROUP;
	z->groups = (z->end - 1) / GROUP + 1 - z->first_group;
}

/* Its tables, one behind the other from address `at` on. Answers how many bytes they take. */
static u64 lay_out(struct frame_zone *z, u64 at)
{
	u64 bits = z->blocks * BLOCK_WORDS * sizeof(*z->bits), groups = z->groups * sizeof(*z->group);

	z->bits = (u64 *)at;
	z->group = (struct group *)(at + bits);
	z->block = (u16 *)(at + bits + groups);
	return bits + groups + align_up(z->blocks * sizeof(*z->block), 8);
}

u64 frames_metadata_size(const struct mem_range *usable, u32 count)
{
	u64 size = count * sizeof(struct frame_zone);

	for (u32 i = 0; i < count; i++) {
		struct frame_zone z;

		zone_bounds(&z, &usable[i]);
		size += lay_out(&z, 0);
	}
	return size;
}

/* --- One zone: reading --- */

static u16 *block_of(const struct frame_zone *z, u64 frame)
{
	return &z->block[frame / BLOCK - z->first_block];
}

static struct group *group_of(const struct frame_zone *z, u64 frame)
{
	return &z->group[frame / GROUP - z->first_group];
}

/* The word that holds the frame's bit. */
static u64 *word_of(const struct frame_zone *z, u64 frame)
{
	return &z->bits[(frame - z->first_block * BLOCK) / 64];
}

/* The first free frame of [at, z->end), z->end if none. */
static u64 next_free(const struct frame_zone *z, u64 at)
{
	while (at < z->end) {
		u64 word;

		if (!group_of(z, at)->free) {
			at = (at / GROUP + 1) * GROUP;
			continue;
		}
		if (!*block_of(z, at)) {
			at = (at / BLOCK + 1) * BLOCK;
			continue;
		}
		word = *word_of(z, at) >> at % 64;
		if (word)
			return at + (u64)__builtin_ctzll(word);
		at = (at / 64 + 1) * 64;
	}
	return z->end;
}

/* The first used frame of [at, end), `end` if none. */
static u64 next_used(const struct frame_zone *z, u64 at, u64 end)
{
	while (at < end) {
		u64 word;

		if (!(at % BLOCK) && *block_of(z, at) == BLOCK) {
			at += BLOCK;
			continue;
		}
		word = ~*word_of(z, at) >> at % 64;
		if (word)
			return min_u64(at + (u64)__builtin_ctzll(word), end);
		at = (at / 64 + 1) * 64;
	}
	return end;
}

/* First fit for `n` frames in a zone; false if none. */
static bool find_run(const struct frame_zone *z, u64 n, u64 align, u64 *out)
{
	u64 at = z->first;

	for (;;) {
		u64 used;

		at = align_up(next_free(z, at), align);
		if (!range_inside(at, n, z->first, z->end - z->first))
			return false;
		used = next_used(z, at, at + n);
		if (used == at + n)
			break;
		at = used;
	}
	*out = at;
	return true;
}

/* --- The three sizes that page tables like: by counters, and breaking as little as possible --- */

enum breaking {
	BREAK_NOTHING, /* only frames of blocks that have used ones */
	BREAK_BLOCK,   /* a whole block, of a group that has used frames */
	BREAK_GROUP,
	BREAK_KINDS,
};

static bool pick_frame(const struct frame_zone *z, u64 group, enum breaking b, u64 *out)
{
	const struct group *g = &z->group[group - z->first_group];
	u64 start = max_u64(group * GROUP, z->first);
	u64 end = min_u64((group + 1) * GROUP, z->end);

	if (!g->free || (b == BREAK_NOTHING && g->free == g->full * BLOCK))
		return false;
	if (b == BREAK_BLOCK && g->full == BLOCK)
		return false;
	for (u64 at = start; at < end; at = (at / BLOCK + 1) * BLOCK) {
		u16 free = *block_of(z, at);

		if (free && (b != BREAK_NOTHING || free < BLOCK)) {
			*out = next_free(z, at);
			return true;
		}
	}
	return false;
}

static bool pick_block(const struct frame_zone *z, u64 group, enum breaking b, u64 *out)
{
	const struct group *g = &z->group[group - z->first_group];
	u64 at = max_u64(group * GROUP, z->first_block * BLOCK);

	if (!g->full || b == BREAK_NOTHING || (b == BREAK_BLOCK && g->full == BLOCK))
		return false;
	while (*block_of(z, at) != BLOCK)
		at += BLOCK;
	*out = at;
	return true;
}

static bool pick_group(const struct frame_zone *z, u64 group, enum breaking b, u64 *out)
{
	*out = group * GROUP;
	return b == BREAK_GROUP && z->group[group - z->first_group].full == BLOCK;
}

typedef bool (*picker)(const struct frame_zone *z, u64 group, enum breaking b, u64 *out);

static picker picker_for(u64 n, u64 align)
{
	if (n == 1 && align == 1)
		return pick_frame;
	if (n == BLOCK && align == BLOCK)
		return pick_block;
	return n == GROUP && align == GROUP ? pick_group : NULL;
}

static struct frame_zone *find(struct frames *f, u64 n, u64 align, u64 *out)
{
	picker pick = picker_for(n, align);

	for (enum breaking b = pick ? BREAK_NOTHING : BREAK_GROUP; b < BREAK_KINDS; b++)
		for (u32 i = f->count; i-- > 0;) {
			struct frame_zone *z = &f->zone[i];

			if (z->free < n)
				continue;
			if (!pick && find_run(z, n, align, out))
				return z;
			for (u64 g = z->first_group + z->groups; pick && g-- > z->first_group;)
				if (pick(z, g, b, out))
					return z;
		}
	return NULL;
}

/* --- One zone: changing --- */

/* Frames [at, at+n) of one word become free or used; every one of them is the opposite. */
static void mark_word(struct frame_zone *z, u64 at, u64 n, bool free)
{
	u64 *word = word_of(z, at);
	u64 mask = (n == 64 ? ~0ull : BIT(n) - 1) << at % 64;
	u16 *block = block_of(z, at);
	struct group *g = group_of(z, at);

	check((*word & mask) == (free ? 0 : mask));
	*word ^= mask;
	if (free) {
		*block += n;
		g->free += n;
		g->full += *block == BLOCK;
	} else {
		g->full -= *block == BLOCK;
		*block -= n;
		g->free -= n;
	}
}

/* The same for a whole block: with a TiB there are half a million of them. */
static void mark_block(struct frame_zone *z, u64 at, bool free)
{
	u64 *word = word_of(z, at), want = free ? 0 : ~0ull;
	struct group *g = group_of(z, at);

	for (u32 i = 0; i < BLOCK_WORDS; i++) {
		check(word[i] == want);
		word[i] = ~want;
	}
	*block_of(z, at) = free ? BLOCK : 0;
	g->free += free ? BLOCK : -BLOCK;
	g->full += free ? 1 : -1;
}

static void mark(struct frame_zone *z, u64 at, u64 n, bool free)
{
	for (u64 end = at + n, part; at < end; at += part) {
		if (!(at % BLOCK) && end - at >= BLOCK) {
			part = BLOCK;
			mark_block(z, at, free);
		} else {
			part = min_u64(64 - at % 64, end - at);
			mark_word(z, at, part, free);
		}
	}
	z->free += free ? n : -n;
}

/* --- The whole --- */

static bool is_sane(const struct mem_range *usable, u32 count)
{
	hpa_t end = 0;

	for (u32 i = 0; i < count; i++) {
		const struct mem_range *r = &usable[i];

		if (!r->len || !is_aligned(r->base | r->len, PAGE_SIZE) || r->base < end ||
		    !range_inside(r->base, r->len, 0, MEMMAP_TOP))
			return false;
		end = r->base + r->len;
	}
	return true;
}

enum status frames_init(struct frames *f, const struct mem_range *usable, u32 count, void *metadata,
			u64 size)
{
	u64 at = (u64)metadata + count * sizeof(*f->zone);

	if (!is_sane(usable, count))
		return E_INVAL;
	if (size < frames_metadata_size(usable, count))
		return E_NOMEM;
	check(is_aligned((u64)metadata, 8));
	memset(metadata, 0, frames_metadata_size(usable, count));
	*f = (struct frames){.zone = metadata, .count = count};
	spin_init(&f->lock);
	for (u32 i = 0; i < count; i++) {
		struct frame_zone *z = &f->zone[i];

		zone_bounds(z, &usable[i]);
		at += lay_out(z, at);
		mark(z, z->first, z->end - z->first, true);
		f->total += z->free;
	}
	f->free = f->total;
	return OK;
}

enum status frames_alloc(struct frames *f, u64 size, u64 align, hpa_t *out)
{
	struct frame_zone *z;
	u64 frame = 0;

	if (!size || !is_aligned(size, PAGE_SIZE))
		return E_INVAL;
	if (align < PAGE_SIZE || align > GIB || !is_aligned(align, align))
		return E_INVAL;
	spin_lock(&f->lock);
	z = find(f, size >> PAGE_SHIFT, align >> PAGE_SHIFT, &frame);
	if (z) {
		mark(z, frame, size >> PAGE_SHIFT, false);
		f->free -= size >> PAGE_SHIFT;
		*out = frame << PAGE_SHIFT;
	}
	spin_unlock(&f->lock);
	return z ? OK : E_NOMEM;
}

/* The zone that all of these frames are in, or NULL. */
static struct frame_zone *zone_of(const struct frames *f, u64 frame, u64 n)
{
	for (u32 i = 0; i < f->count; i++)
		if (range_inside(frame, n, f->zone[i].first, f->zone[i].end - f->zone[i].first))
			return &f->zone[i];
	return NULL;
}

void frames_free(struct frames *f, hpa_t hpa, u64 size)
{
	u64 frame = hpa >> PAGE_SHIFT, n = size >> PAGE_SHIFT;
	struct frame_zone *z = zone_of(f, frame, n);

	check(size && is_aligned(hpa | size, PAGE_SIZE) && z);
	spin_lock(&f->lock);
	mark(z, frame, n, true);
	f->free += n;
	spin_unlock(&f->lock);
}

u64 frames_free_bytes(struct frames *f)
{
	u64 n;

	spin_lock(&f->lock);
	n = f->free;
	spin_unlock(&f->lock);
	return n << PAGE_SHIFT;
}

u64 frames_total_bytes(const struct frames *f)
{
	return f->total << PAGE_SHIFT;
}

bool frames_touch(const struct frames *f, hpa_t hpa, u64 size)
{
	for (u32 i = 0; i < f->count; i++) {
		const struct frame_zone *z = &f->zone[i];

		if (range_overlap(hpa, size, z->first << PAGE_SHIFT, (z->end - z->first) << PAGE_SHIFT))
			return true;
	}
	return false;
}

bool frames_used(struct frames *f, hpa_t hpa, u64 size)
{
	u64 frame = hpa >> PAGE_SHIFT, n = size >> PAGE_SHIFT;
	const struct frame_zone *z = zone_of(f, frame, n);
	bool used;

	if (!z)
		return false;
	spin_lock(&f->lock);
	used = next_free(z, frame) >= frame + n;
	spin_unlock(&f->lock);
	return used;
}
