; SPDX-License-Identifier: BSD-2-Clause
; A multiboot 1 kernel as test suites for QEMU's PC are built: this header, 32 bits. KLUDGE: with
; load addresses, for a file that is not ELF.

extern image_start, data_end, bss_end, suite
global start

%ifdef KLUDGE
FLAGS	equ 1 << 16
%else
FLAGS	equ 0
%endif
MAGIC	equ 0x1badb002

section .header
header:
	dd MAGIC, FLAGS, -(MAGIC + FLAGS)
	dd header, image_start, data_end, bss_end, start

section .text
bits 32
; Multiboot specification, "Machine state": EAX magic, EBX information, no stack.
start:
	mov esp, stack_top
	push ebx
	push eax
	call suite
.halt:
	cli
	hlt
	jmp .halt

section .bss nobits
	align 16
	resb 8192
stack_top:
