// SPDX-License-Identifier: BSD-2-Clause
#include "config.h"

#include "config_value.h"

#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define FILE_NAME "plinth.conf"
/* `low`, `normal` and `high` make a pool as heavy as a VM of so many vCPUs. */
#define POOL_VCPUS 4

static const char *const loglevels[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL,
};
/* The names of sched/'s policies. */
static const char *const schedulers[] = {"rr", "fair", "fixed", NULL};
static const char *const restarts[] = {
    [RESTART_ON_REBOOT] = "on-reboot", [RESTART_NEVER] = "never", [RESTART_ALWAYS] = "always", NULL};
static const char *const gangs[] = {[GANG_NO] = "no", [GANG_YES] = "yes", NULL};
static const char *const testdevs[] = {[TESTDEV_NO] = "no", [TESTDEV_YES] = "yes", NULL};
static const char *const hpets[] = {[HPET_YES] = "yes", [HPET_NO] = "no", NULL};

/* clang-format off */
#define ROW(sec, key, fn, type, field) \
	.section = sec, .name = key, .read = config_read_##fn, .offset = offsetof(struct type, field)
#define HOST(key, fn, field) ROW(SECTION_HOST, key, fn, host_config, field)
#define VM(key, fn, field)   ROW(SECTION_VM, key, fn, vm_config, field)
#define POOL(key, fn, field) ROW(SECTION_POOL, key, fn, pool_config, field)

static const struct config_key keys[] = {
	{ HOST("console",   consoles, consoles) },
	{ HOST("loglevel",  choice,   loglevel),  .choices = loglevels },
	{ HOST("features",  features, features) },
	{ HOST("scheduler", word,     scheduler), .choices = schedulers, .max = CONFIG_WORD_MAX },
	{ HOST("slice",     time,     slice),     .min = 100 * NS_PER_US, .max = NS_PER_S },
	{ HOST("fail_alloc", count,   fail_alloc), .max = 100000 },
	{ VM("kernel",      path,     kernel),    .flags = KEY_MANDATORY, .max = CONFIG_PATH_MAX },
	{ VM("initrd",      path,     initrd),    .max = CONFIG_PATH_MAX },
	{ VM("cmdline",     text,     cmdline),   .flags = KEY_RAW, .max = CONFIG_CMDLINE_MAX },
	{ VM("memory",      size,     memory),    .min = CONFIG_MEMORY_MIN, .max = CONFIG_MEMORY_MAX },
	{ VM("vcpus",       count,    vcpus),     .min = 1, .max = CONFIG_VCPUS_MAX },
	{ VM("cpus",        cpus,     cpus) },
	{ VM("shares",      shares,   shares),    .min = 1, .max = 1000000 },
	{ VM("priority",    count,    priority),  .min = 0, .max = 31 },
	{ VM("reservation", percent,  reservation), .min = 1, .max = 100 * CONFIG_VCPUS_MAX },
	{ VM("limit",       percent,  limit),     .min = 1, .max = 100 * CONFIG_VCPUS_MAX },
	{ VM("pool",        name,     pool),      .max = CONFIG_NAME_MAX },
	{ VM("gang",        choice,   gang),      .choices = gangs },
	{ VM("module",      module,   modules),   .flags = KEY_REPEAT | KEY_RAW },
	{ VM("tsc",         tsc,      tsc),       .min = 1, .max = 65535 },
	{ VM("restart",     choice,   restart),   .choices = restarts },
	{ VM("testdev",     choice,   testdev),   .choices = testdevs },
	{ VM("hpet",        choice,   hpet),      .choices = hpets },
	{ POOL("shares",    shares,   shares),    .min = 1, .max = 1000000 },
	{ POOL("reservation", percent, reservation), .min = 1, .max = 100 * CONFIG_PCPUS_MAX },
	{ POOL("limit",     percent,  limit),     .min = 1, .max = 100 * CONFIG_PCPUS_MAX },
	{ POOL("cpus",      cpus,     cpus) },
	{ POOL("pool",      name,     pool),      .max = CONFIG_NAME_MAX },
};
static_assert(ARRAY_LEN(keys) <= 32, "a bit of config_parser.seen for each");
/* clang-format on */

static void report(struct config_parser *p, u32 line, const char *reason)
{
	char message[320], who[CONFIG_NAME_MAX + 10] = "";

	p->errors++;
	if (p->vm) {
		p->vm->valid = false;
		fmt_print(who, sizeof(who), "vm \"%s\": ", p->vm->name);
	}
	if (p->pool) {
		p->pool->valid = false;
		fmt_print(who, sizeof(who), "pool \"%s\": ", p->pool->name);
	}
	if (!line) {
		p->report(p->ctx, reason); /* it is from no file */
		return;
	}
	if (p->errors > CONFIG_ERRORS_MAX)
		return;
	if (p->errors == CONFIG_ERRORS_MAX)
		reason = "too many errors, the others are not shown";
	fmt_print(message, sizeof(message), FILE_NAME ":%u: %s%s", line, who, reason);
	p->report(p->ctx, message);
}

void config_fail(struct config_parser *p, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	report(p, p->line, reason);
}

void config_fail_at(struct config_parser *p, u32 line, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	report(p, line, reason);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Up to a # or ; at the start or behind a blank, outside double quotes. */
struct slice config_without_comment(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		quoted ^= c == '"';
		if (!quoted && (c == '#' || c == ';') && (!i || is_blank(s.at[i - 1])))
			s.len = i;
	}
	return slice_trim(s);
}

/* Takes off the quotes around all of `s`; quotes around a part of it belong to the text. False: not
 * closed. */
bool config_unquote(struct slice *s)
{
	struct slice rest, text;

	if (!s->len || s->at[0] != '"')
		return true;
	rest = (struct slice){s->at + 1, s->len - 1};
	text = slice_cut(&rest, '"');
	if (text.len + 1 == s->len)
		return false;
	if (text.len + 2 == s->len)
		*s = text;
	return true;
}

/* Keys may stand in any order, so what depends on several is looked at when all are there. */
static void finish_vm(struct config_parser *p)
{
	struct vm_config *vm = p->vm;

	if (vm->shares & CONFIG_SHARES_EACH)
		vm->shares = (vm->shares & ~CONFIG_SHARES_EACH) * vm->vcpus;
	if (vm->limit && vm->reservation > vm->limit)
		report(p, vm->line, "the reservation is above the limit");
}

static void finish_pool(struct config_parser *p)
{
	struct pool_config *pool = p->pool;

	if (pool->shares & CONFIG_SHARES_EACH)
		pool->shares = (pool->shares & ~CONFIG_SHARES_EACH) * POOL_VCPUS;
	if (pool->limit && pool->reservation > pool->limit)
		report(p, pool->line, "the reservation is above the limit");
}

static void end_section(struct config_parser *p)
{
	if (p->vm)
		finish_vm(p);
	if (p->pool)
		finish_pool(p);
	for (size_t i = 0; p->vm && i < ARRAY_LEN(keys); i++) {
		char reason[40];

		if (!(keys[i].flags & KEY_MANDATORY) || p->seen & BIT(i))
			continue;
		fmt_print(reason, sizeof(reason), "no %s", keys[i].name);
		report(p, p->vm->line, reason);
	}
	p->section = SECTION_SKIP;
	p->vm = NULL;
	p->pool = NULL;
	p->seen = 0;
}

static size_t find_key(enum config_section section, struct slice name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(keys) &&
	       !(keys[i].section == section && slice_equal(name, keys[i].name)))
		i++;
	return i;
}

static void fail_key(struct config_parser *p, struct slice name)
{
	static const char *const names[] = {
	    [SECTION_HOST] = "host", [SECTION_VM] = "vm", [SECTION_POOL] = "pool"};
	struct nearest near = config_nearest(name);

	for (u32 i = SECTION_HOST; i <= SECTION_POOL; i++) {
		if (find_key((enum config_section)i, name) == ARRAY_LEN(keys))
			continue;
		config_fail(p, "key '%s' belongs into a [%s] section", config_quote(name).text,
			    names[i]);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].section == p->section)
			config_nearest_offer(&near, keys[i].name);
	config_fail(p, "unknown key '%s'%s", config_quote(name).text, config_nearest_text(&near));
}

static void read_value(struct config_parser *p, size_t row, struct slice value)
{
	const struct config_key *k = &keys[row];
	char *base = p->vm ? (char *)p->vm : p->pool ? (char *)p->pool : (char *)&p->out->host;

	if (p->seen & BIT(row) && !(k->flags & KEY_REPEAT)) {
		config_fail(p, "a second '%s' in this section", k->name);
		return;
	}
	p->seen |= (u32)BIT(row);
	if (!(k->flags & KEY_RAW))
		value = config_without_comment(value);
	if (!config_unquote(&value)) {
		config_fail(p, "the quote is not closed");
		return;
	}
	if (!value.len && !(k->flags & KEY_RAW)) {
		config_fail(p, "'%s' has no value", k->name);
		return;
	}
	k->read(p, k, base + k->offset, value);
}

static void read_key(struct config_parser *p, struct slice line)
{
	struct slice value = line, name = slice_trim(slice_cut(&value, '='));
	size_t row;

	if (p->section == SECTION_SKIP)
		return;
	if (p->section == SECTION_NONE) {
		config_fail(p, "'%s' stands outside any section", config_quote(name).text);
		return;
	}
	if (name.len == line.len || !name.len) {
		config_fail(p, "expected 'key = value', found '%s'", config_quote(line).text);
		return;
	}
	row = find_key(p->section, name);
	if (row == ARRAY_LEN(keys))
		fail_key(p, name);
	else
		read_value(p, row, slice_trim(value));
}

static bool is_control(char c)
{
	return (u8)c < ' ' ? c != '\t' : c == 0x7f;
}

static void read_line(struct config_parser *p, struct slice line)
{
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	line = slice_trim(line);
	if (!line.len || line.at[0] == '#' || line.at[0] == ';')
		return;
	/* Whatever is wrong with a header, the section before it ends here. */
	if (line.at[0] == '[')
		end_section(p);
	for (size_t i = 0; i < line.len; i++) {
		if (!is_control(line.at[i]))
			continue;
		if (p->section != SECTION_SKIP || line.at[0] == '[')
			config_fail(p, "control character 0x%02x in the line", (u8)line.at[i]);
		return;
	}
	if (line.at[0] == '[')
		config_read_header(p, line);
	else
		read_key(p, line);
}

/* Of what is zero already. */
static void host_defaults(struct host_config *h)
{
	h->consoles.count = 2;
	h->consoles.item[0].kind = CONSOLE_SERIAL;
	h->consoles.item[0].baud = 115200;
	h->consoles.item[0].port = 0x3f8;
	h->consoles.item[1].kind = CONSOLE_FRAMEBUFFER;
	h->loglevel = LOG_INFO;
	str_copy(h->scheduler, sizeof(h->scheduler), "fair");
	h->slice = 2 * NS_PER_MS;
}

u32 config_parse(const char *text, size_t len, struct config *c, config_report fn, void *ctx)
{
	struct config_parser p = {.out = c, .report = fn, .ctx = ctx};
	struct slice rest = {text, len};

	memset(c, 0, sizeof(*c));
	host_defaults(&c->host);
	/* Byte order marks as editors write them. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		rest = (struct slice){text + 3, len - 3};
	if (len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2))) {
		report(&p, 1, "the file is UTF-16; save it as UTF-8 or ASCII");
		return p.errors;
	}
	while (rest.len) {
		p.line++;
		read_line(&p, slice_cut(&rest, '\n'));
	}
	end_section(&p);
	config_join_pools(&p);
	return p.errors;
}

/* File number i of a VM, or NULL; some are empty. */
static const char *file_of(const struct vm_config *vm, u32 i)
{
	if (i == 0)
		return vm->kernel;
	if (i == 1)
		return vm->initrd;
	return i - 2 < vm->modules.count ? vm->modules.item[i - 2].path : NULL;
}

/* Is this path a file of a valid VM before (v, f)? */
static bool named_before(const struct config *c, u32 v, u32 f, const char *path)
{
	const char *other;

	for (u32 i = 0; i <= v; i++)
		for (u32 j = 0;
		     c->vm[i].valid && (i < v || j < f) && (other = file_of(&c->vm[i], j)); j++)
			if (!strcmp(other, path))
				return true;
	return false;
}

void config_for_each_file(const struct config *c, void (*fn)(void *ctx, const char *path),
			  void *ctx)
{
	const char *path;

	for (u32 v = 0; v < c->vm_count; v++)
		for (u32 f = 0; c->vm[v].valid && (path = file_of(&c->vm[v], f)); f++)
			if (*path && !named_before(c, v, f, path))
				fn(ctx, path);
}
