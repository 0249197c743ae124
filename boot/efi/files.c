// SPDX-License-Identifier: BSD-2-Clause
#include "files.h"

#include <boot/collect.h>
#include <guests/config.h>
#include <lib/string.h>

#define CONF "plinth.conf"

/* Some firmware's drivers fail on very large reads. */
#define CHUNK (8 * MIB)

/* Where plinth.conf may be, the first one wins; the files' paths begin there. */
static const char *const folders[] = {"", "EFI/plinth"};

struct reader {
	EFI_FILE_HANDLE folder;
	struct boot_info *bi;
};

static EFI_STATUS open(EFI_FILE_HANDLE folder, const char *path, EFI_FILE_HANDLE *out)
{
	CHAR16 wide[BOOT_PATH_MAX];
	size_t n = 0;

	for (; path[n]; n++) {
		if (n == ARRAY_LEN(wide) - 1)
			return EFI_INVALID_PARAMETER;
		wide[n] = path[n] == '/' ? '\\' : (u8)path[n];
	}
	wide[n] = 0;
	return folder->Open(folder, out, wide, EFI_FILE_MODE_READ, 0);
}

/*
 * UEFI Specification, "EFI_FILE_PROTOCOL.SetPosition()": all ones is the end of a file, and an
 * error for a directory.
 */
static EFI_STATUS size_of(EFI_FILE_HANDLE f, u64 *len)
{
	UINT64 pos;
	EFI_STATUS st = f->SetPosition(f, ~0ull);

	if (st)
		return st;
	st = f->GetPosition(f, &pos);
	if (st)
		return st;
	*len = pos;
	return f->SetPosition(f, 0);
}

static EFI_STATUS read_all(EFI_FILE_HANDLE f, u8 *to, u64 len)
{
	for (u64 done = 0; done < len;) {
		UINTN n = min_u64(len - done, CHUNK);
		EFI_STATUS st = f->Read(f, &n, to + done);

		if (st)
			return st;
		if (!n)
			return EFI_VOLUME_CORRUPTED;
		done += n;
	}
	return EFI_SUCCESS;
}

/* The contents in fresh pages, below 4 GiB if there is room, with the last page's rest zero. */
static EFI_STATUS load(EFI_FILE_HANDLE folder, const char *path, u8 **data, u64 *len)
{
	EFI_FILE_HANDLE f;
	EFI_STATUS st = open(folder, path, &f);

	if (st)
		return st;
	st = size_of(f, len);
	if (st)
		goto out;
	*data = pages_alloc(*len + 1, BELOW_4G);
	if (!*data)
		*data = pages_alloc(*len + 1, ~0ull);
	if (!*data) {
		st = EFI_OUT_OF_RESOURCES;
		goto out;
	}
	st = read_all(f, *data, *len);
	memset(*data + *len, 0, align_up(*len + 1, PAGE_SIZE) - *len);
out:
	f->Close(f);
	return st;
}

static void say_size(u64 len)
{
	u64 tenths = (len * 10 + MIB / 2) / MIB;

	if (len < MIB)
		say(" %u KiB\n", (u32)((len + KIB - 1) / KIB));
	else
		say(" %u.%u MiB\n", (u32)(tenths / 10), (u32)(tenths % 10));
}

/* Returns the contents, NULL if there are none. */
static const u8 *take(struct reader *r, const char *path, u64 *len)
{
	enum status added;
	u8 *data;
	EFI_STATUS st;

	say("  %s", path);
	st = load(r->folder, path, &data, len);
	if (st) {
		say(": %s\n", efi_text(st));
		return NULL;
	}
	added = collect_file(r->bi, path, (hpa_t)data, *len);
	if (added) {
		say(": %s\n", status_text(added));
		return NULL;
	}
	say_size(*len);
	return data;
}

static void take_named(void *ctx, const char *path)
{
	u64 len;

	if (strcmp(path, CONF))
		take(ctx, path, &len);
}

/* The hypervisor parses the file again and reports what is wrong with it, on every console. */
static void ignore(void *ctx, const char *message)
{
}

static EFI_STATUS open_volume(EFI_FILE_HANDLE *root)
{
	EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL, fs_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *fs;
	EFI_LOADED_IMAGE *self;
	EFI_STATUS st = bs->HandleProtocol(program, &image_guid, (void **)&self);

	if (st)
		return st;
	st = bs->HandleProtocol(self->DeviceHandle, &fs_guid, (void **)&fs);
	if (st)
		return st;
	return fs->OpenVolume(fs, root);
}

static EFI_STATUS find_folder(EFI_FILE_HANDLE root, EFI_FILE_HANDLE *folder)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		EFI_FILE_HANDLE conf;

		if (!folders[i][0])
			*folder = root;
		else if (open(root, folders[i], folder))
			continue;
		if (!open(*folder, CONF, &conf)) {
			conf->Close(conf);
			return EFI_SUCCESS;
		}
	}
	return EFI_NOT_FOUND;
}

EFI_STATUS files_read(struct boot_info *bi)
{
	static struct config config;
	struct reader r = {.bi = bi};
	EFI_FILE_HANDLE root;
	const u8 *text;
	u64 len;
	EFI_STATUS st = open_volume(&root);

	if (st)
		return st;
	if (find_folder(root, &r.folder)) {
		say("  %s: neither in \\ nor in \\EFI\\plinth\n", CONF);
		return EFI_SUCCESS;
	}
	text = take(&r, CONF, &len);
	if (text) {
		config_parse((const char *)text, len, &config, ignore, NULL);
		config_for_each_file(&config, take_named, &r);
	}
	return EFI_SUCCESS;
}
