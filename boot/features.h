// SPDX-License-Identifier: BSD-2-Clause
/*
 * `[host] features =`: turning off what the machine has, so that every fallback can be tested.
 */
#pragma once

#include <guests/config.h>
#include <vm/virt.h>

/* Applies what concerns the CPU as such, and says in one line what is not there; after cpu_probe(), before cpu_setup(). Boot only. */
void features_apply(const struct config_features *f);
/* The same for what a vendor half can do without. After probe(), before the first cpu_on(). */
void features_apply_virt(const struct config_features *f, const struct virt_ops *virt);
/* May `name`, which lives elsewhere, be used? */
bool features_allow(const struct config_features *f, const char *name);
/* Says which names of the file have meant nothing so far; after all others. */
void features_check(const struct config_features *f);
