// SPDX-License-Identifier: BSD-2-Clause
/* What the operator may change of a VM while it runs, in the words of plinth.conf. */
#include "tune.h"

#include "config_value.h"

#include <lib/string.h>

/* What one of the readers may fill. */
union value {
	u32 number;
	u64 cpus[CONFIG_PCPUS_MAX / 64];
};

static void set_shares(struct sched_params *p, const union value *v, u32 vcpus)
{
	p->shares = v->number & CONFIG_SHARES_EACH ? (v->number & ~CONFIG_SHARES_EACH) * vcpus : v->number;
}

static void set_reservation(struct sched_params *p, const union value *v, u32 vcpus)
{
	p->reservation = v->number * SCHED_PERCENT;
}

static void set_limit(struct sched_params *p, const union value *v, u32 vcpus)
{
	p->limit = v->number * SCHED_PERCENT;
}

static void set_cpus(struct sched_params *p, const union value *v, u32 vcpus)
{
	memcpy(p->cpus.word, v->cpus, sizeof(p->cpus.word));
}

static void set_priority(struct sched_params *p, const union value *v, u32 vcpus)
{
	p->prio = v->number;
}

static const struct {
	struct config_key key;
	const char *none; /* stands for 0 */
	void (*set)(struct sched_params *p, const union value *v, u32 vcpus);
} keys[] = {
	{ { .name = "shares", .read = config_read_shares, .min = 1, .max = SCHED_SHARES_MAX }, NULL, set_shares },
	{ { .name = "reservation", .read = config_read_percent, .min = 1, .max = 100 * CONFIG_VCPUS_MAX }, "none", set_reservation },
	{ { .name = "limit", .read = config_read_percent, .min = 1, .max = 100 * CONFIG_VCPUS_MAX }, "none", set_limit },
	{ { .name = "cpus", .read = config_read_cpus }, NULL, set_cpus },
	{ { .name = "priority", .read = config_read_count, .max = 31 }, NULL, set_priority },
};

bool config_tune(struct slice key, struct slice value, u32 vcpus, struct sched_params *out, config_report report, void *ctx)
{
	struct config_parser p = { .report = report, .ctx = ctx };
	union value v = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!slice_equal(key, keys[i].key.name))
			continue;
		if (!keys[i].none || !slice_equal(value, keys[i].none))
			keys[i].key.read(&p, &keys[i].key, &v, value);
		if (!p.errors)
			keys[i].set(out, &v, vcpus);
		return !p.errors;
	}
	config_fail(&p, "no '%s' can be set: only shares, reservation, limit, cpus and priority", config_quote(key).text);
	return false;
}
