// SPDX-License-Identifier: BSD-2-Clause
/* cmocka needs these before it, in this order. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
