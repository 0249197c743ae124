// SPDX-License-Identifier: BSD-2-Clause
/*
 * One instruction through insn_decode(), compared with what the disassembler library Zydis makes of
 * the same bytes, then through insn_exec() on a small machine with the properties checked that hold
 * for every instruction. For the target insn.c and for insn_random.c.
 */
#pragma once

#include <vm/insn.h>

/* 16 bytes, of which an instruction is the beginning; `mode` 16, 32 or 64. Answers what
 * insn_decode() does; aborts if the two disagree and no rule of insn_zydis.c explains it. */
enum status insn_check_decode(const u8 bytes[16], unsigned mode, struct insn *out);
/* Executes it on registers and memory made of `seed`. */
void insn_check_exec(const struct insn *in, u64 seed);
