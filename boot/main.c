// SPDX-License-Identifier: BSD-2-Clause
/* From either door to running guests: one call a line, with its reason. */
#include "clock.h"
#include "doors.h"
#include "features.h"
#include "guests.h"
#include "screen.h"

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/layout.h>
#include <arch/x86_64/lapic.h>
#include <core/frame.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/loop.h>
#include <core/mem.h>
#include <core/memmap.h>
#include <core/panic.h>
#include <core/pcpu.h>
#include <core/service/mem.h>
#include <drivers/acpi.h>
#include <drivers/ioapic.h>
#include <lib/assert.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <monitor/monitor.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define CONFIG_FILE  "plinth.conf"
#define POOL_MIN     (8 * MIB)
#define POOL_MAX     (256 * MIB)
#define POOL_PART    32 /* of all RAM; the bits that say which frames are free come on top */
#define RAM_TOP	     (16 * 1024 * GIB) /* the bits of 16 TiB fit below 4 GiB; what lies above is not used */
#define LEGACY_END   (640 * KIB)

typedef char symbol[];
extern symbol image_start, text_end, rodata_end, image_end;

static struct boot_info boot;
static struct config config;
static struct memmap map, low_map;
static struct acpi_info acpi;
static const struct virt_ops *virt;
static hpa_t trampoline;

static void report(void *ctx, const char *message)
{
	log_error("%s", message);
}

/* The boot tables show the first 4 GiB as they are, and the UEFI program keeps files there if it can. */
static void read_config(void)
{
	const char *text = "";
	u64 len = 0;

	for (u32 i = 0; i < boot.file_count; i++)
		if (!strcmp(boot.file[i].path, CONFIG_FILE) && boot.file[i].base < 4 * GIB) {
			text = (const char *)boot.file[i].base;
			len = boot.file[i].len;
		}
	config_parse(text, len, &config, report, NULL);
	if (!len)
		log_error("%s is missing: no guests to start", CONFIG_FILE);
	log_set_level(config.host.loglevel);
}

static void greet(void)
{
	static const char *const doors[] = { [DOOR_EFI] = "UEFI", [DOOR_MULTIBOOT2] = "multiboot2" };

	log_info("Plinth, entered by %s, image at %llx", doors[boot.door], (unsigned long long)boot.image_base);
	log_info("%s, %s, %u physical address bits", cpu_features.vendor, cpu_features.brand, cpu_features.phys_bits);
	if (!cpu_features.nx)
		panic("this CPU has no NX bit, which Plinth needs");
}

/* As the registers have it. */
static void tell_protection(void)
{
	u64 cr4 = read_cr4();

	log_info("protection:%s%s%s%s%s", rdmsr(MSR_EFER) & EFER_NXE ? " nx" : "", read_cr0() & CR0_WP ? " wp" : "",
		 cr4 & CR4_SMEP ? " smep" : "", cr4 & CR4_SMAP ? " smap" : "", cr4 & CR4_UMIP ? " umip" : "");
}

static void map_everything(const struct mem_range *pool)
{
	struct hostmap_config cfg = {
		.image_hpa = boot.image_base,
		.image_start = (u64)image_start,
		.text_end = (u64)text_end,
		.rodata_end = (u64)rodata_end,
		.image_end = (u64)image_end,
		.pool = pool,
		.pool_count = 1,
		.phys_bits = cpu_features.phys_bits,
		.page1g = cpu_features.page1g,
		.alloc = mem_table_alloc,
		.free = mem_table_free,
	};

	if (hostmap_init(&cfg))
		panic("no memory for the hypervisor's page tables");
	write_cr3(hostmap_cr3());
	hostmap_loaded();
}

/* The memory map becomes three things: the trampoline's page, the hypervisor's pool, RAM for guests. */
static void take_memory(void)
{
	struct mem_range pool;
	u64 all, ram;

	memmap_build(&low_map, boot.mem, boot.mem_count, PAGE_SIZE, LEGACY_END);
	memmap_build(&map, boot.mem, boot.mem_count, MIB, MEMMAP_TOP);
	all = memmap_bytes(&map);
	/* Also what the CPU cannot address, whatever the firmware says. */
	memmap_build(&map, boot.mem, boot.mem_count, MIB, min_u64(RAM_TOP, BIT(cpu_features.phys_bits)));
	ram = memmap_bytes(&map);
	if (ram < all)
		log_warn("memory: %llu MiB at too high addresses are not used", (unsigned long long)((all - ram) / MIB));
	if (boot.mem_lost)
		log_warn("memory: %llu KiB in too many small pieces are not used",
			 (unsigned long long)(boot.mem_lost / KIB));
	pool.len = max_u64(POOL_MIN, min_u64(POOL_MAX, ram / POOL_PART)) + frames_metadata_size(map.range, map.count);
	pool.len = align_up(pool.len, 2 * MIB);
	if (memmap_carve(&low_map, PAGE_SIZE, PAGE_SIZE, LEGACY_END, &trampoline))
		trampoline = 0;
	if (memmap_carve(&map, pool.len, 2 * MIB, 4 * GIB, &pool.base))
		panic("no %llu MiB of memory in one piece below 4 GiB", (unsigned long long)(pool.len / MIB));
	mem_early(&pool);
	map_everything(&pool);
	if (mem_init(&pool, &map))
		panic("memory map too large for the hypervisor's pool");
	log_info("memory: %llu MiB, %llu MiB for the hypervisor", (unsigned long long)(ram / MIB),
		 (unsigned long long)(pool.len / MIB));
}

static const void *map_acpi(void *ctx, hpa_t addr, u64 len)
{
	return hostmap_add(addr, len, PT_READ, PT_WB);
}

static void find_machine(void)
{
	const struct acpi_memory mem = { .map = map_acpi };

	if (boot.rsdp || boot.door != DOOR_EFI)
		acpi_read(&mem, boot.rsdp, &acpi);
	if (!acpi.found)
		log_warn("no ACPI tables");
}

/* What firmware and loader left on. */
static void silence_devices(void)
{
	for (u32 i = 0; i < acpi.ioapic_count; i++)
		if (!ioapic_silence(&acpi.ioapic[i]))
			log_warn("no IOAPIC at %llx, where the MADT names one", (unsigned long long)acpi.ioapic[i].base);
}

static void start_lapic(void)
{
	bool already = rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
	void *mmio = NULL;

	if (!cpu_features.x2apic && !already)
		mmio = hostmap_add(lapic_mmio_base(), PAGE_SIZE, PT_READ | PT_WRITE, PT_UC);
	lapic_choose(!mmio, mmio);
	lapic_silence_pic();
	lapic_enable();
	log_info("lapic in %s mode", mmio ? "xAPIC" : "x2APIC");
}

static void choose_vendor(void)
{
	static const struct virt_ops *const vendors[] = { &vmx_ops, &svm_ops };
	const char *why[ARRAY_LEN(vendors)] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(vendors) && !virt; i++) {
		why[i] = vendors[i]->probe();
		if (!why[i])
			virt = vendors[i];
	}
	for (size_t i = 0; i < ARRAY_LEN(vendors) && !virt; i++)
		log_error("%s: %s", vendors[i]->name, why[i]);
	if (!virt)
		panic("this CPU cannot run guests");
	features_apply_virt(&config.host.features, virt);
	features_check(&config.host.features);
	if (virt->cpu_on())
		panic("cannot switch %s on", virt->name);
	log_info("%s is on", virt->name);
}

static const u32 *processors(u32 *count)
{
	*count = acpi.cpu_count ? acpi.cpu_count : boot.cpu_count;
	return acpi.cpu_count ? acpi.cpu_apic_id : boot.cpu_apic_id;
}

static void reset_others(void)
{
	u32 count;
	const u32 *ids = processors(&count);

	if (trampoline)
		pcpu_reset_others(ids, count);
}

static void wake_others(void)
{
	u32 count;
	const u32 *ids = processors(&count);

	if (count > 1 && !trampoline)
		log_error("no page below 640 KiB to start other processors with");
	else
		count = pcpu_start_others(ids, count, trampoline, virt->cpu_on);
	log_info("%u pcpu%s online", pcpu_count(), pcpu_count() > 1 ? "s" : "");
}

static void all_gone(void)
{
	log_info("all VMs have ended");
}

static void start_guests(void)
{
	static const struct monitor_host monitor = { .start = guests_start };
	const struct sched_policy *policy = sched_policy_find(config.host.scheduler);

	check(run_setup(policy ? policy : &sched_rr, config.host.slice) == OK);
	vm_on_all_gone(all_gone);
	if (monitor_init(&monitor))
		log_warn("no memory for the monitor");
	panic_on_report(vcpu_report);
	if (!guests_create(&config, &boot, virt))
		log_error("no guest could be started");
	log_info("pool: %llu of %llu KiB in use", (unsigned long long)(mem_used() / KIB),
		 (unsigned long long)(mem_total() / KIB));
}

/* The second half, on the pCPU's own stack with guard pages. */
static void on_own_stack(void)
{
	screen_framebuffer(&config.host, &boot.fb);
	find_machine();			      /* ACPI: processors and clocks */
	screen_serial_elsewhere(&acpi);	      /* where ACPI or PCI say, if not where we thought */
	silence_devices();		      /* before interrupts are ever on */
	clock_start(&acpi, features_allow(&config.host.features, "hpet"));
	reset_others();			      /* it takes them a while, in which ... */
	clock_start_lapic();		      /* ... the timer is measured */
	choose_vendor();		      /* before the others wake, so that they follow */
	wake_others();
	start_guests();
	screen_poll_start();
	screen_interrupts(&acpi);
	pcpu_release();			      /* the others have been waiting */
	run_loop();
}

_Noreturn void plinth_main(const struct boot_info *bi)
{
	wrmsr(MSR_GS_BASE, 0);		      /* no pCPU yet: panic() looks at it */
	panic_seed_canary(cpu_random());      /* this function never returns, so it may change it */
	boot = *bi;			      /* it lies in memory that is soon somebody else's */
	read_config();			      /* says which consoles */
	screen_serial(&config.host);	      /* from here on people can watch */
	cpu_probe();			      /* what this CPU can do */
	greet();
	features_apply(&config.host.features); /* before anything uses them */
	cpu_setup();			      /* NX, WP, SMEP ... before the final page tables */
	tell_protection();
	take_memory();			      /* the final page tables, W^X */
	desc_init();			      /* the IDT that all pCPUs share */
	start_lapic();			      /* gives this pCPU its identity */
	pcpu_init_boot();		      /* descriptors, stacks: exceptions are reported from here on */
	cpu_run_on(this_pcpu()->stack_top, on_own_stack);
}
