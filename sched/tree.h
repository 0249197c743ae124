// SPDX-License-Identifier: BSD-2-Clause
/*
 * An ordered tree (a treap) of nodes that live in their owners. Ordered by `key`; each node knows the least `due` below it, so
 * that "the earliest due among those with a key up to ..." takes O(log n) steps. Keys are compared as circular numbers: they
 * may wrap, as long as those in one tree are within 2^63 of each other.
 */
#pragma once

#include <lib/types.h>

struct tree_node {
	struct tree_node *left, *right;
	u64 key, due;
	u64 least; /* of `due` in this subtree */
	u32 rank;  /* pseudo-random, falls from the root to the leaves */
	u32 id;	   /* orders equal keys; unique in a tree */
};

struct tree {
	struct tree_node *root;
};

static inline bool tree_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* Once per node. */
void tree_node_init(struct tree_node *n, u32 id);
/* `key` and `due` are set. */
void tree_insert(struct tree *t, struct tree_node *n);
void tree_remove(struct tree *t, struct tree_node *n);
/* Least and greatest key, or NULL. */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);
/* The earliest due of the nodes with a key of at most `bound`, or NULL. */
struct tree_node *tree_earliest(const struct tree *t, u64 bound);
