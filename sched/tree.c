// SPDX-License-Identifier: BSD-2-Clause
/* A treap by rotation-free insert and remove: split at a key, merge two (Aragon and Seidel, "Randomized search trees", 1989). */
#include <sched/tree.h>

#include <lib/assert.h>
#include <sched/steps.h>

void tree_node_init(struct tree_node *n, u32 id)
{
	/* The finaliser of MurmurHash3: a fixed rank for each id, so that runs repeat. */
	u32 h = id + 0x9e3779b9;

	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	*n = (struct tree_node){ .rank = h ^ h >> 16, .id = id };
}

static bool before(const struct tree_node *a, const struct tree_node *b)
{
	return a->key == b->key ? a->id < b->id : tree_before(a->key, b->key);
}

static void update(struct tree_node *n)
{
	n->least = n->due;
	if (n->left && tree_before(n->left->least, n->least))
		n->least = n->left->least;
	if (n->right && tree_before(n->right->least, n->least))
		n->least = n->right->least;
}

/* Parts `n` into those before `at` and the others. */
static void split(struct tree_node *n, const struct tree_node *at, struct tree_node **lo,
		  struct tree_node **hi)
{
	sched_step();
	if (!n) {
		*lo = *hi = NULL;
	} else if (before(n, at)) {
		split(n->right, at, &n->right, hi);
		*lo = n;
		update(n);
	} else {
		split(n->left, at, lo, &n->left);
		*hi = n;
		update(n);
	}
}

/* All of `lo` are before all of `hi`. */
static struct tree_node *merge(struct tree_node *lo, struct tree_node *hi)
{
	sched_step();
	if (!lo || !hi)
		return lo ? lo : hi;
	if (lo->rank > hi->rank) {
		lo->right = merge(lo->right, hi);
		update(lo);
		return lo;
	}
	hi->left = merge(lo, hi->left);
	update(hi);
	return hi;
}

static void insert(struct tree_node **at, struct tree_node *n)
{
	sched_step();
	if (!*at || n->rank > (*at)->rank) {
		split(*at, n, &n->left, &n->right);
		*at = n;
	} else {
		insert(before(n, *at) ? &(*at)->left : &(*at)->right, n);
	}
	update(*at);
}

static void remove(struct tree_node **at, struct tree_node *n)
{
	sched_step();
	assert(*at);
	if (*at == n) {
		*at = merge(n->left, n->right);
		n->left = n->right = NULL;
		return;
	}
	remove(before(n, *at) ? &(*at)->left : &(*at)->right, n);
	update(*at);
}

void tree_insert(struct tree *t, struct tree_node *n)
{
	n->left = n->right = NULL;
	insert(&t->root, n);
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	remove(&t->root, n);
}

struct tree_node *tree_first(const struct tree *t)
{
	struct tree_node *n = t->root;

	for (; n && n->left; n = n->left)
		sched_step();
	return n;
}

struct tree_node *tree_last(const struct tree *t)
{
	struct tree_node *n = t->root;

	for (; n && n->right; n = n->right)
		sched_step();
	return n;
}

/* The node that gives the subtree its `least`. */
static struct tree_node *owner(struct tree_node *n)
{
	u64 due = n->least;

	while (n->due != due) {
		sched_step();
		n = n->left && n->left->least == due ? n->left : n->right;
	}
	return n;
}

struct tree_node *tree_earliest(const struct tree *t, u64 bound)
{
	struct tree_node *best = NULL, *n = t->root;
	u64 due = 0;
	bool whole = false; /* `best` stands for its whole subtree */

	while (n) {
		sched_step();
		if (tree_before(bound, n->key)) {
			n = n->left;
			continue;
		}
		/* This one and all on its left are within the bound. */
		if (!best || tree_before(n->due, due)) {
			best = n;
			due = n->due;
			whole = false;
		}
		if (n->left && tree_before(n->left->least, due)) {
			best = n->left;
			due = best->least;
			whole = true;
		}
		n = n->right;
	}
	return best && whole ? owner(best) : best;
}
