// SPDX-License-Identifier: BSD-2-Clause
#include "fake_virt.h"

#include <arch/x86_64/defs/regs.h>
#include <core/service/mem.h>
#include <core/service/window.h>
#include <ept/pt.h>
#include <lib/assert.h>
#include <vm/vm.h>

enum status fake_virt_refusal;
unsigned fake_virt_dumps;
u64 fake_virt_max_leaf;
bool fake_virt_apic, fake_virt_tsc_scaling;

void fake_virt_reset(void)
{
	fake_virt_refusal = OK;
	fake_virt_dumps = 0;
	fake_virt_max_leaf = GIB;
	fake_virt_apic = fake_virt_tsc_scaling = false;
}

void fake_virt_add(struct vcpu *v, const struct fake_step *s)
{
	struct virt_vcpu *hw = v->hw;

	if (hw->step_next == hw->step_count)
		hw->step_next = hw->step_count = 0;
	check(hw->step_count < FAKE_STEPS);
	hw->step[hw->step_count++] = *s;
}

void fake_virt_exit(struct vcpu *v, enum exit_kind kind, u8 insn_len)
{
	fake_virt_add(v, &(struct fake_step){ .exit = { .kind = kind, .insn_len = insn_len } });
}

static const char *probe(void)
{
	return NULL;
}

static enum status cpu_on(void)
{
	return OK;
}

static void cpu_off(void)
{
}

static u64 max_leaf(void)
{
	return fake_virt_max_leaf;
}

static enum status vm_init(struct vm *vm)
{
	if (fake_virt_refusal)
		return fake_virt_refusal;
	vm->hw = mem_alloc(sizeof(*vm->hw));
	return vm->hw ? OK : E_NOMEM;
}

static void vm_fini(struct vm *vm)
{
	mem_free(vm->hw, sizeof(*vm->hw));
	vm->hw = NULL;
}

static enum status vcpu_init(struct vcpu *v)
{
	check(is_aligned((u64)v->hw, 64) && !v->hw->block && !v->hw->entry[FAKE_ENTRIES - 1].flushes);
	v->hw->block = mem_alloc(1);
	return v->hw->block ? OK : E_NOMEM;
}

static void vcpu_fini(struct vcpu *v)
{
	check(!v->hw->loaded);
	mem_free(v->hw->block, 1);
}

static void load(struct vcpu *v)
{
	check(!v->hw->loaded && window_current() == v->vm->window);
	v->hw->loaded = true;
}

static void put(struct vcpu *v)
{
	check(v->hw->loaded);
	v->hw->loaded = false;
}

static void record(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	if (hw->entries < FAKE_ENTRIES)
		hw->entry[hw->entries] = (struct fake_entry){
			.event = hw->event,
			.window = hw->window,
			.shadow = v->int_shadow,
			.cr8 = (u8)hw->reg[REG_CR8],
			.rip = v->regs.rip,
			.flushes = hw->flushes,
		};
	hw->entries++;
	hw->flushes = 0;
}

static enum exit_action run(struct vcpu *v)
{
	struct vm_exit *x = exit_trace_next(&v->trace);
	struct virt_vcpu *hw = v->hw;
	const struct fake_step *s;

	check(hw->loaded && window_current() == v->vm->window);
	v->vm->hw->ran = true;
	record(v);
	/* Delivered. */
	if (hw->event.valid && hw->event.type == EVENT_NMI)
		v->nmi_blocked = true;
	hw->event.valid = false;
	if (hw->step_next == hw->step_count) {
		*x = (struct vm_exit){ .kind = EXIT_HOST };
		return exit_dispatch(v, x);
	}
	s = &hw->step[hw->step_next++];
	if (s->guest)
		s->guest(v);
	*x = s->exit;
	return exit_dispatch(v, x);
}

static void dump(struct vcpu *v)
{
	fake_virt_dumps++;
}

static u64 get_reg(struct vcpu *v, enum virt_reg r)
{
	check(v->hw->loaded && r < VIRT_REGS);
	return v->hw->reg[r];
}

static void set_reg(struct vcpu *v, enum virt_reg r, u64 val)
{
	check(v->hw->loaded && r < VIRT_REGS);
	v->hw->reg[r] = val;
}

static void get_seg(struct vcpu *v, enum seg_index s, struct segment *out)
{
	check(v->hw->loaded && s < SEG_COUNT);
	*out = v->hw->seg[s];
}

static void set_seg(struct vcpu *v, enum seg_index s, const struct segment *seg)
{
	check(v->hw->loaded && s < SEG_COUNT);
	v->hw->seg[s] = *seg;
}

static u8 cpl(struct vcpu *v)
{
	check(v->hw->loaded);
	if (!(v->hw->reg[REG_CR0] & CR0_PE))
		return 0;
	if (v->regs.rflags & RFLAGS_VM)
		return 3;
	return (u8)FIELD_GET(SEG_ATTR_DPL, v->hw->seg[SEG_SS].attr);
}

static bool long_code(struct vcpu *v)
{
	check(v->hw->loaded);
	return (v->hw->seg[SEG_CS].attr & SEG_ATTR_L) && (v->hw->reg[REG_EFER] & EFER_LMA);
}

static void inject(struct vcpu *v, const struct vcpu_event *e)
{
	check(v->hw->loaded && e->valid && !v->hw->event.valid);
	v->hw->event = *e;
}

static void want_window(struct vcpu *v, enum virt_window what)
{
	check(v->hw->loaded);
	v->hw->window = what;
}

static void trap_dr(struct vcpu *v, bool trap)
{
	check(v->hw->loaded);
	v->hw->dr_trapped = trap;
}

static void set_tsc(struct vcpu *v, u64 offset)
{
	check(v->hw->loaded);
	v->hw->tsc_offset = offset;
}

static void flush(struct vcpu *v)
{
	check(v->hw->loaded);
	v->hw->flushes++;
}

static void trap_port(struct vm *vm, u16 port, bool trap)
{
	u8 bit = (u8)(1u << (port % 8));

	check(!vm->hw->ran);
	if (trap)
		vm->hw->port_open[port / 8] &= (u8)~bit;
	else
		vm->hw->port_open[port / 8] |= bit;
}

static void trap_msr(struct vm *vm, u32 msr, bool read, bool write)
{
	check(!vm->hw->ran && vm->hw->msr_count < ARRAY_LEN(vm->hw->msr));
	vm->hw->msr[vm->hw->msr_count++] = (struct fake_msr){ msr, read, write };
}

const struct virt_ops fake_virt = {
	.name = "fake",
	.vcpu_bytes = sizeof(struct virt_vcpu),
	.pt = &pt_format_npt,
	.apic = &fake_virt_apic,
	.tsc_scaling = &fake_virt_tsc_scaling,
	.features = (const struct virt_feature[]){ { 0 } },
	.probe = probe,
	.cpu_on = cpu_on,
	.cpu_off = cpu_off,
	.max_leaf = max_leaf,
	.vm_init = vm_init,
	.vm_fini = vm_fini,
	.vcpu_init = vcpu_init,
	.vcpu_fini = vcpu_fini,
	.load = load,
	.put = put,
	.run = run,
	.dump = dump,
	.get_reg = get_reg,
	.set_reg = set_reg,
	.get_seg = get_seg,
	.set_seg = set_seg,
	.cpl = cpl,
	.long_code = long_code,
	.inject = inject,
	.want_window = want_window,
	.trap_dr = trap_dr,
	.set_tsc = set_tsc,
	.flush = flush,
	.trap_port = trap_port,
	.trap_msr = trap_msr,
};
