// SPDX-License-Identifier: BSD-2-Clause
/*
 * vm/emulate.c and exit_io.c: string instructions between RAM, devices and ports, and the single
 * steps of a guest's debugger.
 */
#include "vm_io.h"

#include <vm/emulate.h>
#include <vm/insn_exec.h>

/* --- Strings --------------------------------------------------------------------------- */

static void movs_ram_to_device(void **state)
{
	v->regs.r[GPR_RSI] = 0x30000;
	v->regs.r[GPR_RDI] = MMIO_BASE + 0x80;
	v->regs.r[GPR_RCX] = 3;
	rig_put64(0x30000, 0x2222222211111111ull);
	rig_put64(0x30008, 0x33333333);
	RIG_INSN(0xf3, 0xa5); /* rep movsd */
	fault(MMIO_BASE + 0x80, true);
	finished(RIG_CODE, 2);
	for (unsigned i = 0; i < 3; i++)
		expect_access(&mmio, i, true, 0x80 + 4 * i, 4, 0x11111111ull * (i + 1));
	assert_int_equal(v->regs.r[GPR_RCX], 0);
	assert_int_equal(v->regs.r[GPR_RSI], 0x3000c);
	assert_int_equal(v->regs.r[GPR_RDI], MMIO_BASE + 0x8c);
}

static void movs_device_to_ram(void **state)
{
	v->regs.r[GPR_RSI] = MMIO_BASE + 8;
	v->regs.r[GPR_RDI] = 0x30000;
	v->regs.r[GPR_RCX] = 2;
	v->regs.rflags |= RFLAGS_DF;
	RIG_INSN(0xf3, 0x48, 0xa5);
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 3);
	assert_int_equal(rig_get64(0x30000), 0x1f1e1d1c1b1a1918ull);
	assert_int_equal(rig_get64(0x2fff8), 0x1716151413121110ull);
	assert_int_equal(v->regs.r[GPR_RDI], 0x2fff0);
}

/* A long REP comes in pieces: the guest stays at it. */
static void long_rep(void **state)
{
	v->regs.r[GPR_RDI] = MMIO_BASE;
	v->regs.r[GPR_RCX] = 100;
	v->int_shadow = true;
	RIG_INSN(0xf3, 0xaa); /* rep stosb */
	assert_int_equal(fault(MMIO_BASE, true), EXIT_RESUME);
	expect_no_event();
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(v->regs.r[GPR_RCX], 100 - INSN_REP_MAX);
	assert_true(v->int_shadow);
	fault(MMIO_BASE + 64, true);
	finished(RIG_CODE, 2);
	assert_int_equal(mmio.count, 100);
	assert_false(v->int_shadow);
}

/* A fault in the middle: what is done is done, the rest comes again after the handler. */
static void rep_faults(void **state)
{
	set_pte(0x71000, 0);
	v->regs.r[GPR_RSI] = MMIO_BASE;
	v->regs.r[GPR_RDI] = 0x70ff8;
	v->regs.r[GPR_RCX] = 4;
	RIG_INSN(0xf3, 0xa5);
	fault(MMIO_BASE, false);
	expect_exception(EXC_PF, true, 2);
	assert_int_equal(reg(REG_CR2), 0x71000);
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(v->regs.r[GPR_RCX], 2);
	assert_int_equal(v->regs.r[GPR_RDI], 0x71000);
	assert_int_equal(mmio.count, 2); /* no register is read in vain */
}

/* --- Single steps ---------------------------------------------------------------------- */

static void traps_behind(void **state)
{
	v->regs.rflags |= RFLAGS_TF;
	v->regs.r[GPR_RBX] = MMIO_BASE;
	RIG_INSN(0x8b, 0x03);
	fault(MMIO_BASE, false);
	assert_int_equal(v->regs.rip, RIG_CODE + 2);
	expect_exception(EXC_DB, false, 0);
	assert_int_equal(reg(REG_DR6), DR6_INIT | DR6_BS);
	/* A REP traps after every turn. */
	v->regs.rip = RIG_CODE;
	v->regs.r[GPR_RDI] = MMIO_BASE;
	v->regs.r[GPR_RCX] = 2;
	RIG_INSN(0xf3, 0xaa);
	fault(MMIO_BASE, true);
	expect_exception(EXC_DB, false, 0);
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(v->regs.r[GPR_RCX], 1);
	fault(MMIO_BASE, true);
	expect_exception(EXC_DB, false, 0);
	assert_int_equal(v->regs.rip, RIG_CODE + 2);
	/* A fault is no trap. */
	v->regs.rip = RIG_CODE;
	v->regs.r[GPR_RCX] = 2;
	v->regs.r[GPR_RDI] = RIG_RAM;
	v->hw->reg[REG_DR6] = DR6_INIT;
	fault(MMIO_BASE, true);
	expect_exception(EXC_PF, true, 2);
	assert_int_equal(reg(REG_DR6), DR6_INIT);
}

/* --- String I/O ------------------------------------------------------------------------ */

static enum exit_action string_io(u16 port, u8 width, bool in)
{
	struct vm_exit x = { .kind = EXIT_PIO,
			     .insn_len = 1,
			     .pio = { .port = port, .width = width, .how = (u8)(PIO_STRING | (in ? PIO_IN : 0)) } };

	return rig_dispatch(&x);
}

static void ins_and_outs(void **state)
{
	v->regs.r[GPR_RDX] = IO_PORT + 2;
	v->regs.r[GPR_RDI] = 0x30000;
	v->regs.r[GPR_RCX] = 3;
	RIG_INSN(0xf3, 0x66, 0x6d); /* rep insw */
	assert_int_equal(string_io(IO_PORT + 2, 2, true), EXIT_RESUME);
	finished(RIG_CODE, 3);
	assert_int_equal(rig_get64(0x30000), 0x131213121312ull);
	v->regs.r[GPR_RSI] = 0x30000;
	v->regs.r[GPR_RCX] = 2;
	RIG_INSN(0xf3, 0x6e); /* rep outsb */
	string_io(IO_PORT + 2, 1, false);
	finished(RIG_CODE, 2);
	expect_access(&io, 3, true, 2, 1, 0x12);
	expect_access(&io, 4, true, 2, 1, 0x13);
	assert_int_equal(v->regs.r[GPR_RSI], 0x30002);
}

/* From and to memory of a device. */
static void ins_to_device(void **state)
{
	v->regs.r[GPR_RDX] = IO_PORT;
	v->regs.r[GPR_RDI] = MMIO_BASE;
	RIG_INSN(0x6d); /* insd */
	string_io(IO_PORT, 4, true);
	finished(RIG_CODE, 1);
	expect_access(&mmio, 0, true, 0, 4, 0x13121110);
}

/* The port is not read if the memory cannot be written. */
static void ins_page_fault(void **state)
{
	set_pte(0x30000, 0x30000 | PTE_P);
	v->regs.r[GPR_RDX] = IO_PORT;
	v->regs.r[GPR_RDI] = 0x30000;
	RIG_INSN(0x6c);
	string_io(IO_PORT, 1, true);
	expect_exception(EXC_PF, true, 3);
	untouched();
}

/* The CPU checked the right to one port, direction and width; other bytes lead to another check. */
static void exchanged_string_io(void **state)
{
	v->regs.r[GPR_RDX] = IO_PORT;
	v->regs.r[GPR_RSI] = v->regs.r[GPR_RDI] = 0x30000;
	RIG_INSN(0x6e); /* outsb, where insb exited */
	string_io(IO_PORT, 1, true);
	untouched();
	RIG_INSN(0x6c); /* ... and the reverse */
	string_io(IO_PORT, 1, false);
	untouched();
	RIG_INSN(0x6d); /* insd for insb: it reaches ports that were not checked */
	string_io(IO_PORT, 1, true);
	untouched();
	RIG_INSN(0x6c); /* for another port: DX moved by a debugger, say */
	string_io(IO_PORT + 1, 1, true);
	untouched();
	RIG_INSN(0xec); /* in al, dx */
	string_io(IO_PORT, 1, true);
	untouched();
	RIG_INSN(0xa4); /* movsb */
	string_io(IO_PORT, 1, true);
	untouched();
	RIG_INSN(0xf4); /* hlt */
	string_io(IO_PORT, 1, false);
	untouched();
}

/* Upper bits of RDX are no part of the port. */
static void port_is_dx(void **state)
{
	v->regs.r[GPR_RDX] = 0xffffffffffff0000ull | IO_PORT;
	v->regs.r[GPR_RDI] = 0x30000;
	RIG_INSN(0x6c);
	string_io(IO_PORT, 1, true);
	finished(RIG_CODE, 1);
	assert_int_equal(io.count, 1);
}

static void real_mode(void **state)
{
	rig_mode(16);
	v->hw->seg[SEG_CS].base = 0x20000;
	v->hw->seg[SEG_DS].base = 0x30000;
	v->hw->seg[SEG_ES].base = 0x40000;
	v->regs.rip = 0x100;
	assert_int_equal(gmem_write(&vm->gmem, 0x20100, "\xf3\x6e", 2), OK); /* rep outsb */
	assert_int_equal(gmem_write(&vm->gmem, 0x3ffff, "A", 1), OK);
	assert_int_equal(gmem_write(&vm->gmem, 0x30000, "B", 1), OK);
	v->regs.r[GPR_RDX] = IO_PORT;
	v->regs.r[GPR_RSI] = 0xabcdffff;
	v->regs.r[GPR_RCX] = 2;
	string_io(IO_PORT, 1, false);
	expect_access(&io, 0, true, 0, 1, 'A');
	expect_access(&io, 1, true, 0, 1, 'B'); /* SI wraps */
	assert_int_equal(v->regs.rip, 0x102);
	assert_int_equal(v->regs.r[GPR_RSI], 0xabcd0001);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, io_setup_64, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(movs_ram_to_device), TEST(movs_device_to_ram), TEST(long_rep),
		TEST(rep_faults),         TEST(traps_behind),       TEST(ins_and_outs),
		TEST(ins_to_device),      TEST(ins_page_fault),     TEST(exchanged_string_io),
		TEST(port_is_dx),         TEST(real_mode),
	};

	return cmocka_run_group_tests_name("emulate_string", tests, NULL, NULL);
}
