// SPDX-License-Identifier: BSD-2-Clause
#include "features.h"

#include <arch/x86_64/cpu.h>
#include <core/service/log.h>
#include <lib/fmt.h>
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

void features_apply_virt(const struct config_features *f, const struct virt_ops *virt)
{
	char without[CONFIG_FEATURES_MAX * CONFIG_WORD_MAX] = "";
	size_t len = 0;

	for (const struct virt_feature *v = virt->features; v->name; v++) {
		if (features_off(f, v->name))
			*v->on = false;
		if (!*v->on)
			len += fmt_print(without + len, sizeof(without) - len, " %s", v->name);
	}
	if (len)
		log_warn("%s does without:%s", virt->name, without);
}
