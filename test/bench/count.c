// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TCG plugin for QEMU: counts the instructions of all processors, guests' and hypervisors', but
 * not the time that they sleep (which the TSC under -icount does count). Arguments:
 *
 * out=FILE: a line "mark N TOTAL" each time that BENCH_MARK(N) is executed, on whatever machine.
 * With N even, what comes between it and the next odd one goes into the profile.
 *
 * pc=ADDR: a line "pc ADDR TOTAL" each time that this address is executed; up to 16 of them.
 *
 * profile=LO-HI: at the end a line "at ADDR COUNT" for each address executed in this range.
 *
 * enter=ADDR, until=ADDR: of the profile only what comes between the last two times at `enter` (where
 * the hypervisor enters guests) before each time at `until` (an interrupt handler of the guest's): the
 * exit that delivers the interrupt. At the end a line "times N": how many there were.
 *
 * Debian's QEMU comes without qemu-plugin.h, so what is used of the interface (QEMU, "TCG Plugins")
 * is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API_VERSION 4
#define EXPORT      __attribute__((visibility("default")))
#define PCS_MAX     16
#define STEPS_MAX   (1u << 20)
#define MARK_LENGTH 7
#define MARK_MAGIC  0x504c4e00u

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS };
typedef void exec_fn(unsigned vcpu, void *ctx);
typedef void trans_fn(plugin_id id, struct qemu_plugin_tb *tb);
typedef void exit_fn(plugin_id id, void *ctx);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, trans_fn *fn);
void qemu_plugin_register_atexit_cb(plugin_id id, exit_fn *fn, void *ctx);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn *fn, int flags,
					    void *ctx);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = API_VERSION;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

static FILE *out;
static uint64_t total; /* -icount has one thread for all processors */
static uint64_t pcs[PCS_MAX];
static size_t pc_count;
static uint64_t profile_from, profile_to;
static uint64_t *profile; /* [address - profile_from] */
static bool profiling;

/* What was executed since the last entry, and between that and the one before. */
static uint64_t enter_at, until_at, times;
static struct steps {
	uint64_t *pc;
	size_t count;
} steps, before;

/* Not inline: with several processors in one thread the generated code of QEMU 10.0 crashes. */
static void on_any(unsigned vcpu, void *ctx)
{
	(void)vcpu;
	(void)ctx;
	total++;
}

static void on_mark(unsigned vcpu, void *ctx)
{
	uintptr_t n = (uintptr_t)ctx;

	(void)vcpu;
	profiling = !(n & 1);
	fprintf(out, "mark %" PRIuPTR " %" PRIu64 "\n", n, total);
	fflush(out);
}

static void on_pc(unsigned vcpu, void *ctx)
{
	(void)vcpu;
	fprintf(out, "pc %" PRIx64 " %" PRIu64 "\n", *(uint64_t *)ctx, total);
	fflush(out);
}

static void on_profiled(unsigned vcpu, void *ctx)
{
	(void)vcpu;
	if (!profiling)
		return;
	if (!until_at)
		++*(uint64_t *)ctx;
	else if (steps.count < STEPS_MAX)
		steps.pc[steps.count++] = (uint64_t)((uint64_t *)ctx - profile);
}

static void on_enter(unsigned vcpu, void *ctx)
{
	struct steps done = steps;

	(void)vcpu;
	(void)ctx;
	steps = before;
	steps.count = 0;
	before = done;
}

static void on_until(unsigned vcpu, void *ctx)
{
	(void)vcpu;
	(void)ctx;
	if (!profiling)
		return;
	times++;
	for (size_t i = 0; i < before.count; i++)
		profile[before.pc[i]]++;
	before.count = 0;
}

/* nopl MAGIC+N(%rax), which does nothing anywhere: the number, or -1. */
static int mark_of(const struct qemu_plugin_insn *insn)
{
	unsigned char b[MARK_LENGTH];
	uint32_t disp;

	if (qemu_plugin_insn_size(insn) != MARK_LENGTH ||
	    qemu_plugin_insn_data(insn, b, sizeof(b)) != sizeof(b))
		return -1;
	memcpy(&disp, b + 3, 4);
	if (b[0] != 0x0f || b[1] != 0x1f || b[2] != 0x80 || (disp & ~0xffu) != MARK_MAGIC)
		return -1;
	return disp & 0xff;
}

static void on_insn(struct qemu_plugin_insn *insn)
{
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	int mark = mark_of(insn);

	qemu_plugin_register_vcpu_insn_exec_cb(insn, on_any, CB_NO_REGS, NULL);
	if (mark >= 0)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS,
						       (void *)(uintptr_t)mark);
	for (size_t i = 0; i < pc_count; i++)
		if (pcs[i] == pc)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_pc, CB_NO_REGS, &pcs[i]);
	if (pc >= profile_from && pc < profile_to)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_profiled, CB_NO_REGS,
						       &profile[pc - profile_from]);
	/* Behind the count of the entry itself. */
	if (until_at && (pc == enter_at || pc == until_at))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, pc == enter_at ? on_enter : on_until, CB_NO_REGS, NULL);
}

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++)
		on_insn(qemu_plugin_tb_get_insn(tb, i));
}

static void at_exit(plugin_id id, void *ctx)
{
	(void)id;
	(void)ctx;
	for (uint64_t i = 0; i < profile_to - profile_from; i++)
		if (profile[i])
			fprintf(out, "at %" PRIx64 " %" PRIu64 "\n", profile_from + i, profile[i]);
	if (until_at)
		fprintf(out, "times %" PRIu64 "\n", times);
	fprintf(out, "end 0 %" PRIu64 "\n", total);
	fclose(out);
}

static bool take(const char *arg)
{
	char *end;

	if (!strncmp(arg, "out=", 4))
		return (out = fopen(arg + 4, "w"));
	if (!strncmp(arg, "pc=", 3) && pc_count < PCS_MAX) {
		pcs[pc_count++] = strtoull(arg + 3, &end, 16);
		return !*end;
	}
	if (!strncmp(arg, "enter=", 6)) {
		enter_at = strtoull(arg + 6, &end, 16);
		return !*end;
	}
	if (!strncmp(arg, "until=", 6)) {
		until_at = strtoull(arg + 6, &end, 16);
		steps.pc = calloc(STEPS_MAX, sizeof(*steps.pc));
		before.pc = calloc(STEPS_MAX, sizeof(*before.pc));
		return !*end && steps.pc && before.pc;
	}
	if (strncmp(arg, "profile=", 8))
		return false;
	profile_from = strtoull(arg + 8, &end, 16);
	if (*end != '-')
		return false;
	profile_to = strtoull(end + 1, &end, 16);
	if (*end || profile_to <= profile_from || profile_to - profile_from > 1 << 24)
		return false;
	return (profile = calloc(profile_to - profile_from, sizeof(*profile)));
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!take(argv[i])) {
			fprintf(stderr, "count: cannot use %s\n", argv[i]);
			return -1;
		}
	if (!out) {
		fprintf(stderr, "count: no out=FILE\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
