// SPDX-License-Identifier: BSD-2-Clause
#include "config.h"

#include "config_value.h"

#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define FILE_NAME "plinth.conf"

static const char *const loglevels[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL,
};
/* The names of sched/'s policies. */
static const char *const schedulers[] = {"rr", "fair", "fixed", NULL};
static const char *const restarts[] = {
    [RESTART_ON_REBOOT] = "on-reboot", [RESTART_NEVER] = "never", [RESTART_ALWAYS] = "always", NULL};
static const char *const testdevs[] = {[TESTDEV_NO] = "no", [TESTDEV_YES] = "yes", NULL};

/* clang-format off */
#define ROW(sec, key, fn, type, field) \
	.section = sec, .name = key, .read = config_read_##fn, .offset = offsetof(struct type, field)
#define HOST(key, fn, field) ROW(SECTION_HOST, key, fn, host_config, field)
#define VM(key, fn, field)   ROW(SECTION_VM, key, fn, vm_config, field)

static const struct config_key keys[] = {
	{ HOST("console",   consoles, consoles) },
	{ HOST("loglevel",  choice,   loglevel),  .choices = loglevels },
	{ HOST("features",  features, features) },
	{ HOST("scheduler", word,     scheduler), .choices = schedulers, .max = CONFIG_WORD_MAX },
	{ HOST("slice",     time,     slice),     .min = 100 * NS_PER_US, .max = NS_PER_S },
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
	{ VM("module",      module,   modules),   .flags = KEY_REPEAT | KEY_RAW },
	{ VM("restart",     choice,   restart),   .choices = restarts },
	{ VM("testdev",     choice,   testdev),   .choices = testdevs },
};
static_assert(ARRAY_LEN(keys) <= 32, "a bit of config_parser.seen for each");
/* clang-format on */

static const struct host_config host_default = {
    .consoles = {2, {{CONSOLE_SERIAL, 115200, 0x3f8}, {CONSOLE_FRAMEBUFFER, 0, 0}}},
    .loglevel = LOG_INFO,
    .scheduler = "fair",
    .slice = 2 * NS_PER_MS,
};

static void report(struct config_parser *p, u32 line, const char *reason)
{
	char message[320], who[CONFIG_NAME_MAX + 8] = "";

	p->errors++;
	if (p->vm) {
		p->vm->valid = false;
		fmt_print(who, sizeof(who), "vm \"%s\": ", p->vm->name);
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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Up to a # or ; at the start or behind a blank, outside double quotes. */
static struct slice without_comment(struct slice s)
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
static bool unquote(struct slice *s)
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

static void end_section(struct config_parser *p)
{
	if (p->vm)
		finish_vm(p);
	for (size_t i = 0; p->vm && i < ARRAY_LEN(keys); i++) {
		char reason[40];

		if (!(keys[i].flags & KEY_MANDATORY) || p->seen & BIT(i))
			continue;
		fmt_print(reason, sizeof(reason), "no %s", keys[i].name);
		report(p, p->vm->line, reason);
	}
	p->section = SECTION_SKIP;
	p->vm = NULL;
	p->seen = 0;
}

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
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return s.len && s.len < CONFIG_NAME_MAX;
}

static void begin_vm(struct config_parser *p, struct slice name)
{
	struct config *c = p->out;
	struct vm_config *vm = &c->vm[c->vm_count];

	if (!name.len || name.at[0] != '"' || !unquote(&name) || (name.len && name.at[0] == '"')) {
		config_fail(p, "bad section header, expected [vm \"name\"]");
		return;
	}
	if (!is_name(name)) {
		config_fail(p, "bad VM name '%s'; use 1 to %u letters, digits, - _ .",
			    config_quote(name).text, CONFIG_NAME_MAX - 1);
		return;
	}
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

static void read_header(struct config_parser *p, struct slice line)
{
	struct nearest near;
	struct slice word;

	line = without_comment(line);
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
	} else {
		near = config_nearest(word);
		config_nearest_offer(&near, "host");
		config_nearest_offer(&near, "vm");
		config_fail(p, "unknown section '%s'%s", config_quote(word).text,
			    config_nearest_text(&near));
	}
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
	bool host = p->section == SECTION_HOST;
	struct nearest near = config_nearest(name);

	if (find_key(host ? SECTION_VM : SECTION_HOST, name) < ARRAY_LEN(keys)) {
		config_fail(p, "key '%s' belongs into a [%s] section", config_quote(name).text,
			    host ? "vm" : "host");
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
	char *base = p->vm ? (char *)p->vm : (char *)&p->out->host;

	if (p->seen & BIT(row) && !(k->flags & KEY_REPEAT)) {
		config_fail(p, "a second '%s' in this section", k->name);
		return;
	}
	p->seen |= (u32)BIT(row);
	if (!(k->flags & KEY_RAW))
		value = without_comment(value);
	if (!unquote(&value)) {
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
		read_header(p, line);
	else
		read_key(p, line);
}

u32 config_parse(const char *text, size_t len, struct config *c, config_report fn, void *ctx)
{
	struct config_parser p = {.out = c, .report = fn, .ctx = ctx};
	struct slice rest = {text, len};

	memset(c, 0, sizeof(*c));
	c->host = host_default;
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
