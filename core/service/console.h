// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's place on the operator's console, for the upper layers. Which guest is seen, and how, is
 * core/console.c's matter: a port only takes bytes and gives bytes. All functions may be called on
 * any pCPU.
 */
#pragma once

#include <lib/types.h>

#define CONSOLE_PORTS_MAX 32 /* the first nine have a key of their own */
#define CONSOLE_NAME_MAX  32 /* with the NUL */

struct console_port;

/* The port called `name` (cut if too long), a new one if there is none yet; NULL if all are taken.
 */
struct console_port *console_port_open(const char *name);
/*
 * fn(ctx) is called, with no lock held, whenever input has arrived. NULL: nobody wants to know;
 * then no call is under way any more on return, so the caller holds no lock that fn takes.
 */
void console_port_on_input(struct console_port *p, void (*fn)(void *ctx), void *ctx);
/* A byte of the guest's output. Waits for no reader; at most for the serial line. */
void console_port_put(struct console_port *p, u8 byte);
/* The next byte typed for this guest, or -1. */
int console_port_get(struct console_port *p);
