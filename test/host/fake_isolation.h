// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/service/isolation.h in unit tests of vm/: what was asked to be checked. The check itself has a test of its own
 * (test_isolation.c).
 */
#pragma once

#include <core/service/isolation.h>

/* Of the latest check. */
extern u32 fake_isolation_guests, fake_isolation_calls;
extern u64 fake_isolation_ram; /* bytes of all guests together */
extern bool fake_isolation_all;
/* What it answers, after a report if it is not OK. */
extern enum status fake_isolation_answer;
