// SPDX-License-Identifier: BSD-2-Clause
#include "fake_isolation.h"

#include <lib/assert.h>

u32 fake_isolation_guests, fake_isolation_calls;
u64 fake_isolation_ram;
bool fake_isolation_all;
enum status fake_isolation_answer;

enum status isolation_check(const struct isolation_guest *guest, u32 count, bool all, isolation_report *report,
			    void *ctx)
{
	fake_isolation_calls++;
	fake_isolation_guests = count;
	fake_isolation_all = all;
	fake_isolation_ram = 0;
	for (u32 i = 0; i < count; i++) {
		check(guest[i].name[0] && guest[i].second && guest[i].window && guest[i].lock);
		for (u32 k = 0; k < guest[i].count; k++)
			fake_isolation_ram += guest[i].ram[k].len;
	}
	if (fake_isolation_answer)
		report(ctx, "as the test wants it");
	return fake_isolation_answer;
}
