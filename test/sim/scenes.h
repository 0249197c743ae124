// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the simulator runs: the table of scenes, for the unit test (short) and for `make sim` (long).
 */
#pragma once

#include "sim.h"

struct scene {
	const char *name;
	u32 cpus;
	u32 seconds;   /* of the long run */
	bool limits;   /* some may not use what is left over */
	void (*build)(struct sim *m, u64 length);
};

extern const struct scene scenes[];
extern const u32 scene_count;

struct verdict {
	double behind, ahead; /* worst lags, ms */
	double error;	      /* worst error of the share of a VM entitled to 10 % of a core, relative to its ideal, % */
	bool adds_up;	      /* all time of all pCPUs is somebody's */
	u64 migrations, switches;
};

struct sim *scene_start(const struct scene *s, const char *policy, u64 length, u64 seed);
struct verdict scene_judge(struct sim *m);

/* Adds a VM with one vCPU. */
struct sim_vcpu *scene_vm(struct sim *m, u32 shares, enum sim_habit habit, u64 burst, u64 sleep);

/* What a random scene may have. */
#define RANDOM_LIMITED  (1u << 0)
#define RANDOM_RESERVED (1u << 1)
#define RANDOM_NESTED   (1u << 2) /* affinities */
#define RANDOM_OVERLAP  (1u << 3) /* on two or three pCPUs */
#define RANDOM_POOLS    (1u << 4)
#define RANDOM_RANGES   (1u << 5) /* affinities that overlap, on more than three pCPUs, too */

/* For `fair`, on 1 to 8 pCPUs. */
struct sim *scene_random(u64 seed, u32 what, u64 length);
