; SPDX-License-Identifier: BSD-2-Clause
; Entries of all 256 vectors: one stub of 16 bytes each, one common tail.
bits 64
default rel

extern trap_handle

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

; The CPU pushes an error code for 8, 10 to 14, 17, 21, 29 and 30; the others get a zero.
align 16
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
	align 16
%if !(vector = 8 || (vector >= 10 && vector <= 14) || vector = 17 || vector = 21 || vector = 29 || vector = 30)
	push 0
%endif
	push strict dword vector
	jmp near trap_common
%assign vector vector + 1
%endrep

; Not callable. Interrupts are off. GS base is the pCPU's at all times in the hypervisor: nothing runs in ring 3.
trap_common:
	each_gpr push
	cld
	mov rdi, rsp
	mov rbp, rsp
	and rsp, -16			; an IST stack may start unaligned by the missing error code
	call trap_handle
	mov rsp, rbp
	each_gpr_reverse pop
	add rsp, 16
	iretq
