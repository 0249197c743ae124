// SPDX-License-Identifier: BSD-2-Clause
#include "scenes.h"

#include <math.h>
#include <string.h>

#define US NS_PER_US
#define MS NS_PER_MS

struct sim_vcpu *scene_vm(struct sim *m, u32 shares, enum sim_habit habit, u64 burst, u64 sleep)
{
	struct sched_params p;

	sched_params_init(&p, 1);
	p.shares = shares;
	return sim_vcpu(m, sim_group(m, &p), habit, burst, sleep);
}

/* A VM with one vCPU that may run on pCPUs first to end - 1. */
static void vm_on(struct sim *m, u32 first, u32 end, u32 shares, enum sim_habit habit)
{
	struct sched_params p;

	sched_params_init(&p, 1);
	p.shares = shares;
	memset(&p.cpus, 0, sizeof(p.cpus));
	for (u32 cpu = first; cpu < end; cpu++)
		p.cpus.word[cpu / 64] |= 1ull << cpu % 64;
	sim_vcpu(m, sim_group(m, &p), habit, 900 * US, 2000 * US);
}

static void hogs(struct sim *m, u32 count, const u32 *shares)
{
	for (u32 i = 0; i < count; i++)
		scene_vm(m, shares ? shares[i] : 1000, SIM_HOG, 0, 0);
}

static void three_equal(struct sim *m, u64 length)
{
	hogs(m, 3, NULL);
}

static void one_two_four(struct sim *m, u64 length)
{
	hogs(m, 3, (const u32[]){ 1000, 2000, 4000 });
}

static void one_one_two_four(struct sim *m, u64 length)
{
	hogs(m, 4, (const u32[]){ 1000, 1000, 2000, 4000 });
}

static void five_equal(struct sim *m, u64 length)
{
	hogs(m, 5, NULL);
}

/* Everybody is entitled to nearly a whole pCPU: the case in which most must be given up in turn. */
static void one_too_many(struct sim *m, u64 length)
{
	hogs(m, m->cpus + 1, NULL);
}

static void four_times(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 4 * m->cpus; i++)
		scene_vm(m, 200 + (u32)sim_random(m, 3000), SIM_HOG, 0, 0);
}

static void sixteen_times(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 16 * m->cpus; i++)
		scene_vm(m, 500 << sim_random(m, 3), SIM_HOG, 0, 0);
}

static void wide(struct sim *m, u64 length)
{
	hogs(m, 101, (const u32[101]){ [0] = 100000, [1 ... 100] = 1000 });
}

static void sleepers(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 2 * m->cpus; i++)
		scene_vm(m, 1000, SIM_HOG, 0, 0);
	for (u32 i = 0; i < 5 * m->cpus; i++)
		scene_vm(m, 1000, SIM_RANDOM, 200 * US, 10 * MS);
}

static void bursty(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 5 * m->cpus; i++)
		scene_vm(m, 500 + (u32)sim_random(m, 2000), SIM_RANDOM, 1000 * US, 4000 * US);
}

static void periodic(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 3 * m->cpus; i++)
		scene_vm(m, 1000, SIM_PERIODIC, 900 * US + i * 7 * US, 1100 * US + i * 13 * US);
	hogs(m, 2, NULL);
}

static void smp(struct sim *m, u64 length)
{
	for (u32 i = 0; i < m->cpus; i++) {
		u32 count = 1 + (u32)sim_random(m, 8);
		struct sched_params p;
		u32 g;

		sched_params_init(&p, count);
		g = sim_group(m, &p);
		for (u32 k = 0; k < count; k++)
			sim_vcpu(m, g, sim_random(m, 2) ? SIM_HOG : SIM_RANDOM, 1000 * US, 3000 * US);
	}
}

/* vCPUs that come and go, several at the same moment. */
static void fork_like(struct sim *m, u64 length)
{
	hogs(m, m->cpus, NULL);
	for (u32 i = 0; i < 6 * m->cpus; i++) {
		struct sim_vcpu *v = scene_vm(m, 500 << sim_random(m, 3), i % 2 ? SIM_HOG : SIM_RANDOM, 500 * US, 900 * US);
		u64 start = length / 10 * sim_random(m, 10);

		sim_life(m, v, start, start + 1 + sim_random(m, length / 3));
	}
}

static void knobs(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 3 * m->cpus; i++)
		scene_vm(m, 1000, i % 3 ? SIM_HOG : SIM_RANDOM, 700 * US, 1500 * US);
	for (u32 i = 0; i < 200; i++) {
		struct sched_params p;

		sched_params_init(&p, 1);
		p.shares = 100 + (u32)sim_random(m, 8000);
		sim_knob(m, sim_random(m, length), (u32)sim_random(m, m->group_count), &p);
	}
}

static void limits(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 3 * m->cpus; i++) {
		struct sched_params p;

		sched_params_init(&p, 1);
		p.limit = i % 3 ? 0 : (5 + i * 7 % 80) * SCHED_PERCENT;
		p.reservation = i % 3 == 1 ? 40 * SCHED_PERCENT : 0;
		sim_vcpu(m, sim_group(m, &p), i % 2 ? SIM_HOG : SIM_RANDOM, 2000 * US, 1000 * US);
	}
}

/* Two halves that have nothing to do with each other, and one pCPU for one vCPU alone. */
static void affinity(struct sim *m, u64 length)
{
	for (u32 i = 0; i <= 6 * m->cpus; i++) {
		u32 half = m->cpus / 2, first = i % 2 ? half : 0, end = i % 2 ? m->cpus - 1 : half;

		if (!i) {
			first = m->cpus - 1;
			end = m->cpus;
		}
		vm_on(m, first, end, 1000, i % 3 ? SIM_HOG : SIM_RANDOM);
	}
}

/* Those that sleep to gain: just before the slice ends, and for a moment after each little piece of work. */
static void thieves(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 2 * m->cpus; i++)
		scene_vm(m, 1000, SIM_HOG, 0, 0);
	for (u32 i = 0; i < m->cpus; i++)
		scene_vm(m, 1000, SIM_PERIODIC, 1950 * US, 10 * US);
	for (u32 i = 0; i < m->cpus; i++)
		scene_vm(m, 1000, SIM_PERIODIC, 20 * US, 1 * US);
}

static void pools(struct sim *m, u64 length)
{
	struct sched_params p;

	for (u32 i = 0; i < m->cpus; i++) {
		sched_params_init(&p, 4);
		p.pool = true;
		p.shares = 1000 + (u32)sim_random(m, 6000);
		p.parent = i % 3 == 2 ? &m->group[i - 1].sched : NULL;
		p.limit = i % 4 == 3 ? (30 + sim_random(m, 200)) * SCHED_PERCENT : 0;
		p.reservation = i % 12 == 0 ? 30 * SCHED_PERCENT : 0;
		sim_group(m, &p);
	}
	for (u32 i = 0; i < 4 * m->cpus; i++) {
		sched_params_init(&p, 1);
		p.shares = 500 + (u32)sim_random(m, 3000);
		p.parent = &m->group[i % m->cpus].sched;
		p.reservation = i < m->cpus && i % 12 == 0 ? 20 * SCHED_PERCENT : 0;
		sim_vcpu(m, sim_group(m, &p), i % 3 ? SIM_HOG : SIM_RANDOM, 1000 * US, 2000 * US);
	}
}

/* Halves of halves of pCPUs. */
static void nested(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 4 * m->cpus; i++) {
		u32 width = m->cpus >> i % 3, first = width * (u32)sim_random(m, m->cpus / width);

		vm_on(m, first, first + width, 1000, i % 3 ? SIM_HOG : SIM_RANDOM);
	}
}

/* Who may run on 0 and 1, and who may on 1 and 2, have three pCPUs together; what is beside them is another machine. */
static void overlap(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 3; i++) {
		vm_on(m, 0, 2, 1000, SIM_HOG);
		vm_on(m, 1, 3, 500 + 700 * i, SIM_HOG);
		vm_on(m, 3, m->cpus, 1000, SIM_HOG);
	}
}

/* Each pCPU and the next: each set is tied to the next one by one pCPU; more and more of them ask for it. */
static void chain(struct sim *m, u64 length)
{
	for (u32 cpu = 0; cpu + 1 < m->cpus; cpu++)
		for (u32 i = 0; i <= cpu; i++)
			vm_on(m, cpu, cpu + 2, 1000, SIM_HOG);
}

/* Windows of half of the machine, and some who may run everywhere. */
static void windows(struct sim *m, u64 length)
{
	for (u32 i = 0; i < 4 * m->cpus; i++) {
		u32 first = m->cpus / 8 * (u32)sim_random(m, 5);

		if (i % 4)
			vm_on(m, first, first + m->cpus / 2, 200 + (u32)sim_random(m, 3000), i % 3 ? SIM_HOG : SIM_RANDOM);
		else
			vm_on(m, 0, m->cpus, 200 + (u32)sim_random(m, 3000), i % 3 ? SIM_HOG : SIM_RANDOM);
	}
}

static void gangs(struct sim *m, u64 length)
{
	for (u32 i = 0; i < m->cpus; i++) {
		struct sched_params p;
		u32 g;

		sched_params_init(&p, 4);
		p.gang = true;
		g = sim_group(m, &p);
		for (u32 k = 0; k < 4; k++)
			sim_vcpu(m, g, i % 2 ? SIM_SPINNER : k % 2 ? SIM_RANDOM : SIM_HOG, (i % 2 ? 100 : 1000) * US, 2000 * US);
	}
}

/* One comes and goes, and everybody loses and gets a whole pCPU: the most that one operation may change. */
static void tipping(struct sim *m, u64 length)
{
	hogs(m, m->cpus, NULL);
	scene_vm(m, 1000, SIM_PERIODIC, 700 * US, 900 * US);
}

/* Each asks, by a clock, for no more than its share, all together for nine tenths of the machine. */
static void modest(struct sim *m, u64 length)
{
	u32 left = 9000 * m->cpus, asked; /* of 10,000 */

	for (; left; left -= asked) {
		u64 period = MS + sim_random(m, 30 * MS), burst;
		struct sim_vcpu *v;

		asked = 100 + (u32)sim_random(m, 2000);
		asked = asked < left ? asked : left;
		burst = period * asked / 10000;
		v = scene_vm(m, asked + (u32)sim_random(m, asked / 10), SIM_CLOCKED, burst, period - burst);
		sim_life(m, v, sim_random(m, period), 0);
	}
}

/* Beside them those who ask for more: what they leave, at least. */
static void modest_and_greedy(struct sim *m, u64 length)
{
	modest(m, length);
	for (u32 i = 0; i < 2 * m->cpus; i++)
		scene_vm(m, 250, i % 2 ? SIM_RANDOM : SIM_HOG, 3 * MS, 2 * MS);
}

/* clang-format off */
const struct scene scenes[] = {
	{ "one alone",         1,    60, false, NULL },
	{ "1:1:1",             2,    60, false, three_equal },
	{ "1:2:4",             2,    60, false, one_two_four },
	{ "1:1:2:4",           2,    60, false, one_one_two_four },
	{ "five equal",        2,    60, false, five_equal },
	{ "one too many",      4,    60, false, one_too_many },
	{ "one too many",      64,   60, false, one_too_many },
	{ "one too many",      1024, 4,  false, one_too_many },
	{ "100000:1000 x 100", 4,    60, false, wide },
	{ "random shares x 4", 1,    60, false, four_times },
	{ "random shares x 4", 16,   60, false, four_times },
	{ "random shares x 4", 256,  20, false, four_times },
	{ "random shares x 4", 4096, 2,  false, four_times },
	{ "low to high x 16",  4096, 1,  false, sixteen_times },
	{ "sleepers",          2,    60, false, sleepers },
	{ "sleepers",          64,   2,  false, sleepers },
	{ "bursty",            8,    10, false, bursty },
	{ "bursty",            64,   2,  false, bursty },
	{ "periodic",          8,    10, false, periodic },
	{ "modest",            1,    10, false, modest },
	{ "modest",            2,    10, false, modest },
	{ "modest",            8,    10, false, modest },
	{ "modest",            64,   2,  false, modest },
	{ "modest and greedy", 1,    10, false, modest_and_greedy },
	{ "modest and greedy", 2,    10, false, modest_and_greedy },
	{ "modest and greedy", 8,    10, false, modest_and_greedy },
	{ "modest and greedy", 64,   2,  false, modest_and_greedy },
	{ "SMP VMs",           16,   10, false, smp },
	{ "coming and going",  8,    10, false, fork_like },
	{ "knobs",             8,    10, false, knobs },
	{ "limits",            8,    10, true,  limits },
	{ "affinity",          8,    10, true,  affinity },
	{ "thieves",           4,    10, false, thieves },
	{ "tipping",           16,   10, false, tipping },
	{ "tipping",           1024, 1,  false, tipping },
	{ "pools",             8,    10, true,  pools },
	{ "pools",             32,   4,  true,  pools },
	{ "gangs that spin",   8,    10, false, gangs },
	{ "nested affinity",   4,    10, true,  nested },
	{ "overlap",           4,    10, true,  overlap },
	{ "overlap",           6,    10, true,  overlap },
	{ "overlapping chain", 4,    10, true,  chain },
	{ "overlapping chain", 8,    4,  true,  chain },
	{ "windows",           16,   4,  true,  windows },
};
/* clang-format on */
const u32 scene_count = ARRAY_LEN(scenes);

struct sim *scene_start(const struct scene *s, const char *policy, u64 length, u64 seed)
{
	struct sim *m = sim_new(s->cpus, policy, 0, seed);

	if (s->build)
		s->build(m, length);
	else
		scene_vm(m, 1000, SIM_HOG, 0, 0);
	return m;
}

/* Of the share of a VM, relative to its ideal, %. */
static double error_of(struct sim *m, const struct sim_group *g)
{
	double served = 0, lag = 0;

	for (struct sim_vcpu *c = g->vcpus; c; c = c->next) {
		served += c->served;
		lag += sim_lag(m, c);
	}
	return served >= 0.1 * (double)m->now ? 100 * fabs(lag) / served : 0;
}

struct verdict scene_judge(struct sim *m)
{
	struct verdict v = { .adds_up = true };
	u64 used = 0;

	ideal_advance(m);
	sim_judge(m);
	for (u32 i = 0; i < m->cpus; i++)
		used += m->cpu[i].idle_ns + (m->cpu[i].current ? 0 : m->now - m->cpu[i].since);
	for (u32 i = 0; i < m->vcpu_count; i++) {
		struct sim_vcpu *c = &m->vcpu[i];

		used += sim_ran(m, c);
		v.behind = fmax(v.behind, c->behind / 1e6);
		v.ahead = fmax(v.ahead, c->ahead / 1e6);
		v.migrations += c->migrations;
		v.switches += c->switches;
	}
	for (u32 i = 0; i < m->group_count; i++)
		v.error = fmax(v.error, error_of(m, &m->group[i]));
	v.adds_up = used == m->cpus * m->now;
	return v;
}
