// SPDX-License-Identifier: BSD-2-Clause
/* monitor/: lines, and the commands on VMs of the fake processor. */
#include "monitor_rig.h"

#include "test/host/fake_isolation.h"

static void lines_are_edited(void **state)
{
	type("\001m");
	assert_non_null(strstr(screen, "plinth> "));
	clear();
	type("lisx\bt");
	assert_string_equal(screen, "lisx\b \bt");
	type("\x03");
	clear();
	type("\x7f\x7f"); /* nothing is left to erase */
	assert_string_equal(screen, "");
	type("x\033[A\x15");
	clear();
	type("\r");
	assert_string_equal(screen, "\r\nplinth> ");
	clear();
	type("\n"); /* CR LF is one line */
	assert_string_equal(screen, "");
	type("\n");
	assert_string_equal(screen, "\r\nplinth> ");
}

static void long_lines_are_cut(void **state)
{
	type("\001m");
	clear();
	for (int i = 0; i < 1000; i++)
		type("y");
	assert_int_equal(screen_len, 100);
	type("\r");
	assert_non_null(strstr(screen, "there is no command \"yyyy"));
}

static void random_keys(void **state)
{
	type("\001m");
	srand(1);
	for (int i = 0; i < 100000; i++) {
		u8 key = (u8)rand();

		if (key == CONSOLE_KEY || key == 'h')
			continue; /* crash, log and help by chance is not what this is about */
		console_input(key);
		clear();
		if (key == 4)
			type("\001m");
	}
}

static void what_is_wrong_is_said(void **state)
{
	expect("foo", "there is no command \"foo\"; `help` lists them\r\n");
	expect("list all", "list: usage: list\r\n");
	expect("info", "info: usage: info VM\r\n");
	expect("info a b", "info: usage: info VM\r\n");
	expect("exits nobody", "there is no VM \"nobody\"; `list` shows them\r\n");
	expect("stop guest2", "there is no VM \"guest2\"; `list` shows them\r\n");
	expect("log many", "log: \"many\" is no number of lines\r\n");
	expect("log 99999999999999999999",
	       "log: \"99999999999999999999\" is no number of lines\r\n");
	expect("crash", "crash: usage: crash panic|fault\r\n");
	expect("crash me", "crash: `panic` or `fault`, not \"me\"\r\n");
	expect("   ", "");
}

/* Every row is complete, and `help` shows it. */
static void every_command_has_help(void **state)
{
	for (const struct monitor_command *c = monitor_commands; c->name; c++) {
		assert_true(c->fn && c->args && c->help && c->min <= c->max &&
			    c->max <= MONITOR_WORDS_MAX);
		expect_has("help", c->name);
		expect_has("help", c->help);
		for (const struct monitor_command *d = monitor_commands; d != c; d++)
			assert_string_not_equal(d->name, c->name);
	}
}

static void lists(void **state)
{
	v->run.times.ns[RUN_STATE_RUNNING] = 12345 * NS_PER_MS;
	vm->vcpu[1]->run.times.ns[RUN_STATE_RUNNING] = 100 * NS_PER_MS;
	expect("list", "VM               state    vcpus     memory   CPU time\r\n"
		       "guest            running      2      2 MiB       12.4 s\r\n");
}

static void informs(void **state)
{
	fake_time_advance(3 * NS_PER_S);
	memset(v->exits, 0, sizeof(v->exits));
	v->exits[EXIT_HLT] = 5;
	vm->vcpu[1]->mode = VCPU_WAIT_SIPI;
	v->run.where = 3;
	expect_has("info guest", "guest: running, 2 vcpus, 2 MiB, started 1 time\r\n  for 3 s\r\n");
	expect_has("info guest", "5 exits  runs, on pcpu 3\r\n");
	expect_has("info guest", "waits for its start-up IPI\r\n");
	v->run.where = RUN_NOWHERE;
}

static void counts_exits(void **state)
{
	memset(v->exits, 0, sizeof(v->exits));
	memset(vm->vcpu[1]->exits, 0, sizeof(v->exits));
	v->exits[EXIT_HLT] = 5;
	vm->vcpu[1]->exits[EXIT_HLT] = 2;
	v->exits[EXIT_PIO] = 1;
	expect("exits guest",
	       "           1  port\r\n           7  hlt\r\n           8  in all\r\n");
}

static void checks_isolation(void **state)
{
	u32 calls = fake_isolation_calls;

	expect("check isolation", "isolation: nothing found\r\n");
	assert_int_equal(fake_isolation_calls, calls + 1);
	assert_int_equal(fake_isolation_guests, 1);
	assert_true(fake_isolation_all);
	fake_isolation_answer = E_INVAL;
	expect("check isolation", "isolation: as the test wants it\r\n");
	fake_isolation_answer = E_NOMEM;
	expect_has("check isolation", "isolation: out of memory");
	fake_isolation_answer = OK;
	expect("check", "check: usage: check isolation\r\n");
	expect("check all", "check: `isolation`, not \"all\"\r\n");
}

static void shows_the_log(void **state)
{
	expect_has("log", "warning: vm \"guest\": started");
	expect("log 0", "");
}

static void resets(void **state)
{
	expect("reset guest", "guest is started anew\r\n");
	expect("reset guest", "guest does not run: it is starting\r\n");
	fake_run_all(50);
	assert_int_equal(vm->starts, 2);
	expect_has("info guest", "started 2 times");
	expect_has("info guest", "last: restarted (by the operator)\r\n");
}

static void stops_and_starts(void **state)
{
	expect("start guest", "guest cannot start: it is running\r\n");
	assert_string_equal(started, "");
	expect("stop guest", "guest is stopped\r\n");
	expect("stop guest", "guest does not run: it is ending\r\n");
	expect("start guest", "guest cannot start: it is ending\r\n");
	fake_run_all(1000);
	assert_int_equal(vm_count(), 0);
	expect_has("list", "ended        2      2 MiB");
	expect_has("list", "  stopped by the operator\r\n");
	expect_has("exits guest", "in all");
	expect("stop guest", "guest does not run: it is ended\r\n");
	expect("start guest", "guest starts\r\n");
	assert_string_equal(started, "guest");
	start_answer = E_NOMEM;
	expect("start other", "other cannot start: the reason\r\n");
	expect("start a-name-that-is-longer-than-any-vm-can-have",
	       "there is no VM of that name in plinth.conf\r\n");
}

static enum roster_state state_at_fini;

static void look_at_fini(struct vm *m)
{
	struct roster_vm r;

	assert_true(roster_get(0, &r));
	state_at_fini = r.state;
	fake_board.fini(m);
}

/* One of its name would else share its place at the console, or find its memory still taken. */
static void has_ended_only_when_all_is_free(void **state)
{
	struct board_ops board = fake_board;

	board.fini = look_at_fini;
	vm->ops = &board;
	state_at_fini = ROSTER_STARTING;
	expect("stop guest", "guest is stopped\r\n");
	fake_run_all(1000);
	assert_int_equal(state_at_fini, ROSTER_ENDING);
	expect_has("list", "guest            ended");
}

static void exit_code_is_kept(void **state)
{
	vm_guest_exit(vm, 42);
	fake_run_all(1000);
	expect_has("list", " s  exit code 42\r\n");
	/* Its place is taken again. */
	rig_vm(1);
	rig_leave();
	expect("list", "VM               state    vcpus     memory   CPU time\r\n"
		       "guest            running      1      2 MiB        0.0 s\r\n");
}

static void leaves(void **state)
{
	type("\001m");
	clear();
	type("quit\r");
	assert_non_null(strstr(screen, "--- all guests"));
	clear();
	type("x");
	type("\001m\x04");
	assert_non_null(strstr(screen, "--- all guests"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_edited),
		TEST(long_lines_are_cut),
		TEST(random_keys),
		TEST(what_is_wrong_is_said),
		TEST(every_command_has_help),
		TEST(lists),
		TEST(informs),
		TEST(counts_exits),
		TEST(checks_isolation),
		TEST(shows_the_log),
		TEST(resets),
		TEST(stops_and_starts),
		TEST(has_ended_only_when_all_is_free),
		TEST(exit_code_is_kept),
		TEST(leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
