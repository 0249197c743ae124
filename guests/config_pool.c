// SPDX-License-Identifier: BSD-2-Clause
/* plinth.conf: who is in which pool, once all sections are read; they may stand in any order. */
#include "config_value.h"

#include <lib/bits.h>
#include <lib/string.h>

void config_read_name(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	if (!config_is_name(v)) {
		config_fail(p, "bad name '%s' for '%s'", config_quote(v).text, k->name);
		return;
	}
	slice_copy(field, k->max, v);
	if (p->vm)
		p->vm->pool_line = p->line;
	else
		p->pool->pool_line = p->line;
}

/* The pool of that name, or CONFIG_NO_POOL; the empty name is none. Reports one that is not there. */
static u32 find_pool(struct config_parser *p, const char *name, u32 line)
{
	const struct config *c = p->out;
	struct nearest near = config_nearest((struct slice){name, strlen(name)});

	for (u32 i = 0; i < c->pool_count; i++) {
		if (!strcmp(c->pool[i].name, name))
			return i;
		config_nearest_offer(&near, c->pool[i].name);
	}
	if (*name)
		config_fail_at(p, line, "unknown pool '%s'%s", name, config_nearest_text(&near));
	return CONFIG_NO_POOL;
}

/* How deep pool i is, 1 for one outside of others; more than CONFIG_POOL_DEPTH also if it is in itself. */
static u32 depth_of(const struct config *c, u32 i)
{
	u32 depth = 0;

	for (; i != CONFIG_NO_POOL && depth <= CONFIG_POOL_DEPTH; i = c->pool[i].parent)
		depth++;
	return depth;
}

static bool is_in_itself(const struct config *c, u32 pool)
{
	u32 at = c->pool[pool].parent;

	for (u32 i = 0; i < c->pool_count && at != CONFIG_NO_POOL; i++, at = c->pool[at].parent)
		if (at == pool)
			return true;
	return false;
}

static bool is_everywhere(const u64 *cpus)
{
	for (u32 i = 0; i < CONFIG_PCPUS_MAX / 64; i++)
		if (~cpus[i])
			return false;
	return true;
}

/* A member of `parent` with that reservation and those pCPUs, whose section is the current one. */
static void join(struct config_parser *p, u32 parent, u32 line, u32 reservation, const u64 *cpus)
{
	struct pool_config *pool = &p->out->pool[parent];

	if (!pool->valid) {
		config_fail_at(p, line, "its pool \"%s\" has errors", pool->name);
		return;
	}
	if (!is_everywhere(cpus))
		config_fail_at(p, line, "it is in a pool, so 'cpus' belongs into the section of the outermost pool");
	if (reservation > pool->reservation - pool->reserved) {
		config_fail_at(p, line, "its reservation of %u%% does not fit into pool \"%s\": of %u%% there %u%% are left",
			       reservation, pool->name, pool->reservation,
			       pool->reservation - pool->reserved);
		return;
	}
	pool->reserved += reservation;
}

static void join_pool(struct config_parser *p, u32 i)
{
	struct pool_config *pool = &p->out->pool[i];

	p->pool = pool;
	if (is_in_itself(p->out, i))
		config_fail_at(p, pool->pool_line, "it is in itself");
	else if (depth_of(p->out, i) > CONFIG_POOL_DEPTH)
		config_fail_at(p, pool->pool_line, "deeper than %u pools", CONFIG_POOL_DEPTH);
	else if (pool->parent != CONFIG_NO_POOL)
		join(p, pool->parent, pool->pool_line, pool->reservation, pool->cpus);
	p->pool = NULL;
}

void config_join_pools(struct config_parser *p)
{
	struct config *c = p->out;

	for (u32 i = 0; i < c->pool_count; i++) {
		p->pool = &c->pool[i];
		c->pool[i].parent = find_pool(p, c->pool[i].pool, c->pool[i].pool_line);
	}
	p->pool = NULL;
	/* The outer ones first: what is wrong with them is wrong with those inside. */
	for (u32 depth = 1; depth <= CONFIG_POOL_DEPTH + 1; depth++)
		for (u32 i = 0; i < c->pool_count; i++)
			if (depth_of(c, i) == depth)
				join_pool(p, i);
	for (u32 i = 0; i < c->vm_count; i++) {
		struct vm_config *vm = &c->vm[i];

		p->vm = vm;
		vm->parent = find_pool(p, vm->pool, vm->pool_line);
		if (vm->parent != CONFIG_NO_POOL)
			join(p, vm->parent, vm->pool_line, vm->reservation, vm->cpus);
		p->vm = NULL;
	}
}
