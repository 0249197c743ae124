; SPDX-License-Identifier: BSD-2-Clause
; The world switch. RAX and RSP of the guest are in the VMCB; the other registers are switched here.
%include "asm-offsets.inc"
bits 64
default rel
section .text

; Applies %1 (load or store) to each register but RAX, RSP and RDI.
%macro each_gpr 1
	%1 rcx, GPR_R_RCX
	%1 rdx, GPR_R_RDX
	%1 rbx, GPR_R_RBX
	%1 rbp, GPR_R_RBP
	%1 rsi, GPR_R_RSI
	%1 r8, GPR_R_R8
	%1 r9, GPR_R_R9
	%1 r10, GPR_R_R10
	%1 r11, GPR_R_R11
	%1 r12, GPR_R_R12
	%1 r13, GPR_R_R13
	%1 r14, GPR_R_R14
	%1 r15, GPR_R_R15
%endmacro
%macro load 2
	mov %1, [rdi + %2]
%endmacro
%macro store 2
	mov [rax + %2], %1
%endmacro

; void svm_enter(struct gpr *regs, hpa_t vmcb, hpa_t host_vmcb);
; Interrupts are off before and after. GIF is 0 from CLGI to STGI, so nothing of ours runs with the guest's GS base; physical interrupts
; and NMIs end the guest (RFLAGS.IF is 1 at VMRUN for that) and are taken after STGI.
global svm_enter
svm_enter:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	push rdi
	push rdx
	mov rax, rsi
	clgi
	sti
	vmload				; at RAX
	each_gpr load
	load rdi, GPR_R_RDI
	vmrun
	vmsave
	mov rax, [rsp + 8]		; the guest's RAX is in the VMCB already
	each_gpr store
	store rdi, GPR_R_RDI
	pop rax
	vmload				; at RAX
	cli
	stgi
	; Nothing of the guest stays in registers that C may use for speculation.
	xor ecx, ecx
	xor edx, edx
	xor esi, esi
	xor r8d, r8d
	xor r9d, r9d
	xor r10d, r10d
	xor r11d, r11d
	pop rdi
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret
