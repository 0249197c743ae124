// SPDX-License-Identifier: BSD-2-Clause
/*
 * For our own mistakes only: never for what a guest, the machine or the operator did.
 * panic() is a contract that core/panic.c implements, and test/host/fake_panic.c in unit tests.
 */
#pragma once

/* Prints the message, registers and the last log lines, stops every pCPU. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Always compiled in. */
#define check(x)                                                                                   \
	do {                                                                                       \
		if (__builtin_expect(!(x), 0))                                                     \
			panic("check failed at %s:%d", __FILE__, __LINE__);                            \
	} while (0)

/* Debug and test builds; the expression is type-checked in every build. */
#ifdef PLINTH_DEBUG
#define DEBUG_BUILD 1
#define assert(x)   check(x)
#else
#define DEBUG_BUILD 0
#define assert(x)   ((void)sizeof(!(x)))
#endif
