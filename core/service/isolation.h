// SPDX-License-Identifier: BSD-2-Clause
/*
 * Isolation, checked and not assumed: walks every page table there is against what each VM was given. docs/ISOLATION.md says what
 * is proven. vm/isolation.h names the VMs; core/isolation.h is the check itself. Unit tests of vm/ link
 * test/host/fake_isolation.c.
 */
#pragma once

#include <core/service/mem.h>
#include <lib/lock.h>

struct pt;
struct window;

struct isolation_guest {
	const char *name;
	const struct ram_piece *ram; /* all of its RAM, sorted by gpa */
	u32 count;
	const struct pt *second; /* its second-stage table */
	struct spinlock *lock;	 /* of `second` */
	const struct window *window;
};

/* A line for people: what is wrong, and where. */
typedef void isolation_report(void *ctx, const char *message);

/*
 * OK, or E_INVAL after a report of each fault (of the first ISOLATION_REPORTS); E_NOMEM if there is no memory to check with. `all`: no
 * other VM has guest RAM now, so what belongs to none is a leak. The guests must not come or go meanwhile. Takes each guest's lock,
 * the hostmap lock and the frames locks, one after the other.
 */
#define ISOLATION_REPORTS 16
enum status must_check isolation_check(const struct isolation_guest *guest, u32 count, bool all,
				       isolation_report *report, void *ctx);
