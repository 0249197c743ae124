; SPDX-License-Identifier: BSD-2-Clause
; The world switch. RSP, RIP and RFLAGS of the guest are in the VMCS; the other registers are switched here. Nothing asks whether the
; VMREADs and the VMWRITE of RIP worked: the entry before them, or behind, tells of a VMCS that is not current.
%include "asm-offsets.inc"
bits 64
default rel
section .text

; Applies %1 (load or store) to each register but RSP and RDI, the base.
%macro each_gpr 1
	%1 rax, GPR_R_RAX
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
	mov [rdi + %2], %1
%endmacro

; u32 vmx_enter(struct gpr *regs, bool launched, u64 *host_rsp);
; Interrupts are off before and after: they end the guest (external-interrupt exiting) and stay pending. An NMI in here
; is the hypervisor's own. An exit restores all but the general registers and comes out at vmx_exit. RIP goes in from regs; RIP, RSP
; and RFLAGS come out there. The answer is the exit reason, or what VMX_FAIL() says.
global vmx_enter
vmx_enter:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	push rdi
	cmp rsp, [rdx]
	je .stack_known
	mov [rdx], rsp
	mov eax, VMCS_HOST_RSP
	vmwrite rax, rsp
.stack_known:
	mov eax, VMCS_GUEST_RIP
	vmwrite rax, [rdi + GPR_RIP_AT]
	test sil, sil			; MOV leaves the flag alone
	each_gpr load
	load rdi, GPR_R_RDI
	jz .launch
	vmresume
	jmp .failed
.launch:
	vmlaunch
.failed:				; not entered: CF or ZF says how
	mov eax, ~0			; VMX_FAIL_INVALID
	jc .out
	dec eax				; VMX_FAIL_VALID
.out:
	add rsp, 8
	jmp leave_guest

; Where the VMCS' host RIP points; RSP is as at VMLAUNCH.
global vmx_exit
vmx_exit:
	push rdi
	mov rdi, [rsp + 8]
	each_gpr store
	pop qword [rdi + GPR_R_RDI]
	add rsp, 8
	mov eax, VMCS_GUEST_RIP
	vmread [rdi + GPR_RIP_AT], rax
	mov eax, VMCS_GUEST_RSP
	vmread [rdi + GPR_R_RSP], rax
	mov eax, VMCS_GUEST_RFLAGS
	vmread [rdi + GPR_RFLAGS_AT], rax
	mov eax, VMCS_EXIT_REASON
	vmread rax, rax
leave_guest:
	; Nothing of the guest stays in registers that C may use for speculation.
	xor ecx, ecx
	xor edx, edx
	xor esi, esi
	xor edi, edi
	xor r8d, r8d
	xor r9d, r9d
	xor r10d, r10d
	xor r11d, r11d
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret
