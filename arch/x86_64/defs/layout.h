// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where things are in the hypervisor's own address space. Constants only: safe on the host. linker.ld repeats
 * IMAGE_BASE.
 *
 *   PML4 slot   what
 *   128..159    the window: RAM of the VM that this pCPU works for, different in every window's table
 *   256..509    linear alias of exactly those physical ranges that hostmap_add() was told of      \
 *   510         stacks of the pCPUs, each between guard pages                                       > shared
 *   511         the image                                                                         /
 */
#pragma once

#include <lib/types.h>

#define LAYOUT_SLOT (512 * GIB) /* what an entry of the PML4 covers */

#define WINDOW_BASE 0x0000400000000000ull /* the byte at gpa is at WINDOW_BASE + gpa */
#define WINDOW_SIZE (32 * LAYOUT_SLOT)	  /* 16 TiB */

#define HOSTMAP_SHARED	    256 /* the first shared slot */
#define HOSTMAP_DIRECT	    0xffff800000000000ull /* the byte at hpa is at HOSTMAP_DIRECT + hpa */
#define HOSTMAP_DIRECT_SIZE (254 * LAYOUT_SLOT)	  /* 127 TiB */
#define HOSTMAP_STACKS	    0xffffff0000000000ull
#define HOSTMAP_STACKS_SIZE LAYOUT_SLOT
#define IMAGE_BASE	    0xffffffff80000000ull

/*
 * A pCPU's stacks. Offsets in its slot, lowest page first; what is not named is a guard:
 *   guard, main 16 KiB, guard, NMI 8 KiB, guard, #DF 8 KiB, guard, #MC 8 KiB, guard to the end
 */
#define STACK_SLOT	(128 * KIB)
#define STACK_MAIN_SIZE (16 * KIB)
#define STACK_IST_SIZE	(8 * KIB)

static_assert(HOSTMAP_DIRECT + HOSTMAP_DIRECT_SIZE == HOSTMAP_STACKS, "slots");
static_assert(HOSTMAP_STACKS + HOSTMAP_STACKS_SIZE == 0xffffff8000000000ull, "slots");
