// SPDX-License-Identifier: BSD-2-Clause
#include <lib/status.h>

static const char *const texts[] = {
	[OK]		= "ok",
	[E_NOMEM]	= "out of memory",
	[E_INVAL]	= "invalid",
	[E_RANGE]	= "out of range",
	[E_NOTFOUND]	= "not found",
	[E_EXISTS]	= "exists already",
	[E_FORMAT]	= "wrong format",
	[E_TRUNCATED]	= "truncated",
	[E_UNSUPPORTED] = "not supported",
	[E_BUSY]	= "busy",
	[E_FULL]	= "table full",
	[E_IO]		= "no answer from the device",
};
static_assert(ARRAY_LEN(texts) == STATUS_COUNT, "every status has a text");

const char *status_text(enum status st)
{
	return (unsigned)st < STATUS_COUNT ? texts[st] : "unknown status";
}
