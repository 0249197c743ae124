// SPDX-License-Identifier: BSD-2-Clause
#include "fake_tables.h"

#include <lib/assert.h>
#include <lib/string.h>

static u64 data[FAKE_TABLES][PT_ENTRIES];
static bool used[FAKE_TABLES];
static unsigned next;

unsigned fake_tables_used, fake_tables_budget = FAKE_TABLES, fake_tables_stores;
void (*fake_tables_on_store)(void);

void fake_tables_reset(void)
{
	memset(used, 0, sizeof(used));
	next = fake_tables_used = fake_tables_stores = 0;
	fake_tables_budget = FAKE_TABLES;
	fake_tables_on_store = NULL;
}

/* Goes round, so that a freed frame is not used again at once. */
static enum status alloc(void *ctx, hpa_t *out)
{
	if (!fake_tables_budget)
		return E_NOMEM;
	fake_tables_budget--;
	while (used[next])
		next = (next + 1) % FAKE_TABLES;
	used[next] = true;
	fake_tables_used++;
	memset(data[next], 0, PAGE_SIZE);
	*out = FAKE_TABLES_BASE + next * PAGE_SIZE;
	next = (next + 1) % FAKE_TABLES;
	return OK;
}

static u64 index_of(hpa_t table)
{
	u64 i = (table - FAKE_TABLES_BASE) / PAGE_SIZE;

	check(table >= FAKE_TABLES_BASE && i < FAKE_TABLES && !(table % PAGE_SIZE));
	check(used[i]);
	return i;
}

u64 *fake_tables_ptr(hpa_t table)
{
	return data[index_of(table)];
}

static u64 *ptr(void *ctx, hpa_t table)
{
	return fake_tables_ptr(table);
}

static void put(void *ctx, hpa_t table)
{
	u64 i = index_of(table);

	memset(data[i], 0xa5, PAGE_SIZE);
	used[i] = false;
	fake_tables_used--;
	fake_tables_budget++;
}

static void stored(void *ctx)
{
	fake_tables_stores++;
	if (fake_tables_on_store)
		fake_tables_on_store();
}

void fake_tables_each(void (*fn)(u64 entry))
{
	for (unsigned i = 0; i < FAKE_TABLES; i++)
		for (unsigned k = 0; used[i] && k < PT_ENTRIES; k++)
			fn(data[i][k]);
}

const struct pt_mem fake_tables = {
    .alloc = alloc,
    .free = put,
    .ptr = ptr,
    .stored = stored,
};
