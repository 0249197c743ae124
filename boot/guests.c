// SPDX-License-Identifier: BSD-2-Clause
#include "guests.h"

#include <core/hostmap.h>
#include <core/service/log.h>
#include <core/service/machine.h>
#include <core/service/mem.h>
#include <core/service/run.h>
#include <devices/pc.h>
#include <guests/acpi_tables.h>
#include <guests/board_layout.h>
#include <guests/loader.h>
#include <lib/assert.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <vm/vm.h>

/* What a VM's start needs again at every restart. */
static struct guest {
	const struct vm_config *config;
	struct guest_image image;
	struct guest_e820 e820;
	bool complete; /* its section is right and its files are there */
} guests[CONFIG_VMS_MAX];
static const struct virt_ops *vendor; /* [b] */
static u32 fail_alloc;		      /* [b] */

static struct {
	struct sched_group group;
	bool made;
} pools[CONFIG_POOLS_MAX];

static const struct boot_file *find(const struct boot_info *bi, const char *path)
{
	for (u32 i = 0; i < bi->file_count; i++)
		if (!strcmp(bi->file[i].path, path))
			return &bi->file[i];
	return NULL;
}

/* The contents of a file, or NULL after a report. */
static const u8 *open(const struct boot_info *bi, const char *vm, const char *path, u64 *len)
{
	const struct boot_file *f = find(bi, path);
	const u8 *data;

	if (!f || !f->len) {
		log_error("vm \"%s\": cannot start: file \"%s\" is %s", vm, path, f ? "empty" : "missing");
		return NULL;
	}
	*len = f->len;
	data = hostmap_add(f->base, f->len, PT_READ, PT_WB);
	if (!data)
		log_error("vm \"%s\": cannot start: no memory to map file \"%s\"", vm, path);
	return data;
}

static bool open_all(struct guest *g, const struct boot_info *bi)
{
	const struct vm_config *c = g->config;
	struct guest_image *img = &g->image;

	img->cmdline = c->cmdline;
	img->kernel_path = c->kernel;
	img->initrd_path = c->initrd;
	img->kernel = open(bi, c->name, c->kernel, &img->kernel_len);
	if (!img->kernel)
		return false;
	if (c->initrd[0]) {
		img->initrd = open(bi, c->name, c->initrd, &img->initrd_len);
		if (!img->initrd)
			return false;
	}
	for (u32 i = 0; i < c->modules.count; i++) {
		struct guest_module *m = &img->module[i];

		m->args = c->modules.item[i].args;
		m->path = c->modules.item[i].path;
		m->data = open(bi, c->name, c->modules.item[i].path, &m->len);
		if (!m->data)
			return false;
		img->module_count++;
	}
	return true;
}

static enum status load(struct vm *vm, void *ctx, struct vm_start *start, char *reason, size_t size)
{
	struct guest *g = ctx;
	struct acpi_config acpi = { .vcpus = vm->vcpu_count, .hpet = vm->recipe.hpet };
	struct guest_start s;
	enum status st = guest_load(&g->image, &vm->gmem, &s, reason, size);

	if (st)
		return st;
	st = acpi_tables_build(&acpi, &vm->gmem);
	if (st) {
		fmt_print(reason, size, "ACPI tables: %s", status_text(st));
		return st;
	}
	*start = (struct vm_start){
		.long_mode = s.mode == START_LONG64,
		.rip = s.rip,
		.rsp = s.rsp,
		.rax = s.rax,
		.rsi = s.rsi,
		.rbx = s.rbx,
		.cr3 = s.cr3,
		.gdt = s.gdt_base,
		.gdt_limit = s.gdt_limit,
		.cs = GUEST_START_CS,
		.ds = GUEST_START_DS,
	};
	return OK;
}

/* Does the affinity mask name a pCPU that is there? */
static bool cpus_exist(const u64 *cpus)
{
	for (u32 i = 0; i < machine_pcpus(); i++)
		if (cpus[i / 64] >> i % 64 & 1)
			return true;
	return false;
}

/* The memory map again, as firmware for QEMU's PC reads it. */
static void tell_memory(struct guest_e820 *e, struct vm_recipe *r)
{
	struct gmem g = { .count = r->ram_count };

	memcpy(g.ram, r->ram, sizeof(g.ram));
	r->fw_file[r->fw_file_count++] = (struct vm_file){
		.name = "etc/e820",
		.data = e->entry,
		.len = guest_e820_build(&g, e),
	};
}

/* What a VM costs the hypervisor; at boot there is nobody else who allocates. */
static void tell_cost(const struct vm *vm, u64 before)
{
	u64 tables = vm->as.pt.tables * PAGE_SIZE;

	log_info("vm \"%s\": takes %llu KiB of the hypervisor's memory, and %llu KiB for its second stage", vm->name,
		 (unsigned long long)((mem_used() - before - tables) / KIB), (unsigned long long)(tables / KIB));
}

/*
 * [host] fail_alloc: makes the VM as often as it takes, allocation after allocation failing, until it needs no more or that is enough. Each
 * time nothing may be left.
 */
static bool survives_failures(const struct vm_recipe *r, struct vm **vm)
{
	u64 used = mem_used(), free = ram_free_bytes();

	for (u32 n = 1; n <= fail_alloc; n++) {
		enum status st;

		mem_fail_nth(n);
		st = vm_create(r, vm);
		if (!mem_fail_nth(0) || !st) {
			log_info("vm \"%s\": allocations 1 to %u failed one by one", r->name, n - 1);
			return !st;
		}
		log_debug("vm \"%s\": allocation %u failed: %s", r->name, n, status_text(st));
		/* E_FULL: a console port has one answer for no memory and no place. */
		if ((st != E_NOMEM && st != E_FULL) || mem_used() != used || ram_free_bytes() != free)
			log_error("vm \"%s\": allocation %u failed: %s, %lld KiB and %lld KiB of RAM are lost", r->name, n,
				  status_text(st), (long long)(mem_used() - used) / 1024,
				  (long long)(free - ram_free_bytes()) / 1024);
	}
	return false;
}

/* Makes it, or says why not. */
static enum status create(struct guest *g, struct vm **vm, char *why, size_t size)
{
	const struct vm_config *c = g->config;
	u64 free = ram_free_bytes();
	struct vm_recipe r = {
		.name = c->name,
		.vcpus = c->vcpus,
		.virt = vendor,
		.board = &pc_board,
		.load = load,
		.load_ctx = g,
		.tsc_khz = c->tsc.mhz * 1000,
		.restart = c->restart != RESTART_NEVER,
		.restart_crashed = c->restart == RESTART_ALWAYS,
		.testdev = c->testdev == TESTDEV_YES,
		.hpet = c->hpet == HPET_YES,
		.cmdline = c->cmdline,
	};
	enum status st;

	gmem_layout(c->memory, r.ram, &r.ram_count);
	tell_memory(&g->e820, &r);
	sched_params_init(&r.sched, c->vcpus);
	memcpy(r.sched.cpus.word, c->cpus, sizeof(r.sched.cpus.word));
	if (c->shares)
		r.sched.shares = c->shares;
	r.sched.prio = c->priority;
	r.sched.gang = c->gang == GANG_YES;
	if (c->parent != CONFIG_NO_POOL)
		r.sched.parent = &pools[c->parent].group;
	r.sched.reservation = c->reservation * SCHED_PERCENT;
	r.sched.limit = c->limit * SCHED_PERCENT;
	if (c->parent != CONFIG_NO_POOL && !pools[c->parent].made) {
		fmt_print(why, size, "its pool is not there");
		return E_NOTFOUND;
	}
	if (!cpus_exist(c->cpus)) {
		fmt_print(why, size, "cpus names none of the %u pCPUs", machine_pcpus());
		return E_INVAL;
	}
	if (c->tsc.mhz && tsc_refusal(vendor, r.tsc_khz)) {
		fmt_print(why, size, "plinth.conf:%u: tsc: %s", c->tsc.line, tsc_refusal(vendor, r.tsc_khz));
		return E_UNSUPPORTED;
	}
	if (c->memory > free) {
		fmt_print(why, size, "needs %llu MiB of memory, %llu MiB are free", (unsigned long long)(c->memory / MIB),
			  (unsigned long long)(free / MIB));
		return E_NOMEM;
	}
	if (DEBUG_BUILD && fail_alloc && survives_failures(&r, vm))
		return OK;
	st = vm_create(&r, vm);
	if (st)
		fmt_print(why, size, "%s", status_text(st));
	return st;
}

enum status guests_start(const char *name, char *why, size_t size)
{
	struct vm *vm;

	for (u32 i = 0; i < ARRAY_LEN(guests); i++) {
		struct guest *g = &guests[i];

		if (!g->config || strcmp(g->config->name, name))
			continue;
		if (g->complete)
			return create(g, &vm, why, size);
		str_copy(why, size, "an error of its section or a missing file was reported at boot");
		return E_INVAL;
	}
	str_copy(why, size, "plinth.conf has no VM of that name");
	return E_NOTFOUND;
}

/* The one around it, if any, is there. */
static void make_pool(u32 i, const struct pool_config *c)
{
	struct sched_params p;
	enum status st;

	sched_params_init(&p, 1);
	p.pool = true;
	p.shares = c->shares;
	p.reservation = c->reservation * SCHED_PERCENT;
	p.limit = c->limit * SCHED_PERCENT;
	if (c->parent != CONFIG_NO_POOL)
		p.parent = &pools[c->parent].group;
	memcpy(p.cpus.word, c->cpus, sizeof(p.cpus.word));
	st = run_group_init(&pools[i].group, &p);
	pools[i].made = !st;
	if (st)
		log_error("pool \"%s\": cannot be made: %s", c->name, status_text(st));
}

static void make_pools(const struct config *config)
{
	/* One more layer at a time. */
	for (u32 depth = 0; depth < CONFIG_POOL_DEPTH; depth++)
		for (u32 i = 0; i < config->pool_count; i++) {
			const struct pool_config *c = &config->pool[i];

			if (c->valid && !pools[i].made && (c->parent == CONFIG_NO_POOL || pools[c->parent].made))
				make_pool(i, c);
		}
}

u32 guests_create(const struct config *config, const struct boot_info *bi, const struct virt_ops *virt)
{
	char why[VM_REASON_MAX];
	struct vm *vm;
	u32 made = 0;
	u64 used;

	vendor = virt;
	fail_alloc = config->host.fail_alloc;
	make_pools(config);
	for (u32 i = 0; i < config->vm_count; i++) {
		struct guest *g = &guests[i];

		g->config = &config->vm[i];
		if (!g->config->valid) {
			log_error("vm \"%s\": cannot start: its section in plinth.conf has errors", g->config->name);
			continue;
		}
		g->complete = open_all(g, bi);
		if (!g->complete)
			continue;
		used = mem_used();
		if (create(g, &vm, why, sizeof(why))) {
			log_error("vm \"%s\": cannot start: %s", g->config->name, why);
			continue;
		}
		tell_cost(vm, used);
		made++;
	}
	fail_alloc = 0;
	return made;
}
