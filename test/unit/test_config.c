// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include "config_file.h"

static void empty_file(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(c.vm_count, 0);
	host_is_default();
	assert_int_equal(parse("\n\r\n# only\n ; remarks \x01\n\t"), 0);
	host_is_default();
}

static void every_key(void **state)
{
	static const char text[] = "# a remark\n"
				   "[host] ; too\n"
				   "console = framebuffer serial:0x2f8,9600 serial\t# remark\n"
				   "loglevel=debug\n"
				   "features = -x2apic -1g +pcid\n"
				   "scheduler = rr\n"
				   "slice = 500us\n"
				   "[ vm \"web\" ]\n"
				   "kernel  = \\debian\\vmlinuz\n"
				   "initrd  = \"my files/initrd # 2\" # quoted\n"
				   "cmdline = console=ttyS0 a=\"b c\" # not a remark\n"
				   "memory  = 3g\n"
				   "vcpus   = 2\n"
				   "cpus    = 0-3, 5,255\n"
				   "module  = mod/a  one  two \n"
				   "module  = mod/b\n"
				   "restart = never\n"
				   "tsc = 2400\n"
				   "testdev = yes\n"
				   "hpet    = no\n";
	const struct vm_config *vm = &c.vm[0];

	assert_int_equal(parse(text), 0);
	assert_int_equal(c.host.consoles.count, 3);
	assert_int_equal(c.host.consoles.item[0].kind, CONSOLE_FRAMEBUFFER);
	assert_int_equal(c.host.consoles.item[1].port, 0x2f8);
	assert_int_equal(c.host.consoles.item[1].baud, 9600);
	assert_int_equal(c.host.consoles.item[2].port, 0x3f8);
	assert_int_equal(c.host.loglevel, LOG_DEBUG);
	assert_int_equal(c.host.features.count, 3);
	assert_string_equal(c.host.features.item[1].name, "1g");
	assert_false(c.host.features.item[1].on);
	assert_string_equal(c.host.features.item[2].name, "pcid");
	assert_true(c.host.features.item[2].on);
	assert_int_equal(c.host.slice, 500000);
	assert_int_equal(c.vm_count, 1);
	assert_string_equal(vm->name, "web");
	assert_true(vm->valid);
	assert_int_equal(vm->line, 8);
	assert_string_equal(vm->kernel, "debian/vmlinuz");
	assert_string_equal(vm->initrd, "my files/initrd # 2");
	assert_string_equal(vm->cmdline, "console=ttyS0 a=\"b c\" # not a remark");
	assert_int_equal(vm->memory, 3 * GIB);
	assert_int_equal(vm->vcpus, 2);
	assert_int_equal(vm->cpus[0], 0x2f);
	assert_int_equal(vm->cpus[1], 0);
	assert_int_equal(vm->cpus[3], 1ull << 63);
	assert_int_equal(vm->modules.count, 2);
	assert_string_equal(vm->modules.item[0].path, "mod/a");
	assert_string_equal(vm->modules.item[0].args, "one  two");
	assert_string_equal(vm->modules.item[1].args, "");
	assert_int_equal(vm->restart, RESTART_NEVER);
	assert_int_equal(vm->tsc.mhz, 2400);
	assert_int_equal(vm->tsc.line, 18);
	assert_int_equal(vm->testdev, TESTDEV_YES);
	assert_int_equal(vm->hpet, HPET_NO);
}

static void vm_defaults(void **state)
{
	assert_int_equal(parse("[vm \"a\"]\nkernel=k"), 0);
	assert_true(c.vm[0].valid);
	assert_string_equal(c.vm[0].initrd, "");
	assert_string_equal(c.vm[0].cmdline, "");
	assert_int_equal(c.vm[0].memory, 256 * MIB);
	assert_int_equal(c.vm[0].vcpus, 1);
	assert_int_equal(c.vm[0].restart, RESTART_ON_REBOOT);
	assert_int_equal(c.vm[0].tsc.mhz, 0);
	assert_int_equal(c.vm[0].testdev, TESTDEV_NO);
	assert_int_equal(c.vm[0].hpet, HPET_YES);
	for (u32 i = 0; i < ARRAY_LEN(c.vm[0].cpus); i++)
		assert_int_equal(c.vm[0].cpus[i], ~0ull);
}

static void restarts(void **state)
{
	assert_int_equal(parse("[vm \"a\"]\nkernel=k\nrestart=always\n[vm \"b\"]\nkernel=k\nrestart=on-reboot\n"), 0);
	assert_int_equal(c.vm[0].restart, RESTART_ALWAYS);
	assert_int_equal(c.vm[1].restart, RESTART_ON_REBOOT);
}

static void scheduling(void **state)
{
	assert_int_equal(parse("[host]\nscheduler=fair\n"
			       "[vm \"a\"]\nkernel=k\nshares=high\nvcpus=3\nreservation=50%\nlimit=150\n"
			       "[vm \"b\"]\nkernel=k\nshares=1234\npriority=0\n"
			       "[vm \"c\"]\nkernel=k\n"),
			 0);
	assert_string_equal(c.host.scheduler, "fair");
	assert_int_equal(c.vm[0].shares, 6000);
	assert_int_equal(c.vm[0].reservation, 50);
	assert_int_equal(c.vm[0].limit, 150);
	assert_int_equal(c.vm[1].shares, 1234);
	assert_int_equal(c.vm[1].priority, 0);
	assert_int_equal(c.vm[2].shares, 0);
	assert_int_equal(c.vm[2].priority, 16);
	assert_int_equal(parse("[vm \"a\"]\nkernel=k\nreservation=60\nlimit=50%\n"
			       "[vm \"b\"]\nkernel=k\nshares=0\n"
			       "[vm \"c\"]\nkernel=k\nlimit=0%\n"
			       "[vm \"d\"]\nkernel=k\nshares=medium\n"
			       "[vm \"e\"]\nkernel=k\nlimit=%\n"),
			 5);
	for (u32 i = 0; i < 5; i++)
		assert_false(c.vm[i].valid);
	assert_string_equal(messages[0], "plinth.conf:1: vm \"a\": the reservation is above the limit");
}

static void no_kernel(void **state)
{
	assert_int_equal(parse("[vm \"web\"]\nmemory=64M\n\n[vm \"b\"]\nkernel=k\n[vm \"c\"]"), 2);
	assert_string_equal(messages[0], "plinth.conf:1: vm \"web\": no kernel");
	assert_string_equal(messages[1], "plinth.conf:6: vm \"c\": no kernel");
	assert_false(c.vm[0].valid);
	assert_true(c.vm[1].valid);
	/* A kernel line that was faulty is not missing too. */
	assert_int_equal(parse("[vm \"web\"]\nkernel =\n"), 1);
	assert_string_equal(messages[0], "plinth.conf:2: vm \"web\": 'kernel' has no value");
}

static void outside_any_section(void **state)
{
	assert_int_equal(parse("memory = 1G\n[vm \"a\"]\nkernel=k\n"), 1);
	assert_string_equal(messages[0], "plinth.conf:1: 'memory' stands outside any section");
	assert_true(c.vm[0].valid);
}

static void second_host_line_does_not_count(void **state)
{
	assert_int_equal(parse("[host]\nslice=5ms\nslice=7ms\n"), 1);
	assert_string_equal(messages[0], "plinth.conf:3: a second 'slice' in this section");
	assert_int_equal(c.host.slice, 5 * NS_PER_MS);
}

static void editors(void **state)
{
	static const char dos[] = "\xef\xbb\xbf[vm \"a\"]\r\nkernel = k\r\ncmdline = x y\r\n";
	static const char utf16[] = "\xff\xfe[\0h\0";

	assert_int_equal(parse(dos), 0);
	assert_string_equal(c.vm[0].kernel, "k");
	assert_string_equal(c.vm[0].cmdline, "x y");
	assert_int_equal(parse_bytes(utf16, sizeof(utf16)), 1);
	assert_string_equal(messages[0],
			    "plinth.conf:1: the file is UTF-16; save it as UTF-8 or ASCII");
	host_is_default();
	assert_int_equal(parse("[vm \"a\"]\nkernel=k\ninitrd = k\rmemory = 4M\n"), 1);
	assert_string_equal(messages[0],
			    "plinth.conf:3: vm \"a\": control character 0x0d in the line");
}

static void nul_bytes(void **state)
{
	static const char text[] =
	    "[vm \"a\"]\nkernel = k\ninitrd = i\0x\n[vm \"b\"]\nkernel = k\n";

	assert_int_equal(parse_bytes(text, sizeof(text) - 1), 1);
	assert_string_equal(messages[0],
			    "plinth.conf:3: vm \"a\": control character 0x00 in the line");
	assert_false(c.vm[0].valid);
	assert_true(c.vm[1].valid);
}

static void quotes(void **state)
{
	static const struct {
		const char *typed, *meant;
	} rows[] = {
	    {"a b", "a b"},
	    {"\"a b\"", "a b"},
	    {"\" a \"", " a "},
	    {"\"a\" b", "\"a\" b"},
	    {"\"a\" b \"c\"", "\"a\" b \"c\""},
	    {"a \"b", "a \"b"},
	    {"", ""},
	    {"\"\"", ""},
	    {"# a ; b", "# a ; b"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[100];

		snprintf(text, sizeof(text), "[vm \"a\"]\nkernel=k\ncmdline = %s\n", rows[i].typed);
		assert_int_equal(parse(text), 0);
		assert_string_equal(c.vm[0].cmdline, rows[i].meant);
	}
}

/* `key` = a value of n letters. */
static u32 parse_long(const char *key, size_t n)
{
	static char text[200000];
	int at = snprintf(text, sizeof(text),
			  "[vm \"a\"]\n%s%s = ", strcmp(key, "kernel") ? "kernel=k\n" : "", key);

	memset(text + at, 'x', n);
	return parse_bytes(text, at + n);
}

static void long_values(void **state)
{
	assert_int_equal(parse_long("kernel", CONFIG_PATH_MAX - 1), 0);
	assert_int_equal(parse_long("kernel", CONFIG_PATH_MAX), 1);
	assert_string_equal(messages[0],
			    "plinth.conf:2: vm \"a\": path of 96 bytes, at most 95 fit");
	assert_int_equal(parse_long("cmdline", CONFIG_CMDLINE_MAX - 1), 0);
	assert_int_equal(strlen(c.vm[0].cmdline), CONFIG_CMDLINE_MAX - 1);
	assert_int_equal(parse_long("cmdline", CONFIG_CMDLINE_MAX), 1);
	assert_string_equal(messages[0],
			    "plinth.conf:3: vm \"a\": cmdline of 1024 bytes, at most 1023 fit");
	assert_int_equal(parse_long("cmdline", 150000), 1);
	assert_int_equal(parse_long("module = m ", CONFIG_ARGS_MAX), 1);
	assert_int_equal(parse_long("vcpus", 150000), 1);
	assert_string_equal(
	    messages[0],
	    "plinth.conf:3: vm \"a\": bad number 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' for 'vcpus'");
	assert_int_equal(parse_long("#", 150000), 0);
	assert_int_equal(parse_long("yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", 1),
			 1);
}

static void too_many_vms(void **state)
{
	char text[2000] = "";

	for (u32 i = 0; i < CONFIG_VMS_MAX + 2; i++)
		snprintf(text + strlen(text), 40, "[vm \"vm%u\"]\nkernel=k%u\n", i, i);
	assert_int_equal(parse(text), 2);
	assert_string_equal(messages[0], "plinth.conf:33: more than 16 VMs; \"vm16\" is left out");
	assert_int_equal(c.vm_count, CONFIG_VMS_MAX);
	assert_string_equal(c.vm[15].kernel, "k15");
	assert_true(c.vm[15].valid);
}

static void too_many_modules(void **state)
{
	char text[400] = "[vm \"a\"]\nkernel=k\n";

	for (u32 i = 0; i < CONFIG_MODULES_MAX; i++)
		strcat(text, "module = m\n");
	assert_int_equal(parse(text), 0);
	assert_int_equal(c.vm[0].modules.count, CONFIG_MODULES_MAX);
	strcat(text, "module = m\n");
	assert_int_equal(parse(text), 1);
	assert_string_equal(messages[0], "plinth.conf:11: vm \"a\": more than 8 modules");
}

static void flood_of_errors(void **state)
{
	static char text[20000];

	memset(text, '\n', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = 'x';
	assert_int_equal(parse_bytes(text, sizeof(text)), sizeof(text) / 2);
	assert_int_equal(message_count, CONFIG_ERRORS_MAX);
	assert_string_equal(messages[CONFIG_ERRORS_MAX - 1],
			    "plinth.conf:64: too many errors, the others are not shown");
}

static void add_path(void *ctx, const char *path)
{
	strcat(ctx, path);
	strcat(ctx, " ");
}

static void files_of_valid_vms_once(void **state)
{
	char list[200] = "";

	assert_int_equal(
	    parse("[vm \"a\"]\nkernel=k\ninitrd=i\nmodule=m x\nmodule=k y\n"
		  "[vm \"bad\"]\nkernel=never\nmemory=x\n"
		  "[vm \"b\"]\nkernel=k\nmodule=never\nmodule=m2\n[vm \"c\"]\nkernel=m\ninitrd=z"),
	    1);
	config_for_each_file(&c, add_path, list);
	assert_string_equal(list, "k i m never m2 z ");
}

/* Any mutilation of a good file ends, stays inside its bytes and leaves terminated strings. */
static void mutilated(void **state)
{
	static const char good[] =
	    "\xef\xbb\xbf[host]\nconsole = serial:0x3f8,115200 framebuffer\nfeatures=-x2apic\n"
	    "slice=2ms\n[vm \"web\"]\nkernel = a/b\ncmdline = \"x y\"\nmemory = 256M\ncpus=0-3,5\n"
	    "module = m args\n";
	char text[sizeof(good)];
	u32 seed = 1;

	for (size_t len = 0; len < sizeof(good); len++)
		parse_bytes(good, len);
	for (u32 i = 0; i < 20000; i++) {
		memcpy(text, good, sizeof(good));
		for (u32 n = 0; n < 3; n++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % (sizeof(good) - 1)] = "[]\"=\n\r #\0-,9"[seed % 13];
		}
		parse_bytes(text, sizeof(good) - 1);
		assert_true(c.vm_count <= 1);
		assert_true(c.vm[0].memory <= CONFIG_MEMORY_MAX);
		assert_non_null(memchr(c.vm[0].kernel, 0, CONFIG_PATH_MAX));
		assert_non_null(memchr(c.vm[0].cmdline, 0, CONFIG_CMDLINE_MAX));
	}
}

/* Pools may stand anywhere, and are known by their numbers afterwards. */
static void pools(void **state)
{
	assert_int_equal(parse("[vm \"a\"]\nkernel=k\npool=inner\nreservation=30%\ngang=yes\n"
			       "[pool \"inner\"]\npool=outer\nreservation=40\nshares=high\n"
			       "[pool \"outer\"]\nreservation=100%\nlimit=150\ncpus=0-1\n"
			       "[vm \"b\"]\nkernel=k\n"), 0);
	assert_int_equal(c.pool_count, 2);
	assert_int_equal(c.vm[0].parent, 0);
	assert_int_equal(c.vm[0].gang, GANG_YES);
	assert_int_equal(c.vm[1].parent, CONFIG_NO_POOL);
	assert_int_equal(c.vm[1].gang, GANG_NO);
	assert_int_equal(c.pool[0].parent, 1);
	assert_int_equal(c.pool[0].shares, 8000);
	assert_int_equal(c.pool[0].reserved, 30);
	assert_int_equal(c.pool[1].parent, CONFIG_NO_POOL);
	assert_int_equal(c.pool[1].shares, 4000);
	assert_int_equal(c.pool[1].reserved, 40);
	assert_int_equal(c.pool[1].limit, 150);
	assert_int_equal(c.pool[1].cpus[0], 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_file),
	    cmocka_unit_test(every_key),
	    cmocka_unit_test(vm_defaults),
	    cmocka_unit_test(restarts),
	    cmocka_unit_test(scheduling),
	    cmocka_unit_test(no_kernel),
	    cmocka_unit_test(outside_any_section),
	    cmocka_unit_test(second_host_line_does_not_count),
	    cmocka_unit_test(editors),
	    cmocka_unit_test(nul_bytes),
	    cmocka_unit_test(quotes),
	    cmocka_unit_test(long_values),
	    cmocka_unit_test(too_many_vms),
	    cmocka_unit_test(too_many_modules),
	    cmocka_unit_test(flood_of_errors),
	    cmocka_unit_test(files_of_valid_vms_once),
	    cmocka_unit_test(mutilated), cmocka_unit_test(pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
