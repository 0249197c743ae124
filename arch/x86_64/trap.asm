; SPDX-License-Identifier: BSD-2-Clause
; Entries of all 256 vectors: one stub of 8 bytes each, one common tail. The timer has its own, as it ends most slices.
%include "asm-offsets.inc"
bits 64
default rel

extern trap_handle, trap_timer

%macro each_gpr 1			; in the order of struct trap_frame, from its end
	%1 rax
	%1 rbx
	%1 rcx
	%1 rdx
	%1 rsi
	%1 rdi
	%1 rbp
	%1 r8
	%1 r9
	%1 r10
	%1 r11
	%1 r12
	%1 r13
	%1 r14
	%1 r15
%endmacro
%macro each_gpr_reverse 1
	%1 r15
	%1 r14
	%1 r13
	%1 r12
	%1 r11
	%1 r10
	%1 r9
	%1 r8
	%1 rbp
	%1 rdi
	%1 rsi
	%1 rdx
	%1 rcx
	%1 rbx
	%1 rax
%endmacro

section .text

; The CPU pushes an error code for 8, 10 to 14, 17, 21, 29 and 30; the others get a zero. The call's return address then tells the vector.
align 16
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
%if vector = VEC_TIMER
	jmp near trap_timer
	times 3 int3
%else
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17 || vector = 21 || vector = 29 || vector = 30
	xchg ax, ax
%else
	push 0
%endif
	call near trap_common
	int3
%endif
%assign vector vector + 1
%endrep

; Not callable. Interrupts are off. GS base is the pCPU's at all times in the hypervisor: nothing runs in ring 3.
trap_common:
	each_gpr push
	lea rax, [trap_stubs]
	sub [rsp + 15 * 8], rax
	shr qword [rsp + 15 * 8], 3
	cld
	mov rdi, rsp
	mov rbp, rsp
	and rsp, -16			; an IST stack may start unaligned by the missing error code
	call trap_handle
	mov rsp, rbp
	each_gpr_reverse pop
	add rsp, 16
	iretq
