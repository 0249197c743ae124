// SPDX-License-Identifier: BSD-2-Clause
/* Every kind of exit, through exit_dispatch(). */
#include "vm_io.h"

static bool is_stopped(void)
{
	return atomic_load(&vm->verdict) == VM_STOP;
}

static enum exit_action dispatch(struct vm_exit x)
{
	return rig_dispatch(&x);
}

/* Every kind has a name of its own and is counted. */
static void kinds(void **state)
{
	for (int i = 0; i < EXIT_KINDS; i++) {
		assert_true(strlen(exit_name((enum exit_kind)i)) > 1);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(exit_name((enum exit_kind)i),
						exit_name((enum exit_kind)k));
	}
	memset(v->exits, 0, sizeof(v->exits));
	for (int i = 0; i < 3; i++)
		rig_exit(EXIT_CPUID);
	rig_exit(EXIT_HLT);
	assert_int_equal(v->exits[EXIT_CPUID], 3);
	assert_int_equal(v->exits[EXIT_HLT], 1);
	assert_int_equal(v->exits[EXIT_PIO], 0);
}

/* What needs no data. */
static void simple_ones(void **state)
{
	assert_int_equal(rig_exit(EXIT_NONE), EXIT_RESUME);
	assert_int_equal(rig_exit(EXIT_HOST), EXIT_POLL);
	expect_no_event();
	assert_int_equal(rig_exit(EXIT_HLT), EXIT_BLOCK);
	assert_int_equal(rig_exit(EXIT_UNDEFINED), EXIT_RESUME);
	expect_exception(EXC_UD, false, 0);
	assert_int_equal(rig_exit(EXIT_FORBIDDEN), EXIT_RESUME);
	expect_gp();
	assert_int_equal(v->regs.rip, RIG_CODE);
	/* Real mode pushes no error codes. */
	rig_mode(16);
	rig_exit(EXIT_FORBIDDEN);
	expect_exception(EXC_GP, false, 0);
}

/* What the vendors' loops may do by themselves: a known length, RIP within its 4 GiB, nothing in RFLAGS that an instruction's end touches. */
static void short_steps(void **state)
{
	struct vm_exit x = { .insn_len = 3 };

	v->int_shadow = true;
	v->regs.rip = 0xfffffff0;
	assert_true(vcpu_step_short(v, &x));
	assert_int_equal(v->regs.rip, 0xfffffff3);
	assert_false(v->int_shadow);
	v->regs.rip = 0xfffffffd;
	assert_false(vcpu_step_short(v, &x));
	v->regs.rip = 0x1000;
	v->regs.rflags |= RFLAGS_TF;
	assert_false(vcpu_step_short(v, &x));
	v->regs.rflags ^= RFLAGS_TF | RFLAGS_RF;
	assert_false(vcpu_step_short(v, &x));
	v->regs.rflags &= ~RFLAGS_RF;
	x.insn_len = 0;
	assert_false(vcpu_step_short(v, &x));
	assert_int_equal(v->regs.rip, 0x1000);
	assert_false(vcpu_must_look(v));
	vcpu_inject(v, EXC_UD);
	assert_true(vcpu_must_look(v));
}

static void hypercalls(void **state)
{
	v->regs.r[GPR_RAX] = 11;
	assert_int_equal(rig_exit(EXIT_HYPERCALL), EXIT_NEXT);
	assert_int_equal(v->regs.r[GPR_RAX], (u32)-1000); /* KVM_ENOSYS, of 32-bit code */
	rig_mode(64);
	v->regs.r[GPR_RAX] = 11;
	rig_exit(EXIT_HYPERCALL);
	assert_int_equal(v->regs.r[GPR_RAX], (u64)-1000);
}

/* KVM_HC_KICK_CPU: it wakes a vCPU that halted, once; programs may not; nobody is harmed by a wrong APIC id. */
static void kicking_a_sibling(void **state)
{
	v->regs.r[GPR_RAX] = 5;
	v->regs.r[GPR_RCX] = 0;
	rig_exit(EXIT_HYPERCALL);
	assert_int_equal(v->regs.r[GPR_RAX], 0);
	assert_true(v->pv_kicked);
	v->pv_kicked = false;
	v->regs.r[GPR_RAX] = 5;
	v->regs.r[GPR_RCX] = 1ull << 32;
	rig_exit(EXIT_HYPERCALL);
	assert_int_equal(v->regs.r[GPR_RAX], 0);
	assert_false(v->pv_kicked);
}

/* INVD, WBINVD: the kernel may, a program may not. */
static void cache_instructions(void **state)
{
	assert_int_equal(rig_exit(EXIT_CACHE), EXIT_NEXT);
	expect_no_event();
	v->hw->seg[SEG_SS].attr |= SEG_ATTR_DPL;
	assert_int_equal(rig_exit(EXIT_CACHE), EXIT_RESUME);
	expect_gp();
	/* Virtual-8086 mode is CPL 3, real mode CPL 0, whatever SS says. */
	rig_mode(32);
	v->regs.rflags |= RFLAGS_VM;
	assert_int_equal(rig_exit(EXIT_CACHE), EXIT_RESUME);
	expect_gp();
	v->regs.rflags &= ~RFLAGS_VM;
	rig_mode(16);
	v->hw->seg[SEG_SS].attr |= SEG_ATTR_DPL;
	assert_int_equal(rig_exit(EXIT_CACHE), EXIT_NEXT);
}

static void exceptions(void **state)
{
	struct vm_exit db = { .kind = EXIT_EXCEPTION, .exception = { .vector = EXC_DB } };
	struct vm_exit ac = { .kind = EXIT_EXCEPTION,
			      .exception = { .vector = EXC_AC, .has_error = true } };
	struct vm_exit pf = { .kind = EXIT_EXCEPTION,
			      .exception = { EXC_PF, true, 7, 0xdeadbeef000 } };

	assert_int_equal(dispatch(db), EXIT_POLL);
	expect_exception(EXC_DB, false, 0);
	assert_int_equal(dispatch(ac), EXIT_POLL);
	expect_exception(EXC_AC, true, 0);
	assert_int_equal(dispatch(pf), EXIT_POLL);
	expect_exception(EXC_PF, true, 7);
	assert_int_equal(reg(REG_CR2), 0xdeadbeef000);
}

/* The VM ends, with a dump, and nothing goes into the guest. */
static void expect_stop(struct vm_exit x)
{
	fake_virt_dumps = 0;
	assert_int_equal(dispatch(x), EXIT_STOP);
	assert_true(is_stopped());
	assert_int_equal(fake_virt_dumps, 1);
	assert_memory_equal(vm->reason, "stopped: ", 9);
	expect_no_event();
	/* Once more for the next row. */
	atomic_store(&vm->verdict, VM_RUN);
}

static void what_stops_a_guest(void **state)
{
	expect_stop((struct vm_exit){ .kind = EXIT_SHUTDOWN });
	assert_string_equal(vm->reason, "stopped: triple fault");
	expect_stop((struct vm_exit){ .kind = EXIT_INVALID, .raw = { ~0ull, ~0ull, ~0ull } });
	expect_stop((struct vm_exit){ .kind = EXIT_UNKNOWN, .raw = { 0x123, 4, 5 } });
	expect_stop(
	    (struct vm_exit){ .kind = EXIT_FAULT, .fault = { .gpa = ~0ull, .fetch = true } });
	assert_string_equal(vm->reason, "stopped: code outside of RAM, at ffffffffffffffff");
	expect_stop(
	    (struct vm_exit){ .kind = EXIT_FAULT, .fault = { .gpa = 0x40000000, .table = true } });
	assert_string_equal(vm->reason, "stopped: page table outside of RAM, at 40000000");
}

/* `restart = always`: the same is a reset, and nothing is printed. */
static void what_restarts_a_guest(void **state)
{
	vm->recipe.restart_crashed = true;
	assert_int_equal(dispatch((struct vm_exit){ .kind = EXIT_SHUTDOWN }), EXIT_STOP);
	assert_int_equal(atomic_load(&vm->verdict), VM_START);
	assert_string_equal(vm->reason, "restarted (triple fault)");
	assert_int_equal(fake_virt_dumps, 0);
	atomic_store(&vm->verdict, VM_RUN);
	/* What the CPU refuses is not the guest's doing, as far as we know. */
	expect_stop((struct vm_exit){ .kind = EXIT_INVALID, .raw = { ~0ull, ~0ull, ~0ull } });
}

/* The stack or IDT outside of RAM: what exited is no instruction, and none is executed for it. */
static void event_delivery_outside_of_ram(void **state)
{
	static const struct vcpu_event irq = { .valid = true, .type = EVENT_INTR, .vector = 0x30 };
	u64 rip = v->regs.rip;

	RIG_INSN(0xb8, 1, 0, 0, 0); /* mov eax, 1 */
	v->event = irq;
	assert_int_equal(dispatch((struct vm_exit){
			     .kind = EXIT_FAULT, .fault = { .gpa = 0xfffffff0, .write = true } }),
			 EXIT_STOP);
	assert_true(is_stopped());
	assert_string_equal(vm->reason, "stopped: event delivery outside of RAM, at fffffff0");
	assert_int_equal(v->regs.rip, rip);
}

/* --- Ports ----------------------------------------------------------------------------- */

static void in(unsigned width, u64 want)
{
	v->regs.r[GPR_RAX] = 0xaaaaaaaaaaaaaaaaull;
	assert_int_equal(
	    dispatch((struct vm_exit){ .kind = EXIT_PIO,
				       .insn_len = 1,
				       .pio = { .port = 0x102, .width = (u8)width, .how = PIO_IN } }),
	    EXIT_NEXT);
	assert_int_equal(v->regs.r[GPR_RAX], want);
}

static void port_widths(void **state)
{
	in(1, 0xaaaaaaaaaaaaaa12);
	in(2, 0xaaaaaaaaaaaa1312);
	in(4, 0x15141312); /* clears the upper half */
	for (unsigned i = 0; i < 3; i++)
		expect_access(&io, i, false, 2, 1u << i, 0x15141312 & width_mask(1u << i));
	for (u8 width = 1; width <= 4; width *= 2) {
		v->regs.r[GPR_RAX] = 0x1122334455667788ull;
		assert_int_equal(dispatch((struct vm_exit){
				     .kind = EXIT_PIO, .pio = { .port = 0x108, .width = width } }),
				 EXIT_NEXT);
		assert_int_equal(v->regs.r[GPR_RAX], 0x1122334455667788ull);
		expect_access(&io, io.count - 1, true, 8, width, 0x55667788 & width_mask(width));
	}
	assert_int_equal(io.count, 6);
}

static void ports_without_a_device(void **state)
{
	static const u16 ports[] = { 0, 0xff, 0x110, 0xfffe, 0xffff };

	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		for (u8 width = 1; width <= 4; width *= 2) {
			struct vm_exit x = { .kind = EXIT_PIO,
					     .pio = { .port = ports[i], .width = width } };

			v->regs.r[GPR_RAX] = 0;
			dispatch(x);
			x.pio.how = PIO_IN;
			dispatch(x);
			/* FFh at width 2 and 4 ends in the device's first bytes. */
			if (ports[i] == 0xff && width > 1)
				continue;
			assert_int_equal(v->regs.r[GPR_RAX], width_mask(width));
		}
}

/* --- CPUID, MSRs ----------------------------------------------------------------------- */

static void cpuid(void **state)
{
	for (unsigned r = 0; r < GPR_COUNT; r++)
		v->regs.r[r] = ~0ull;
	/* Only the low halves of RAX and RCX ask. */
	v->regs.r[GPR_RAX] = 0xffffffff80000000ull;
	v->regs.r[GPR_RCX] = 0xffffffff00000000ull;
	assert_int_equal(rig_exit(EXIT_CPUID), EXIT_NEXT);
	assert_int_equal(v->regs.r[GPR_RAX], 0x80000008);
	assert_int_equal(v->regs.r[GPR_RBX], 0x68747541);
	assert_int_equal(v->regs.r[GPR_RCX], 0x444d4163);
	assert_int_equal(v->regs.r[GPR_RDX], 0x69746e65);
	assert_int_equal(v->regs.r[GPR_RSI], ~0ull);
}

static void msrs(void **state)
{
	for (unsigned r = 0; r < GPR_COUNT; r++)
		v->regs.r[r] = ~0ull;
	v->regs.r[GPR_RCX] = 0xffffffff00000277ull; /* PAT */
	assert_int_equal(rig_exit(EXIT_RDMSR), EXIT_NEXT);
	assert_int_equal(v->regs.r[GPR_RAX], 0x00070406);
	assert_int_equal(v->regs.r[GPR_RDX], 0x00070406);
	v->regs.r[GPR_RAX] = 0xffffffff00000006ull;
	v->regs.r[GPR_RDX] = 0xffffffff01000000ull;
	assert_int_equal(rig_exit(EXIT_WRMSR), EXIT_NEXT);
	assert_int_equal(reg(REG_PAT), 0x0100000000000006ull);
	v->regs.r[GPR_RAX] = 2;
	assert_int_equal(rig_exit(EXIT_WRMSR), EXIT_RESUME);
	expect_gp();
	v->regs.r[GPR_RCX] = 0x1234;
	assert_int_equal(rig_exit(EXIT_RDMSR), EXIT_RESUME);
	expect_gp();
	assert_int_equal(v->regs.r[GPR_RAX], 2);
	assert_int_equal(rig_exit(EXIT_WRMSR), EXIT_RESUME);
	expect_gp();
}

/* --- XSETBV ---------------------------------------------------------------------------- */

enum outcome { TAKEN, GP, UD };

static void xsetbv(u64 rcx, u64 val, enum outcome want)
{
	u64 before = v->cpu.xcr0;

	v->regs.r[GPR_RCX] = rcx;
	v->regs.r[GPR_RAX] = 0xffffffff00000000ull | (u32)val;
	v->regs.r[GPR_RDX] = 0xffffffff00000000ull | val >> 32;
	assert_int_equal(rig_exit(EXIT_XSETBV), want == TAKEN ? EXIT_NEXT : EXIT_RESUME);
	if (want == TAKEN)
		expect_no_event();
	else if (want == GP)
		expect_gp();
	else
		expect_exception(EXC_UD, false, 0);
	assert_int_equal(v->cpu.xcr0, want == TAKEN ? val : before);
}

static void xcr0_rules(void **state)
{
	xsetbv(0, 1, UD); /* CR4.OSXSAVE is 0 */
	v->hw->reg[REG_CR4] = CR4_OSXSAVE;
	xsetbv(0, 7, TAKEN);
	xsetbv(0, 1, TAKEN);
	xsetbv(0, 3, TAKEN);
	xsetbv(0, 0x207, TAKEN);
	xsetbv(0, 0x201, TAKEN);
	xsetbv(0, 0, GP); /* x87 is not optional */
	xsetbv(0, 2, GP);
	xsetbv(0, 5, GP);   /* AVX without SSE */
	xsetbv(0, 0xf, GP); /* MPX, AVX-512, AMX, ...: not there */
	xsetbv(0, 0xe7, GP);
	xsetbv(0, 0x60007, GP);
	xsetbv(0, 1ull << 63 | 7, GP);
	xsetbv(0, ~0ull, GP);
	xsetbv(1, 7, GP); /* there is no XCR1 */
	xsetbv(0xffffffff, 7, GP);
	xsetbv(0xffffffff00000000ull, 7, TAKEN);
	v->hw->seg[SEG_SS].attr |= SEG_ATTR_DPL;
	xsetbv(0, 3, GP);
	v->hw->reg[REG_CR4] = 0;
	xsetbv(0, 3, UD); /* #UD comes first */
}

static void no_xsave_no_xsetbv(void **state)
{
	fake_machine_xcr0 = 0;
	v->hw->reg[REG_CR4] = CR4_OSXSAVE;
	xsetbv(0, 1, GP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, io_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds),
		TEST(simple_ones),
		TEST(short_steps),
		TEST(hypercalls),
		TEST(kicking_a_sibling),
		TEST(cache_instructions),
		TEST(exceptions),
		TEST(what_stops_a_guest), TEST(what_restarts_a_guest),
		TEST(event_delivery_outside_of_ram),
		TEST(port_widths),
		TEST(ports_without_a_device),
		TEST(cpuid),
		TEST(msrs),
		TEST(xcr0_rules),
		TEST(no_xsave_no_xsetbv),
	};

	return cmocka_run_group_tests_name("exit", tests, NULL, NULL);
}
