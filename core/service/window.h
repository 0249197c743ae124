// SPDX-License-Identifier: BSD-2-Clause
/*
 * A VM's host page table: the hypervisor's shared part plus one window in which that VM's RAM lies, linear, read-write and
 * no-execute. Code that works for a VM runs on its window, so it cannot name another VM's bytes.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

struct window;

/* E_NOMEM. */
enum status must_check window_create(struct window **out);
/* Unmaps everything and frees. No vCPU of its VM will run again; waits for pCPUs that have just put one, with no lock held. */
void window_destroy(struct window *w);
/* Maps guest RAM; all page aligned. The window must not be entered anywhere yet. E_NOMEM: nothing changed. */
enum status must_check window_add(struct window *w, gpa_t gpa, hpa_t hpa, u64 len);
/*
 * This pCPU runs on `w` from now on; NULL: on the shared part only. So does the loop between two runnables (core/loop.c): only the
 * policy and timers run there, which touch no guest's RAM.
 */
void window_enter(struct window *w);
/* What this pCPU runs on. */
struct window *window_current(void);
/* The byte at gpa is at window_base() + gpa. */
u8 *window_base(void);
