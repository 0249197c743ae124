// SPDX-License-Identifier: BSD-2-Clause
#include <core/pcpu.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/vectors.h>
#include <arch/x86_64/lapic.h>
#include <arch/x86_64/smp.h>
#include <core/hostmap.h>
#include <core/loop.h>
#include <core/service/log.h>
#include <core/service/machine.h>
#include <core/service/mem.h>
#include <core/timer.h>
#include <lib/assert.h>
#include <lib/string.h>

#define ALIVE_TIMEOUT (500 * NS_PER_MS)
/* After so many that do not answer, tables are wrong: a MADT may list 200 that are not there. */
#define ABSENT_MANY    4
#define ALIVE_TIMEOUT2 (20 * NS_PER_MS)

static struct pcpu *pcpus[PCPUS_MAX];
static u32 count;
static atomic_bool released;
static enum status (*cpu_on)(void); /* [b] */
static u64 reset_at; /* [b] time_now() when the others had got their INIT */

u32 pcpu_count(void)
{
	return count;
}

struct pcpu *pcpu_get(u32 id)
{
	return pcpus[id];
}

static struct pcpu *create(u32 apic_id)
{
	struct pcpu *p;

	if (count == PCPUS_MAX)
		return NULL;
	p = mem_alloc(sizeof(*p));
	if (!p)
		return NULL;
	*p = (struct pcpu){ .self = p, .id = count, .apic_id = apic_id, .extras = EXTRAS_LOADED };
	timer_pcpu_init(p);
	if (hostmap_stacks_add(p->id)) {
		mem_free(p, sizeof(*p));
		return NULL;
	}
	p->stack_top = hostmap_stack_top(p->id, STACK_MAIN);
	pcpus[count++] = p;
	return p;
}

static void become(struct pcpu *p)
{
	cpu_setup();
	desc_load(&p->desc, p, hostmap_stack_top(p->id, STACK_NMI), hostmap_stack_top(p->id, STACK_DF),
		  hostmap_stack_top(p->id, STACK_MC));
}

void pcpu_init_boot(void)
{
	struct pcpu *p = create(lapic_id());

	if (!p)
		panic("no memory for the first pCPU");
	become(p);
	atomic_store_explicit(&p->online, true, memory_order_release);
}

/* First C code of an application processor, on its own stack. */
static void ap_main(struct pcpu *p)
{
	write_cr3(hostmap_cr3());
	become(p);
	lapic_enable();
	if (cpu_on())
		cpu_halt();
	p->first_tsc = rdtsc();
	atomic_store_explicit(&p->online, true, memory_order_release);
	/* Pairs with the release in pcpu_release: VMs and the policy are there. */
	while (!atomic_load_explicit(&released, memory_order_acquire))
		cpu_pause();
	run_loop();
}

static bool wait_alive(struct pcpu *p, u64 patience)
{
	u64 end = time_now() + patience;

	while (!atomic_load_explicit(&p->online, memory_order_acquire))
		if (time_now() > end)
			return false;
		else
			cpu_pause();
	return true;
}

/* One clock for all pCPUs needs TSCs that agree; its TSC was read between these two of ours. */
static void check_tsc(const struct pcpu *p, u64 before, u64 after)
{
	if (p->first_tsc < before || p->first_tsc > after)
		log_warn("pcpu %u: its TSC differs, so time is not the same on all pCPUs", p->id);
}

static bool start_one(u32 apic_id, void *page, hpa_t page_hpa, hpa_t cr3)
{
	static u32 absent; /* [b] so far */
	struct pcpu *p = create(apic_id);
	struct ap_params params;
	u64 before;

	if (!p) {
		log_error("processor with APIC id %u: no memory, left asleep", apic_id);
		return false;
	}
	params = (struct ap_params){
		.cr3 = cr3,
		.stack = p->stack_top,
		.entry = (u64)ap_main,
		.arg = (u64)p,
		.efer_nxe = cpu_features.nx ? EFER_NXE : 0,
	};
	before = rdtsc();
	smp_start(page, page_hpa, apic_id, &params);
	/* One that runs already ignores the second. */
	if (!wait_alive(p, SMP_AGAIN_NS))
		smp_start(page, page_hpa, apic_id, &params);
	if (wait_alive(p, absent < ABSENT_MANY ? ALIVE_TIMEOUT : ALIVE_TIMEOUT2)) {
		check_tsc(p, before, rdtsc());
		return true;
	}
	if (++absent <= ABSENT_MANY)
		log_error("processor with APIC id %u does not answer, left asleep%s", apic_id,
			  absent < ABSENT_MANY ? "" : "; others like it are not named");
	/* Back to wait-for-SIPI, so that it cannot come alive later with a recycled pCPU. */
	lapic_send_init(apic_id);
	pcpus[--count] = NULL;
	mem_free(p, sizeof(*p));
	return false;
}

/* The trampoline's address space: the hypervisor's upper half and an identity map of the first 2 MiB. */
static hpa_t trampoline_cr3(u64 **tables)
{
	u64 *pml4 = mem_alloc(3 * PAGE_SIZE);

	if (!pml4 || mem_hpa(pml4) + 3 * PAGE_SIZE > 4 * GIB)
		return 0;
	memcpy(pml4 + 256, (const u64 *)mem_ptr(hostmap_cr3()) + 256, PAGE_SIZE / 2);
	pml4[0] = (mem_hpa(pml4) + PAGE_SIZE) | 3;
	pml4[512] = (mem_hpa(pml4) + 2 * PAGE_SIZE) | 3;
	pml4[1024] = 0x83;
	*tables = pml4;
	return mem_hpa(pml4);
}

void pcpu_reset_others(const u32 *apic_ids, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (apic_ids[i] != this_pcpu()->apic_id)
			lapic_send_init(apic_ids[i]);
	reset_at = time_now();
}

u32 pcpu_start_others(const u32 *apic_ids, u32 n, hpa_t trampoline, enum status (*on)(void))
{
	void *page = hostmap_add(trampoline, PAGE_SIZE, PT_READ | PT_WRITE, PT_WB);
	u64 *tables = NULL;
	hpa_t cr3 = trampoline_cr3(&tables);

	if (!page || !cr3) {
		log_error("no memory below 4 GiB to start other processors");
		return count;
	}
	cpu_on = on;
	smp_prepare(page);
	while (time_now() < reset_at + SMP_INIT_NS)
		cpu_pause();
	for (u32 i = 0; i < n; i++)
		if (apic_ids[i] != this_pcpu()->apic_id)
			start_one(apic_ids[i], page, trampoline, cr3);
	mem_free(tables, 3 * PAGE_SIZE);
	return count;
}

void pcpu_kick(u32 id)
{
	lapic_send(pcpus[id]->apic_id, VEC_KICK);
}

void pcpu_want(u32 id)
{
	/* Pairs with the acquire in run_wanted(); an idle pCPU looks anyway. */
	atomic_store_explicit(&pcpu_get(id)->wanted, true, memory_order_release);
	if (id != this_pcpu()->id)
		pcpu_kick(id);
}

void pcpu_release(void)
{
	atomic_store_explicit(&released, true, memory_order_release);
}
