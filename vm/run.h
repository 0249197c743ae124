// SPDX-License-Identifier: BSD-2-Clause
/*
 * The life of a vCPU on a pCPU: what its runnable calls.
 */
#pragma once

#include <core/service/run.h>

enum run_result vcpu_run(struct runnable *r, u64 until);
void vcpu_gone(struct runnable *r);
