// SPDX-License-Identifier: BSD-2-Clause
/*
 * ELF images, 32 and 64 bit, little endian (System V ABI, "Object Files"; "Program Loading and
 * Dynamic Linking"). Reads untrusted bytes: every access is bounded, and a segment's bytes lie
 * inside the file.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

#define ELF_MAGIC        0x464c457fu /* 7F 'E' 'L' 'F' */
#define ELF_PT_LOAD      1
#define ELF_PT_NOTE      4
#define ELF_EM_386       3
#define ELF_EM_X86_64    62
#define ELF_SEGMENTS_MAX 64

struct elf {
	const u8 *data;
	u64 len;
	bool wide; /* ELFCLASS64 */
	u16 machine;
	u64 entry;
	u64 phoff;
	u32 phnum;
};

struct elf_segment {
	u32 type;
	u64 vaddr, paddr, memsz, align;
	const u8 *data; /* filesz bytes of the file */
	u64 filesz;
};

/* E_FORMAT: not such a file; E_TRUNCATED: the headers reach beyond its end; E_UNSUPPORTED: over
 * ELF_SEGMENTS_MAX. */
enum status must_check elf_open(struct elf *e, const u8 *data, u64 len);
/* Program header i < e->phnum. E_TRUNCATED: its bytes reach beyond the file; E_FORMAT: more bytes
 * than memory. */
enum status must_check elf_segment_get(const struct elf *e, u32 i, struct elf_segment *s);
/* Looks through the PT_NOTE segments for the first note with this owner and type. E_NOTFOUND. */
enum status must_check elf_note_find(const struct elf *e, const char *owner, u32 type,
				     const u8 **desc, u32 *len);
