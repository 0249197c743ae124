// SPDX-License-Identifier: BSD-2-Clause
/* ELF images with a PVH entry point (Xen documentation, "x86/HVM direct boot ABI"). */
#include "format.h"

#include "board_layout.h"
#include "image.h"

#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>

#define NOTE_OWNER        "Xen"
#define NOTE_PHYS32_ENTRY 18

#define START_MAGIC   0x336ec578u
#define START_VERSION 1

/* "x86/HVM direct boot ABI", struct hvm_start_info and what it points to. */
struct start_info {
	u32 magic, version, flags, module_count;
	u64 modules, cmdline, rsdp; /* 0x10, guest-physical */
	u64 memory_map;             /* 0x28 */
	u32 memory_count, reserved;
};
static_assert(sizeof(struct start_info) == 0x38, "hvm_start_info");

struct start_module {
	u64 base, len, cmdline, reserved;
};
static_assert(sizeof(struct start_module) == 0x20, "hvm_modlist_entry");

struct start_memory {
	u64 base, len;
	u32 type, reserved; /* enum memory_type */
};
static_assert(sizeof(struct start_memory) == 0x18, "hvm_memmap_table_entry");

/* What the kernel is handed, in one claimed range below 640 KiB. */
struct boot_block {
	struct start_info info;
	struct start_module module[IMAGE_MODULES_MAX];
	struct start_memory memory[MEMORY_MAP_MAX];
	u64 gdt[GUEST_GDT_ENTRIES];
	char text[]; /* the command line, then each module's arguments, with NULs */
};

struct plan {
	u32 entry;
	gpa_t block;
	struct image_modules modules;
};

static bool probe(const struct guest_image *img)
{
	u32 magic;

	if (img->kernel_len < sizeof(magic))
		return false;
	memcpy(&magic, img->kernel, sizeof(magic));
	return magic == ELF_MAGIC;
}

bool pvh_claims64(const struct guest_image *img)
{
	const u8 *desc;
	struct elf e;
	u32 len;

	return probe(img) && !elf_open(&e, img->kernel, img->kernel_len) && e.wide &&
	       !elf_note_find(&e, NOTE_OWNER, NOTE_PHYS32_ENTRY, &desc, &len);
}

static enum status find_entry(const struct elf *e, struct placer *p, u32 *entry)
{
	const u8 *desc;
	u64 value = 0;
	u32 len;

	if (elf_note_find(e, NOTE_OWNER, NOTE_PHYS32_ENTRY, &desc, &len))
		return place_fail(p, E_UNSUPPORTED,
				  "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	/* As wide as the tool chain's pointers. */
	if (len == sizeof(u32) || len == sizeof(u64))
		memcpy(&value, desc, len);
	else
		return place_fail(p, E_FORMAT, "PVH note of %u bytes", len);
	if (value > UINT32_MAX)
		return place_fail(p, E_FORMAT, "PVH entry 0x%lx is above 4 GiB", value);
	*entry = (u32)value;
	return OK;
}

/* It must lie in a segment. */
static enum status check_entry(struct placer *p, u32 entry)
{
	for (u32 i = 0; i < p->count; i++)
		if (range_inside(entry, 1, p->range[i].gpa, p->range[i].len))
			return OK;
	return place_fail(p, E_FORMAT, "PVH entry 0x%x is in no segment", entry);
}

static u64 block_size(const struct guest_image *img, const struct plan *k)
{
	u64 size = sizeof(struct boot_block) + strlen(img->cmdline) + 1;

	for (u32 i = 0; i < k->modules.count; i++)
		size += strlen(k->modules.item[i].args) + 1;
	return size;
}

static enum status claim_block(const struct guest_image *img, struct placer *p, struct plan *k)
{
	const struct place_want want = {
	    .what = "start information",
	    .len = block_size(img, k),
	    .align = PAGE_SIZE,
	    .min = LAYOUT_LOADER_BASE,
	    .end = LAYOUT_LOW_END,
	};

	return place_low(p, &want, &k->block);
}

/* Appends a text to the block and returns its guest address. */
static gpa_t add_text(struct boot_block *b, const struct plan *k, u64 *used, const char *text)
{
	gpa_t at = k->block + offsetof(struct boot_block, text) + *used;
	size_t size = strlen(text) + 1;

	memcpy(b->text + *used, text, size);
	*used += size;
	return at;
}

static void fill_block(const struct guest_image *img, const struct gmem *g, const struct plan *k,
		       struct boot_block *b)
{
	struct memory_map map;
	u64 used = 0;

	memory_map_build(g, &map);
	b->info = (struct start_info){
	    .magic = START_MAGIC,
	    .version = START_VERSION,
	    .module_count = k->modules.count,
	    .modules = k->modules.count ? k->block + offsetof(struct boot_block, module) : 0,
	    .cmdline = add_text(b, k, &used, img->cmdline),
	    .rsdp = LAYOUT_ACPI_BASE,
	    .memory_map = k->block + offsetof(struct boot_block, memory),
	    .memory_count = map.count,
	};
	for (u32 i = 0; i < k->modules.count; i++)
		b->module[i] = (struct start_module){
		    .base = k->modules.at[i],
		    .len = k->modules.item[i].len,
		    .cmdline = add_text(b, k, &used, k->modules.item[i].args),
		};
	for (u32 i = 0; i < map.count; i++)
		b->memory[i] = (struct start_memory){map.range[i].base, map.range[i].len,
						     map.range[i].type, 0};
	guest_gdt_fill(b->gdt, START_PROT32);
}

static enum status open_image(const struct guest_image *img, struct placer *p, struct elf *e)
{
	enum status st = elf_open(e, img->kernel, img->kernel_len);

	return st ? place_fail(p, st, "the kernel's ELF headers: %s", status_text(st)) : OK;
}

static enum status load(const struct guest_image *img, struct placer *p, struct guest_start *start)
{
	struct plan k = {};
	enum status st;
	struct elf e;

	st = open_image(img, p, &e);
	if (!st)
		st = find_entry(&e, p, &k.entry);
	if (!st)
		st = image_claim_segments(p, &e);
	if (!st)
		st = check_entry(p, k.entry);
	if (st)
		return st;
	image_list_modules(img, &k.modules);
	st = claim_block(img, p, &k);
	if (!st)
		st = image_claim_modules(p, &k.modules, LAYOUT_ROM_END, place_high);
	if (st)
		return st;
	place_write(p);
	fill_block(img, p->g, &k, place_ptr(p, k.block, block_size(img, &k)));
	*start = (struct guest_start){
	    .mode = START_PROT32,
	    .rip = k.entry,
	    .rbx = k.block,
	    .gdt_base = k.block + offsetof(struct boot_block, gdt),
	    .gdt_limit = GUEST_GDT_SIZE - 1,
	};
	return OK;
}

const struct guest_format pvh_format = {
    .name = "PVH",
    .probe = probe,
    .load = load,
};
