// SPDX-License-Identifier: BSD-2-Clause
/*
 * The PC that a guest sees: which devices sit where, and how interrupts get from a pin to a vCPU.
 */
#pragma once

#include <vm/board.h>

extern const struct board_ops pc_board;

/* A key of the guest's keyboard (devices/ps2_keyboard.h says how it is named) goes down or up. Takes
 * the device lock. */
void pc_key(struct vm *vm, u16 key, bool down);
