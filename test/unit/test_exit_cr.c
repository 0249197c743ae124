// SPDX-License-Identifier: BSD-2-Clause
/* Writes to control registers: modes come and go as the manuals say, everything else is #GP. */
#include "vm_rig.h"

static void write_by_gpr(u8 cr, u64 val, bool ok)
{
	struct vm_exit x = { .kind = EXIT_CR_WRITE, .insn_len = 3, .cr = { cr, GPR_RSI } };

	v->regs.r[GPR_RSI] = val;
	assert_int_equal(rig_dispatch(&x), ok ? EXIT_NEXT : EXIT_RESUME);
	if (ok)
		expect_no_event();
	else
		expect_gp();
}

/* The write is taken, and reads back so. */
static void taken(u8 cr, u64 val, u64 back)
{
	static const enum virt_reg regs[] = { [0] = REG_CR0, [3] = REG_CR3, [4] = REG_CR4 };

	write_by_gpr(cr, val, true);
	assert_int_equal(reg(regs[cr]), back);
}

/* #GP, and no register changes. */
static void refused(u8 cr, u64 val)
{
	u64 before[VIRT_REGS];

	memcpy(before, v->hw->reg, sizeof(before));
	write_by_gpr(cr, val, false);
	assert_memory_equal(before, v->hw->reg, sizeof(before));
}

static bool flushed(void)
{
	bool yes = v->hw->flushes;

	v->hw->flushes = 0;
	return yes;
}

/* --- CR0 ------------------------------------------------------------------------------- */

static void cr0_values(void **state)
{
	rig_mode(32);
	taken(0, CR0_PE | CR0_ET | CR0_NE | CR0_TS, CR0_PE | CR0_ET | CR0_NE | CR0_TS);
	taken(0, CR0_PE, CR0_PE | CR0_ET); /* ET is fixed */
	taken(0, CR0_PE | CR0_CD | CR0_NW, CR0_PE | CR0_ET | CR0_CD | CR0_NW);
	taken(0, CR0_PE | CR0_CD, CR0_PE | CR0_ET | CR0_CD);
	refused(0, CR0_PE | CR0_NW);
	refused(0, CR0_PG);
	/* Reserved bits of the low half are ignored, and read as 0. */
	taken(0, 0x1ffaffff & ~CR0_NW, CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE);
	taken(0, CR0_PE | BIT(17) | BIT(19) | BIT(6) | CR0_AM | CR0_WP,
	      CR0_PE | CR0_ET | CR0_AM | CR0_WP);
	/* Of a 64-bit register only the low half counts in 32-bit code ... */
	taken(0, 0xffffffff00000000ull | CR0_PE, CR0_PE | CR0_ET);
	rig_mode(64);
	/* ... and a bit above is an error in 64-bit code. */
	refused(0, BIT(32) | CR0_PE | CR0_PG);
	refused(0, BIT(63) | CR0_PE | CR0_PG);
}

static void flushes_where_needed(void **state)
{
	rig_mode(64);
	flushed();
	taken(0, CR0_PE | CR0_PG | CR0_ET, CR0_PE | CR0_PG | CR0_ET); /* WP falls */
	assert_true(flushed());
	taken(0, CR0_PE | CR0_PG | CR0_TS, CR0_PE | CR0_PG | CR0_ET | CR0_TS);
	assert_false(flushed());
	taken(3, 0x5000, 0x5000);
	assert_true(flushed());
	taken(4, CR4_PAE | CR4_PGE, CR4_PAE | CR4_PGE);
	assert_true(flushed());
	taken(4, CR4_PAE | CR4_PGE | CR4_OSFXSR, CR4_PAE | CR4_PGE | CR4_OSFXSR);
	assert_false(flushed());
	taken(4, CR4_PAE | CR4_SMEP, CR4_PAE | CR4_SMEP);
	assert_true(flushed());
}

/* The CPU has all of XCR0 until the guest can tell. */
static void xcr0_from_osxsave_on(void **state)
{
	rig_mode(64);
	taken(4, CR4_PAE | CR4_OSFXSR, CR4_PAE | CR4_OSFXSR);
	assert_int_equal(v->cpu.xcr0_loaded, machine_xcr0());
	assert_int_not_equal(v->cpu.xcr0, machine_xcr0());
	taken(4, CR4_PAE | CR4_OSXSAVE, CR4_PAE | CR4_OSXSAVE);
	assert_int_equal(v->cpu.xcr0_loaded, v->cpu.xcr0);
}

static void to_protected_mode_and_back(void **state)
{
	rig_mode(16);
	taken(0, CR0_PE, CR0_PE | CR0_ET);
	assert_int_equal(vcpu_code_bits(v), 16); /* until CS is loaded */
	taken(0, 0, CR0_ET);
	assert_int_equal(reg(REG_EFER), 0);
	/* Code that leaves protected mode from a 32-bit segment goes on with 32 bits. */
	rig_mode(32);
	taken(0, 0, CR0_ET);
	assert_int_equal(vcpu_code_bits(v), 32);
	v->regs.rflags |= RFLAGS_VM;
	assert_int_equal(vcpu_code_bits(v), 16);
}

static void paging_without_long_mode(void **state)
{
	rig_mode(32);
	taken(0, CR0_PE | CR0_PG, CR0_PE | CR0_PG | CR0_ET);
	assert_int_equal(reg(REG_EFER), 0);
	assert_true(flushed());
	taken(0, CR0_PE, CR0_PE | CR0_ET);
	assert_true(flushed());
}

static void into_long_mode(void **state)
{
	rig_mode(32);
	v->hw->reg[REG_EFER] = EFER_LME | EFER_NXE;
	refused(0, CR0_PE | CR0_PG); /* without PAE */
	v->hw->reg[REG_CR4] = CR4_PAE;
	refused(0, CR0_PG); /* without PE */
	/* CS.L set before: ambiguous, so #GP. */
	v->hw->seg[SEG_CS].attr |= SEG_ATTR_L;
	refused(0, CR0_PE | CR0_PG);
	v->hw->seg[SEG_CS].attr &= (u16)~SEG_ATTR_L;
	taken(0, CR0_PE | CR0_PG, CR0_PE | CR0_PG | CR0_ET);
	assert_int_equal(reg(REG_EFER), EFER_LME | EFER_LMA | EFER_NXE);
	assert_int_equal(vcpu_code_bits(v), 32); /* compatibility mode */
	v->hw->seg[SEG_CS].attr = 0xa9b;
	assert_int_equal(vcpu_code_bits(v), 64);
}

static void out_of_long_mode(void **state)
{
	rig_mode(64);
	refused(0, CR0_PE);              /* from 64-bit code */
	refused(4, 0);                   /* PAE holds it up */
	v->hw->seg[SEG_CS].attr = 0xc9b; /* compatibility mode */
	refused(4, 0);
	taken(0, CR0_PE, CR0_PE | CR0_ET);
	assert_int_equal(reg(REG_EFER), EFER_LME);
	taken(4, 0, 0);
	/* And in again, LME is still there. */
	taken(4, CR4_PAE, CR4_PAE);
	taken(0, CR0_PE | CR0_PG, CR0_PE | CR0_PG | CR0_ET);
	assert_int_equal(reg(REG_EFER), EFER_LME | EFER_LMA);
}

/* --- CR3, CR4, CR8 --------------------------------------------------------------------- */

static void cr3(void **state)
{
	rig_mode(64);
	taken(3, 0x123000, 0x123000);
	taken(3, 0xfffffff018, 0xfffffff018); /* PCD, PWT */
	refused(3, 1ull << 40);               /* the guest has 40 bits */
	refused(3, 1ull << 63);
	rig_mode(32);
	taken(3, 0xffffffff00001000ull, 0x1000);
}

static void cr4_reserved(void **state)
{
	rig_mode(64);
	for (unsigned bit = 0; bit < 64; bit++) {
		u64 val = CR4_PAE | BIT(bit);
		bool known = bit <= 11 || bit == 16 || bit == 18 || (bit >= 20 && bit <= 22);

		if (known)
			taken(4, val, val);
		else
			refused(4, val); /* LA57, VMXE, SMXE, PCIDE, CET, ... are hidden */
	}
	/* What the host does not have the guest cannot switch on. */
	fake_machine_set(7, 0, (struct machine_cpuid){ 0, 0, 0, 0 });
	cpuid_setup(vm);
	refused(4, CR4_PAE | CR4_SMEP);
	refused(4, CR4_PAE | CR4_SMAP);
	refused(4, CR4_PAE | CR4_FSGSBASE);
	refused(4, CR4_PAE | CR4_UMIP);
	fake_machine_xcr0 = 0;
	cpuid_setup(vm);
	refused(4, CR4_PAE | CR4_OSXSAVE);
}

static void cr8(void **state)
{
	rig_mode(64);
	for (u64 val = 0; val < 16; val++) {
		write_by_gpr(8, val, true);
		assert_int_equal(apic_page_cr8(v->apic), val);
	}
	refused(8, 16);
	refused(8, ~0ull);
	assert_int_equal(apic_page_cr8(v->apic), 15);
}

static void registers_that_are_not_there(void **state)
{
	static const u8 none[] = { 1, 2, 5, 6, 7, 9, 15 };

	rig_mode(64);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		refused(none[i], 0);
}

/* --- Reads, where the CPU leaves them to us -------------------------------------------- */

static void reads(void **state)
{
	static const u8 crs[] = { 0, 3, 4, 8 };
	static const u64 want[] = { CR0_PE | CR0_ET | CR0_PG | CR0_WP, 0x8000001000, CR4_PAE, 6 };

	rig_mode(64);
	v->hw->reg[REG_CR3] = want[1];
	apic_page_set(v->apic, APIC_REG_TPR, 0x60);
	for (size_t i = 0; i < ARRAY_LEN(crs); i++) {
		struct vm_exit x = { .kind = EXIT_CR_READ,
				     .insn_len = 3,
				     .cr = { crs[i], GPR_R9 } };

		v->hw->seg[SEG_CS].attr = 0xa9b;
		v->regs.r[GPR_R9] = ~0ull;
		assert_int_equal(rig_dispatch(&x), EXIT_NEXT);
		assert_int_equal(v->regs.r[GPR_R9], want[i]);
		/* Compatibility mode: 32 bits. */
		v->hw->seg[SEG_CS].attr = 0xc9b;
		v->regs.r[GPR_R9] = ~0ull;
		assert_int_equal(rig_dispatch(&x), EXIT_NEXT);
		assert_int_equal(v->regs.r[GPR_R9], (u32)want[i]);
	}
}

/* --- By the decoder: no assist by the CPU ---------------------------------------------- */

static enum exit_action by_decoder(u8 cr, u8 *len)
{
	struct vm_exit x = { .kind = EXIT_CR_WRITE, .cr = { cr, CR_SOURCE_UNKNOWN } };
	enum exit_action action = rig_dispatch(&x);

	*len = x.insn_len;
	return action;
}

static void decoded_mov(void **state)
{
	u8 len;

	rig_mode(64);
	RIG_INSN(0x41, 0x0f, 0x22, 0xd9); /* mov cr3, r9 */
	v->regs.r[GPR_R9] = 0x7000;
	assert_int_equal(by_decoder(3, &len), EXIT_NEXT);
	assert_int_equal(len, 4);
	assert_int_equal(reg(REG_CR3), 0x7000);
	v->hw->reg[REG_CR3] = RIG_TABLES;
	RIG_INSN(0x44, 0x0f, 0x22, 0xc0); /* mov cr8, rax */
	v->regs.r[GPR_RAX] = 5;
	assert_int_equal(by_decoder(8, &len), EXIT_NEXT);
	assert_int_equal(apic_page_cr8(v->apic), 5);
	RIG_INSN(0x0f, 0x22, 0xe0); /* mov cr4, rax */
	v->regs.r[GPR_RAX] = BIT(40);
	assert_int_equal(by_decoder(4, &len), EXIT_RESUME);
	expect_gp();
}

static void clts(void **state)
{
	u8 len;

	rig_mode(32);
	v->hw->reg[REG_CR0] |= CR0_TS | CR0_MP;
	RIG_INSN(0x0f, 0x06);
	assert_int_equal(by_decoder(0, &len), EXIT_NEXT);
	assert_int_equal(len, 2);
	assert_int_equal(reg(REG_CR0), CR0_PE | CR0_ET | CR0_MP);
}

/* Bits 3:0 only, and PE cannot be cleared. */
static void lmsw(void **state)
{
	static const struct {
		u64 before, source, after;
	} rows[] = {
		{ CR0_ET, 0xfff1, CR0_ET | CR0_PE },
		{ CR0_ET | CR0_PE, 0, CR0_ET | CR0_PE },
		{ CR0_ET | CR0_PE, 0xf, CR0_ET | CR0_PE | CR0_MP | CR0_EM | CR0_TS },
		{ CR0_ET | CR0_PE | CR0_TS | CR0_EM, 2, CR0_ET | CR0_PE | CR0_MP },
		{ CR0_ET | CR0_PE | CR0_NE | CR0_WP, 0x30, CR0_ET | CR0_PE | CR0_NE | CR0_WP },
	};
	u8 len;

	rig_mode(32);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		v->hw->reg[REG_CR0] = rows[i].before;
		RIG_INSN(0x0f, 0x01, 0xf0); /* lmsw ax */
		if (!(rows[i].before & CR0_PE)) {
			rig_mode(16);
			v->hw->reg[REG_CR0] = rows[i].before;
			v->hw->seg[SEG_CS].base = 0;
		}
		v->regs.r[GPR_RAX] = 0xffffffffffff0000ull | rows[i].source;
		assert_int_equal(by_decoder(0, &len), EXIT_NEXT);
		assert_int_equal(len, 3);
		assert_int_equal(reg(REG_CR0), rows[i].after);
		rig_mode(32);
	}
}

static void lmsw_from_memory(void **state)
{
	u8 len;

	rig_mode(64);
	RIG_INSN(0x0f, 0x01, 0x33);   /* lmsw [rbx] */
	v->regs.r[GPR_RBX] = 0x3ffff; /* across a page */
	rig_put64(0x3ffff, CR0_TS | 0xff0000);
	assert_int_equal(by_decoder(0, &len), EXIT_NEXT);
	assert_int_equal(reg(REG_CR0) & 0xf, CR0_PE | CR0_TS);
	/* Not mapped: #PF, and nothing else. */
	v->regs.r[GPR_RBX] = RIG_RAM;
	assert_int_equal(by_decoder(0, &len), EXIT_RESUME);
	expect_exception(EXC_PF, true, 0);
	assert_int_equal(reg(REG_CR2), RIG_RAM);
	v->regs.r[GPR_RBX] = 1ull << 63;
	assert_int_equal(by_decoder(0, &len), EXIT_RESUME);
	expect_gp();
}

/* Another vCPU exchanged the code: nothing is done, the CPU looks again. */
static void other_code_by_now(void **state)
{
	u64 before[VIRT_REGS];
	u8 len;

	rig_mode(64);
	memcpy(before, v->hw->reg, sizeof(before));
	RIG_INSN(0x90);
	assert_int_equal(by_decoder(0, &len), EXIT_RESUME);
	RIG_INSN(0x0f, 0x22, 0xd0); /* mov cr2, rax: does not exit */
	assert_int_equal(by_decoder(0, &len), EXIT_RESUME);
	RIG_INSN(0x0f, 0x22, 0xd8); /* mov cr3, rax: another register than the one that exited */
	assert_int_equal(by_decoder(0, &len), EXIT_RESUME);
	RIG_INSN(0x0f, 0x06); /* clts */
	assert_int_equal(by_decoder(4, &len), EXIT_RESUME);
	expect_no_event();
	assert_memory_equal(before, v->hw->reg, sizeof(before));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cr0_values),
		TEST(flushes_where_needed),
		TEST(xcr0_from_osxsave_on),
		TEST(to_protected_mode_and_back),
		TEST(paging_without_long_mode),
		TEST(into_long_mode),
		TEST(out_of_long_mode),
		TEST(cr3),
		TEST(cr4_reserved),
		TEST(cr8),
		TEST(registers_that_are_not_there),
		TEST(reads),
		TEST(decoded_mov),
		TEST(clts),
		TEST(lmsw),
		TEST(lmsw_from_memory),
		TEST(other_code_by_now),
	};

	return cmocka_run_group_tests_name("exit_cr", tests, NULL, NULL);
}
