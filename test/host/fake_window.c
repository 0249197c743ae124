// SPDX-License-Identifier: BSD-2-Clause
/*
 * VM windows in unit tests: one piece of address space in which the RAM of the VM that is entered
 * appears, and nothing otherwise. So code that touches a guest without being on its window, or
 * beyond its RAM, faults here as it would on the machine.
 */
#include <core/service/window.h>

#include "fake_mem.h"

#include <lib/assert.h>
#include <lib/range.h>

#include <sys/mman.h>

#define SPACE_SIZE (16 * GIB)

struct piece {
	struct piece *next;
	gpa_t gpa;
	hpa_t hpa;
	u64 len;
};

struct window {
	struct piece *pieces;
};

static u8 *space;
static struct window *current;

static void *hide(void *at, u64 len)
{
	int fixed = at ? MAP_FIXED : 0;
	void *p =
	    mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);

	check(p != MAP_FAILED);
	return p;
}

u8 *window_base(void)
{
	if (!space)
		space = hide(NULL, SPACE_SIZE);
	return space;
}

/* The real one needs page tables: a block for the window and one for each piece stand for them. */
enum status window_create(struct window **out)
{
	*out = mem_alloc(sizeof(**out));
	return *out ? OK : E_NOMEM;
}

void window_destroy(struct window *w)
{
	struct piece *p, *next;

	check(current != w);
	for (p = w->pieces; p; p = next) {
		next = p->next;
		mem_free(p, sizeof(*p));
	}
	mem_free(w, sizeof(*w));
}

enum status window_add(struct window *w, gpa_t gpa, hpa_t hpa, u64 len)
{
	struct piece *p;

	check(current != w && range_inside(gpa, len, 0, SPACE_SIZE));
	p = mem_alloc(sizeof(*p));
	if (!p)
		return E_NOMEM;
	*p = (struct piece){ .next = w->pieces, .gpa = gpa, .hpa = hpa, .len = len };
	w->pieces = p;
	return OK;
}

void window_enter(struct window *w)
{
	if (current == w)
		return;
	for (struct piece *p = current ? current->pieces : NULL; p; p = p->next)
		hide(window_base() + p->gpa, p->len);
	for (struct piece *p = w ? w->pieces : NULL; p; p = p->next)
		fake_ram_map(window_base() + p->gpa, p->hpa, p->len);
	current = w;
}

struct window *window_current(void)
{
	return current;
}
