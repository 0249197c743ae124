// SPDX-License-Identifier: BSD-2-Clause
/*
 * The glue between a vCPU and the pure instruction code: fetches the instruction at RIP through the guest's page tables, decodes it,
 * executes it against guest RAM, buses and LAPIC page. On the vCPU's own pCPU.
 */
#pragma once

#include <vm/exit.h>
#include <vm/insn.h>

struct vcpu;

/* The instruction at RIP. False: an exception was injected, or the guest has to try again; resume it. */
bool must_check emulate_decode(struct vcpu *v, struct insn *out);
/* The same from bytes that the CPU supplied with the exit, if they suffice. */
bool must_check emulate_decode_bytes(struct vcpu *v, const u8 *bytes, u8 count, struct insn *out);
/* Only the length of the instruction at RIP; 0 for false. */
u8 must_check emulate_length(struct vcpu *v);
/* Up to INSN_MAX_LEN bytes at RIP, as far as they can be read; nothing happens to the guest but accessed bits. */
size_t emulate_peek(struct vcpu *v, u8 bytes[INSN_MAX_LEN]);
/* Value of a register or memory operand of up to 2 bytes (LMSW). False as above. */
bool must_check emulate_operand(struct vcpu *v, const struct insn *insn, const struct insn_operand *op, u64 *val);
/* Executes the instruction. It moves RIP itself. `fault`: the second-stage fault by which it exited, or NULL. */
enum exit_action emulate_execute(struct vcpu *v, const struct insn *insn, const struct vm_exit *fault);
/*
 * Reads or writes `len` bytes of RAM at a linear address as the CPU itself does for descriptor tables and task segments. False: the
 * fault was injected; bytes before it may have been written.
 */
bool must_check emulate_system(struct vcpu *v, gva_t gva, void *buf, size_t len, bool write);
/* A guest-physical access of an instruction: RAM, LAPIC page or MMIO bus. All of [gpa, gpa+width) is in one page. */
u64 emulate_read_phys(struct vcpu *v, gpa_t gpa, unsigned width);
void emulate_write_phys(struct vcpu *v, gpa_t gpa, unsigned width, u64 val);
