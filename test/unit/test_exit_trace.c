// SPDX-License-Identifier: BSD-2-Clause
/* vm/exit_trace.c: the newest exits, and how they read. */
#include "vm_rig.h"

#include <string.h>

static void add(struct exit_trace *t, const struct vm_exit *x)
{
	struct vm_exit *slot = exit_trace_next(t);

	*slot = *x;
	exit_trace_add(t, slot, &v->regs);
	assert_ptr_equal(exit_trace_newest(t), slot);
}

static void expect_text(struct vm_exit x, const char *text)
{
	char got[EXIT_TEXT_MAX];

	v->regs.rip = 0x1234;
	v->regs.r[GPR_RCX] = 0xffffffffc0000080;
	add(&v->trace, &x);
	exit_text(exit_trace_get(&v->trace, 0), got);
	assert_string_equal(got, text);
}

static void texts(void **state)
{
	expect_text((struct vm_exit){ .kind = EXIT_HLT }, "rip 0000000000001234  hlt");
	expect_text((struct vm_exit){ .kind = EXIT_PIO, .pio = { .port = 0x3f8, .width = 1 } },
		    "rip 0000000000001234  port: out 3f8, 1 byte");
	expect_text(
	    (struct vm_exit){ .kind = EXIT_PIO,
			      .pio = { .port = 0x1f0, .width = 4, .how = PIO_IN | PIO_STRING } },
	    "rip 0000000000001234  port: string in 1f0, 4 bytes");
	expect_text(
	    (struct vm_exit){ .kind = EXIT_FAULT, .fault = { .gpa = 0xfee00080, .write = true } },
	    "rip 0000000000001234  second-stage fault: write at fee00080");
	expect_text(
	    (struct vm_exit){ .kind = EXIT_FAULT, .fault = { .gpa = ~0ull, .table = true } },
	    "rip 0000000000001234  second-stage fault: page table read at ffffffffffffffff");
	expect_text((struct vm_exit){ .kind = EXIT_WRMSR },
		    "rip 0000000000001234  wrmsr: msr c0000080");
	expect_text((struct vm_exit){ .kind = EXIT_CR_WRITE, .cr = { .cr = 4 } },
		    "rip 0000000000001234  cr write: cr4");
	expect_text((struct vm_exit){ .kind = EXIT_EXCEPTION, .exception = { .vector = 17 } },
		    "rip 0000000000001234  exception: vector 17");
	expect_text((struct vm_exit){ .kind = EXIT_UNKNOWN, .raw = { ~0ull, ~0ull, 1 } },
		    "rip 0000000000001234  unknown: code ffffffffffffffff info ffffffffffffffff");
}

/* Every kind has a line that fits. */
static void all_kinds(void **state)
{
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		struct vm_exit x = { .kind = kind,
				     .raw = { 0x0101010101010101, 0x0101010101010101, 0 } };
		char got[EXIT_TEXT_MAX];

		add(&v->trace, &x);
		exit_text(exit_trace_get(&v->trace, 0), got);
		assert_non_null(strstr(got, exit_name(kind)));
		assert_true(strlen(got) < EXIT_TEXT_MAX - 1);
	}
}

static void keeps_the_newest(void **state)
{
	struct exit_trace t = { 0 };
	struct vm_exit x = { .kind = EXIT_HLT };

	assert_null(exit_trace_get(&t, 0));
	for (u64 i = 0; i < 40; i++) {
		v->regs.rip = i;
		add(&t, &x);
		assert_int_equal(exit_trace_get(&t, 0)->rip, i);
		assert_true(!exit_trace_get(&t, i + 1));
	}
	for (u32 back = 0; back < EXIT_TRACE_SIZE; back++)
		assert_int_equal(exit_trace_get(&t, back)->rip, 39 - back);
	assert_null(exit_trace_get(&t, EXIT_TRACE_SIZE));
}

/* What run.c hands on is in it, as it was before the handler. */
static void every_exit_is_recorded(void **state)
{
	u64 rip = v->regs.rip;

	rig_exit(EXIT_CPUID);
	assert_int_equal(exit_trace_get(&v->trace, 0)->x.kind, EXIT_CPUID);
	assert_int_equal(exit_trace_get(&v->trace, 0)->rip, rip);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(texts),
		TEST(all_kinds),
		TEST(keeps_the_newest),
		TEST(every_exit_is_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
