// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which VMs there are, and the check that they are kept apart (core/service/isolation.h says what is looked at).
 */
#pragma once

#include <core/service/isolation.h>

struct vm;

/* A VM takes RAM from vm_building() until vm_built(), and gives it back from vm_dying() until vm_dead(); in between it is checked. */
void vm_building(void);
void vm_built(struct vm *vm); /* NULL: it came to nothing */
void vm_dying(struct vm *vm);
void vm_dead(void);

/* As isolation_check(), for all VMs there are. Any pCPU, interrupts off, no lock held. */
enum status must_check vm_check_isolation(isolation_report *report, void *ctx);
/* In debug builds: the same, and panics after a fault. */
void vm_assert_isolation(void);
