// SPDX-License-Identifier: BSD-2-Clause
/* plinth.conf: one faulty line at a time, and what is said about it. */
#include "unit.h"

#include "config_file.h"

/* One faulty line below [host] or [vm "a"]; line 2 of the file, or 3 in the VM. */
struct fault {
	const char *line;
	const char *message;
};

static void host_faults(void **state)
{
	static const struct fault rows[] = {
	    {"loglevel = verbose", "unknown loglevel 'verbose'"},
	    {"loglevel = inf", "unknown loglevel 'inf'; did you mean 'info'?"},
	    {"loglevle = info", "unknown key 'loglevle'; did you mean 'loglevel'?"},
	    {"loglevel", "expected 'key = value', found 'loglevel'"},
	    {"= info", "expected 'key = value', found '= info'"},
	    {"loglevel =", "'loglevel' has no value"},
	    {"loglevel = # info", "'loglevel' has no value"},
	    {"loglevel = \"info", "the quote is not closed"},
	    {"loglevel = \"", "the quote is not closed"},
	    {"loglevel = \"\"", "'loglevel' has no value"},
	    {"memory = 1G", "key 'memory' belongs into a [vm] section"},
	    {"zzz = 1", "unknown key 'zzz'"},
	    {"console = serial:0x3f8,7", "bad baud rate '7'; it must divide 115200"},
	    {"console = serial:0x3f8,0", "bad baud rate '0'; it must divide 115200"},
	    {"console = serial:com1", "bad port 'com1'"},
	    {"console = serial:0xffff", "port '0xffff' is above 0xfff8"},
	    {"console = framebufer", "unknown console 'framebufer'; did you mean 'framebuffer'?"},
	    {"console = framebuffer:1",
	     "unknown console 'framebuffer:1'; did you mean 'framebuffer'?"},
	    {"console = serial none", "'none' stands alone"},
	    {"console = serial serial serial serial serial", "more than 4 consoles"},
	    {"features = x2apic", "feature 'x2apic' needs + or - before it"},
	    {"features = -x2apci", "unknown feature 'x2apci'; did you mean 'x2apic'?"},
	    {"features = -1xx", "unknown feature '1xx'"},
	    {"features = -", "unknown feature ''"},
	    {"features = -1g +1g", "feature '1g' is named twice"},
	    {"scheduler = fifo", "unknown scheduler 'fifo'"},
	    {"slice = 2", "bad number '2' for 'slice'"},
	    {"slice = 1us", "slice '1us' is out of range; it may be 100us to 1000000us"},
	    {"slice = 20000000000000s",
	     "slice '20000000000000s' is out of range; it may be 100us to 1000000us"},
	    {"slice = 2ms\x01", "control character 0x01 in the line"},
	    {"\x1b[0m", "control character 0x1b in the line"},
	    {"log\x7flevel = info", "control character 0x7f in the line"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200], want[200];

		snprintf(text, sizeof(text), "[host]\n%s\n[vm \"a\"]\nkernel=k\n", rows[i].line);
		snprintf(want, sizeof(want), "plinth.conf:2: %s", rows[i].message);
		assert_int_equal(parse(text), 1);
		assert_string_equal(messages[0], want);
		host_is_default();
		assert_true(c.vm[0].valid);
	}
}

static void vm_faults(void **state)
{
	static const struct fault rows[] = {
	    {"memry = 1G", "unknown key 'memry'; did you mean 'memory'?"},
	    {"loglevel = info", "key 'loglevel' belongs into a [host] section"},
	    {"kernel = l", "a second 'kernel' in this section"},
	    {"initrd = /", "'initrd' names no file"},
	    {"initrd = \xc3\xa4", "path '?\?' is not ASCII"},
	    {"memory = 0", "memory '0' is out of range; it may be 2M to 1048576M"},
	    {"memory = 256", "memory '256' is out of range; it may be 2M to 1048576M"},
	    {"memory = 2097148K", NULL},
	    {"memory = 2097153", "memory '2097153' is not a multiple of 4K"},
	    {"memory = 1025G", "memory '1025G' is out of range; it may be 2M to 1048576M"},
	    {"memory = 99999999999999999999G",
	     "memory '99999999999999999999G' is out of range; it may be 2M to 1048576M"},
	    {"memory = -1M", "bad number '-1M' for 'memory'"},
	    {"memory = 64 M", "bad number '64 M' for 'memory'"},
	    {"memory = lots", "bad number 'lots' for 'memory'"},
	    {"vcpus = 0", "vcpus '0' is out of range; it may be 1 to 128"},
	    {"vcpus = 128", NULL},
	    {"vcpus = 129", "vcpus '129' is out of range; it may be 1 to 128"},
	    {"vcpus = two", "bad number 'two' for 'vcpus'"},
	    {"cpus = 255", NULL},
	    {"cpus = 0-255", NULL},
	    {"cpus = 256", "CPU range '256' goes beyond 255"},
	    {"cpus = 3-18446744073709551615", "CPU range '3-18446744073709551615' goes beyond 255"},
	    {"cpus = 3-1", "bad CPU range '3-1'"},
	    {"cpus = 3-", "bad CPU range '3-'"},
	    {"cpus = -3", "bad CPU range '-3'"},
	    {"cpus = 1-2-3", "bad CPU range '1-2-3'"},
	    {"cpus = 1,", "bad CPU range ''"},
	    {"cpus = ,1", "bad CPU range ''"},
	    {"cpus = all", "bad CPU range 'all'"},
	    {"module =", "'module' names no file"},
	    {"tsc = 1", NULL},
	    {"tsc = 65535", NULL},
	    {"tsc = 0", "tsc '0' is out of range; it may be 1 MHz to 65535 MHz"},
	    {"tsc = 65536", "tsc '65536' is out of range; it may be 1 MHz to 65535 MHz"},
	    {"tsc = 2GHz", "bad number '2GHz' for 'tsc'"},
	    {"restart = at-once", "unknown restart 'at-once'"},
	    {"restart = onreboot", "unknown restart 'onreboot'; did you mean 'on-reboot'?"},
	    {"cmdline = \"console=ttyS0", "the quote is not closed"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200], want[200];

		snprintf(text, sizeof(text), "[vm \"a\"]\nkernel=k\n%s\n[vm \"b\"]\nkernel=k\n",
			 rows[i].line);
		snprintf(want, sizeof(want), "plinth.conf:3: vm \"a\": %s", rows[i].message);
		assert_int_equal(parse(text), rows[i].message ? 1 : 0);
		if (rows[i].message)
			assert_string_equal(messages[0], want);
		assert_int_equal(c.vm_count, 2);
		assert_int_equal(c.vm[0].valid, !rows[i].message);
		assert_true(c.vm[1].valid);
	}
}

static void header_faults(void **state)
{
	static const struct fault rows[] = {
	    {"[vm \"a\"", "section header without ] at its end"},
	    {"[", "section header without ] at its end"},
	    {"[]", "unknown section ''"},
	    {"[vm]", "bad section header, expected [vm \"name\"]"},
	    {"[vm a]", "bad section header, expected [vm \"name\"]"},
	    {"[vm \"a]", "bad section header, expected [vm \"name\"]"},
	    {"[vm \"a\" \"b\"]", "bad section header, expected [vm \"name\"]"},
	    {"[vm \"\"]", "bad VM name ''; use 1 to 31 letters, digits, - _ ."},
	    {"[vm \"a b\"]", "bad VM name 'a b'; use 1 to 31 letters, digits, - _ ."},
	    {"[vm \"a23456789012345678901234567890123\"]",
	     "bad VM name 'a234567890123456789012345678901...'; use 1 to 31 letters, digits, - _ "
	     "."},
	    {"[vm \"good\"]", "a second VM named \"good\"; the first is in line 2"},
	    {"[host x]", "bad section header, expected [host]"},
	    {"[host]", "a second [host] section"},
	    {"[hosts]", "unknown section 'hosts'; did you mean 'host'?"},
	    {"[network]", "unknown section 'network'"},
	    {"[ho\x02st]", "control character 0x02 in the line"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[300], want[200];

		/* Keys of the faulty section say nothing, and do not reach the section before. */
		snprintf(text, sizeof(text),
			 "[host]\n[vm \"good\"]\nkernel=k\n%s\nkernel=bad\nnonsense\x01\n"
			 "[vm \"last\"]\nkernel=l\n",
			 rows[i].line);
		snprintf(want, sizeof(want), "plinth.conf:4: %s", rows[i].message);
		assert_int_equal(parse(text), 1);
		assert_string_equal(messages[0], want);
		assert_int_equal(c.vm_count, 2);
		assert_true(c.vm[0].valid);
		assert_string_equal(c.vm[0].kernel, "k");
		assert_string_equal(c.vm[1].name, "last");
		assert_string_equal(c.vm[1].kernel, "l");
		assert_true(c.vm[1].valid);
	}
}

/* Sections of pools and who is in them: all of the file, and the one thing that is said about it. */
static void pool_faults(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"[pool]", "1: bad section header, expected [pool \"name\"]"},
	    {"[pool \"a b\"]", "1: bad pool name 'a b'; use 1 to 31 letters, digits, - _ ."},
	    {"[pol \"a\"]", "1: unknown section 'pol'; did you mean 'pool'?"},
	    {"[pool \"a\"]\n[pool \"a\"]", "2: a second pool named \"a\"; the first is in line 1"},
	    {"[pool \"a\"]\nvcpus = 2", "2: pool \"a\": key 'vcpus' belongs into a [vm] section"},
	    {"[pool \"a\"]\nshare = 2", "2: pool \"a\": unknown key 'share'; did you mean 'shares'?"},
	    {"[pool \"a\"]\npool = a", "2: pool \"a\": it is in itself"},
	    {"[pool \"a\"]\npool = b", "2: pool \"a\": unknown pool 'b'"},
	    {"[pool \"a\"]\npool = x y", "2: pool \"a\": bad name 'x y' for 'pool'"},
	    {"[pool \"a\"]\nlimit=50\nreservation=60", "1: pool \"a\": the reservation is above the limit"},
	    {"[pool \"web\"]\n[vm \"v\"]\nkernel=k\npool = wbe",
	     "4: vm \"v\": unknown pool 'wbe'; did you mean 'web'?"},
	    {"[pool \"a\"]\n[vm \"v\"]\nkernel=k\npool=a\ncpus=1",
	     "4: vm \"v\": it is in a pool, so 'cpus' belongs into the section of the outermost pool"},
	    {"[pool \"a\"]\nreservation=50\n[vm \"v\"]\nkernel=k\npool=a\nreservation=51",
	     "5: vm \"v\": its reservation of 51% does not fit into pool \"a\": of 50% there 50% are left"},
	    {"[pool \"a\"]\nreservation=50\n[pool \"b\"]\npool=a\nreservation=30\n"
	     "[vm \"v\"]\nkernel=k\npool=a\nreservation=21",
	     "8: vm \"v\": its reservation of 21% does not fit into pool \"a\": of 50% there 20% are left"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char want[200];

		snprintf(want, sizeof(want), "plinth.conf:%s", rows[i].message);
		assert_int_equal(parse(rows[i].text), 1);
		assert_string_equal(messages[0], want);
	}
}

/* Each of the ring is told; who is in a faulty pool does not start. */
static void pools_in_a_ring(void **state)
{
	assert_int_equal(parse("[pool \"a\"]\npool=b\n[pool \"b\"]\npool=c\n[pool \"c\"]\npool=a\n"
			       "[vm \"v\"]\nkernel=k\npool=b\n"), 4);
	assert_string_equal(messages[0], "plinth.conf:2: pool \"a\": it is in itself");
	assert_string_equal(messages[3], "plinth.conf:9: vm \"v\": its pool \"b\" has errors");
	assert_false(c.vm[0].valid);
	assert_false(c.pool[0].valid);
}

static void pools_too_deep(void **state)
{
	char text[1000] = "";
	size_t at = 0;

	for (u32 i = 0; i <= CONFIG_POOL_DEPTH; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, i ? "[pool \"p%u\"]\npool=p%u\n" : "[pool \"p%u\"]\n", i, i - 1);
	assert_int_equal(parse(text), 1);
	assert_string_equal(messages[0], "plinth.conf:17: pool \"p8\": deeper than 8 pools");
	assert_true(c.pool[7].valid);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(host_faults),
	    cmocka_unit_test(vm_faults),
	    cmocka_unit_test(header_faults), cmocka_unit_test(pool_faults),
	    cmocka_unit_test(pools_in_a_ring), cmocka_unit_test(pools_too_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
