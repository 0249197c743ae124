// SPDX-License-Identifier: BSD-2-Clause
#include <arch/x86_64/smp.h>

#include <arch/x86_64/lapic.h>
#include <lib/assert.h>
#include <lib/string.h>

extern const u8 ap_start[], ap_start_end[];

void smp_prepare(void *page)
{
	size_t len = (size_t)(ap_start_end - ap_start);

	check(len <= AP_PARAMS_OFFSET);
	memcpy(page, ap_start, len);
}

void smp_start(void *page, hpa_t page_hpa, u32 apic_id, const struct ap_params *p)
{
	memcpy((u8 *)page + AP_PARAMS_OFFSET, p, sizeof(*p));
	lapic_send_sipi(apic_id, (u8)(page_hpa >> PAGE_SHIFT));
}
