// SPDX-License-Identifier: BSD-2-Clause
#include <lib/parse.h>

#include <lib/string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value of a digit, or something not below any base. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 255;
}

static struct slice drop(struct slice s, size_t count)
{
	return (struct slice){s.at + count, s.len - count};
}

struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

bool slice_equal(struct slice s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.at, text, s.len);
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_blank(s.at[0]))
		s = drop(s, 1);
	while (s.len && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct slice slice_cut(struct slice *rest, char sep)
{
	struct slice head = *rest;

	for (size_t i = 0; i < head.len; i++) {
		if (head.at[i] != sep)
			continue;
		*rest = drop(head, i + 1);
		head.len = i;
		return head;
	}
	*rest = drop(head, head.len);
	return head;
}

struct slice slice_word(struct slice *rest)
{
	struct slice word = slice_trim(*rest);
	size_t len = 0;

	while (len < word.len && !is_blank(word.at[len]))
		len++;
	*rest = drop(word, len);
	word.len = len;
	return word;
}

bool slice_copy(char *dst, size_t size, struct slice s)
{
	size_t len = s.len < size ? s.len : 0;

	memcpy(dst, s.at, len);
	dst[len] = '\0';
	return len == s.len;
}

/* Takes the digits at the start of `s`; at least one. */
static enum status take_number(struct slice *s, unsigned base, u64 *out)
{
	struct slice rest = *s;
	u64 val = 0;

	for (; rest.len && digit(rest.at[0]) < base; rest = drop(rest, 1))
		if (__builtin_mul_overflow(val, base, &val) ||
		    __builtin_add_overflow(val, digit(rest.at[0]), &val))
			return E_RANGE;
	if (rest.len == s->len)
		return E_FORMAT;
	*s = rest;
	*out = val;
	return OK;
}

enum status slice_u64(struct slice s, u64 *out)
{
	bool hex = s.len > 2 && s.at[0] == '0' && (s.at[1] == 'x' || s.at[1] == 'X');
	enum status st;
	u64 val;

	if (hex)
		s = drop(s, 2);
	st = take_number(&s, hex ? 16 : 10, &val);
	if (st)
		return st;
	if (s.len)
		return E_FORMAT;
	*out = val;
	return OK;
}

enum status slice_quantity(struct slice s, const struct unit *units, u64 *out)
{
	enum status st;
	char name[8];
	u64 val;

	st = take_number(&s, 10, &val);
	if (st)
		return st;
	if (!slice_copy(name, sizeof(name), s) || strlen(name) != s.len)
		return E_FORMAT;
	for (; units->name; units++) {
		if (!str_equal_nocase(units->name, name))
			continue;
		if (__builtin_mul_overflow(val, units->factor, &val))
			return E_RANGE;
		*out = val;
		return OK;
	}
	return E_FORMAT;
}
