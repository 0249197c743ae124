// SPDX-License-Identifier: BSD-2-Clause
/* devices/pc.c as a board: which device answers where, COM1 and the console, reset and power off.
 */
#include "pc_rig.h"

#include <guests/acpi_tables.h>
#include <vm/apic_page.h>

/* --- Who is where ---------------------------------------------------------------------- */

static void port_map(void **state)
{
	static const struct {
		u16 port, len;
	} want[] = {
		{ 0x20, 2 },  { 0x40, 4 },     { 0x60, 1 },  { 0x61, 1 }, { 0x64, 1 },
		{ 0x70, 2 },  { 0x92, 1 },     { 0xa0, 2 },     { 0xb2, 2 },  { 0xe9, 1 }, { 0x3f8, 8 },
		{ 0x4d0, 2 }, { 0x510, 2 },    { 0x600, 0x24 }, { 0xcf8, 8 },
	};

	for (u32 port = 0; port < 0x10000; port++) {
		bool listed = false;

		for (size_t i = 0; i < ARRAY_LEN(want); i++)
			listed |= range_inside(port, 1, want[i].port, want[i].len);
		if (listed != !!bus_find(&vm->ports, port, 1))
			fail_msg("port %x", port);
		if (!listed)
			assert_int_equal(in((u16)port, 1), 0xff);
	}
	assert_int_equal(vm->ports.count, ARRAY_LEN(want));
}

static void mmio_map(void **state)
{
	assert_int_equal(vm->mmio.count, 3);
	assert_int_equal(vm->mmio.win[0].base, 0xb0000000);
	assert_int_equal(vm->mmio.win[0].len, 0x100000); /* configuration space of bus 0 */
	assert_int_equal(vm->mmio.win[1].base, 0xfec00000);
	assert_int_equal(vm->mmio.win[1].len, 0x1000);
	assert_int_equal(vm->mmio.win[2].base, 0xfed00000);
	assert_int_equal(vm->mmio.win[2].len, 0x400);
	assert_int_equal(bus_read(&vm->mmio, 0xfed00000, 4), ACPI_HPET_ID);
	/* The host bridge, by both ways. */
	out(0xcf8, 4, 0x80000000);
	assert_int_equal(in(0xcfc, 4), 0x00081b36);
	assert_int_equal(bus_read(&vm->mmio, 0xb0000000, 4), 0x00081b36);
	assert_int_equal(bus_read(&vm->mmio, 0xb0100000, 4), 0xffffffff);
	assert_int_equal(bus_read(&vm->mmio, 0xb0008000, 4), 0xffffffff); /* 00:01.0 */
}

/* Left out, it is not there, and the timers' lines lead where they did. */
static void without_hpet(void **state)
{
	struct vm_recipe r = rig_recipe(1);

	pc_teardown(state);
	rig_reset();
	fake_console_reset();
	r.board = &pc_board;
	r.hpet = false;
	assert_int_equal(vm_create(&r, &vm), OK);
	v = vm->vcpu[0];
	fake_run_all(10);
	assert_int_equal(vm->mmio.count, 2);
	assert_int_equal(bus_read(&vm->mmio, 0xfed00000, 4), 0xffffffff);
	pic_on((u16)~BIT(0));
	pit_on();
	fake_time_advance(2 * NS_PER_MS);
	assert_int_equal(pc_take(v), 0x20);
}

/* Every device answers at its ports with something of its own. */
static void everybody_answers(void **state)
{
	assert_int_equal(in(0xe9, 1), 0xe9);
	assert_int_equal(in(0x64, 1) & 0x04, 0x04); /* i8042: self-test passed */
	assert_int_equal(in(0x3fd, 1), 0x60);       /* UART: transmitter empty */
	assert_int_equal(in(0x21, 1), 0xff);        /* 8259: all masked */
	assert_int_equal(in(0x4d0, 2), 0);          /* edge triggered */
	out8(0x70, 0x0d);
	assert_int_equal(in(0x71, 1), 0x80); /* RTC: battery good */
	fake_time_advance(NS_PER_S);
	assert_in_range(in(0x608, 4), 3579000, 3580000); /* PM timer */
	assert_int_equal(bus_read(&vm->mmio, 0xfec00000, 4), 0);
	bus_write(&vm->mmio, 0xfec00000, 4, 1);
	assert_int_equal(bus_read(&vm->mmio, 0xfec00010, 4), 0x00170020); /* 24 pins */
}

/* A byte at CF9h is the reset port's, whatever wider accesses to CF8h mean. */
static void cf9_inside_cf8(void **state)
{
	out(0xcf8, 4, 0x80000600);
	assert_int_equal(atomic_load(&vm->verdict), VM_RUN);
	assert_int_equal(in(0xcf8, 4), 0x80000600);
	out8(0xcf9, 0x02);
	assert_int_equal(in(0xcf9, 1), 0x02);
	assert_int_equal(in(0xcf8, 4), 0x80000600);
}

/* RAM in CMOS, as firmware and old kernels look for it. */
static void memory_in_cmos(void **state)
{
	out8(0x70, 0x17);
	assert_int_equal(in(0x71, 1), 0x00); /* 1 MiB above the first */
	out8(0x70, 0x18);
	assert_int_equal(in(0x71, 1), 0x04);
}

/* ... and the part above 4 GiB, in units of 64 KiB. */
static void high_memory_in_cmos(void **state)
{
	struct vm_recipe r = rig_recipe(1);

	pc_teardown(state);
	rig_reset();
	fake_console_reset();
	r.board = &pc_board;
	r.ram[1] = (struct gmem_region){ 4 * GIB, 192 * KIB };
	r.ram_count = 2;
	assert_int_equal(vm_create(&r, &vm), OK);
	fake_run_all(10);
	out8(0x70, 0x5b);
	assert_int_equal(in(0x71, 1), 3);
	out8(0x70, 0x5d);
	assert_int_equal(in(0x71, 1), 0);
}

/* --- COM1 ------------------------------------------------------------------------------ */

static void com1_output(void **state)
{
	for (const char *p = "hello\r\n"; *p; p++)
		out8(0x3f8, (u8)*p);
	assert_string_equal(fake_console_output("guest"), "hello\r\n");
	assert_true(fake_console_listens("guest"));
}

static void com1_input(void **state)
{
	pic_on((u16)~BIT(4));
	out8(0x3f9, 1);    /* receive interrupts */
	out8(0x3fc, 0x0b); /* OUT2: to the pin */
	assert_false(OPS->irq_ready(v));
	fake_run_notified = 0;
	fake_console_type("guest", "ls");
	assert_true(fake_run_notified > 0);
	assert_true(OPS->irq_ready(v));
	assert_int_equal(pc_take(v), 0x24);
	assert_int_equal(in(0x3f8, 1), 'l');
	assert_int_equal(in(0x3f8, 1), 's');
	assert_int_equal(in(0x3fd, 1) & 1, 0);
}

/* --- Keyboard -------------------------------------------------------------------------- */

static void keyboard(void **state)
{
	pic_on((u16)~(BIT(1) | BIT(2) | BIT(12)));
	pc_key(vm, 0x1e, true);
	assert_int_equal(pc_take(v), 0x21);
	assert_int_equal(in(0x60, 1), 0x1e);
	out8(0x20, 0x20);
	assert_false(OPS->irq_ready(v));
	/* The mouse's echo, by IRQ 12. */
	out8(0x64, 0x60);
	out8(0x60, 0x47);
	out8(0x64, 0xd3);
	out8(0x60, 0x5a);
	assert_int_equal(pc_take(v), 0x2c);
	assert_int_equal(in(0x60, 1), 0x5a);
}

/* --- The end, and a new start ---------------------------------------------------------- */

static void expect_verdict(enum vm_verdict verdict, const char *reason)
{
	assert_int_equal(atomic_load(&vm->verdict), verdict);
	assert_string_equal(vm->reason, reason);
	fake_run_all(20);
	if (verdict == VM_START)
		assert_int_equal(atomic_load(&vm->verdict), VM_RUN);
}

static void resets(void **state)
{
	out8(0x64, 0xfe); /* the keyboard controller's pulse */
	expect_verdict(VM_START, "restarted (reset line)");
	out8(0x92, 0x03);
	expect_verdict(VM_START, "restarted (reset line)");
	out8(0xcf9, 0x02);
	out8(0xcf9, 0x06);
	expect_verdict(VM_START, "restarted (reset line)");
	out8(0xcf9, 0x0e);
	expect_verdict(VM_START, "restarted (reset line)");
	assert_int_equal(rig_loads, 5);
}

static void power_off(void **state)
{
	out(0x604, 2, 0x3400); /* SLP_TYP 5, SLP_EN */
	assert_int_equal(atomic_load(&vm->verdict), VM_STOP);
	assert_string_equal(vm->reason, "powered off");
	fake_run_all(20);
	assert_int_equal(vm_count(), 0);
}

/* Other sleep states do nothing. */
static void no_other_sleep(void **state)
{
	for (u32 type = 0; type < 8; type++)
		if (type != 5)
			out(0x604, 2, 0x2000 | type << 10);
	assert_int_equal(atomic_load(&vm->verdict), VM_RUN);
}

/* All devices as after power-on, nothing pending. */
static void reset_means_all_of_it(void **state)
{
	pic_on(0);
	pit_on();
	out8(0x3f9, 1);
	out8(0x61, 3);
	out(0xcf8, 4, 0x80000000);
	ioapic_set(2, 0x51);
	apic_write(ap, APIC_SVR, 0x1ff);
	OPS->set_cr8(v, 9);
	fake_time_advance(5 * NS_PER_MS);
	vm_guest_reset(vm, "test");
	fake_run_all(20);
	assert_false(OPS->irq_ready(v));
	assert_int_equal(in(0x21, 1), 0xff);
	assert_int_equal(in(0x3f9, 1), 0);
	assert_int_equal(in(0x61, 1) & 3, 0);
	assert_int_equal(in(0xcf8, 4), 0);
	assert_int_equal(apic_page_cr8(v->apic), 0);
	assert_int_equal(OPS->lapic_read(ap, APIC_SVR, 4), 0xff);
	assert_int_equal(OPS->lapic_read(v, APIC_LINT0, 4), 0x700); /* virtual wire */
	bus_write(&vm->mmio, IOAPIC_BASE, 4, 0x14);
	assert_int_equal(bus_read(&vm->mmio, IOAPIC_BASE + 0x10, 4) & 0x10000, 0x10000);
	fake_time_advance(NS_PER_S);
	assert_false(OPS->irq_ready(v));
}

/* With the VM go its timers and its ear at the console. */
static void nothing_calls_back(void **state)
{
	pic_on(0);
	pit_on();
	apic_write(v, APIC_SVR, 0x1ff);
	apic_write(v, 0x320, 0x20099);
	apic_write(v, 0x380, 1000000);
	out8(0x70, 0x0b);
	out8(0x71, 0x42); /* the RTC's periodic interrupt */
	out(0x604, 2, 1);
	out(0x602, 2, 1);
	assert_int_not_equal(fake_time_next(), ~0ull);
	vm_guest_poweroff(vm);
	fake_run_all(20);
	assert_int_equal(vm_count(), 0);
	assert_int_equal(fake_time_next(), ~0ull);
	assert_false(fake_console_listens("guest"));
	fake_console_type("guest", "anybody?");
	fake_time_advance(1000 * NS_PER_S);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pc_setup, pc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(port_map),           TEST(mmio_map),       TEST(everybody_answers),
		TEST(cf9_inside_cf8),     TEST(memory_in_cmos), TEST(high_memory_in_cmos),
		TEST(com1_output),        TEST(com1_input),     TEST(resets),
		TEST(power_off),          TEST(no_other_sleep), TEST(reset_means_all_of_it),
		TEST(nothing_calls_back), TEST(without_hpet),   TEST(keyboard),
	};

	return cmocka_run_group_tests_name("pc", tests, NULL, NULL);
}
