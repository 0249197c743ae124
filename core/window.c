// SPDX-License-Identifier: BSD-2-Clause
#include <core/service/window.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/layout.h>
#include <core/hostmap.h>
#include <core/pcpu.h>
#include <core/service/mem.h>

enum status window_create(struct window **out)
{
	struct window *w = mem_alloc(sizeof(*w));
	enum status st;

	if (!w)
		return E_NOMEM;
	st = window_init(w);
	if (st)
		mem_free(w, sizeof(*w));
	else
		*out = w;
	return st;
}

/* A pCPU that has put a vCPU is still on its window until it enters the next one: its loop does so at once, and waits for nobody. */
static void wait_until_left(const struct window *w)
{
	for (u32 i = 0; i < pcpu_count(); i++)
		/* Pairs with the release in window_enter(). */
		while (atomic_load_explicit(&pcpu_get(i)->window, memory_order_acquire) == w)
			cpu_pause();
}

void window_destroy(struct window *w)
{
	wait_until_left(w);
	window_fini(w);
	mem_free(w, sizeof(*w));
}

enum status window_add(struct window *w, gpa_t gpa, hpa_t hpa, u64 len)
{
	return window_map(w, gpa, hpa, len);
}

struct window *window_current(void)
{
	return atomic_load_explicit(&this_pcpu()->window, memory_order_relaxed);
}

/* Loading CR3 drops the old window's translations: only the shared part is global. */
static inline void load(struct window *w, hpa_t cr3)
{
	write_cr3(cr3);
	/* Pairs with the acquire in wait_until_left(): the former one's tables are no longer used. */
	atomic_store_explicit(&this_pcpu()->window, w, memory_order_release);
}

static rare void leave(void)
{
	load(NULL, hostmap_cr3());
}

void window_enter(struct window *w)
{
	if (window_current() == w)
		return;
	if (w)
		load(w, w->pt.root);
	else
		leave();
}

u8 *window_base(void)
{
	return (u8 *)WINDOW_BASE;
}
