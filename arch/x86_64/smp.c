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

/* Intel SDM vol. 3, "Typical BSP Initialization Sequence": INIT, 10 ms, SIPI, 200 us, SIPI. */
void smp_start(void *page, hpa_t page_hpa, u32 apic_id, const struct ap_params *p, void (*wait)(u64 ns))
{
	u8 number = (u8)(page_hpa >> PAGE_SHIFT);

	memcpy((u8 *)page + AP_PARAMS_OFFSET, p, sizeof(*p));
	lapic_send_init(apic_id);
	wait(10 * NS_PER_MS);
	lapic_send_sipi(apic_id, number);
	wait(200 * NS_PER_US);
	lapic_send_sipi(apic_id, number);
}
