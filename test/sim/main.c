// SPDX-License-Identifier: BSD-2-Clause
/*
 * `make sim`: every policy over every scene, as a table and as data for plots. `make sim-minute`: `fair` over every scene, 60 s
 * each. Both fail if `fair` leaves its bound, or does not keep what docs/SCHEDULER.md says of shares and wake-ups.
 */
#include "scenes.h"

#include <sched/steps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOUND_MS  4.0
#define MINUTE	  60u  /* s */
#define ERROR_MAX 0.1  /* %, over a minute */

static const char *const policies[] = { "fair", "rr", "fixed" };
static const char *dir;

static FILE *data(const char *name, const char *policy)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%s.dat", dir, name, policy);
	f = fopen(path, "w");
	if (!f)
		exit(2);
	return f;
}

/* us, or "-" if nobody woke. */
static const char *latency(const struct sim *m, u32 permille, char *text, size_t size)
{
	u64 ns = sim_latency(m, permille);

	snprintf(text, size, "%llu", (unsigned long long)ns / 1000);
	return ns ? text : "-";
}

static bool is_fair(const struct sim *m, const struct verdict *v, u32 seconds)
{
	return v->behind <= BOUND_MS && v->ahead <= BOUND_MS && !m->unfair_idle && (seconds < MINUTE || v->error <= ERROR_MAX) &&
	       sim_latency(m, 990) <= m->sched.slice;
}

static void run_and_tell(struct sim *m, const struct scene *s, u32 seconds)
{
	for (u32 at = 0; at < seconds; at = at + 10 < seconds ? at + 10 : seconds) {
		fprintf(stderr, "%s on %u: %u of %u s  \r", s->name, s->cpus, at, seconds);
		sim_run(m, at * NS_PER_S);
	}
	sim_run(m, seconds * NS_PER_S);
}

static bool run(const struct scene *s, const char *policy, u32 seconds)
{
	struct sim *m = scene_start(s, policy, seconds * NS_PER_S, 1);
	char p50[24], p99[24];
	struct verdict v;
	bool good;

	run_and_tell(m, s, seconds);
	v = scene_judge(m);
	good = v.adds_up && (strcmp(policy, "fair") || is_fair(m, &v, seconds));
	printf("%-6s %-18s %4u %6u %4u %9.3f %9.3f %8.4f %6s %6s %9.0f %9.0f %6.1f %6llu%s\n", policy, s->name, s->cpus,
	       m->vcpu_count, seconds, v.behind, v.ahead, v.error, latency(m, 500, p50, sizeof(p50)),
	       latency(m, 990, p99, sizeof(p99)), (double)v.migrations / seconds,
	       (double)v.switches / seconds, (double)m->steps / (double)m->ops, (unsigned long long)m->steps_max,
	       good ? "" : "  <-- bad");
	fflush(stdout);
	sim_free(m);
	return good;
}

/* Random scenes: how far from the ideal the worst of them is, and how many leave the bound. */
static bool random_scenes(const char *name, u32 what, u64 count)
{
	double behind = 0, ahead = 0, early = 0;
	u32 beyond = 0;

	for (u64 seed = 1; seed <= count; seed++) {
		struct sim *m = scene_random(seed, what, NS_PER_S / 2);
		struct verdict v;

		sim_run(m, NS_PER_S / 2);
		v = scene_judge(m);
		behind = v.behind > behind ? v.behind : behind;
		ahead = v.ahead > ahead ? v.ahead : ahead;
		early = m->not_found > early ? m->not_found : early;
		beyond += v.behind > BOUND_MS || v.ahead > BOUND_MS || !v.adds_up;
		sim_free(m);
	}
	printf("%-44s %6llu %9.3f %9.3f %9.3f %6u\n", name, (unsigned long long)count, behind, ahead, early / 1e6, beyond);
	return !beyond;
}

static bool all_random_scenes(void)
{
	bool good = true;

	printf("%-44s %6s %9s %9s %9s %6s\n", "random scenes of fair, half a second", "scenes", "behind/ms", "ahead/ms",
	       "missed/ms", "beyond");
	good &= random_scenes("shares, habits, lives, knobs", 0, 100);
	good &= random_scenes("and limits", RANDOM_LIMITED, 100);
	good &= random_scenes("and reservations", RANDOM_RESERVED, 100);
	good &= random_scenes("and both", RANDOM_LIMITED | RANDOM_RESERVED, 100);
	good &= random_scenes("and pools", RANDOM_POOLS, 100);
	good &= random_scenes("and pools, limits, reservations", RANDOM_POOLS | RANDOM_LIMITED | RANDOM_RESERVED, 100);
	good &= random_scenes("and nested affinities that change", RANDOM_NESTED, 100);
	good &= random_scenes("and any affinities that change", RANDOM_OVERLAP, 30);
	good &= random_scenes("the same on up to 8 pCPUs", RANDOM_RANGES, 100);
	return good;
}

static void shares_over_time(const char *policy)
{
	struct sim *m = scene_start(&scenes[1], policy, NS_PER_S, 1);
	FILE *f = data("share", policy);
	u64 before[3] = { 0 };

	for (u64 at = 100 * NS_PER_MS; at <= 5 * NS_PER_S; at += 100 * NS_PER_MS) {
		sim_run(m, at);
		fprintf(f, "%f", (double)at / 1e9);
		for (u32 i = 0; i < 3; i++) {
			u64 ran = sim_ran(m, &m->vcpu[i]);

			fprintf(f, " %f", (double)(ran - before[i]) / 2e8);
			before[i] = ran;
		}
		fprintf(f, "\n");
	}
	fclose(f);
	sim_free(m);
}

#define BINS 161

struct lags {
	u64 bin[BINS], all; /* of 0.05 ms from -4 ms */
};

static void count_lags(struct sim *m, void *ctx)
{
	struct lags *l = ctx;

	for (u32 i = 0; i < m->vcpu_count; i++) {
		double at = (sim_lag(m, &m->vcpu[i]) / 1e6 + 4) / 0.05 + 0.5;

		if (m->vcpu[i].ent.state == SCHED_BLOCKED || m->vcpu[i].ent.state == SCHED_LINGERING)
			continue;
		l->bin[at < 0 ? 0 : at >= BINS ? BINS - 1 : (u32)at]++;
		l->all++;
	}
}

static void lag_distribution(const char *policy)
{
	struct sim *m = sim_new(8, policy, 0, 7);
	FILE *f = data("lag", policy);
	struct lags l = { 0 };

	for (u32 i = 0; i < 32; i++)
		scene_vm(m, 200 + (u32)sim_random(m, 3000), i % 2 ? SIM_HOG : SIM_RANDOM, NS_PER_MS, 2 * NS_PER_MS);
	m->watch = count_lags;
	m->watch_ctx = &l;
	sim_run(m, 2 * NS_PER_S);
	for (u32 i = 0; i < BINS; i++)
		fprintf(f, "%f %f\n", i * 0.05 - 4, 100.0 * (double)l.bin[i] / (double)l.all);
	fclose(f);
	sim_free(m);
}

static void cost(const char *policy)
{
	FILE *f = data("cost", policy);

	for (u32 count = 32; count <= 65535; count = count * 2 < 65535 || count == 65535 ? count * 2 : 65535) {
		struct sim *m = sim_new(16, policy, 0, 5);

		for (u32 i = 0; i < count; i++)
			scene_vm(m, 1000, SIM_HOG, 0, 0);
		sim_run(m, NS_PER_MS);
		m->ops = m->steps = m->steps_max = 0;
		sim_run(m, 501 * NS_PER_MS);
		fprintf(f, "%u %f %llu\n", count, (double)m->steps / (double)m->ops, (unsigned long long)m->steps_max);
		sim_free(m);
	}
	fclose(f);
}

static void head(void)
{
	printf("%-6s %-18s %4s %6s %4s %9s %9s %8s %6s %6s %9s %9s %6s %6s\n", "policy", "scene", "cpus", "vcpus", "s",
	       "behind/ms", "ahead/ms", "error/%", "p50/us", "p99/us", "migr/s", "switch/s", "steps", "worst");
}

static bool minute(void)
{
	bool good = true;

	head();
	for (u32 i = 0; i < scene_count; i++)
		good &= run(&scenes[i], "fair", MINUTE);
	return good;
}

static bool all(void)
{
	bool good = true;

	head();
	for (u32 p = 0; p < ARRAY_LEN(policies); p++) {
		for (u32 i = 0; i < scene_count; i++)
			/* One queue to search for all: out of the question for so many. */
			if (!p || scenes[i].cpus <= 64)
				good &= run(&scenes[i], policies[p], scenes[i].seconds);
		shares_over_time(policies[p]);
		lag_distribution(policies[p]);
	}
	cost("fair");
	good &= all_random_scenes();
	return good;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "minute"))
		return !minute();
	dir = argc > 1 ? argv[1] : ".";
	return !all();
}
