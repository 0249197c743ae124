// SPDX-License-Identifier: BSD-2-Clause
#include "efi_base.h"

#include <lib/assert.h>
#include <lib/fmt.h>
#include <stdarg.h>

#define LINE_MAX 256

EFI_SYSTEM_TABLE *firmware;
EFI_BOOT_SERVICES *bs;
EFI_HANDLE program;

static void print(const char *text)
{
	CHAR16 wide[2 * LINE_MAX + 1];
	size_t n = 0;

	for (; *text && n < ARRAY_LEN(wide) - 2; text++) {
		if (*text == '\n')
			wide[n++] = '\r';
		wide[n++] = (u8)*text;
	}
	wide[n] = 0;
	firmware->ConOut->OutputString(firmware->ConOut, wide);
}

void say(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(line, sizeof(line), fmt, ap);
	va_end(ap);
	print(line);
}

/* The contract of lib/assert.h, for the files that we share with the hypervisor. */
void panic(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(line, sizeof(line), fmt, ap);
	va_end(ap);
	print("\nPlinth: ");
	print(line);
	bs->Exit(program, EFI_ABORTED, 0, NULL);
	for (;;)
		;
}

const char *efi_text(EFI_STATUS st)
{
	static const struct {
		EFI_STATUS st;
		const char *text;
	} row[] = {
	    {EFI_SUCCESS, "ok"},
	    {EFI_NOT_FOUND, "not found"},
	    {EFI_OUT_OF_RESOURCES, "out of memory"},
	    {EFI_DEVICE_ERROR, "device error"},
	    {EFI_NO_MEDIA, "no medium"},
	    {EFI_MEDIA_CHANGED, "medium changed"},
	    {EFI_VOLUME_CORRUPTED, "volume corrupted"},
	    {EFI_UNSUPPORTED, "unsupported"},
	    {EFI_INVALID_PARAMETER, "invalid parameter"},
	    {EFI_ACCESS_DENIED, "access denied"},
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (row[i].st == st)
			return row[i].text;
	return "firmware error";
}

void *pages_alloc(u64 len, hpa_t limit)
{
	EFI_PHYSICAL_ADDRESS at = limit;

	if (bs->AllocatePages(AllocateMaxAddress, EfiLoaderData,
			      align_up(len, PAGE_SIZE) >> PAGE_SHIFT, &at))
		return NULL;
	return (void *)at;
}
