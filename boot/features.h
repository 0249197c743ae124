// SPDX-License-Identifier: BSD-2-Clause
/*
 * `[host] features =`: turning off what the machine has, so that every fallback can be tested.
 */
#pragma once

#include <guests/config.h>

/* Applies what concerns the CPU as such; after cpu_probe(), before cpu_setup(). Boot only. */
void features_apply(const struct config_features *f);
/* Is `name` switched off? For features that live elsewhere. */
bool features_off(const struct config_features *f, const char *name);
