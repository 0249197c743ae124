// SPDX-License-Identifier: BSD-2-Clause
#include <core/service/machine.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/fpu.h>
#include <core/pcpu.h>
#include <core/service/mem.h>
#include <lib/string.h>

/* What stands and falls with XSAVE, as nobody could switch the state: AVX, FMA, F16C; AVX2, protection keys; leaf Dh. */
static void hide_xsave(u32 leaf, struct cpuid_regs *r)
{
	if (leaf == 1)
		r->ecx &= ~(1u << 12 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 29);
	if (leaf == 7) {
		r->ebx &= ~(1u << 5);
		r->ecx &= ~(1u << 3);
	}
	if (leaf == 0xd)
		*r = (struct cpuid_regs){ 0 };
}

struct machine_cpuid machine_cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	if (leaf > cpuid(leaf & 0xffff0000, 0).eax)
		return (struct machine_cpuid){ 0 };
	r = cpuid(leaf, subleaf);
	/* TSC_AUX is then not switched with the guest, and VMX may not let it execute these: RDTSCP and RDPID. */
	if (leaf == 0x80000001 && !cpu_features.rdtscp)
		r.edx &= ~(1u << 27);
	if (leaf == 7 && !cpu_features.rdtscp)
		r.ecx &= ~(1u << 22);
	if (!cpu_features.xsave)
		hide_xsave(leaf, &r);
	return (struct machine_cpuid){ r.eax, r.ebx, r.ecx, r.edx };
}

u64 machine_xcr0(void)
{
	return fpu_complete();
}

u32 machine_pcpus(void)
{
	return pcpu_count();
}

u32 machine_this_pcpu(void)
{
	return this_pcpu()->id;
}

bool guest_cpu_init(struct guest_cpu *c)
{
	c->fpu = mem_alloc(fpu_size());
	if (!c->fpu)
		return false;
	guest_cpu_reset(c);
	return true;
}

void guest_cpu_reset(struct guest_cpu *c)
{
	memset(c->fpu, 0, fpu_size());
	fpu_init_area(c->fpu);
	*c = (struct guest_cpu){ .fpu = c->fpu, .xcr0 = XCR0_X87, .xcr0_loaded = fpu_complete() };
}

void guest_cpu_fini(struct guest_cpu *c)
{
	mem_free(c->fpu, fpu_size());
	c->fpu = NULL;
}

static void load_breakpoints(const struct guest_cpu *c)
{
	write_dr0(c->dr[0]);
	write_dr1(c->dr[1]);
	write_dr2(c->dr[2]);
	write_dr3(c->dr[3]);
}

/* What the pCPU has is what the guest has. */
static void note_extras(struct guest_cpu *c)
{
	c->extras = c->dr_used ? EXTRAS_LOAD : c->tsc_aux;
	this_pcpu()->extras = c->dr_used ? EXTRAS_LOADED : c->tsc_aux;
}

static rare void load_extras(struct guest_cpu *c)
{
	load_breakpoints(c);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, c->tsc_aux);
	note_extras(c);
	fpu_restore(c->fpu, c->xcr0_loaded);
}

void guest_cpu_load(struct guest_cpu *c)
{
	if (c->extras != this_pcpu()->extras)
		load_extras(c);
	else
		fpu_restore(c->fpu, c->xcr0_loaded);
}

void guest_cpu_save(struct guest_cpu *c)
{
	fpu_save(c->fpu, c->xcr0_loaded);
}

void guest_cpu_use_dr(struct guest_cpu *c)
{
	c->dr_used = true;
	note_extras(c);
}

bool guest_cpu_save_dr(struct guest_cpu *c)
{
	c->dr[0] = read_dr0();
	c->dr[1] = read_dr1();
	c->dr[2] = read_dr2();
	c->dr[3] = read_dr3();
	c->dr_used = c->dr[0] | c->dr[1] | c->dr[2] | c->dr[3];
	note_extras(c);
	return c->dr_used;
}

void guest_cpu_set_xcr0(struct guest_cpu *c, u64 xcr0)
{
	c->xcr0 = c->xcr0_loaded = xcr0;
	xsetbv(0, xcr0);
}

void guest_cpu_set_tsc_aux(struct guest_cpu *c, u64 val)
{
	c->tsc_aux = val;
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, val);
	note_extras(c);
}

bool guest_cpu_get_vector(unsigned reg, unsigned width, u64 val[4])
{
	return fpu_get(reg, width, val);
}

bool guest_cpu_set_vector(unsigned reg, unsigned width, const u64 val[4])
{
	return fpu_set(reg, width, val);
}

void guest_cpu_load_reset(struct guest_cpu *c)
{
	u64 xcr0 = c->xcr0_loaded;

	guest_cpu_reset(c);
	if (xcr0 != c->xcr0_loaded)
		xsetbv(0, c->xcr0_loaded);
	guest_cpu_load(c);
}

void guest_cpu_load_init(struct guest_cpu *c)
{
	memset(c->dr, 0, sizeof(c->dr));
	load_breakpoints(c);
}
