// SPDX-License-Identifier: BSD-2-Clause
/* Multiboot 1 kernels: ELF of 32 or 64 bits, or any file that says itself where it belongs. */
#include "format.h"

#include "board_layout.h"
#include "image.h"
#include "multiboot_defs.h"

#include <lib/range.h>
#include <lib/string.h>

#define LOADER_NAME "Plinth"

/* What the kernel is handed, in one claimed range below 640 KiB. */
struct boot_block {
	struct multiboot_info info;
	struct multiboot_module module[IMAGE_MODULES_MAX];
	struct multiboot_memory memory[MEMORY_MAP_MAX];
	char loader_name[sizeof(LOADER_NAME)];
	u64 gdt[GUEST_GDT_ENTRIES] __attribute__((aligned(8)));
	char text[]; /* the command line, then each module's, with NULs */
};

struct plan {
	struct multiboot_header header;
	u64 header_at; /* in the file */
	u32 entry;
	gpa_t block;
	struct image_modules modules;
};

/* --- The kernel ----------------------------------------------------------------------------------
 */

/* The header, its address fields zero if the file ends before them. */
static bool find_header(const struct guest_image *img, struct multiboot_header *h, u64 *at)
{
	u64 end = min_u64(img->kernel_len, MULTIBOOT_SEARCH);

	for (*at = 0; range_inside(*at, MULTIBOOT_HEADER_MIN, 0, end); *at += 4) {
		*h = (struct multiboot_header){ 0 };
		memcpy(h, img->kernel + *at, MULTIBOOT_HEADER_MIN);
		if (h->magic != MULTIBOOT_MAGIC || (u32)(h->magic + h->flags + h->checksum))
			continue;
		memcpy(h, img->kernel + *at, min_u64(img->kernel_len - *at, sizeof(*h)));
		return true;
	}
	return false;
}

/*
 * A kernel may have a PVH entry too. QEMU, which is what such kernels were tried on, takes
 * multiboot first but does not do it for an ELF image of 64 bits: that one meant PVH.
 */
static bool probe(const struct guest_image *img)
{
	struct multiboot_header h;
	u64 at;

	return find_header(img, &h, &at) && !pvh_claims64(img);
}

static enum status check_flags(struct placer *p, const struct plan *k)
{
	/* Without a screen there are no video modes to tell of, as in a QEMU without one; kernels
	 * look whether the information has them. */
	u32 known = MULTIBOOT_ALIGN | MULTIBOOT_MEMORY | MULTIBOOT_VIDEO;
	u32 unknown = k->header.flags & MULTIBOOT_REQUIRED & ~known;

	if (unknown)
		return place_fail(p, E_UNSUPPORTED,
				  "multiboot header asks for unknown features 0x%x", unknown);
	return OK;
}

/* "The address fields of Multiboot header". */
static enum status claim_by_header(const struct guest_image *img, struct placer *p, struct plan *k)
{
	const struct multiboot_header *h = &k->header;
	u64 before = (u64)h->header_addr - h->load_addr, at = k->header_at - before;
	struct placed r = { .gpa = h->load_addr, .what = "kernel" };

	if (!range_inside(k->header_at, sizeof(*h), 0, img->kernel_len))
		return place_fail(p, E_TRUNCATED, "the kernel ends inside its multiboot header");
	if (h->header_addr < h->load_addr || before > k->header_at)
		return place_fail(p, E_FORMAT, "multiboot header at 0x%x cannot be loaded at 0x%x",
				  h->header_addr, h->load_addr);
	if (h->load_end_addr && h->load_end_addr <= h->load_addr)
		return place_fail(p, E_FORMAT, "multiboot load addresses 0x%x to 0x%x",
				  h->load_addr, h->load_end_addr);
	r.src = img->kernel + at;
	r.src_len = h->load_end_addr ? h->load_end_addr - h->load_addr : img->kernel_len - at;
	if (!range_inside(at, r.src_len, 0, img->kernel_len))
		return place_fail(p, E_TRUNCATED,
				  "the kernel is truncated: %lu bytes, its header says %lu",
				  img->kernel_len, at + r.src_len);
	r.len = r.src_len;
	if (h->bss_end_addr && h->bss_end_addr < r.gpa + r.len)
		return place_fail(p, E_FORMAT, "multiboot bss ends at 0x%x, before the data does",
				  h->bss_end_addr);
	if (h->bss_end_addr)
		r.len = h->bss_end_addr - r.gpa;
	if (!range_inside(h->entry_addr, 1, r.gpa, r.len))
		return place_fail(p, E_FORMAT, "multiboot entry 0x%x is outside the kernel",
				  h->entry_addr);
	k->entry = h->entry_addr;
	return place_at(p, &r);
}

/*
 * The entry of an ELF image is a virtual address, and of some kernels linked high a physical one.
 * Where the first makes sense it is meant, as for GRUB and QEMU.
 */
static enum status find_entry(const struct elf *e, struct placer *p, struct plan *k)
{
	u64 entry = UINT64_MAX;
	struct elf_segment s;

	for (u32 i = 0; i < e->phnum; i++) {
		if (elf_segment_get(e, i, &s) || s.type != ELF_PT_LOAD)
			continue;
		if (range_inside(e->entry, 1, s.vaddr, s.memsz)) {
			entry = e->entry - s.vaddr + s.paddr;
			break;
		}
		if (range_inside(e->entry, 1, s.paddr, s.memsz))
			entry = e->entry;
	}
	if (entry > UINT32_MAX)
		return place_fail(
		    p, E_FORMAT, "the kernel's entry 0x%lx is in no segment below 4 GiB", e->entry);
	k->entry = (u32)entry;
	return OK;
}

static enum status claim_elf(const struct guest_image *img, struct placer *p, struct plan *k)
{
	struct elf e;
	enum status st = elf_open(&e, img->kernel, img->kernel_len);

	if (st)
		return place_fail(
		    p, st, "a multiboot kernel without load addresses must be ELF; its headers: %s",
		    status_text(st));
	st = image_claim_segments(p, &e);
	return st ? st : find_entry(&e, p, k);
}

/* --- What it is handed
 * ---------------------------------------------------------------------------- */

/*
 * Right behind what there is of the kernel below LAYOUT_RAM_MAX, as QEMU and GRUB do: kernels expect modules in the memory that they have
 * mapped at first.
 */
static gpa_t modules_min(const struct placer *p)
{
	gpa_t end = LAYOUT_ROM_END;

	for (u32 i = 0; i < p->count; i++)
		if (p->range[i].gpa < LAYOUT_RAM_MAX)
			end = max_u64(end, align_up(p->range[i].gpa + p->range[i].len, PAGE_SIZE));
	return end;
}

/* "path args", or either alone: suites written for QEMU count on the path before the arguments. */
static u64 text_size(const char *path, const char *args)
{
	return (path ? strlen(path) : 0) + (path && *args) + strlen(args) + 1;
}

static u64 block_size(const struct guest_image *img, const struct plan *k)
{
	u64 size = sizeof(struct boot_block) + text_size(img->kernel_path, img->cmdline);

	for (u32 i = 0; i < k->modules.count; i++)
		size += text_size(k->modules.item[i].path, k->modules.item[i].args);
	return size;
}

static enum status claim_block(const struct guest_image *img, struct placer *p, struct plan *k)
{
	const struct place_want want = {
		.what = "boot information",
		.len = block_size(img, k),
		.align = PAGE_SIZE,
		.min = LAYOUT_LOADER_BASE,
		.end = LAYOUT_LOW_END,
	};

	return place_low(p, &want, &k->block);
}

/* Appends a command line to the block and returns its guest address. */
static u32 add_text(struct boot_block *b, const struct plan *k, u64 *used, const char *path,
		    const char *args)
{
	u32 at = (u32)(k->block + offsetof(struct boot_block, text) + *used);
	char *to = b->text + *used;
	size_t len = path ? strlen(path) : 0;

	*used += text_size(path, args);
	memcpy(to, path ? path : "", len);
	if (path && *args)
		to[len++] = ' ';
	memcpy(to + len, args, strlen(args) + 1);
	return at;
}

/* "Boot information format": mem_upper ends at the first hole above 1 MiB. */
static void fill_memory(const struct gmem *g, struct boot_block *b, u32 *count)
{
	struct memory_map map;

	memory_map_build(g, &map);
	for (u32 i = 0; i < map.count; i++) {
		const struct memory_range *r = &map.range[i];

		b->memory[i] = (struct multiboot_memory){ sizeof(b->memory[i]) - sizeof(u32),
							  r->base, r->len, r->type };
		if (r->type == MEMORY_RAM && !r->base)
			b->info.mem_lower = (u32)(r->len / KIB);
		if (r->type == MEMORY_RAM && r->base == MIB)
			b->info.mem_upper = (u32)(r->len / KIB);
	}
	*count = map.count;
}

static void fill_block(const struct guest_image *img, const struct gmem *g, const struct plan *k,
		       struct boot_block *b)
{
	u64 used = 0;
	u32 count;

	b->info = (struct multiboot_info){
		.flags =
		    INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME,
		.cmdline = add_text(b, k, &used, img->kernel_path, img->cmdline),
		.module_count = k->modules.count,
		.modules = (u32)(k->block + offsetof(struct boot_block, module)),
		.memory_map = (u32)(k->block + offsetof(struct boot_block, memory)),
		.loader_name = (u32)(k->block + offsetof(struct boot_block, loader_name)),
	};
	memcpy(b->loader_name, LOADER_NAME, sizeof(LOADER_NAME));
	fill_memory(g, b, &count);
	b->info.memory_bytes = (u32)(count * sizeof(b->memory[0]));
	for (u32 i = 0; i < k->modules.count; i++) {
		const struct guest_module *m = &k->modules.item[i];

		b->module[i] = (struct multiboot_module){
			.base = (u32)k->modules.at[i],
			.end = (u32)(k->modules.at[i] + m->len),
			.cmdline = add_text(b, k, &used, m->path, m->args),
		};
	}
	guest_gdt_fill(b->gdt, START_PROT32);
}

static enum status load(const struct guest_image *img, struct placer *p, struct guest_start *start)
{
	struct plan k = { 0 };
	enum status st;

	if (!find_header(img, &k.header, &k.header_at))
		return place_fail(p, E_FORMAT, "no multiboot header");
	st = check_flags(p, &k);
	if (!st)
		st = k.header.flags & MULTIBOOT_ADDRESSES ? claim_by_header(img, p, &k)
							  : claim_elf(img, p, &k);
	if (st)
		return st;
	image_list_modules(img, &k.modules);
	st = claim_block(img, p, &k);
	if (!st)
		st = image_claim_modules(p, &k.modules, modules_min(p), place_low);
	if (st)
		return st;
	place_write(p);
	fill_block(img, p->g, &k, place_ptr(p, k.block, block_size(img, &k)));
	*start = (struct guest_start){
		.mode = START_PROT32,
		.rip = k.entry,
		.rax = MULTIBOOT_BOOTED,
		.rbx = k.block,
		.gdt_base = k.block + offsetof(struct boot_block, gdt),
		.gdt_limit = GUEST_GDT_SIZE - 1,
	};
	return OK;
}

const struct guest_format multiboot_format = {
	.name = "multiboot",
	.probe = probe,
	.load = load,
};
