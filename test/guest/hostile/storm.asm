; SPDX-License-Identifier: BSD-2-Clause
; What a start-up IPI may start: #AC that is raised again at its own delivery, for ever (CVE-2015-5307). The code
; runs at CPL 3, the gate of #AC leads to CPL 3 too, so the stack stays the same one, which is not aligned. In
; 32-bit mode: long mode would align it.

%include "layout.inc"

PLACE		equ 0x9000	; interrupts.c copies it there
SEL_USER_CODE32	equ 0x1b
SEL_USER_DATA32	equ 0x23
CR0_AM		equ 1 << 18
FLAGS_AC	equ 1 << 18
VEC_AC		equ 17

%define at(label) (PLACE + label - align_storm)

section .rodata
align 16
global align_storm, align_storm_end
bits 16
align_storm:
	cli
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [.gdt_ptr - align_storm]
	o32 lidt [.idt_ptr - align_storm]
	mov	eax, CR0_ET | CR0_PE | CR0_AM
	mov	cr0, eax
	jmp	dword SEL_CODE32:at(.flat)
bits 32
.flat:	mov	eax, SEL_DATA
	mov	ss, eax
	mov	esp, PLACE + 0xf00
	mov	eax, SEL_USER_DATA32
	mov	ds, eax
	mov	es, eax
	push	eax
	push	PLACE + 0xe01
	push	FLAGS_AC | 2
	push	SEL_USER_CODE32
	push	at(.user)
	iretd
.user:	mov	eax, [PLACE + 0x801]
	jmp	.user

align 8
.gdt:	dq	0
	dq	0x00cf9b000000ffff	; 08 code
	dq	0x00cf93000000ffff	; 10 data
	dq	0x00cffb000000ffff	; 18 code, CPL 3
	dq	0x00cff3000000ffff	; 20 data, CPL 3
.idt:	times VEC_AC dq 0
	dw	at(.user), SEL_USER_CODE32, 0x8e00, 0
.gdt_ptr:
	dw	.idt - .gdt - 1
	dd	at(.gdt)
.idt_ptr:
	dw	.gdt_ptr - .idt - 1
	dd	at(.idt)
align_storm_end:
