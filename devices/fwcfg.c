// SPDX-License-Identifier: BSD-2-Clause
#include "fwcfg.h"

#include <lib/string.h>

#define KEY_WRITE 0x4000 /* of old: selects for writing; the item is the same */
#define ID_PORTS  1

static void put_big(u8 *to, u64 val, unsigned width)
{
	while (width--) {
		to[width] = (u8)val;
		val >>= 8;
	}
}

static const struct fwcfg_item *find(const struct fwcfg *f, u16 key)
{
	for (u32 i = 0; i < f->item_count; i++)
		if (f->item[i].key == key)
			return &f->item[i];
	return NULL;
}

static void select(struct fwcfg *f, u16 key)
{
	f->selected = find(f, key & (u16)~KEY_WRITE);
	f->offset = 0;
}

/* Behind an item's end, and where there is no item, come zeroes. */
static u8 next_byte(struct fwcfg *f)
{
	const struct fwcfg_item *i = f->selected;

	if (!i || f->offset >= i->len)
		return 0;
	return (i->data ? i->data : i->number)[f->offset++];
}

static u64 fwcfg_read(struct device *d, u64 off, unsigned width)
{
	/* Selector and data port overlap: a byte comes from either. */
	return width == 1 ? next_byte(container_of(d, struct fwcfg, dev)) : ~0ull;
}

static void fwcfg_write(struct device *d, u64 off, unsigned width, u64 val)
{
	if (!off && width == 2)
		select(container_of(d, struct fwcfg, dev), (u16)val);
}

static void fwcfg_reset(struct device *d)
{
	select(container_of(d, struct fwcfg, dev), FWCFG_SIGNATURE);
}

static const struct device_ops ops = {
	.read = fwcfg_read,
	.write = fwcfg_write,
	.reset = fwcfg_reset,
};

static enum status add(struct fwcfg *f, const struct fwcfg_item *item)
{
	if (find(f, item->key))
		return E_EXISTS;
	if (f->item_count == FWCFG_ITEMS)
		return E_FULL;
	f->item[f->item_count++] = *item;
	return OK;
}

enum status fwcfg_add(struct fwcfg *f, u16 key, const void *data, u32 len)
{
	return add(f, &(struct fwcfg_item){ .key = key, .len = len, .data = data });
}

enum status fwcfg_add_number(struct fwcfg *f, u16 key, u64 val, unsigned width)
{
	struct fwcfg_item item = { .key = key, .len = width };

	memcpy(item.number, &val, sizeof(item.number));
	return add(f, &item);
}

enum status fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, u32 len)
{
	struct fwcfg_file *file = &f->dir.file[f->file_count];
	u16 key = (u16)(FWCFG_FILE_FIRST + f->file_count);
	enum status st;

	if (f->file_count == FWCFG_FILES)
		return E_FULL;
	if (strlen(name) >= sizeof(file->name))
		return E_RANGE;
	st = fwcfg_add(f, key, data, len);
	if (st)
		return st;
	put_big(file->size, len, sizeof(file->size));
	put_big(file->select, key, sizeof(file->select));
	memcpy(file->name, name, strlen(name) + 1);
	put_big(f->dir.count, ++f->file_count, sizeof(f->dir.count));
	return OK;
}

void fwcfg_init(struct fwcfg *f, struct spinlock *lock)
{
	*f = (struct fwcfg){
		.dev = { .name = "fw_cfg", .ops = &ops, .lock = lock },
		.item = { { .key = FWCFG_SIGNATURE, .len = 4, .number = "QEMU" },
			  { .key = FWCFG_ID, .len = 4, .number = { ID_PORTS } },
			  { .key = FWCFG_FILE_DIR,
			    .len = sizeof(f->dir),
			    .data = (const u8 *)&f->dir } },
		.item_count = 3,
	};
	select(f, FWCFG_SIGNATURE);
}
