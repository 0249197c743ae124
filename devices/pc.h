// SPDX-License-Identifier: BSD-2-Clause
/*
 * The PC that a guest sees: which devices sit where, and how interrupts get from a pin to a vCPU.
 */
#pragma once

#include <vm/board.h>

extern const struct board_ops pc_board;
