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

void window_destroy(struct window *w)
{
	window_fini(w);
	mem_free(w, sizeof(*w));
}

enum status window_add(struct window *w, gpa_t gpa, hpa_t hpa, u64 len)
{
	return window_map(w, gpa, hpa, len);
}

/* Loading CR3 drops the old window's translations: only the shared part is global. */
void window_enter(struct window *w)
{
	struct pcpu *p = this_pcpu();

	if (p->window == w)
		return;
	p->window = w;
	write_cr3(w ? window_cr3(w) : hostmap_cr3());
}

struct window *window_current(void)
{
	return this_pcpu()->window;
}

u8 *window_base(void)
{
	return (u8 *)WINDOW_BASE;
}
