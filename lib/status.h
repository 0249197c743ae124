// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a function answers when the world (memory, hardware, operator) may say no.
 */
#pragma once

#include <lib/types.h>

enum status {
	OK = 0,
	E_NOMEM,	/* no memory left */
	E_INVAL,	/* an argument or input makes no sense */
	E_RANGE,	/* outside the permitted range */
	E_NOTFOUND,	/* there is no such thing */
	E_EXISTS,	/* there is one already */
	E_FORMAT,	/* data is not of the expected format */
	E_TRUNCATED,	/* data ends too early */
	E_UNSUPPORTED,	/* valid, but this machine or build cannot */
	E_BUSY,		/* in use */
	E_FULL,		/* a fixed table is full */
	E_IO,		/* a device did not answer */
	STATUS_COUNT,
};

/* A short lower-case text for messages, never NULL. */
const char *status_text(enum status st);
