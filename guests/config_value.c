// SPDX-License-Identifier: BSD-2-Clause
#include "config_value.h"

#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define SERIAL_PORT 0x3f8  /* COM1 */
#define SERIAL_BAUD 115200 /* of a 16550 with divisor 1; slower rates divide it */

/* What [host] features may switch; vmx/, svm/ and arch/ ask for them by these names. */
static const char *const features[] = {
    /* clang-format off */
	"x2apic", "1g", "nrips", "decodeassists", "flushbyasid", "vmcbclean", "tscdeadline", "pcid",
	"smep", "smap", "umip", "invpcid", "xsave", "rdtscp", "invtsc", "hpet",
	"apicv", "vpid", "eptad", "preemptiontimer", "unrestricted", "vnmi", "tprshadow", "loadpat",
	"loadefer", "wbinvd", "singleflush", "truecontrols", "ept2m", "ept1g", "pausefilter",
	"pauseloop", "tscscaling", "eventinj",
    /* clang-format on */
};
static_assert(ARRAY_LEN(features) <= CONFIG_FEATURES_MAX, "every feature may be named");

static const struct unit sizes[] = {{"", 1}, {"k", KIB}, {"m", MIB}, {"g", GIB}, {}};
static const struct unit times[] = {{"us", NS_PER_US}, {"ms", NS_PER_MS}, {"s", NS_PER_S}, {}};

struct quote config_quote(struct slice s)
{
	const size_t keep = 31;
	struct quote q = {};
	size_t len = s.len <= keep ? s.len : keep;

	for (size_t i = 0; i < len; i++)
		q.text[i] = s.at[i] < ' ' || s.at[i] > '~' ? '?' : s.at[i];
	if (len < s.len)
		str_copy(q.text + len, sizeof(q.text) - len, "...");
	return q;
}

struct nearest config_nearest(struct slice word)
{
	struct nearest n = {.distance = 3};

	str_copy(n.word, sizeof(n.word), config_quote(word).text);
	return n;
}

void config_nearest_offer(struct nearest *n, const char *known)
{
	unsigned distance = str_distance(n->word, known);

	/* Replacing every character would make any word of that length a neighbour. */
	if (distance >= n->distance || distance >= strlen(known) || distance >= strlen(n->word))
		return;
	n->distance = distance;
	n->best = known;
}

const char *config_nearest_text(struct nearest *n)
{
	if (n->best)
		fmt_print(n->text, sizeof(n->text), "; did you mean '%s'?", n->best);
	return n->text;
}

/* Reports an unknown word of a list that NULL or `count` ends. */
static void fail_unknown(struct config_parser *p, const char *what, struct slice word,
			 const char *const *known, size_t count)
{
	struct nearest n = config_nearest(word);

	for (size_t i = 0; i < count && known[i]; i++)
		config_nearest_offer(&n, known[i]);
	config_fail(p, "unknown %s '%s'%s", what, config_quote(word).text, config_nearest_text(&n));
}

static size_t find_word(struct slice word, const char *const *known, size_t count)
{
	size_t i = 0;

	while (i < count && known[i] && !slice_equal(word, known[i]))
		i++;
	return i;
}

/* serial, serial:PORT or serial:PORT,BAUD; `args` is what stands behind the colon. */
static bool read_serial(struct config_parser *p, struct config_console *c, struct slice args)
{
	struct slice port = slice_cut(&args, ',');
	u64 number = SERIAL_PORT, baud = SERIAL_BAUD;

	if (port.len && slice_u64(port, &number)) {
		config_fail(p, "bad port '%s'", config_quote(port).text);
		return false;
	}
	/* The 16550 has eight registers. */
	if (number > 0x10000 - 8) {
		config_fail(p, "port '%s' is above 0xfff8", config_quote(port).text);
		return false;
	}
	if (args.len && (slice_u64(args, &baud) || !baud || SERIAL_BAUD % baud)) {
		config_fail(p, "bad baud rate '%s'; it must divide %u", config_quote(args).text,
			    SERIAL_BAUD);
		return false;
	}
	*c =
	    (struct config_console){.kind = CONSOLE_SERIAL, .port = (u16)number, .baud = (u32)baud};
	return true;
}

static bool read_console(struct config_parser *p, struct config_console *c, struct slice word)
{
	static const char *const kinds[] = {"serial", "framebuffer", "none"};
	struct slice rest = word, kind = slice_cut(&rest, ':');

	if (slice_equal(kind, "serial"))
		return read_serial(p, c, rest);
	if (slice_equal(word, "framebuffer")) {
		*c = (struct config_console){.kind = CONSOLE_FRAMEBUFFER};
		return true;
	}
	if (slice_equal(word, "none"))
		config_fail(p, "'none' stands alone");
	else
		fail_unknown(p, "console", word, kinds, ARRAY_LEN(kinds));
	return false;
}

void config_read_consoles(struct config_parser *p, const struct config_key *k, void *field,
			  struct slice v)
{
	struct config_consoles list = {};
	struct slice word;

	if (slice_equal(v, "none"))
		v.len = 0;
	for (word = slice_word(&v); word.len; word = slice_word(&v)) {
		if (list.count == ARRAY_LEN(list.item)) {
			config_fail(p, "more than %u consoles", CONFIG_CONSOLES_MAX);
			return;
		}
		if (!read_console(p, &list.item[list.count], word))
			return;
		list.count++;
	}
	*(struct config_consoles *)field = list;
}

static bool read_feature(struct config_parser *p, struct config_features *list, struct slice word)
{
	struct slice name = {word.at + 1, word.len - 1};
	struct config_feature *f;

	if (word.at[0] != '+' && word.at[0] != '-') {
		config_fail(p, "feature '%s' needs + or - before it", config_quote(word).text);
		return false;
	}
	if (find_word(name, features, ARRAY_LEN(features)) == ARRAY_LEN(features)) {
		fail_unknown(p, "feature", name, features, ARRAY_LEN(features));
		return false;
	}
	for (u32 i = 0; i < list->count; i++) {
		if (!slice_equal(name, list->item[i].name))
			continue;
		config_fail(p, "feature '%s' is named twice", list->item[i].name);
		return false;
	}
	/* Never full: known names, each once. */
	f = &list->item[list->count++];
	slice_copy(f->name, sizeof(f->name), name);
	f->on = word.at[0] == '+';
	return true;
}

void config_read_features(struct config_parser *p, const struct config_key *k, void *field,
			  struct slice v)
{
	struct config_features list = {};
	struct slice word;

	for (word = slice_word(&v); word.len; word = slice_word(&v))
		if (!read_feature(p, &list, word))
			return;
	*(struct config_features *)field = list;
}

/* One of the row's choices; false, and reported, if it is none. */
static bool read_choice(struct config_parser *p, const struct config_key *k, struct slice v,
			u32 *index)
{
	size_t i = find_word(v, k->choices, SIZE_MAX);

	if (!k->choices[i]) {
		fail_unknown(p, k->name, v, k->choices, SIZE_MAX);
		return false;
	}
	*index = (u32)i;
	return true;
}

/* The chosen word as text. */
void config_read_word(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	u32 index;

	if (read_choice(p, k, v, &index))
		str_copy(field, k->max, k->choices[index]);
}

/* The chosen word's place in the list. */
void config_read_choice(struct config_parser *p, const struct config_key *k, void *field,
			struct slice v)
{
	u32 index;

	if (read_choice(p, k, v, &index))
		*(u32 *)field = index;
}

/* `min` and `max` are said in `unit`. */
static bool read_number(struct config_parser *p, const struct config_key *k, enum status st,
			struct slice v, u64 *num, const struct unit *unit)
{
	if (st == E_FORMAT) {
		config_fail(p, "bad number '%s' for '%s'", config_quote(v).text, k->name);
		return false;
	}
	if (st || *num < k->min || *num > k->max) {
		config_fail(p, "%s '%s' is out of range; it may be %u%s to %u%s", k->name,
			    config_quote(v).text, (unsigned)(k->min / unit->factor), unit->name,
			    (unsigned)(k->max / unit->factor), unit->name);
		return false;
	}
	return true;
}

void config_read_time(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	static const struct unit us = {"us", NS_PER_US};
	u64 ns = 0;

	if (read_number(p, k, slice_quantity(v, times, &ns), v, &ns, &us))
		*(u64 *)field = ns;
}

void config_read_size(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	static const struct unit mega = {"M", MIB};
	u64 bytes = 0;

	if (!read_number(p, k, slice_quantity(v, sizes, &bytes), v, &bytes, &mega))
		return;
	if (!is_aligned(bytes, PAGE_SIZE))
		config_fail(p, "%s '%s' is not a multiple of 4K", k->name, config_quote(v).text);
	else
		*(u64 *)field = bytes;
}

void config_read_count(struct config_parser *p, const struct config_key *k, void *field,
		       struct slice v)
{
	static const struct unit one = {"", 1};
	u64 count = 0;

	if (read_number(p, k, slice_u64(v, &count), v, &count, &one))
		*(u32 *)field = (u32)count;
}

/* In percent of one pCPU. */
void config_read_percent(struct config_parser *p, const struct config_key *k, void *field,
			 struct slice v)
{
	static const struct unit percent = {"%", 1};
	struct slice number = v;
	u64 value = 0;

	if (v.len && v.at[v.len - 1] == '%')
		number.len--;
	if (read_number(p, k, slice_u64(number, &value), v, &value, &percent))
		*(u32 *)field = (u32)value;
}

void config_read_shares(struct config_parser *p, const struct config_key *k, void *field,
			struct slice v)
{
	static const struct {
		const char *name;
		u32 each;
	} words[] = {{"low", 500}, {"normal", 1000}, {"high", 2000}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_equal(v, words[i].name)) {
			*(u32 *)field = words[i].each | CONFIG_SHARES_EACH;
			return;
		}
	config_read_count(p, k, field, v);
}

void config_read_tsc(struct config_parser *p, const struct config_key *k, void *field,
		     struct slice v)
{
	static const struct unit mhz = {" MHz", 1};
	u64 num = 0;

	if (read_number(p, k, slice_u64(v, &num), v, &num, &mhz))
		*(struct config_tsc *)field = (struct config_tsc){.mhz = (u32)num, .line = p->line};
}

static bool read_cpu_range(struct config_parser *p, struct slice item, u64 *first, u64 *last)
{
	struct slice rest = item, low = slice_cut(&rest, '-');
	bool single = low.len == item.len;

	if (slice_u64(slice_trim(low), first) || slice_u64(slice_trim(single ? low : rest), last) ||
	    *first > *last) {
		config_fail(p, "bad CPU range '%s'", config_quote(item).text);
		return false;
	}
	if (*last >= CONFIG_PCPUS_MAX) {
		config_fail(p, "CPU range '%s' goes beyond %u", config_quote(item).text,
			    CONFIG_PCPUS_MAX - 1);
		return false;
	}
	return true;
}

/* "0-3,5" into a bitmap. */
void config_read_cpus(struct config_parser *p, const struct config_key *k, void *field,
		      struct slice v)
{
	u64 map[CONFIG_PCPUS_MAX / 64] = {};
	bool more = true;
	u64 first, last;

	/* A comma at the end leaves an empty item, which is an error like any other. */
	while (more) {
		size_t left = v.len;
		struct slice item = slice_cut(&v, ',');

		more = item.len != left;
		if (!read_cpu_range(p, slice_trim(item), &first, &last))
			return;
		for (; first <= last; first++)
			map[first / 64] |= BIT(first % 64);
	}
	memcpy(field, map, sizeof(map));
}
