// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "fake_mem.h"

#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/range.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCKS_MAX 8192
#define RAM_PAGES  (FAKE_RAM_SIZE / PAGE_SIZE)

static struct block {
	u8 *at;
	u64 len;
} block[BLOCKS_MAX];

static u8 ram_taken[RAM_PAGES]; /* 1: in use, 2: a hole */
static int ram_file = -1;
static u8 *ram;

unsigned fake_mem_blocks, fake_mem_count, fake_mem_fail_at;
u64 fake_ram_used;
bool fake_mem_fail_on, fake_ram_watch = true;

static bool refuse(void)
{
	fake_mem_count++;
	if (!fake_mem_fail_at)
		return false;
	if (--fake_mem_fail_at)
		return false;
	fake_mem_fail_at = fake_mem_fail_on;
	return true;
}

/* --- The pool -------------------------------------------------------------------------- */

void *mem_alloc(u64 len)
{
	u8 *p;

	len = align_up(len, PAGE_SIZE);
	if (refuse())
		return NULL;
	check(fake_mem_blocks < BLOCKS_MAX);
	p = aligned_alloc(PAGE_SIZE, len);
	check(p);
	memset(p, 0, len);
	block[fake_mem_blocks++] = (struct block){ p, len };
	return p;
}

void mem_free(void *p, u64 len)
{
	unsigned i;

	if (!p)
		return;
	/* The newest first: most are freed in the opposite order. */
	for (i = fake_mem_blocks; i && block[i - 1].at != p; i--)
		;
	check(i);
	check(block[i - 1].len == align_up(len, PAGE_SIZE));
	memset(p, 0xdd, len);
	free(p);
	block[i - 1] = block[--fake_mem_blocks];
}

hpa_t mem_hpa(const void *p)
{
	return (hpa_t)p;
}

void *mem_ptr(hpa_t hpa)
{
	return (void *)hpa;
}

u64 mem_used(void)
{
	u64 sum = 0;

	for (unsigned i = 0; i < fake_mem_blocks; i++)
		sum += block[i].len;
	return sum;
}

u64 mem_total(void)
{
	return GIB;
}

/* --- Guest RAM ------------------------------------------------------------------------- */

static void open_ram(void)
{
	if (ram)
		return;
	ram_file = memfd_create("guest-ram", 0);
	check(ram_file >= 0 && !ftruncate(ram_file, (off_t)FAKE_RAM_SIZE));
	ram = mmap(NULL, FAKE_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ram_file, 0);
	check(ram != MAP_FAILED);
}

/* The first page from `page` on that is in use, but not after `end`. */
static u64 next_taken(u64 page, u64 end)
{
	const u8 *used = memchr(ram_taken + page, 1, end - page);
	const u8 *hole = memchr(ram_taken + page, 2, (used ? used - ram_taken : end) - page);

	return hole ? hole - ram_taken : used ? used - ram_taken : end;
}

/* The first place for `pages`, or RAM_PAGES. */
static u64 find_place(u64 pages, u64 align)
{
	for (u64 page = 0; page + pages <= RAM_PAGES;) {
		u64 taken = next_taken(page, page + pages);
		const u8 *next;

		if (taken == page + pages)
			return page;
		next = memchr(ram_taken + taken, 0, RAM_PAGES - taken);
		if (!next)
			break;
		page = align_up(next - ram_taken, align / PAGE_SIZE);
	}
	return RAM_PAGES;
}

enum status ram_alloc(u64 len, u64 align, hpa_t *out)
{
	u64 pages = len / PAGE_SIZE, page;

	open_ram();
	check(len && is_aligned(len, PAGE_SIZE) && align >= PAGE_SIZE && align <= GIB);
	if (refuse())
		return E_NOMEM;
	page = find_place(pages, align);
	if (page == RAM_PAGES)
		return E_NOMEM;
	memset(ram_taken + page, 1, pages);
	if (fake_ram_watch)
		memset(ram + page * PAGE_SIZE, FAKE_RAM_DIRT, len);
	fake_ram_used += len;
	*out = FAKE_RAM_BASE + page * PAGE_SIZE;
	return OK;
}

static bool all_bytes(const u8 *p, u64 len, u8 byte)
{
	return p[0] == byte && !memcmp(p, p + 1, len - 1);
}

void ram_free(hpa_t hpa, u64 len)
{
	u64 page = (hpa - FAKE_RAM_BASE) / PAGE_SIZE;
	const u8 *p = fake_ram_ptr(hpa);

	check(range_inside(hpa, len, FAKE_RAM_BASE, FAKE_RAM_SIZE) && is_aligned(hpa, PAGE_SIZE));
	check(all_bytes(ram_taken + page, len / PAGE_SIZE, 1));
	if (fake_ram_watch)
		check(all_bytes(p, len, 0) || all_bytes(p, len, FAKE_RAM_DIRT));
	memset(ram_taken + page, 0, len / PAGE_SIZE);
	fake_ram_used -= len;
	check(!fallocate(ram_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)(hpa - FAKE_RAM_BASE), (off_t)len));
}

hpa_t fake_ram_uncached;

bool ram_write_back(hpa_t hpa, u64 *len)
{
	bool here = fake_ram_uncached && hpa == fake_ram_uncached;

	if (here)
		*len = PAGE_SIZE;
	else if (hpa < fake_ram_uncached && fake_ram_uncached - hpa < *len)
		*len = fake_ram_uncached - hpa;
	return !here;
}

u64 ram_free_bytes(void)
{
	return FAKE_RAM_SIZE - fake_ram_used;
}

void fake_ram_hole(hpa_t hpa, u64 len)
{
	memset(ram_taken + (hpa - FAKE_RAM_BASE) / PAGE_SIZE, 2, len / PAGE_SIZE);
}

u8 *fake_ram_ptr(hpa_t hpa)
{
	open_ram();
	return ram + (hpa - FAKE_RAM_BASE);
}

void fake_ram_map(void *at, hpa_t hpa, u64 len)
{
	check(mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_file,
		   (off_t)(hpa - FAKE_RAM_BASE)) == at);
}

void fake_mem_reset(void)
{
	check(!fake_mem_blocks && !fake_ram_used);
	memset(ram_taken, 0, sizeof(ram_taken));
	fake_mem_count = fake_mem_fail_at = 0;
	fake_mem_fail_on = false;
	fake_ram_watch = true;
}
