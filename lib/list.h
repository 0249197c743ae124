// SPDX-License-Identifier: BSD-2-Clause
/*
 * Intrusive doubly linked list with a head. A node that is not in a list points to itself once
 * list_init() was called on it or list_del() took it out. Locking belongs to the caller.
 */
#pragma once

#include <lib/types.h>

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts `node` before `at`; with `at` the head this is the tail of the list. */
static inline void list_add_before(struct list *at, struct list *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

static inline void list_add_tail(struct list *head, struct list *node)
{
	list_add_before(head, node);
}

static inline void list_add_head(struct list *head, struct list *node)
{
	list_add_before(head->next, node);
}

static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Takes the first one out of a list that is not empty. */
static inline struct list *list_take(struct list *head)
{
	struct list *node = head->next;

	head->next = node->next;
	node->next->prev = head;
	list_init(node);
	return node;
}

/* Walk; the body must not remove `it`. */
#define list_for_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
