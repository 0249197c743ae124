; SPDX-License-Identifier: BSD-2-Clause
; The way of an application processor from its start-up IPI to 64-bit code, copied to a page below 1 MiB.
; Position independent: real mode starts at CS = page >> 4, IP = 0.
%include "asm-offsets.inc"

section .rodata
global ap_start
global ap_start_end

bits 16
ap_start:
	cli
	cld
	mov ax, cs
	mov ds, ax
	xor ebx, ebx
	mov bx, ax
	shl ebx, 4			; ebx: linear address of this page
	lea eax, [ebx + gdt - ap_start]
	mov [gdt_reg - ap_start + 2], eax
	lea eax, [ebx + in_protected - ap_start]
	mov [far32 - ap_start], eax
	lea eax, [ebx + in_long - ap_start]
	mov [far64 - ap_start], eax
	o32 lgdt [gdt_reg - ap_start]
	mov eax, cr0
	and eax, 0x9fffffff		; CD and NW are set after INIT
	or al, 1
	mov cr0, eax
	jmp dword far [far32 - ap_start]

bits 32
in_protected:
	mov ax, 0x18
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov eax, 0x20			; PAE
	mov cr4, eax
	mov eax, [ebx + AP_PARAMS_OFFSET + AP_CR3]
	mov cr3, eax
	mov ecx, 0xc0000080		; EFER
	rdmsr
	or eax, 0x100			; LME
	or eax, [ebx + AP_PARAMS_OFFSET + AP_EFER_NXE]
	wrmsr
	mov eax, cr0
	or eax, 0x80010000		; PG, WP
	mov cr0, eax
	jmp far [ebx + far64 - ap_start]

bits 64
in_long:
	mov rsp, [rbx + AP_PARAMS_OFFSET + AP_STACK]
	mov rdi, [rbx + AP_PARAMS_OFFSET + AP_ARG]
	mov rax, [rbx + AP_PARAMS_OFFSET + AP_ENTRY]
	xor ebp, ebp
	call rax
	ud2

align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff		; 08h: 32-bit code
	dq 0x00af9b000000ffff		; 10h: 64-bit code
	dq 0x00cf93000000ffff		; 18h: data
gdt_reg:
	dw 31
	dd 0
far32:	dd 0
	dw 0x08
far64:	dd 0
	dw 0x10
ap_start_end:
