// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's own interrupt vectors.
 */
#pragma once

#define VEC_TIMER    0xf0u /* LAPIC timer */
#define VEC_KICK     0xf1u /* look at your request bits */
#define VEC_CONSOLE  0xf2u /* a serial port has received something */
#define VEC_ERROR    0xfeu /* LAPIC error */
#define VEC_SPURIOUS 0xffu
