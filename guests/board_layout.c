// SPDX-License-Identifier: BSD-2-Clause
#include "board_layout.h"

#include <lib/bits.h>

void gmem_layout(u64 bytes, struct gmem_region *out, u32 *count)
{
	u64 low = min_u64(bytes, LAYOUT_RAM_MAX);

	out[0] = (struct gmem_region){0, low};
	out[1] = (struct gmem_region){LAYOUT_RAM_HIGH, bytes - low};
	*count = bytes > low ? 2 : 1;
}

static void add(struct memory_map *map, gpa_t base, gpa_t end, u32 type)
{
	if (base < end)
		map->range[map->count++] = (struct memory_range){base, end - base, type};
}

void memory_map_build(const struct gmem *g, struct memory_map *map)
{
	u32 i = 0;

	map->count = 0;
	/* RAM below the ROM area, the area, RAM below MMCONFIG, MMCONFIG, the rest: in this order
	 * they are sorted. */
	for (i = 0; i < g->count; i++)
		add(map, g->ram[i].base, min_u64(g->ram[i].base + g->ram[i].len, LAYOUT_ROM_BASE),
		    MEMORY_RAM);
	add(map, LAYOUT_ROM_BASE, LAYOUT_ROM_END, MEMORY_RESERVED);
	for (i = 0; i < g->count && g->ram[i].base < LAYOUT_MMCONFIG_BASE; i++)
		add(map, max_u64(g->ram[i].base, LAYOUT_ROM_END), g->ram[i].base + g->ram[i].len,
		    MEMORY_RAM);
	add(map, LAYOUT_MMCONFIG_BASE, LAYOUT_MMCONFIG_BASE + LAYOUT_MMCONFIG_LEN, MEMORY_RESERVED);
	for (; i < g->count; i++)
		add(map, g->ram[i].base, g->ram[i].base + g->ram[i].len, MEMORY_RAM);
}

u32 guest_e820_build(const struct gmem *g, struct guest_e820 *e)
{
	struct memory_map map;

	memory_map_build(g, &map);
	for (u32 i = 0; i < map.count; i++)
		e->entry[i] = (struct guest_e820_entry){map.range[i].base, map.range[i].len,
							map.range[i].type};
	return (u32)(map.count * sizeof(e->entry[0]));
}
