// SPDX-License-Identifier: BSD-2-Clause
#include <vm/exit_trace.h>

#include <lib/fmt.h>

typedef unsigned long long ull;

const struct exit_record *exit_trace_get(const struct exit_trace *t, u32 back)
{
	if (back >= EXIT_TRACE_SIZE || back >= exit_trace_count(t))
		return NULL;
	return &t->record[(exit_trace_count(t) - 1 - back) % EXIT_TRACE_SIZE];
}

static void detail(const struct exit_record *r, char *text, size_t size)
{
	const struct vm_exit *x = &r->x;

	text[0] = '\0';
	switch ((u32)x->kind) {
	case EXIT_PIO:
		fmt_print(text, size, "%s%s %x, %u byte%s", x->pio.how & PIO_STRING ? "string " : "",
			  x->pio.how & PIO_IN ? "in" : "out", x->pio.port, x->pio.width,
			  x->pio.width > 1 ? "s" : "");
		break;
	case EXIT_FAULT:
		fmt_print(text, size, "%s%s at %llx", x->fault.table ? "page table " : "",
			  x->fault.fetch   ? "fetch"
			  : x->fault.write ? "write"
					  : "read",
			  (ull)x->fault.gpa);
		break;
	case EXIT_RDMSR:
	case EXIT_WRMSR:
		fmt_print(text, size, "msr %x", r->ecx);
		break;
	case EXIT_CR_READ:
	case EXIT_CR_WRITE:
		fmt_print(text, size, "cr%u", x->cr.cr);
		break;
	case EXIT_EXCEPTION:
		fmt_print(text, size, "vector %u", x->exception.vector);
		break;
	case EXIT_UNKNOWN:
	case EXIT_INVALID:
		fmt_print(text, size, "code %llx info %llx", (ull)x->raw.code, (ull)x->raw.info1);
		break;
	}
}

void exit_text(const struct exit_record *r, char text[EXIT_TEXT_MAX])
{
	char more[48];

	detail(r, more, sizeof(more));
	fmt_print(text, EXIT_TEXT_MAX, "rip %016llx  %s%s%s", (ull)r->rip, exit_name(r->x.kind),
		  more[0] ? ": " : "", more);
}
