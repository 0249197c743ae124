// SPDX-License-Identifier: BSD-2-Clause
#include "multiboot2.h"

#include "collect.h"
#include "efi_mem.h"
#include "multiboot2_defs.h"

#include <lib/bits.h>
#include <lib/string.h>

/* One tag's content, without the header: `len` bytes at `data`. */
struct view {
	const u8 *data;
	size_t len;
};

/* The tags that are wanted; data NULL: not there. Of several of a kind the last one counts. */
struct tags {
	struct view cmdline, mmap, efi_mmap, fb, acpi_old, acpi_new;
};

/* ACPI Specification, "Root System Description Pointer (RSDP) Structure" */
#define RSDP_V1_LEN 20u

/*
 * The tag at *pos, which advances to the next one. E_TRUNCATED: the information ends within the tag
 * or without an end tag; E_FORMAT: a tag smaller than its own header.
 */
static enum status next_tag(const u8 *info, size_t len, size_t *pos, u32 *type, struct view *v)
{
	struct mb2_tag tag;

	if (*pos > len || len - *pos < sizeof(tag))
		return E_TRUNCATED;
	memcpy(&tag, info + *pos, sizeof(tag));
	if (tag.size < sizeof(tag))
		return E_FORMAT;
	if (tag.size > len - *pos)
		return E_TRUNCATED;
	*type = tag.type;
	*v = (struct view){info + *pos + sizeof(tag), tag.size - sizeof(tag)};
	*pos += align_up(tag.size, MB2_ALIGN);
	return OK;
}

/* Copies the structure of `size` bytes, a struct mb2_tag first, that `v` is the rest of. */
static bool read_head(struct view v, void *out, size_t size)
{
	if (v.len < size - sizeof(struct mb2_tag))
		return false;
	memcpy((u8 *)out + sizeof(struct mb2_tag), v.data, size - sizeof(struct mb2_tag));
	return true;
}

/* Text up to a NUL, the delimiter, or the end of the view. False if it was cut. */
static bool copy_text(char *dst, size_t size, const u8 *src, size_t len, char delimiter)
{
	size_t n = 0;

	while (n < len && src[n] && src[n] != delimiter)
		n++;
	memcpy(dst, src, min_u64(n, size - 1));
	dst[min_u64(n, size - 1)] = '\0';
	return n < size;
}

/*
 * The first word of the command line is the path. A module without one, or with one too long for
 * plinth.conf, is no file of ours: nobody can name it, so it is left out and its memory is free.
 */
static enum status add_module(struct view v, struct boot_info *out)
{
	char path[BOOT_PATH_MAX + 1]; /* room for one leading slash */
	struct mb2_module m;
	size_t head = sizeof(m) - sizeof(m.tag);
	enum status st;

	if (!read_head(v, &m, sizeof(m)))
		return E_TRUNCATED;
	if (m.end < m.start || !is_aligned(m.start, PAGE_SIZE))
		return E_FORMAT;
	if (!copy_text(path, sizeof(path), v.data + head, v.len - head, ' '))
		return OK;
	st = collect_file(out, path, m.start, m.end - m.start);
	return st == E_INVAL || st == E_RANGE ? OK : st;
}

static enum mem_type bios_type(u32 type)
{
	switch (type) {
	case MB2_MEM_RAM:
		return MEM_RAM;
	case MB2_MEM_ACPI_RECLAIM:
	case MB2_MEM_ACPI_NVS:
		return MEM_ACPI;
	default:
		return MEM_RESERVED;
	}
}

/*
 * Adds the RAM of the map, or everything else. RAM comes last: if the table fills up, RAM is what
 * we lose.
 */
static enum status add_mmap(struct view v, struct boot_info *out, bool ram)
{
	struct mb2_mmap map;
	struct mb2_mmap_entry e;
	size_t pos = sizeof(map) - sizeof(map.tag);

	if (!read_head(v, &map, sizeof(map)))
		return E_TRUNCATED;
	if (map.entry_size < sizeof(e))
		return E_FORMAT;
	for (; v.len - pos >= map.entry_size; pos += map.entry_size) {
		enum mem_type type;
		enum status st;

		memcpy(&e, v.data + pos, sizeof(e));
		type = bios_type(e.type);
		st = (type == MEM_RAM) == ram ? collect_mem(out, e.base, e.len, type) : OK;
		if (st && !ram)
			return st;
	}
	return OK;
}

/* As add_mmap(). What the firmware's map calls reserved overlaps nothing, and needs no entry. */
static enum status add_efi_mmap(struct view v, struct boot_info *out, bool ram)
{
	struct mb2_efi_mmap map;
	struct mb2_efi_desc d;
	size_t pos = sizeof(map) - sizeof(map.tag);

	if (!read_head(v, &map, sizeof(map)))
		return E_TRUNCATED;
	if (map.desc_size < sizeof(d))
		return E_FORMAT;
	for (; v.len - pos >= map.desc_size; pos += map.desc_size) {
		enum mem_type type;
		enum status st = OK;

		memcpy(&d, v.data + pos, sizeof(d));
		if (d.pages > ~0ull >> PAGE_SHIFT)
			return E_FORMAT;
		type = efi_mem_type(d.type, d.attribute);
		if (type != MEM_RESERVED && (type == MEM_RAM) == ram)
			st = collect_mem(out, d.base, d.pages << PAGE_SHIFT, type);
		if (st && !ram)
			return st;
	}
	return OK;
}

static enum status add_memory(const struct tags *t, struct boot_info *out)
{
	bool efi = t->efi_mmap.data;
	struct view v = efi ? t->efi_mmap : t->mmap;
	enum status st;

	if (!v.data)
		return E_NOTFOUND;
	st = efi ? add_efi_mmap(v, out, false) : add_mmap(v, out, false);
	if (st)
		return st;
	return efi ? add_efi_mmap(v, out, true) : add_mmap(v, out, true);
}

/* A framebuffer of any other kind is as good as none. */
static void take_framebuffer(struct view v, struct boot_fb *out)
{
	struct mb2_framebuffer fb;
	struct mb2_fb_rgb c;
	size_t head = sizeof(fb) - sizeof(fb.tag);

	if (!v.data || v.len < head + sizeof(c))
		return;
	read_head(v, &fb, sizeof(fb));
	memcpy(&c, v.data + head, sizeof(c));
	if (fb.type != MB2_FB_RGB || fb.bpp != 32 || !fb.addr || !fb.width || !fb.height)
		return;
	if (fb.pitch / 4 < fb.width || c.red_size != 8 || c.green_size != 8 || c.blue_size != 8)
		return;
	if (c.red_shift > 24 || c.green_shift > 24 || c.blue_shift > 24)
		return;
	*out = (struct boot_fb){
	    .base = fb.addr,
	    .width = fb.width,
	    .height = fb.height,
	    .pitch = fb.pitch,
	    .red_shift = c.red_shift,
	    .green_shift = c.green_shift,
	    .blue_shift = c.blue_shift,
	};
}

/* Notes what add_memory() and others need, and takes the modules. */
static enum status walk(const u8 *info, size_t len, struct tags *t, struct boot_info *out)
{
	size_t pos = sizeof(struct mb2_info);

	for (;;) {
		struct view v;
		u32 type;
		enum status st = next_tag(info, len, &pos, &type, &v);

		if (st)
			return st;
		switch (type) {
		case MB2_TAG_END:
			return OK;
		case MB2_TAG_CMDLINE:
			t->cmdline = v;
			break;
		case MB2_TAG_MODULE:
			st = add_module(v, out);
			break;
		case MB2_TAG_MMAP:
			t->mmap = v;
			break;
		case MB2_TAG_FRAMEBUFFER:
			t->fb = v;
			break;
		case MB2_TAG_ACPI_OLD:
			t->acpi_old = v;
			break;
		case MB2_TAG_ACPI_NEW:
			t->acpi_new = v;
			break;
		case MB2_TAG_EFI_MMAP:
			t->efi_mmap = v;
			break;
		}
		if (st)
			return st;
	}
}

enum status multiboot2_parse(const void *info, size_t len, hpa_t image_base, u64 image_len,
			     struct boot_info *out)
{
	struct tags t = {0};
	struct mb2_info head;
	struct view rsdp;
	enum status st;

	if (len < sizeof(head))
		return E_TRUNCATED;
	memcpy(&head, info, sizeof(head));
	if (head.total_size > len)
		return E_TRUNCATED;

	collect_begin(out, DOOR_MULTIBOOT2, image_base, image_len);
	st = walk(info, head.total_size, &t, out);
	if (st)
		return st;
	st = add_memory(&t, out);
	if (st)
		return st;
	take_framebuffer(t.fb, &out->fb);
	if (t.cmdline.data)
		copy_text(out->cmdline, sizeof(out->cmdline), t.cmdline.data, t.cmdline.len, '\0');
	rsdp = t.acpi_new.data ? t.acpi_new : t.acpi_old;
	if (rsdp.data && rsdp.len >= RSDP_V1_LEN)
		out->rsdp = (hpa_t)(uintptr_t)rsdp.data;
	return OK;
}
