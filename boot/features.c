// SPDX-License-Identifier: BSD-2-Clause
#include "features.h"

#include <arch/x86_64/cpu.h>
#include <core/service/log.h>
#include <lib/string.h>

static const struct {
	const char *name;
	bool *flag;
} flags[] = {
	{ "x2apic", &cpu_features.x2apic },	{ "1g", &cpu_features.page1g },
	{ "tscdeadline", &cpu_features.tsc_deadline }, { "smep", &cpu_features.smep },
	{ "smap", &cpu_features.smap },		{ "umip", &cpu_features.umip },
	{ "rdtscp", &cpu_features.rdtscp },	{ "invtsc", &cpu_features.invariant_tsc },
};

bool features_off(const struct config_features *f, const char *name)
{
	for (u32 i = 0; i < f->count; i++)
		if (!strcmp(f->item[i].name, name) && !f->item[i].on)
			return true;
	return false;
}

void features_apply(const struct config_features *f)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!features_off(f, flags[i].name) || !*flags[i].flag)
			continue;
		*flags[i].flag = false;
		log_info("feature %s switched off by plinth.conf", flags[i].name);
	}
}
