// SPDX-License-Identifier: BSD-2-Clause
#include <lib/fmt.h>

#include <lib/string.h>

struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool left, zero, minus;
	int width;
	int precision; /* -1: none */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len++] = c;
}

static void put_padded(struct out *o, const struct spec *s, const char *text, size_t len)
{
	size_t total = len + s->minus;
	int pad = s->width > (int)total ? s->width - (int)total : 0;

	if (!s->left && !s->zero)
		for (; pad; pad--)
			put(o, ' ');
	if (s->minus)
		put(o, '-');
	if (!s->left)
		for (; pad; pad--)
			put(o, '0');
	while (len--)
		put(o, *text++);
	for (; pad; pad--)
		put(o, ' ');
}

static void put_number(struct out *o, const struct spec *s, u64 v, unsigned base, bool upper)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
		v /= base;
	} while (v);
	put_padded(o, s, digits + n, sizeof(digits) - n);
}

static void put_char(struct out *o, struct spec *s, char c)
{
	s->zero = false;
	put_padded(o, s, &c, 1);
}

static void put_string(struct out *o, struct spec *s, const char *text)
{
	size_t len = 0;

	if (!text)
		text = "(null)";
	while ((s->precision < 0 || len < (size_t)s->precision) && text[len])
		len++;
	s->zero = false;
	put_padded(o, s, text, len);
}

static const char *parse_spec(const char *f, struct spec *s, va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	for (; *f == '-' || *f == '0'; f++) {
		s->left |= *f == '-';
		s->zero |= *f == '0';
	}
	if (*f == '*') {
		s->width = va_arg(*ap, int);
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		s->width = s->width * 10 + (*f - '0');
	if (*f != '.')
		return f;
	s->precision = 0;
	if (*++f == '*') {
		s->precision = va_arg(*ap, int);
		return f + 1;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		s->precision = s->precision * 10 + (*f - '0');
	return f;
}

/* h and hh promote to int; z and l are as wide as ll here. */
static const char *parse_length(const char *f, bool *wide)
{
	*wide = false;
	for (; *f == 'h' || *f == 'l' || *f == 'z'; f++)
		*wide |= *f != 'h';
	return f;
}

static void put_signed(struct out *o, struct spec *s, s64 v)
{
	s->minus = v < 0;
	put_number(o, s, v < 0 ? 0 - (u64)v : (u64)v, 10, false);
}

static void convert(struct out *o, struct spec *s, char type, bool wide, va_list *ap)
{
	switch (type) {
	case 'd':
	case 'i':
		put_signed(o, s, wide ? va_arg(*ap, s64) : va_arg(*ap, int));
		break;
	case 'u':
		put_number(o, s, wide ? va_arg(*ap, u64) : va_arg(*ap, unsigned), 10, false);
		break;
	case 'x':
	case 'X':
		put_number(o, s, wide ? va_arg(*ap, u64) : va_arg(*ap, unsigned), 16, type == 'X');
		break;
	case 'p':
		put_number(o, s, (uintptr_t)va_arg(*ap, void *), 16, false);
		break;
	case 'c':
		put_char(o, s, (char)va_arg(*ap, int));
		break;
	case 's':
		put_string(o, s, va_arg(*ap, const char *));
		break;
	default:
		put(o, type);
	}
}

size_t fmt_vprint(char *buf, size_t size, const char *f, va_list list)
{
	struct out o = { .buf = buf, .size = size };
	va_list ap;

	va_copy(ap, list);
	for (; *f; f++) {
		struct spec s;
		bool wide;

		if (*f != '%') {
			put(&o, *f);
			continue;
		}
		f = parse_length(parse_spec(f + 1, &s, &ap), &wide);
		if (!*f)
			break;
		convert(&o, &s, *f, wide, &ap);
	}
	va_end(ap);
	buf[o.len] = '\0';
	return o.len;
}

size_t fmt_print(char *buf, size_t size, const char *f, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, f);
	len = fmt_vprint(buf, size, f, ap);
	va_end(ap);
	return len;
}
