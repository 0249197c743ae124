// SPDX-License-Identifier: BSD-2-Clause
#include "machine.h"

#include <boot/gop.h>
#include <lib/string.h>

/*
 * UEFI Platform Initialization Specification, volume 2, "MP Services Protocol"; gnu-efi does not
 * have it. Only the first two functions.
 */
// clang-format off
#define MP_SERVICES_GUID { 0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } }
// clang-format on

struct mp_info {
	u64 apic_id;
	u32 status;
	u32 location[3];
	u64 more[8]; /* newer versions write a longer structure */
};

#define MP_STATUS_BSP     BIT(0)
#define MP_STATUS_ENABLED BIT(1)

struct mp_services {
	EFI_STATUS(EFIAPI *count)(struct mp_services *self, UINTN *all, UINTN *enabled);
	EFI_STATUS(EFIAPI *info)(struct mp_services *self, UINTN number, struct mp_info *out);
};

static void find_framebuffer(struct boot_fb *out)
{
	EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop;
	struct gop_mode m;

	if (bs->LocateProtocol(&guid, NULL, (void **)&gop) || !gop->Mode || !gop->Mode->Info)
		return;
	mode = gop->Mode->Info;
	m = (struct gop_mode){
	    .base = gop->Mode->FrameBufferBase,
	    .size = gop->Mode->FrameBufferSize,
	    .width = mode->HorizontalResolution,
	    .height = mode->VerticalResolution,
	    .stride = mode->PixelsPerScanLine,
	    .format = mode->PixelFormat,
	    .red = mode->PixelInformation.RedMask,
	    .green = mode->PixelInformation.GreenMask,
	    .blue = mode->PixelInformation.BlueMask,
	};
	(void)gop_framebuffer(&m, out);
}

/* ACPI 2.0's table if there is one, else 1.0's. */
static hpa_t find_rsdp(void)
{
	static const EFI_GUID guids[] = {ACPI_20_TABLE_GUID, ACPI_TABLE_GUID};

	for (size_t g = 0; g < ARRAY_LEN(guids); g++)
		for (UINTN i = 0; i < firmware->NumberOfTableEntries; i++) {
			const EFI_CONFIGURATION_TABLE *t = &firmware->ConfigurationTable[i];

			if (!memcmp(&t->VendorGuid, &guids[g], sizeof(guids[g])))
				return (hpa_t)t->VendorTable;
		}
	return 0;
}

/* The processors that the firmware has enabled, this one first. */
static void list_processors(struct boot_info *bi)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp;
	UINTN count, enabled;

	if (bs->LocateProtocol(&guid, NULL, (void **)&mp) || mp->count(mp, &count, &enabled))
		return;
	for (UINTN i = 0; i < count; i++) {
		struct mp_info info = {0};
		u32 *slot = &bi->cpu_apic_id[bi->cpu_count];

		if (mp->info(mp, i, &info) || !(info.status & MP_STATUS_ENABLED))
			continue;
		if (bi->cpu_count == BOOT_CPUS_MAX)
			break;
		*slot = info.apic_id;
		if (info.status & MP_STATUS_BSP) {
			*slot = bi->cpu_apic_id[0];
			bi->cpu_apic_id[0] = info.apic_id;
		}
		bi->cpu_count++;
	}
}

void machine_describe(struct boot_info *bi)
{
	find_framebuffer(&bi->fb);
	bi->rsdp = find_rsdp();
	list_processors(bi);
}
