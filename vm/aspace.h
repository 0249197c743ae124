// SPDX-License-Identifier: BSD-2-Clause
/*
 * A VM's second-stage address space: guest-physical to host-physical. RAM is mapped when the VM is made; holes fault and are served
 * as MMIO. Changes while vCPUs run raise the generation: each vCPU flushes before its next entry, and the tables
 * that the change retired are freed only when all have.
 */
#pragma once

#include <core/service/mem.h>
#include <ept/pt.h>
#include <lib/lock.h>
#include <lib/status.h>
#include <stdatomic.h>
#include <vm/gmem.h>

struct vm;
struct vcpu;
struct pt_format;

struct aspace {
	struct pt pt;		   /* [lock] */
	struct spinlock lock;
	struct pt_retired retired; /* [lock] tables to free when all vCPUs have flushed */
	atomic_ullong generation;  /* [a] release by the changer, acquire before entry */
	struct ram_piece *frames;  /* [b] what RAM consists of, sorted */
	u32 frame_count;
};

/*
 * Takes RAM for the regions of vm->gmem from the guest memory, maps it in the largest leaves that alignment allows, and into the VM's window.
 * E_NOMEM: nothing is left behind.
 */
enum status must_check aspace_init(struct vm *vm, const struct pt_format *fmt);
/* No vCPU will run again. RAM must have been scrubbed (aspace_scrub_some). */
void aspace_fini(struct vm *vm);
/* Zeroes the next `len` bytes of RAM, from *done on, which counts them; on the VM's window. True: that was all. */
bool must_check aspace_scrub_some(struct vm *vm, u64 *done, u64 len);
/* Removes a range that is not RAM any more. Asks every vCPU to flush. */
enum status must_check aspace_unmap(struct vm *vm, gpa_t gpa, u64 len);
/* Before each entry: flushes `v` if the space changed; frees retired tables once all vCPUs have flushed. */
void aspace_catch_up(struct vcpu *v);
