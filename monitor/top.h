// SPDX-License-Identifier: BSD-2-Clause
/*
 * While `top` shows itself, all keys end it. On the pCPU that polls the console.
 */
#pragma once

#include <lib/types.h>

bool monitor_top_is_on(void);
void monitor_top_end(void);
