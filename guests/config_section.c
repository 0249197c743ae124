// SPDX-License-Identifier: BSD-2-Clause
/* plinth.conf: headers of sections. */
#include "config_value.h"

#include <lib/string.h>

static void begin_host(struct config_parser *p, struct slice rest)
{
	if (rest.len) {
		config_fail(p, "bad section header, expected [host]");
		return;
	}
	if (p->host_seen) {
		config_fail(p, "a second [host] section");
		return;
	}
	p->host_seen = true;
	p->section = SECTION_HOST;
}

/* A VM's name is a prefix of console lines and a word of the monitor's commands. */
bool config_is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return s.len && s.len < CONFIG_NAME_MAX;
}

/* "name" of a [what "name"] section. */
static bool read_name(struct config_parser *p, const char *what, struct slice *name)
{
	if (!name->len || name->at[0] != '"' || !config_unquote(name) ||
	    (name->len && name->at[0] == '"')) {
		config_fail(p, "bad section header, expected [%s \"name\"]", what);
		return false;
	}
	if (!config_is_name(*name)) {
		config_fail(p, "bad %s name '%s'; use 1 to %u letters, digits, - _ .",
			    slice_equal((struct slice){what, 2}, "vm") ? "VM" : what,
			    config_quote(*name).text, CONFIG_NAME_MAX - 1);
		return false;
	}
	return true;
}

static void begin_pool(struct config_parser *p, struct slice name)
{
	struct config *c = p->out;
	struct pool_config *pool = &c->pool[c->pool_count];

	if (!read_name(p, "pool", &name))
		return;
	for (u32 i = 0; i < c->pool_count; i++) {
		if (!slice_equal(name, c->pool[i].name))
			continue;
		config_fail(p, "a second pool named \"%s\"; the first is in line %u",
			    c->pool[i].name, c->pool[i].line);
		return;
	}
	if (c->pool_count == CONFIG_POOLS_MAX) {
		config_fail(p, "more than %u pools; \"%s\" is left out", CONFIG_POOLS_MAX,
			    config_quote(name).text);
		return;
	}
	*pool = (struct pool_config){.valid = true, .line = p->line, .shares = 1000 | CONFIG_SHARES_EACH};
	slice_copy(pool->name, sizeof(pool->name), name);
	memset(pool->cpus, 0xff, sizeof(pool->cpus));
	c->pool_count++;
	p->pool = pool;
	p->section = SECTION_POOL;
}

static void begin_vm(struct config_parser *p, struct slice name)
{
	struct config *c = p->out;
	struct vm_config *vm = &c->vm[c->vm_count];

	if (!read_name(p, "vm", &name))
		return;
	for (u32 i = 0; i < c->vm_count; i++) {
		if (!slice_equal(name, c->vm[i].name))
			continue;
		config_fail(p, "a second VM named \"%s\"; the first is in line %u", c->vm[i].name,
			    c->vm[i].line);
		return;
	}
	if (c->vm_count == CONFIG_VMS_MAX) {
		config_fail(p, "more than %u VMs; \"%s\" is left out", CONFIG_VMS_MAX,
			    config_quote(name).text);
		return;
	}
	*vm = (struct vm_config){.valid = true, .line = p->line, .memory = 256 * MIB, .vcpus = 1, .priority = 16};
	slice_copy(vm->name, sizeof(vm->name), name);
	memset(vm->cpus, 0xff, sizeof(vm->cpus));
	c->vm_count++;
	p->vm = vm;
	p->section = SECTION_VM;
}

void config_read_header(struct config_parser *p, struct slice line)
{
	struct nearest near;
	struct slice word;

	line = config_without_comment(line);
	if (line.at[line.len - 1] != ']') {
		config_fail(p, "section header without ] at its end");
		return;
	}
	line = slice_trim((struct slice){line.at + 1, line.len - 2});
	word = slice_word(&line);
	line = slice_trim(line);
	if (slice_equal(word, "host")) {
		begin_host(p, line);
	} else if (slice_equal(word, "vm")) {
		begin_vm(p, line);
	} else if (slice_equal(word, "pool")) {
		begin_pool(p, line);
	} else {
		near = config_nearest(word);
		config_nearest_offer(&near, "host");
		config_nearest_offer(&near, "vm");
		config_nearest_offer(&near, "pool");
		config_fail(p, "unknown section '%s'%s", config_quote(word).text,
			    config_nearest_text(&near));
	}
}
