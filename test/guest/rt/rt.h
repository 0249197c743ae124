// SPDX-License-Identifier: BSD-2-Clause
/*
 * The runtime of the tiny guests (test/guest, guests/demo): PVH kernels that run under Plinth and
 * bare under QEMU's -kernel alike (or started by GRUB, by multiboot2). A guest is one function main(); it starts on processor 0 in long
 * mode, memory below 4 GiB mapped one to one, interrupts off, exceptions printed, both 8259 masked.
 * Uses lib/ and nothing else of Plinth.
 */
#pragma once

#include <lib/bits.h>
#include <lib/types.h>

/* Xen, "x86/HVM direct boot ABI" and public/arch-x86/hvm/start_info.h. */
#define HVM_START_MAGIC 0x336ec578u

struct hvm_start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 module_count;
	u64 modules; /* struct hvm_module[] */
	u64 cmdline; /* zero-terminated text */
	u64 rsdp;
	u64 memmap; /* struct hvm_memory[]; from version 1 on */
	u32 memmap_count;
	u32 reserved;
};
static_assert(offsetof(struct hvm_start_info, memmap_count) == 48, "start_info.h");

struct hvm_module {
	u64 addr, size;
	u64 cmdline;
	u64 reserved;
};

struct hvm_memory {
	u64 addr, size;
	u32 type; /* as e820: 1 RAM */
	u32 reserved;
};

/* The guest. `si` and all it points to but the modules' contents are copies inside the guest's
 * image. */
void main(const struct hvm_start_info *si);

/* To COM1, from any processor; a line appears whole. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Words of the command line: is `word` there; the number after `key` (as "ticks="), else `none`;
 * the text after it. */
bool cmdline_has(const struct hvm_start_info *si, const char *word);
u64 cmdline_number(const struct hvm_start_info *si, const char *key, u64 none);
bool cmdline_text(const struct hvm_start_info *si, const char *key, char *buf, size_t size);

/* Sum of the RAM in the memory map, bytes. */
u64 memory_size(const struct hvm_start_info *si);
/* The 12 characters of CPUID 4000_0000h or 4000_0100h as text. */
void hypervisor_signature(u32 leaf, char sig[13]);
/* Is this Plinth, or something else with KVM's leaves at 4000_0100h behind its own? Bare QEMU is
 * not. */
bool under_plinth(void);

_Noreturn void power_off(void); /* ACPI S5 */
_Noreturn void reset(void);     /* port CF9h */
_Noreturn void triple_fault(void);
_Noreturn void sleep_forever(void); /* HLT with interrupts off */

/* ns since the start by the ACPI PM timer; ask at least once in 2 s, from one processor. */
u64 clock_ns(void);
void delay_us(u64 us);
/* Raw ticks of the PM timer (3.579545 MHz) and its width as a mask. */
u32 pm_ticks(void);
u16 pm_port(void);
u32 pm_mask(void);
