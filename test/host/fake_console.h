// SPDX-License-Identifier: BSD-2-Clause
/*
 * The operator's console in unit tests. Not in libhost.a, where the real one is: the Makefile names
 * the tests that take this one.
 */
#pragma once

#include <core/service/console.h>

/* How many ports there are. */
extern u32 fake_console_ports;

void fake_console_reset(void);
/* All that the guest called `name` wrote; "" if there is no such port. */
const char *fake_console_output(const char *name);
/* Types `text` for it, and tells it. */
void fake_console_type(const char *name, const char *text);
/* Does it want to be told? */
bool fake_console_listens(const char *name);
