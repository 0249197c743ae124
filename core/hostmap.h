// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's own address space (arch/x86_64/defs/layout.h has the picture): W^X, no guest RAM
 * in the shared part, nothing at all in the lower half but the window of the VM that a pCPU works
 * for. Makes tables and names their CR3; loading it is the caller's. Needs EFER.NXE, and PAT_HOST
 * in IA32_PAT. Compiles on the host for tests.
 */
#pragma once

#include <core/memmap.h>
#include <ept/pt.h>
#include <lib/status.h>
#include <lib/types.h>

struct hostmap_config {
	hpa_t image_hpa; /* of image_start, page aligned (for large pages 2 MiB aligned) */
	/* linker.ld's symbols, page aligned. From each to the next: RX, R, RW. */
	u64 image_start, text_end, rodata_end, image_end;
	/* The hypervisor's own memory, read and write; only used by the call. */
	const struct mem_range *pool;
	u32 pool_count;
	unsigned phys_bits; /* CPUID's; how much of the direct part can ever be used */
	bool page1g;        /* the CPU has 1 GiB pages */
	u64 boot_alias; /* until hostmap_loaded(), the pool's byte at hpa is at hpa + boot_alias */
	/* A frame of the pool, any content. Also called later, on any pCPU, maybe under our lock.
	 */
	enum status (*alloc)(void *ctx, hpa_t *out);
	void (*free)(void *ctx, hpa_t frame);
	void *ctx;
};

enum stack_kind {
	STACK_MAIN,
	STACK_NMI,
	STACK_DF,
	STACK_MC,
	STACK_KINDS,
};

/*
 * Builds the shared part: the image, the pool, and every table at the second level that will ever
 * be used (up to 1 MiB of them with 47 and more physical bits, 4 KiB per 512 GiB). On failure
 * everything is given back. Boot only.
 */
enum status must_check hostmap_init(const struct hostmap_config *cfg);
/* For CR3: the shared part alone, an empty lower half. */
hpa_t hostmap_cr3(void);
/* This CPU has just loaded hostmap_cr3(): pool memory is at its final place. Boot only, once. */
void hostmap_loaded(void);

/*
 * Maps the pages that [hpa, hpa+len) touches into the direct part, for all pCPUs and windows, and
 * answers where the byte at hpa is from then on (or from hostmap_loaded() on). `prot` is PT_READ or
 * PT_READ | PT_WRITE. Pages mapped already stay as they are. NULL: no memory, beyond the CPU's
 * physical addresses or the direct part, or a page is mapped already with another memory type or
 * less access; then some of the range may be mapped. Never for guest RAM.
 */
void *hostmap_add(hpa_t hpa, u64 len, u32 prot, enum pt_memtype memtype);
/* Where the pool's byte at `hpa`, or one that was added, is. */
void *hostmap_ptr(hpa_t hpa);
/* The physical address of something in the pool, in an added range or in the image. Not for stacks.
 */
hpa_t hostmap_hpa(const void *p);

/* Gives this pCPU its stacks. Once it has them, OK without doing anything. E_NOMEM, E_RANGE;
 * nothing changed then. */
enum status must_check hostmap_stacks_add(u32 pcpu);
/* The first address above the stack, page aligned. Only an address: the stack may not be mapped
 * yet. */
u64 hostmap_stack_top(u32 pcpu, enum stack_kind kind);

/* A VM's host page table: the shared part and the VM's RAM. One caller at a time for each. */
struct window {
	struct pt pt;
};

/* Nothing in the window yet; after hostmap_init(). */
enum status must_check window_init(struct window *w);
/* Shows [hpa, hpa+len) at [WINDOW_BASE+gpa, ...+len), read-write. All page aligned and not empty
 * (E_INVAL), inside WINDOW_SIZE (E_RANGE). */
enum status must_check window_map(struct window *w, gpa_t gpa, hpa_t hpa, u64 len);
/* Frees its tables, not the RAM. No pCPU has it in CR3, nor had since its CR3 was last loaded. */
void window_fini(struct window *w);
hpa_t window_cr3(const struct window *w);

/* For checks: all of the shared part, under the hostmap lock. */
struct pt_visitor;
void hostmap_visit(const struct pt_visitor *v);
/* Does the window see the shared part as it is? */
bool hostmap_shared_by(const struct window *w);
/* The image's code, the only thing that may be executable. */
struct mem_range hostmap_text(void);
