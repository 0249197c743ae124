// SPDX-License-Identifier: BSD-2-Clause
#include <vm/gmem.h>

#include <lib/range.h>
#include <lib/string.h>

void *gmem_ptr(const struct gmem *g, gpa_t gpa, u64 len)
{
	for (u32 i = 0; i < g->count; i++)
		if (range_inside(gpa, len, g->ram[i].base, g->ram[i].len))
			return g->window + gpa;
	return NULL;
}

enum status gmem_read(const struct gmem *g, gpa_t gpa, void *buf, u64 len)
{
	const void *src = gmem_ptr(g, gpa, len);

	if (!src)
		return E_RANGE;
	memcpy(buf, src, len);
	return OK;
}

enum status gmem_write(const struct gmem *g, gpa_t gpa, const void *buf, u64 len)
{
	void *dst = gmem_ptr(g, gpa, len);

	if (!dst)
		return E_RANGE;
	memcpy(dst, buf, len);
	return OK;
}

enum status gmem_zero(const struct gmem *g, gpa_t gpa, u64 len)
{
	void *dst = gmem_ptr(g, gpa, len);

	if (!dst)
		return E_RANGE;
	zero_words(dst, len);
	memset((u8 *)dst + len / 8 * 8, 0, len % 8);
	return OK;
}

u64 gmem_size(const struct gmem *g)
{
	u64 sum = 0;

	for (u32 i = 0; i < g->count; i++)
		sum += g->ram[i].len;
	return sum;
}
