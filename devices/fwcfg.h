// SPDX-License-Identifier: BSD-2-Clause
/*
 * QEMU's firmware configuration (QEMU, docs/specs/fw_cfg: "Selector (Control) Register", "Data
 * Register", "File Directory") in its port form without DMA: numbered items of bytes, read-only.
 * Origin 510h, 2 ports. Which items there are is the board's business.
 */
#pragma once

#include <lib/status.h>
#include <vm/device.h>

#define FWCFG_PORT  0x510
#define FWCFG_ITEMS 24 /* all, the files too */
#define FWCFG_FILES 8

enum fwcfg_key {
	FWCFG_SIGNATURE = 0x00, /* "QEMU" */
	FWCFG_ID = 0x01,        /* bit 0: this interface; bit 1: DMA */
	FWCFG_UUID = 0x02,
	FWCFG_RAM_SIZE = 0x03, /* 8 bytes */
	FWCFG_NOGRAPHIC = 0x04,
	FWCFG_NB_CPUS = 0x05, /* 2 bytes */
	FWCFG_KERNEL_CMDLINE = 0x09,
	FWCFG_MAX_CPUS = 0x0f,     /* 2 bytes: APIC ids are below */
	FWCFG_CMDLINE_SIZE = 0x14, /* 4 bytes, with the NUL */
	FWCFG_CMDLINE_DATA = 0x15,
	FWCFG_FILE_DIR = 0x19,
	FWCFG_FILE_FIRST = 0x20,
};

struct fwcfg_item {
	u16 key;
	u32 len;
	const u8 *data; /* NULL: `number` */
	u8 number[8];   /* little endian */
};

/* "File Directory": numbers in big endian. */
struct fwcfg_file {
	u8 size[4];
	u8 select[2];
	u8 reserved[2];
	char name[56];
};
static_assert(sizeof(struct fwcfg_file) == 64, "FWCfgFile");

struct fwcfg {
	struct device dev;
	struct fwcfg_item item[FWCFG_ITEMS]; /* [b] */
	u32 item_count;                      /* [b] */
	u32 file_count;                      /* [b] */
	struct {
		u8 count[4];
		struct fwcfg_file file[FWCFG_FILES];
	} dir; /* [b] */
	/* The rest under the device lock. */
	const struct fwcfg_item *selected; /* NULL: none such */
	u32 offset;                        /* of the next byte */
};

/* With the signature, the id and an empty directory. */
void fwcfg_init(struct fwcfg *f, struct spinlock *lock);
/* `data` must live as long as the device. E_FULL, E_EXISTS; a name too long: E_RANGE. */
enum status must_check fwcfg_add(struct fwcfg *f, u16 key, const void *data, u32 len);
enum status must_check fwcfg_add_number(struct fwcfg *f, u16 key, u64 val, unsigned width);
enum status must_check fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, u32 len);
