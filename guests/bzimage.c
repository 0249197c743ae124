// SPDX-License-Identifier: BSD-2-Clause
/* Linux bzImage, boot protocol 2.06 and later: the 64-bit entry, or the 32-bit one of a kernel
 * without it. */
#include "format.h"

#include "linux_boot.h"

#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>

#define PTE_P_RW  0x003ull /* Intel SDM vol. 3, "4-Level Paging": present, writable */
#define PTE_PS    0x080ull /* maps a large page */
#define LARGE_2M  (2 * MIB)
#define OLD_BASE  MIB /* where a kernel before 2.10 wants to be */
#define CODE_UNIT 16  /* of syssize */

/* What the kernel is handed, in one claimed range below 640 KiB. */
struct boot_block {
	u64 pml4[512], pdpt[512];
	u64 pd[4][512]; /* 4 GiB in pages of 2 MiB */
	struct linux_params params;
	u64 gdt[GUEST_GDT_ENTRIES];
	char cmdline[];
};
static_assert(offsetof(struct boot_block, params) % PAGE_SIZE == 0, "tables are pages");

struct plan {
	struct linux_header header;
	const u8 *code;
	u64 code_len;
	gpa_t load;
	u64 need; /* bytes from `load` on that the kernel uses before it reads the memory map */
	enum guest_mode mode;
	gpa_t block, initrd;
};

static bool probe(const struct guest_image *img)
{
	u32 magic;

	if (!range_inside(LINUX_OFFSET(magic), sizeof(magic), 0, img->kernel_len))
		return false;
	memcpy(&magic, img->kernel + LINUX_OFFSET(magic), sizeof(magic));
	return magic == LINUX_MAGIC;
}

static enum status fail_truncated(const struct guest_image *img, struct placer *p, u64 need)
{
	return place_fail(p, E_TRUNCATED, "the kernel is truncated: %lu bytes, its header says %lu",
			  img->kernel_len, need);
}

/* Copies the header, so that absent fields read as zero, and checks that it has what its version
 * promises. */
static enum status read_header(const struct guest_image *img, struct placer *p,
			       struct linux_header *h)
{
	u64 end = LINUX_OFFSET(realmode_switch), need;

	*h = (struct linux_header){};
	if (img->kernel_len < end)
		return fail_truncated(img, p, end);
	end = LINUX_JUMP_END + img->kernel[LINUX_OFFSET(jump_len)];
	if (img->kernel_len < end)
		return fail_truncated(img, p, end);
	memcpy(h, img->kernel + LINUX_HEADER_OFFSET,
	       min_u64(end - LINUX_HEADER_OFFSET, sizeof(*h)));
	if (h->version < 0x206)
		return place_fail(p, E_UNSUPPORTED,
				  "boot protocol %u.%02u, at least 2.06 is needed", h->version >> 8,
				  h->version & 0xff);
	need = h->version < 0x20a ? LINUX_OFFSET(hardware_subarch) : LINUX_OFFSET(handover_offset);
	if (end < need || h->boot_flag != LINUX_BOOT_FLAG)
		return place_fail(p, E_FORMAT, "malformed setup header");
	if (!(h->loadflags & LINUX_LOADED_HIGH))
		return place_fail(p, E_UNSUPPORTED, "a zImage, only a bzImage is supported");
	return OK;
}

/*
 * The protected-mode code: behind the boot sector and the setup sectors. A signature may follow. The
 * size is in units, rounded up: the file may end inside the last one, as that of Memtest86+ does.
 */
static enum status find_code(const struct guest_image *img, struct placer *p, struct plan *k)
{
	u64 setup = (1 + (k->header.setup_sects ? k->header.setup_sects : 4)) * LINUX_SECTOR;
	u64 at_least;

	k->code_len = (u64)k->header.syssize * CODE_UNIT;
	at_least = k->code_len - min_u64(k->code_len, CODE_UNIT - 1);
	if (!range_inside(setup, at_least, 0, img->kernel_len))
		return fail_truncated(img, p, setup + k->code_len);
	k->code_len = min_u64(k->code_len, img->kernel_len - setup);
	if (k->code_len <= LINUX_ENTRY64)
		return place_fail(p, E_FORMAT, "the kernel has no code");
	k->code = img->kernel + setup;
	return OK;
}

/*
 * A relocatable kernel could be loaded anywhere, but below pref_address it moves itself there, and
 * above it needs only more. So it is always loaded where it wants to run ("Details of Header
 * Fields", init_size).
 */
static enum status choose_load(struct placer *p, struct plan *k)
{
	const struct linux_header *h = &k->header;
	u64 align = h->relocatable_kernel ? h->kernel_alignment : 1;

	k->mode = h->version >= 0x20c && h->xloadflags & LINUX_XLF_KERNEL_64 ? START_LONG64
									     : START_PROT32;
	if (h->version < 0x20a) {
		k->load = OLD_BASE;
		k->need = k->code_len;
		return OK;
	}
	if (!align || align & (align - 1) || h->pref_address >= LAYOUT_RAM_MAX)
		return place_fail(p, E_FORMAT,
				  "malformed setup header: load address 0x%lx, alignment 0x%lx",
				  h->pref_address, align);
	k->load = align_up(h->pref_address ? h->pref_address : OLD_BASE, align);
	k->need = max_u64(h->init_size, k->code_len);
	return OK;
}

static enum status claim(const struct guest_image *img, struct placer *p, struct plan *k)
{
	const struct place_want block = {
	    .what = "boot parameters",
	    .len = sizeof(struct boot_block) + strlen(img->cmdline) + 1,
	    .align = PAGE_SIZE,
	    .min = LAYOUT_LOADER_BASE,
	    .end = LAYOUT_LOW_END,
	};
	const struct place_want initrd = {
	    .what = "initrd",
	    .len = img->initrd_len,
	    .src = img->initrd,
	    .src_len = img->initrd_len,
	    .align = PAGE_SIZE,
	    .min = LAYOUT_ROM_END,
	    .end = min_u64(k->header.initrd_addr_max + 1ull, LAYOUT_RAM_MAX),
	};
	const struct placed kernel = {k->load, k->need, k->code, k->code_len, "kernel"};
	enum status st;

	if (strlen(img->cmdline) > k->header.cmdline_size)
		return place_fail(p, E_RANGE, "command line of %zu bytes, this kernel takes %u",
				  strlen(img->cmdline), k->header.cmdline_size);
	if (img->module_count)
		return place_fail(p, E_INVAL,
				  "a Linux bzImage takes no modules besides its initrd");
	st = place_at(p, &kernel);
	if (st)
		return st;
	st = place_low(p, &block, &k->block);
	if (st || !img->initrd_len)
		return st;
	return place_high(p, &initrd, &k->initrd);
}

static void fill_params(const struct guest_image *img, const struct gmem *g, const struct plan *k,
			struct linux_params *params)
{
	gpa_t cmdline = k->block + offsetof(struct boot_block, cmdline);
	struct linux_header *h = &params->header;
	struct memory_map map;

	*h = k->header;
	h->type_of_loader = LINUX_LOADER_UNKNOWN;
	h->code32_start = (u32)k->load;
	h->cmd_line_ptr = (u32)cmdline;
	h->ramdisk_image = (u32)k->initrd;
	h->ramdisk_size = (u32)img->initrd_len;
	h->setup_data = 0;
	params->ext_ramdisk_image = (u32)(k->initrd >> 32);
	params->ext_ramdisk_size = (u32)(img->initrd_len >> 32);
	params->acpi_rsdp_addr = LAYOUT_ACPI_BASE;
	memory_map_build(g, &map);
	for (u32 i = 0; i < map.count; i++)
		params->e820[i] =
		    (struct linux_e820){map.range[i].base, map.range[i].len, map.range[i].type};
	params->e820_entries = (u8)map.count;
}

/* The identity map of the first 4 GiB that the 64-bit entry asks for; 2 MiB pages, which every CPU
 * has. */
static void fill_tables(struct boot_block *b, gpa_t at)
{
	b->pml4[0] = (at + offsetof(struct boot_block, pdpt)) | PTE_P_RW;
	for (u64 i = 0; i < ARRAY_LEN(b->pd); i++)
		b->pdpt[i] =
		    (at + offsetof(struct boot_block, pd) + i * sizeof(b->pd[0])) | PTE_P_RW;
	for (u64 i = 0; i < sizeof(b->pd) / sizeof(u64); i++)
		b->pd[i / 512][i % 512] = i * LARGE_2M | PTE_PS | PTE_P_RW;
}

static enum status load(const struct guest_image *img, struct placer *p, struct guest_start *start)
{
	size_t cmdline_size = strlen(img->cmdline) + 1;
	struct boot_block *block;
	struct plan k = {};
	enum status st;

	st = read_header(img, p, &k.header);
	if (!st)
		st = find_code(img, p, &k);
	if (!st)
		st = choose_load(p, &k);
	if (!st)
		st = claim(img, p, &k);
	if (st)
		return st;
	place_write(p);
	block = place_ptr(p, k.block, sizeof(*block) + cmdline_size);
	fill_params(img, p->g, &k, &block->params);
	guest_gdt_fill(block->gdt, k.mode);
	memcpy(block->cmdline, img->cmdline, cmdline_size);
	if (k.mode == START_LONG64)
		fill_tables(block, k.block);
	*start = (struct guest_start){
	    .mode = k.mode,
	    .rip = k.load + (k.mode == START_LONG64 ? LINUX_ENTRY64 : 0),
	    .rsi = k.block + offsetof(struct boot_block, params),
	    .cr3 = k.mode == START_LONG64 ? k.block : 0,
	    .gdt_base = k.block + offsetof(struct boot_block, gdt),
	    .gdt_limit = GUEST_GDT_SIZE - 1,
	};
	return OK;
}

const struct guest_format bzimage_format = {
    .name = "bzImage",
    .probe = probe,
    .load = load,
};
