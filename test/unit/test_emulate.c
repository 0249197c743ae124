// SPDX-License-Identifier: BSD-2-Clause
/*
 * vm/emulate.c and exit_io.c: instructions of a 64-bit guest with real page tables in its RAM, as
 * they come with second-stage faults.
 */
#include "vm_io.h"

#include <vm/emulate.h>
#include <vm/insn_exec.h>

/* --- One access ------------------------------------------------------------------------ */

static void mov_to_and_from(void **state)
{
	v->regs.r[GPR_RBX] = MMIO_BASE;
	v->regs.r[GPR_RAX] = 0x1122334455667788ull;
	RIG_INSN(0x89, 0x43, 0x40); /* mov [rbx+40h], eax */
	assert_int_equal(fault(MMIO_BASE + 0x40, true), EXIT_RESUME);
	expect_access(&mmio, 0, true, 0x40, 4, 0x55667788);
	finished(RIG_CODE, 3);
	RIG_INSN(0x48, 0x8b, 0x43, 0x40); /* mov rax, [rbx+40h] */
	fault(MMIO_BASE + 0x40, false);
	expect_access(&mmio, 1, false, 0x40, 8, 0x5756555455667788ull);
	assert_int_equal(v->regs.r[GPR_RAX], 0x5756555455667788ull);
	finished(RIG_CODE, 4);
	RIG_INSN(0x0f, 0xb6, 0x43, 0x01); /* movzx eax, byte [rbx+1] */
	fault(MMIO_BASE + 1, false);
	assert_int_equal(v->regs.r[GPR_RAX], 0x11);
	finished(RIG_CODE, 4);
	RIG_INSN(0xc6, 0x03, 0x5a); /* mov byte [rbx], 5ah */
	fault(MMIO_BASE, true);
	expect_access(&mmio, 3, true, 0, 1, 0x5a);
	finished(RIG_CODE, 3);
}

/* Read, then write: OR to a register of a device. */
static void read_modify_write(void **state)
{
	v->regs.r[GPR_RBX] = MMIO_BASE;
	RIG_INSN(0x83, 0x0b, 0x80); /* or dword [rbx], -80h */
	fault(MMIO_BASE, true);
	expect_access(&mmio, 0, false, 0, 4, 0x13121110);
	expect_access(&mmio, 1, true, 0, 4, 0xffffff90);
	assert_int_equal(mmio.count, 2);
	finished(RIG_CODE, 3);
}

/* Bytes that came with the exit are taken, if they are enough; else the code is read. */
static void bytes_of_the_exit(void **state)
{
	struct vm_exit x = { .kind = EXIT_FAULT,
			     .fault = {
				 .gpa = MMIO_BASE, .byte_count = 2, .bytes = { 0x8b, 0x03 } } };

	v->regs.r[GPR_RBX] = MMIO_BASE;
	RIG_INSN(0x66, 0x8b, 0x03);
	rig_dispatch(&x); /* mov eax, [rbx] */
	finished(RIG_CODE, 2);
	expect_access(&mmio, 0, false, 0, 4, 0x13121110);
	x.fault.byte_count = 1; /* 8b alone says nothing */
	rig_dispatch(&x);   /* mov ax, [rbx] */
	finished(RIG_CODE, 3);
	expect_access(&mmio, 1, false, 0, 2, 0x1110);
}

static void nobody_there(void **state)
{
	v->regs.r[GPR_RBX] = RIG_IO + 0x5000;
	RIG_INSN(0x48, 0x8b, 0x03);
	fault(RIG_IO + 0x5000, false);
	assert_int_equal(v->regs.r[GPR_RAX], ~0ull);
	finished(RIG_CODE, 3);
	RIG_INSN(0x48, 0x89, 0x03);
	fault(RIG_IO + 0x5000, true);
	finished(RIG_CODE, 3);
}

/* The LAPIC's page is the vCPU's own, unless its APIC is off: then nobody is there. */
static void lapic_page(void **state)
{
	v->regs.r[GPR_RBX] = FAKE_PAGE;
	v->board->page = true;
	v->board->word = 0x12345678;
	RIG_INSN(0x8b, 0x43, 0x30);
	fault(FAKE_PAGE + 0x30, false);
	assert_int_equal(v->regs.r[GPR_RAX], 0x12345678);
	assert_int_equal(v->board->off, 0x30);
	assert_int_equal(v->board->width, 4);
	finished(RIG_CODE, 3);
	RIG_INSN(0x89, 0x83, 0xb0, 0, 0, 0);
	v->regs.r[GPR_RAX] = 7;
	fault(FAKE_PAGE + 0xb0, true);
	assert_int_equal(v->board->word, 7);
	assert_int_equal(v->board->off, 0xb0);
	finished(RIG_CODE, 6);
	v->board->page = false;
	RIG_INSN(0x8b, 0x43, 0x30);
	fault(FAKE_PAGE + 0x30, false);
	assert_int_equal(v->regs.r[GPR_RAX], 0xffffffff);
	assert_int_equal(v->board->reads, 1);
}

/* Vector registers are the CPU's, loaded while the exit is handled. */
static void vector_registers(void **state)
{
	static const u64 val[2] = { 0x1716151413121110ull, 0x1f1e1d1c1b1a1918ull };

	v->regs.r[GPR_RBX] = MMIO_BASE;
	v->hw->reg[REG_CR4] |= CR4_OSFXSR;
	RIG_INSN(0xf3, 0x44, 0x0f, 0x6f, 0x0b); /* movdqu xmm9, [rbx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 5);
	assert_memory_equal(fake_machine_vector[0][9], val, 16);
	expect_access(&mmio, 0, false, 0, 8, val[0]);
	expect_access(&mmio, 1, false, 8, 8, val[1]);
	RIG_INSN(0x66, 0x44, 0x0f, 0xe7, 0x4b, 0x10); /* movntdq [rbx+10h], xmm9 */
	fault(MMIO_BASE + 0x10, true);
	finished(RIG_CODE, 6);
	expect_access(&mmio, 2, true, 0x10, 8, val[0]);
	expect_access(&mmio, 3, true, 0x18, 8, val[1]);
	RIG_INSN(0x0f, 0x6f, 0x13); /* movq mm2, [rbx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 3);
	assert_int_equal(fake_machine_vector[1][2][0], val[0]);
	fake_machine_x87_pending = true;
	RIG_INSN(0x0f, 0x7f, 0x13);
	fault(MMIO_BASE, true);
	expect_exception(EXC_MF, false, 0);
	assert_int_equal(mmio.count, 5);
}

/* The stack is RAM, what is pushed or called is the device's. */
static void stack_and_device(void **state)
{
	v->regs.r[GPR_RBX] = MMIO_BASE;
	v->regs.r[GPR_RSP] = 0x30000;
	RIG_INSN(0xff, 0x33); /* push qword [rbx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 2);
	assert_int_equal(v->regs.r[GPR_RSP], 0x2fff8);
	assert_int_equal(rig_get64(0x2fff8), 0x1716151413121110ull);
	rig_put64(0x2fff8, 0xfedcba9876543210ull);
	RIG_INSN(0x8f, 0x43, 0x40); /* pop qword [rbx+40h] */
	fault(MMIO_BASE + 0x40, true);
	finished(RIG_CODE, 3);
	expect_access(&mmio, 1, true, 0x40, 8, 0xfedcba9876543210ull);
	assert_int_equal(v->regs.r[GPR_RSP], 0x30000);
}

/* --- Page tables ----------------------------------------------------------------------- */

/* The address is the guest's virtual one: the device is where its page tables say. */
static void virtual_addresses(void **state)
{
	set_pte(0x50000, MMIO_BASE | PTE_P | PTE_W);
	v->regs.r[GPR_RBX] = 0x50000;
	RIG_INSN(0x8b, 0x43, 0x08);
	fault(MMIO_BASE + 8, false);
	expect_access(&mmio, 0, false, 8, 4, 0x1b1a1918);
	finished(RIG_CODE, 3);
	/* Another vCPU changed the tables since: the CPU has come by the old ones, as it does with a TLB. */
	set_pte(0x50000, 0x60000 | PTE_P | PTE_W);
	rig_put64(0x60008, 0xabcd);
	v->regs.rip = RIG_CODE;
	fault(MMIO_BASE + 8, false);
	expect_access(&mmio, 1, false, 8, 4, 0x1b1a1918);
	/* It changed the instruction: this one's address the CPU has not seen, the tables say where it is now. */
	v->regs.rip = RIG_CODE;
	fault(MMIO_BASE + 16, false);
	assert_int_equal(v->regs.r[GPR_RAX], 0xabcd);
	assert_int_equal(mmio.count, 2);
}

/* The CPU came from another instruction, so the rights are looked at here. */
static void guest_page_fault(void **state)
{
	v->regs.r[GPR_RBX] = MMIO_BASE;
	v->regs.r[GPR_RAX] = 5;
	set_pte(MMIO_BASE, MMIO_BASE | PTE_P);
	RIG_INSN(0x89, 0x43, 0x08);
	assert_int_equal(fault(MMIO_BASE, true), EXIT_RESUME);
	expect_exception(EXC_PF, true, 3); /* present, write */
	assert_int_equal(reg(REG_CR2), MMIO_BASE + 8);
	untouched();
	/* A read-modify-write faults as a write, before the device is read. */
	RIG_INSN(0x09, 0x43, 0x08);
	fault(MMIO_BASE, true);
	expect_exception(EXC_PF, true, 3);
	untouched();
	/* Not for programs. */
	v->hw->seg[SEG_SS].attr |= SEG_ATTR_DPL;
	set_pte(RIG_CODE, RIG_CODE | PTE_P | PTE_U);
	RIG_INSN(0x8b, 0x43, 0x08);
	fault(MMIO_BASE, false);
	expect_exception(EXC_PF, true, 5);
	untouched();
}

/* The code itself is gone. */
static void code_not_there(void **state)
{
	set_pte(RIG_CODE, 0);
	fault(MMIO_BASE, false);
	expect_exception(EXC_PF, true, 0);
	assert_int_equal(reg(REG_CR2), RIG_CODE);
	set_pte(RIG_CODE, MMIO_BASE | PTE_P); /* code in a device */
	fault(MMIO_BASE, false);
	expect_gp();
	v->regs.rip = 1ull << 62;
	fault(MMIO_BASE, false);
	expect_gp();
	v->regs.rip = RIG_CODE;
	/* A page table in a device. */
	rig_put64(RIG_TABLES + 0x2000, RIG_NO_DEVICE | PTE_P);
	fault(MMIO_BASE, false);
	expect_gp();
	untouched();
}

static void not_canonical(void **state)
{
	v->regs.r[GPR_RBX] = 0x0000800000000000;
	RIG_INSN(0x8b, 0x03);
	fault(0, false);
	expect_gp();
	v->regs.r[GPR_RSP] = 0x0000800000000000;
	RIG_INSN(0x8b, 0x04, 0x24); /* mov eax, [rsp] */
	fault(0, false);
	expect_exception(EXC_SS, true, 0);
	untouched();
}

/* --- Across pages ---------------------------------------------------------------------- */

/* The end of RAM's last page and the start of the device: both parts reach where they belong. */
static void ram_and_device(void **state)
{
	set_pte(0x70000, 0x1ff000 | PTE_P | PTE_W);
	set_pte(0x71000, MMIO_BASE | PTE_P | PTE_W);
	rig_put64(0x1ffff8, 0x8877665544332211ull);
	v->regs.r[GPR_RBX] = 0x70ffb; /* 5 bytes of RAM, 3 of the device */
	RIG_INSN(0x48, 0x8b, 0x03);
	fault(MMIO_BASE, false);
	assert_int_equal(v->regs.r[GPR_RAX], 0x1211108877665544ull);
	finished(RIG_CODE, 3);
	for (unsigned i = 0; i < 3; i++)
		expect_access(&mmio, i, false, i, 1, 0x10 + i);
	v->regs.r[GPR_RAX] = 0xa8a7a6a5a4a3a2a1ull;
	v->regs.r[GPR_RBX] = 0x70ffc;
	RIG_INSN(0x48, 0x89, 0x03);
	fault(MMIO_BASE, true);
	finished(RIG_CODE, 3);
	assert_int_equal(rig_get64(0x1ffff8), 0xa4a3a2a144332211ull);
	expect_access(&mmio, 3, true, 0, 4, 0xa8a7a6a5);
	assert_int_equal(mmio.count, 4);
}

/* The second page does not permit it: neither does anything happen in the first. */
static void second_page_faults(void **state)
{
	set_pte(0x70000, MMIO_BASE | PTE_P | PTE_W);
	set_pte(0x71000, 0);
	v->regs.r[GPR_RBX] = 0x70ffe;
	RIG_INSN(0x89, 0x03);
	fault(MMIO_BASE + 0xffe, true);
	expect_exception(EXC_PF, true, 2);
	assert_int_equal(reg(REG_CR2), 0x71000);
	untouched();
}

/* An instruction across pages, the second of which is not there ... */
static void code_across_pages(void **state)
{
	v->regs.rip = 0x20fff;
	v->regs.r[GPR_RBX] = MMIO_BASE;
	RIG_INSN(0x8b, 0x43, 0x08);
	set_pte(0x21000, 0);
	fault(MMIO_BASE + 8, false);
	expect_exception(EXC_PF, true, 0);
	assert_int_equal(reg(REG_CR2), 0x21000);
	/* ... and where it is. */
	set_pte(0x21000, 0x21000 | PTE_P);
	fault(MMIO_BASE + 8, false);
	finished(0x20fff, 3);
	assert_int_equal(mmio.count, 1);
}

/* --- What is not executed -------------------------------------------------------------- */

static void undefined(void **state)
{
	RIG_INSN(0x0f, 0x0b); /* ud2 */
	fault(MMIO_BASE, false);
	expect_exception(EXC_UD, false, 0);
	v->regs.r[GPR_RBX] = MMIO_BASE;
	RIG_INSN(0xf0, 0x8b, 0x03); /* lock mov */
	fault(MMIO_BASE, false);
	expect_exception(EXC_UD, false, 0);
	RIG_INSN(0x0f, 0x00, 0x13); /* lldt [rbx]: real, but not ours to do */
	fault(MMIO_BASE, true);
	expect_exception(EXC_UD, false, 0);
	RIG_INSN(0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		 0x8b, 0x03); /* 16 bytes */
	fault(MMIO_BASE, false);
	expect_gp();
	untouched();
}

/*
 * Another vCPU exchanged the bytes after the exit. What would have exited by itself is not done on
 * the strength of a second-stage fault: the CPU never checked whether the guest may.
 */
static void exchanged_for_io(void **state)
{
	static const u8 swapped[][2] = {
		{ 0xe4, 0x00 }, /* in al, 0 */
		{ 0xe6, 0x00 }, /* out 0, al */
		{ 0xec, 0x90 }, /* in al, dx */
		{ 0xef, 0x90 }, /* out dx, eax */
		{ 0x6c, 0x90 }, /* insb */
		{ 0x6e, 0x90 }, /* outsb */
		{ 0xf3, 0x6f }, /* rep outsd */
		{ 0xf4, 0x90 }, /* hlt */
		{ 0x0f, 0xa2 }, /* cpuid */
		{ 0x0f, 0x30 }, /* wrmsr */
	};
	struct vm_exit x = { .kind = EXIT_FAULT, .fault = { .gpa = MMIO_BASE, .byte_count = 2 } };

	v->regs.r[GPR_RDX] = IO_PORT;
	v->regs.r[GPR_RSI] = v->regs.r[GPR_RDI] = 0x30000;
	v->regs.r[GPR_RCX] = 1;
	for (size_t i = 0; i < ARRAY_LEN(swapped); i++) {
		rig_code(swapped[i], 2);
		assert_int_equal(fault(MMIO_BASE, true), EXIT_RESUME);
		untouched();
		memcpy(x.fault.bytes, swapped[i], 2);
		assert_int_equal(rig_dispatch(&x), EXIT_RESUME);
		untouched();
	}
}

/* --- Other modes ----------------------------------------------------------------------- */

static void flat_32_bit(void **state)
{
	rig_mode(32);
	v->regs.r[GPR_RBX] = 0xffffffff00000000ull | (MMIO_BASE + 4);
	RIG_INSN(0x8b, 0x03);
	fault(MMIO_BASE + 4, false);
	finished(RIG_CODE, 2);
	assert_int_equal(v->regs.r[GPR_RAX], 0x17161514);
	/* Beyond the limit of a segment. */
	v->hw->seg[SEG_DS].limit = 0xffff;
	fault(MMIO_BASE + 4, false);
	expect_gp();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, io_setup_64, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mov_to_and_from),  TEST(read_modify_write),  TEST(bytes_of_the_exit),
		TEST(vector_registers), TEST(stack_and_device),
		TEST(nobody_there),     TEST(lapic_page),         TEST(virtual_addresses),
		TEST(guest_page_fault), TEST(code_not_there),     TEST(not_canonical),
		TEST(ram_and_device),   TEST(second_page_faults), TEST(code_across_pages),
		TEST(undefined),        TEST(exchanged_for_io),   TEST(flat_32_bit),
	};

	return cmocka_run_group_tests_name("emulate", tests, NULL, NULL);
}
