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
	{ "xsave", &cpu_features.xsave },
};

/* Of the file's names, those that have been found to mean something. */
static bool known[CONFIG_FEATURES_MAX];

/* Takes note that `name` is known. `on`: has the machine got it? `use`: is it used unasked? Answers whether it is to be used. */
static bool decide(const struct config_features *f, const char *name, bool on, bool use)
{
	for (u32 i = 0; i < f->count; i++) {
		if (strcmp(f->item[i].name, name))
			continue;
		known[i] = true;
		if (f->item[i].on && !on)
			log_warn("feature %s is wanted by plinth.conf, but this machine has none", name);
		return on && f->item[i].on;
	}
	return use;
}

void features_apply(const struct config_features *f)
{
	char without[ARRAY_LEN(flags) * CONFIG_WORD_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		*flags[i].flag = decide(f, flags[i].name, *flags[i].flag, *flags[i].flag);
		if (!*flags[i].flag)
			len += fmt_print(without + len, sizeof(without) - len, " %s", flags[i].name);
	}
	if (len)
		log_warn("CPU does without:%s", without);
}

bool features_allow(const struct config_features *f, const char *name)
{
	return decide(f, name, true, true);
}

void features_apply_virt(const struct config_features *f, const struct virt_ops *virt)
{
	char without[CONFIG_FEATURES_MAX * CONFIG_WORD_MAX] = "";
	size_t len = 0;

	for (const struct virt_feature *v = virt->features; v->name; v++) {
		const char *flaw = *v->on && virt->flaw ? virt->flaw(v->name) : NULL;

		if (flaw)
			log_warn("%s has a flaw here: %s", v->name, flaw);
		*v->on = decide(f, v->name, *v->on, *v->on && !flaw);
		if (!*v->on)
			len += fmt_print(without + len, sizeof(without) - len, " %s", v->name);
	}
	if (len)
		log_warn("%s does without:%s", virt->name, without);
}

void features_check(const struct config_features *f)
{
	for (u32 i = 0; i < f->count; i++)
		if (!known[i])
			log_info("feature %s is not used with this CPU, so plinth.conf changes nothing", f->item[i].name);
}
