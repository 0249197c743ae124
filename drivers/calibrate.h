// SPDX-License-Identifier: BSD-2-Clause
/*
 * How fast is a counter of unknown frequency (the TSC), measured against one that is known? Pure:
 * both are read through callbacks, so the arithmetic and the distrust are tested on the host.
 * clocksource.c brings the hardware.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

/* A counter that counts up, modulo mask + 1, at a known rate. */
struct ref_counter {
	const char *name;
	u64 (*read)(void *ctx); /* masked or not */
	void *ctx;
	u64 mask;      /* all ones in the bits that count */
	u64 period_fs; /* femtoseconds a tick, at most 10^9 */
};

/*
 * The frequency of `tsc` in kHz, by three measurements of about 4 ms each, together. E_IO: the
 * reference does not tick; E_RANGE: no CPU is so slow or fast; E_BUSY: the measurements differ by
 * more than 1 in 200, *khz is the best there is, the middle one.
 */
must_check enum status calibrate_khz(const struct ref_counter *ref, u64 (*tsc)(void *ctx),
				     void *ctx, u32 *khz);
/* Waits until `ns` have passed. E_IO: the counter stood still, unknown how long this took. */
enum status calibrate_wait(const struct ref_counter *ref, u64 (*tsc)(void *ctx), void *ctx, u64 ns);
