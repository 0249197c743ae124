// SPDX-License-Identifier: BSD-2-Clause
/*
 * What vm/emulate*.c share: an instruction that is being executed for a vCPU, on its own pCPU.
 */
#pragma once

#include <vm/gwalk.h>
#include <vm/insn_exec.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define NO_PAGE 1ull /* no page's address */

/* Where a page of the guest's was found. */
struct page_way {
	gva_t page;
	gpa_t to;
};

struct exec {
	struct insn_ctx ctx;
	struct vcpu *v;
	struct gwalk_env env;
	struct page_way way[2];	     /* found last: to read, to write */
	const struct vm_exit *fault; /* what the CPU knows of its one access; NULL: nothing */
};

static inline struct exec *exec_of(struct insn_ctx *c)
{
	return container_of(c, struct exec, ctx);
}

/* Callbacks of the executor (vm/insn_exec.h). */
enum status emulate_mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val);
enum status emulate_mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val);
enum status emulate_mem_probe(struct insn_ctx *c, gva_t gva, unsigned width);
