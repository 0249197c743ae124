// SPDX-License-Identifier: BSD-2-Clause
#include <lib/elf.h>

#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>

#define CLASS_32    1
#define CLASS_64    2
#define DATA_LITTLE 1
#define TYPE_EXEC   2
#define TYPE_DYN    3

/* System V ABI, "ELF Header": e_ident, then fields as wide as the class. */
struct ident {
	u32 magic;
	u8 class, data, version, pad[9];
};

struct header32 {
	struct ident ident;
	u16 type, machine; /* 0x10 */
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum; /* 0x28 */
	u16 shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct header32) == 52 && offsetof(struct header32, phnum) == 0x2c,
	      "Elf32_Ehdr");

struct header64 {
	struct ident ident;
	u16 type, machine; /* 0x10 */
	u32 version;
	u64 entry, phoff, shoff; /* 0x18 */
	u32 flags;
	u16 ehsize, phentsize, phnum; /* 0x34 */
	u16 shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct header64) == 64 && offsetof(struct header64, phnum) == 0x38,
	      "Elf64_Ehdr");

/* System V ABI, "Program Header". */
struct segment32 {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
static_assert(sizeof(struct segment32) == 32, "Elf32_Phdr");

struct segment64 {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align; /* 0x08 */
};
static_assert(sizeof(struct segment64) == 56, "Elf64_Phdr");

struct note {
	u32 owner_len, desc_len, type;
};

/* A copy, so that the file's alignment does not matter. */
static bool read_at(const struct elf *e, u64 off, void *buf, size_t len)
{
	if (!range_inside(off, len, 0, e->len))
		return false;
	memcpy(buf, e->data + off, len);
	return true;
}

static enum status open32(struct elf *e)
{
	struct header32 h;

	if (!read_at(e, 0, &h, sizeof(h)))
		return E_TRUNCATED;
	if ((h.type != TYPE_EXEC && h.type != TYPE_DYN) || h.phentsize != sizeof(struct segment32))
		return E_FORMAT;
	e->machine = h.machine;
	e->entry = h.entry;
	e->phoff = h.phoff;
	e->phnum = h.phnum;
	return OK;
}

static enum status open64(struct elf *e)
{
	struct header64 h;

	if (!read_at(e, 0, &h, sizeof(h)))
		return E_TRUNCATED;
	if ((h.type != TYPE_EXEC && h.type != TYPE_DYN) || h.phentsize != sizeof(struct segment64))
		return E_FORMAT;
	e->machine = h.machine;
	e->entry = h.entry;
	e->phoff = h.phoff;
	e->phnum = h.phnum;
	return OK;
}

static u64 segment_size(const struct elf *e)
{
	return e->wide ? sizeof(struct segment64) : sizeof(struct segment32);
}

enum status elf_open(struct elf *e, const u8 *data, u64 len)
{
	struct ident id;
	enum status st;

	*e = (struct elf){.data = data, .len = len};
	if (!read_at(e, 0, &id, sizeof(id)))
		return E_TRUNCATED;
	if (id.magic != ELF_MAGIC || id.data != DATA_LITTLE ||
	    (id.class != CLASS_32 && id.class != CLASS_64))
		return E_FORMAT;
	e->wide = id.class == CLASS_64;
	st = e->wide ? open64(e) : open32(e);
	if (st)
		return st;
	if (e->phnum > ELF_SEGMENTS_MAX)
		return E_UNSUPPORTED;
	return range_inside(e->phoff, e->phnum * segment_size(e), 0, len) ? OK : E_TRUNCATED;
}

enum status elf_segment_get(const struct elf *e, u32 i, struct elf_segment *s)
{
	u64 at = e->phoff + i * segment_size(e), offset;
	struct segment32 s32;
	struct segment64 s64;

	if (e->wide ? !read_at(e, at, &s64, sizeof(s64)) : !read_at(e, at, &s32, sizeof(s32)))
		return E_TRUNCATED;
	if (e->wide) {
		*s = (struct elf_segment){s64.type,  s64.vaddr, s64.paddr, s64.memsz,
					  s64.align, NULL,      s64.filesz};
		offset = s64.offset;
	} else {
		*s = (struct elf_segment){s32.type,  s32.vaddr, s32.paddr, s32.memsz,
					  s32.align, NULL,      s32.filesz};
		offset = s32.offset;
	}
	if (!range_inside(offset, s->filesz, 0, e->len))
		return E_TRUNCATED;
	s->data = e->data + offset;
	return s->type == ELF_PT_LOAD && s->filesz > s->memsz ? E_FORMAT : OK;
}

/*
 * System V ABI, "Note Section": header, owner, description, each padded to 4 bytes; 8 where the
 * segment says so, as the GNU tools do for their properties.
 */
static enum status find_in(const struct elf_segment *s, const char *owner, u32 type,
			   const u8 **desc, u32 *len)
{
	u64 align = s->align == 8 ? 8 : 4, at = 0;
	struct note n;

	while (range_inside(at, sizeof(n), 0, s->filesz)) {
		u64 owner_at = at + sizeof(n), desc_at;

		memcpy(&n, s->data + at, sizeof(n));
		/* Sums of 32-bit lengths and an offset inside the file do not wrap. */
		desc_at = align_up(owner_at + n.owner_len, align);
		if (!range_inside(desc_at, n.desc_len, 0, s->filesz))
			return E_NOTFOUND;
		if (n.type == type && n.owner_len == strlen(owner) + 1 &&
		    !memcmp(s->data + owner_at, owner, n.owner_len)) {
			*desc = s->data + desc_at;
			*len = n.desc_len;
			return OK;
		}
		at = align_up(desc_at + n.desc_len, align);
	}
	return E_NOTFOUND;
}

enum status elf_note_find(const struct elf *e, const char *owner, u32 type, const u8 **desc,
			  u32 *len)
{
	struct elf_segment s;

	for (u32 i = 0; i < e->phnum; i++)
		if (!elf_segment_get(e, i, &s) && s.type == ELF_PT_NOTE &&
		    !find_in(&s, owner, type, desc, len))
			return OK;
	return E_NOTFOUND;
}
