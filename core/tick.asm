; SPDX-License-Identifier: BSD-2-Clause
; The interrupt of this pCPU's timer. It ends most slices and begins what most guests wait for, so it is not C's.
%include "asm-offsets.inc"
bits 64
default rel
section .text

extern lapic_page

; Where trap_stubs lead; not callable. Interrupts are off, GS base is the pCPU's. Changes nothing but p->armed and p->ticks, which only
; this pCPU writes, and ends the interrupt: whoever was interrupted looks at the timers.
global trap_timer
trap_timer:
	mov qword [gs:PCPU_ARMED], -1	; TIME_NEVER
	inc qword [gs:PCPU_TICKS]
	push rax
	mov rax, [lapic_page]
	test rax, rax
	jz .x2apic
	mov dword [rax + LAPIC_EOI], 0
	pop rax
	iretq
.x2apic:
	push rcx
	push rdx
	mov ecx, MSR_X2APIC_EOI
	xor eax, eax
	xor edx, edx
	wrmsr
	pop rdx
	pop rcx
	pop rax
	iretq
