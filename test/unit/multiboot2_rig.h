// SPDX-License-Identifier: BSD-2-Clause
/* For test_multiboot2*.c: information put together tag by tag. */
#pragma once

#include "unit.h"

#include <boot/collect.h>
#include <boot/multiboot2.h>
#include <boot/multiboot2_defs.h>
#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>
#include <stdlib.h>

#define IMAGE_BASE 0x600000
#define IMAGE_LEN  0x123000

/* An information under construction. */
static struct {
	_Alignas(8) u8 bytes[256 * 1024];
	u32 len;
} mb;

static struct boot_info bi;

static inline void put(const void *data, u32 len)
{
	memcpy(mb.bytes + mb.len, data, len);
	mb.len += len;
}

static inline void tag(u32 type, const void *content, u32 len)
{
	struct mb2_tag t = {type, sizeof(t) + len};

	mb.len = align_up(mb.len, MB2_ALIGN);
	put(&t, sizeof(t));
	put(content, len);
}

static inline void begin(void)
{
	memset(&mb, 0, sizeof(mb));
	mb.len = sizeof(struct mb2_info);
}

static inline void end(void)
{
	struct mb2_info head = {0};

	tag(MB2_TAG_END, "", 0);
	head.total_size = mb.len;
	memcpy(mb.bytes, &head, sizeof(head));
}

/* From an allocation of exactly that size, so that ASan sees every byte too many. */
static inline enum status parse_len(u32 len)
{
	u8 *copy = malloc(len ? len : 1);
	enum status st;

	memcpy(copy, mb.bytes, len);
	st = multiboot2_parse(copy, len, IMAGE_BASE, IMAGE_LEN, &bi);
	free(copy);
	return st;
}

static inline enum status parse(void)
{
	return parse_len(mb.len);
}

static inline void module(u32 start, u32 stop, const char *cmdline)
{
	u8 content[600];
	u32 range[2] = {start, stop};

	memcpy(content, range, sizeof(range));
	memcpy(content + sizeof(range), cmdline, strlen(cmdline) + 1);
	tag(MB2_TAG_MODULE, content, sizeof(range) + strlen(cmdline) + 1);
}

static inline void mmap_tag(const struct mb2_mmap_entry *e, u32 count)
{
	static u8 content[8 + 24 * 4100];
	u32 head[2] = {sizeof(*e), 0};

	memcpy(content, head, sizeof(head));
	memcpy(content + sizeof(head), e, count * sizeof(*e));
	tag(MB2_TAG_MMAP, content, sizeof(head) + count * sizeof(*e));
}

static inline void some_ram(void)
{
	struct mb2_mmap_entry e = {.base = 0, .len = 0x9fc00, .type = MB2_MEM_RAM};

	mmap_tag(&e, 1);
}

static inline void framebuffer(u8 type, u8 bpp, u32 width, u32 pitch)
{
	struct mb2_framebuffer fb = {.addr = 0xe0000000,
				     .pitch = pitch,
				     .width = width,
				     .height = 600,
				     .bpp = bpp,
				     .type = type};
	struct mb2_fb_rgb rgb = {16, 8, 8, 8, 0, 8};
	size_t head = sizeof(fb) - sizeof(fb.tag);
	u8 content[sizeof(fb) - sizeof(fb.tag) + sizeof(rgb)];

	memcpy(content, (u8 *)&fb + sizeof(fb.tag), head);
	memcpy(content + head, &rgb, sizeof(rgb));
	tag(MB2_TAG_FRAMEBUFFER, content, sizeof(content));
}

static inline bool has_mem(u64 base, u64 len, enum mem_type type)
{
	for (u32 i = 0; i < bi.mem_count; i++)
		if (bi.mem[i].base == base && bi.mem[i].len == len && bi.mem[i].type == type)
			return true;
	return false;
}
