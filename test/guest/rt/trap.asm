; SPDX-License-Identifier: BSD-2-Clause
; 256 interrupt stubs that lead to C, and the way to CPL 3 and back.

%include "layout.inc"

extern trap, user_stack

section .text
bits 64

; In the order of struct trap_frame, which ends with vector, error code and what the CPU pushed.
%macro EACH_REG 1
	%1	r15
	%1	r14
	%1	r13
	%1	r12
	%1	r11
	%1	r10
	%1	r9
	%1	r8
	%1	rdi
	%1	rsi
	%1	rbp
	%1	rdx
	%1	rcx
	%1	rbx
	%1	rax
%endmacro
%macro PUT 1
	mov	[rsp + REG_AT], %1
%assign REG_AT REG_AT + 8
%endmacro
%macro GET 1
	mov	%1, [rsp + REG_AT]
%assign REG_AT REG_AT + 8
%endmacro

; One stub each 16 bytes. The CPU pushes an error code for vectors 8, 10 to 14, 17, 21, 29 and 30.
align 16
global trap_stubs
trap_stubs:
%assign V 0
%rep 256
align 16
%if !(V == 8 || (V >= 10 && V <= 14) || V == 17 || V == 21 || V == 29 || V == 30)
	push	byte 0
%endif
	push	dword V
	jmp	near enter_c
%assign V V + 1
%endrep

enter_c:
	cld
	sub	rsp, 15 * 8
%assign REG_AT 0
	EACH_REG PUT
	mov	rdi, rsp
	mov	rbp, rsp
	and	rsp, -16
	call	trap
	mov	rsp, rbp
%assign REG_AT 0
	EACH_REG GET
	add	rsp, 15 * 8 + 16	; and vector, error code
	iretq

; void user_enter(void (*fn)(void)): runs fn at CPL 3 until it faults; trap() then leads to user_leave,
; which returns to the caller. Interrupts are off at CPL 3. Clobbers what a call may.
global user_enter, user_leave, user_rsp
user_enter:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[user_rsp], rsp
	push	qword SEL_USER_DATA
	push	qword user_stack + USER_STACK
	push	qword 2
	push	qword SEL_USER_CODE
	push	rdi
	iretq
user_leave:
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

section .bss
alignb 8
user_rsp: resq	1
