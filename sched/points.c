// SPDX-License-Identifier: BSD-2-Clause
/* A treap as tree.c's, with sums over subtrees and with increments that are handed down only when somebody passes by. */
#include <sched/points.h>

#include <lib/assert.h>
#include <lib/bits.h>
#include <sched/steps.h>
#include <sched/tree.h>

void point_init(struct point *p, u32 id)
{
	struct tree_node n;

	tree_node_init(&n, id);
	*p = (struct point){ .rank = n.rank, .id = id };
}

static bool before(const struct point *a, const struct point *b)
{
	return a->key == b->key ? a->id < b->id : a->key < b->key;
}

static void update(struct point *p)
{
	p->weights = p->weight;
	p->bounds = p->bound;
	p->lowest = p->weight > 0 ? p->key : ~0ull;
	p->known = p->noted;
	p->unknown = !p->noted;
	for (u32 i = 0; i < 2; i++) {
		const struct point *c = i ? p->right : p->left;

		if (!c)
			continue;
		p->weights += c->weights;
		p->bounds += c->bounds;
		p->lowest = min_u64(p->lowest, c->lowest);
		p->known += c->known;
		p->unknown += c->unknown;
	}
}

static void tell(struct point *p, u64 real, u64 virt)
{
	if (!p)
		return;
	p->real += real;
	p->virt += virt;
	p->more_real += real;
	p->more_virt += virt;
}

static void hand_down(struct point *p)
{
	tell(p->left, p->more_real, p->more_virt);
	tell(p->right, p->more_real, p->more_virt);
	p->more_real = p->more_virt = 0;
}

static void split(struct point *p, const struct point *at, struct point **lo, struct point **hi)
{
	sched_step();
	if (!p) {
		*lo = *hi = NULL;
		return;
	}
	hand_down(p);
	if (before(p, at)) {
		split(p->right, at, &p->right, hi);
		*lo = p;
	} else {
		split(p->left, at, lo, &p->left);
		*hi = p;
	}
	update(p);
}

static struct point *merge(struct point *lo, struct point *hi)
{
	struct point *top = !hi || (lo && lo->rank > hi->rank) ? lo : hi;

	sched_step();
	if (!lo || !hi)
		return top;
	hand_down(top);
	if (top == lo)
		lo->right = merge(lo->right, hi);
	else
		hi->left = merge(lo, hi->left);
	update(top);
	return top;
}

static void insert(struct point **at, struct point *p)
{
	sched_step();
	if (!*at || p->rank > (*at)->rank) {
		split(*at, p, &p->left, &p->right);
		*at = p;
	} else {
		hand_down(*at);
		insert(before(p, *at) ? &(*at)->left : &(*at)->right, p);
	}
	update(*at);
}

static void remove(struct point **at, struct point *p)
{
	sched_step();
	assert(*at);
	hand_down(*at);
	if (*at == p) {
		*at = merge(p->left, p->right);
		p->left = p->right = NULL;
		return;
	}
	remove(before(p, *at) ? &(*at)->left : &(*at)->right, p);
	update(*at);
}


void points_insert(struct points *t, struct point *p, u64 level)
{
	p->left = p->right = NULL;
	p->more_real = p->more_virt = 0;
	p->epoch = ~0ull;
	p->noted = p->key <= level;
	insert(&t->root, p);
}

void points_remove(struct points *t, struct point *p)
{
	remove(&t->root, p);
}

void points_sum(const struct points *t, u64 level, s64 *bound, s64 *weight)
{
	*bound = *weight = 0;
	for (const struct point *p = t->root; p;) {
		sched_step();
		if (p->key <= level) {
			*bound += p->bound + (p->left ? p->left->bounds : 0);
			p = p->right;
		} else {
			*weight += p->weight + (p->right ? p->right->weights : 0);
			p = p->left;
		}
	}
}

u64 points_next(const struct points *t, u64 level)
{
	u64 next = ~0ull;

	for (const struct point *p = t->root; p;) {
		sched_step();
		if (p->key <= level) {
			p = p->right;
			continue;
		}
		next = min_u64(next, p->weight > 0 ? p->key : ~0ull);
		next = min_u64(next, p->right ? p->right->lowest : ~0ull);
		p = p->left;
	}
	return next;
}

void points_pass(struct points *t, u64 level, u64 real, u64 virt)
{
	t->epoch++;
	for (struct point *p = t->root; p;) {
		sched_step();
		hand_down(p);
		if (p->key <= level) {
			p->real += real;
			tell(p->left, real, 0);
			p = p->right;
		} else {
			p->virt += virt;
			tell(p->right, 0, virt);
			p = p->left;
		}
	}
}

void points_read(const struct points *t, const struct point *p, u64 *real, u64 *virt)
{
	bool kept = p->epoch == t->epoch;
	const struct point *at = kept ? p : t->root;

	*real = kept ? p->base_real : p->real;
	*virt = kept ? p->base_virt : p->virt;
	while (at != p) {
		sched_step();
		*real += at->more_real;
		*virt += at->more_virt;
		at = before(p, at) ? at->left : at->right;
	}
}

void points_keep(const struct points *t, struct point *p)
{
	points_read(t, p, &p->base_real, &p->base_virt);
	p->epoch = t->epoch;
}

static bool any(const struct point *p, bool noted)
{
	return p && (noted ? p->known : p->unknown);
}

/* The first below that is noted so. */
static struct point *first(struct point *p, bool noted)
{
	for (;;) {
		sched_step();
		if (any(p->left, noted))
			p = p->left;
		else if (p->noted == noted)
			return p;
		else
			p = p->right;
	}
}

/* The first behind (key, id) that is noted so. */
static struct point *first_behind(struct point *p, u64 key, u32 id, bool noted)
{
	struct point *best = NULL;
	bool whole = false; /* `best` stands for its subtree */

	while (p) {
		sched_step();
		if (p->key < key || (p->key == key && p->id <= id)) {
			p = p->right;
			continue;
		}
		if (p->noted == noted || any(p->right, noted)) {
			whole = p->noted != noted;
			best = whole ? p->right : p;
		}
		p = p->left;
	}
	return whole ? first(best, noted) : best;
}

struct point *points_wrong(struct points *t, u64 level, bool noted)
{
	u64 begin = noted ? level : 0;
	struct point *p;

	/* From where the last search ended, so that everybody has his turn. */
	p = first_behind(t->root, t->key[noted] > begin ? t->key[noted] : begin, t->key[noted] > begin ? t->id[noted] : ~0u, noted);
	if (!p || (!noted && p->key > level))
		p = first_behind(t->root, begin, noted ? ~0u : 0, noted);
	if (!p || (!noted && p->key > level))
		return NULL;
	t->key[noted] = p->key;
	t->id[noted] = p->id;
	return p;
}

/* On the way to `p`. */
static void note(struct point *at, struct point *p, bool noted)
{
	sched_step();
	if (at == p)
		p->noted = noted;
	else
		note(before(p, at) ? at->left : at->right, p, noted);
	update(at);
}

void points_note(struct points *t, struct point *p, bool noted)
{
	if (p->noted != noted)
		note(t->root, p, noted);
}
