; SPDX-License-Identifier: BSD-2-Clause
; From long mode to the other modes of the CPU and back, with a few accesses in each that a hypervisor
; has to emulate. Interrupts are off, but for one wait in real mode.

%include "layout.inc"

extern pml4, gdt, gdt_ptr, legacy_pd, pae_pdpt

CR4_PSE		equ 1 << 4
LAPIC		equ 0xfee00000
LAPIC_VERSION	equ 0x30
NO_DEVICE	equ 0x5678		; a port where nothing is
REAL_STACK	equ 0x1000		; offset in the segment of the blob
REAL_RESULT	equ 0x0f00		; the same
RESULT_SIZE	equ 28
TSS_SIZE	equ 104

section .text
bits 64

; void mode_run(u32 mode, struct mode_result *r): `mode` is an index of .modes. Interrupts off. The IDT
; register is changed by real mode; the caller loads it again.
global mode_run
mode_run:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[saved_rsp], rsp
	mov	edi, edi
	push	qword SEL_CODE32
	push	qword .compat
	o64 retf
bits 32
.compat:
	mov	eax, SEL_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	call	[.modes + edi * 4]
	jmp	SEL_CODE64:.long
bits 64
.long:	mov	rsp, [saved_rsp]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

section .rodata
align 4
mode_run.modes:
	dd	probe, mode_flat, mode_legacy, mode_pae, mode_real, mode_task

section .text
bits 32
; In: esi = result. Clobbers all but esi and esp.
probe:
	mov	eax, [LAPIC + LAPIC_VERSION]	; the form with a bare 32-bit address
	mov	[esi], eax
	mov	ebx, LAPIC
	mov	ecx, LAPIC_VERSION / 4
	mov	edx, [ebx + ecx * 4]
	mov	[esi + 4], edx
	mov	dx, NO_DEVICE
	in	eax, dx
	mov	[esi + 8], eax
	in	al, dx
	mov	[esi + 12], eax
	mov	eax, 0x40000000
	cpuid
	mov	[esi + 16], ebx
	ret

; Paging off while EFER.LME stays 1, and CR4.PAE 0: legal, and a trap for hypervisors.
mode_flat:
	call	paging_off
	call	probe
	jmp	long_on

mode_legacy:
	call	paging_off
	call	lme_off
	mov	eax, CR4_PSE | CR4_OSFXSR
	mov	cr4, eax
	mov	eax, legacy_pd
	call	paging_on
	call	probe
	call	paging_off
	jmp	long_on

mode_pae:
	call	paging_off
	call	lme_off
	mov	eax, CR4_PAE | CR4_OSFXSR
	mov	cr4, eax
	mov	eax, pae_pdpt
	call	paging_on
	call	probe
	call	paging_off
	jmp	long_on

mode_real:
	call	paging_off
	call	lme_off
	mov	[saved_esp], esp
	mov	[saved_esi], esi
	jmp	SEL_CODE16:TRAMPOLINE + real16 - real_blob
real_back:
	mov	eax, SEL_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	esp, [saved_esp]
	mov	edi, [saved_esi]
	mov	esi, TRAMPOLINE + REAL_RESULT
	mov	ecx, RESULT_SIZE / 4
	rep	movsd
	jmp	long_on

; Hardware tasks: there by CALL and back by IRET, twice, then there and back by JMP. Results: how often the
; other task ran, and 1 if this one found its registers again.
SEL_TASK_A	equ 0x40
SEL_TASK_B	equ 0x48
mode_task:
	call	paging_off
	call	lme_off
	mov	edi, task_gdt
	mov	[saved_esi], esi
	mov	esi, gdt
	mov	ecx, SEL_TASK_A / 4
	rep	movsd
	mov	eax, task_a
	call	.descriptor
	mov	eax, task_b
	call	.descriptor
	mov	esi, [saved_esi]
	lgdt	[.ptr]
	mov	eax, SEL_TASK_A
	ltr	ax
	mov	edi, task_b
	mov	ecx, TSS_SIZE / 4
	xor	eax, eax
	push	edi
	rep	stosd
	pop	edi
	mov	dword [edi + 32], .other
	mov	dword [edi + 36], 2
	mov	dword [edi + 56], task_stack_top
	mov	eax, SEL_DATA
	mov	[edi + 72], eax
	mov	dword [edi + 76], SEL_CODE32
	mov	[edi + 80], eax
	mov	[edi + 84], eax
	mov	dword [task_runs], 0
	mov	ebx, 0x12345678
	mov	ebp, esp
	call	SEL_TASK_B:0
	call	SEL_TASK_B:0
	jmp	SEL_TASK_B:0
	xor	eax, eax
	cmp	ebx, 0x12345678
	jne	.wrong
	cmp	ebp, esp
	jne	.wrong
	mov	ecx, cr0
	test	cl, 8			; TS
	jz	.wrong
	inc	eax
.wrong:	mov	[esi + 24], eax
	mov	eax, [task_runs]
	mov	[esi + 20], eax
	clts
	push	esi
	call	probe
	pop	esi
	lgdt	[gdt_ptr]
	jmp	long_on
.other:	inc	dword [task_runs]
	mov	ebx, 0xdead
	cmp	dword [task_runs], 3
	je	.last
	iretd
	jmp	.other
.last:	jmp	SEL_TASK_A:0
; An available 32-bit TSS at eax, to edi.
.descriptor:
	mov	word [edi], TSS_SIZE - 1
	mov	[edi + 2], ax
	shr	eax, 16
	mov	[edi + 4], al
	mov	byte [edi + 5], 0x89
	mov	byte [edi + 6], 0
	mov	[edi + 7], ah
	add	edi, 8
	ret
.ptr:	dw	SEL_TASK_B + 7
	dd	task_gdt

paging_off:
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	eax, cr4
	and	eax, ~CR4_PAE
	mov	cr4, eax
	ret

; In: eax = CR3.
paging_on:
	mov	cr3, eax
	mov	eax, cr0
	or	eax, CR0_PG
	mov	cr0, eax
	ret

lme_off:
	mov	ecx, MSR_EFER
	rdmsr
	and	eax, ~EFER_LME
	wrmsr
	ret

long_on:
	mov	eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
	mov	cr4, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, pml4
	jmp	paging_on

; Copied to TRAMPOLINE.
section .rodata
align 16
global real_blob, real_blob_end
bits 16
real_blob:
real16:	mov	ax, SEL_DATA16
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	fs, ax
	mov	gs, ax
	mov	eax, cr0
	and	al, ~CR0_PE & 0xff
	mov	cr0, eax
	jmp	TRAMPOLINE >> 4:.real - real_blob
.real:	mov	ax, cs
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	sp, REAL_STACK
	mov	di, REAL_RESULT
	lidt	[.ivt - real_blob]
	xor	ax, ax
	mov	fs, ax
	mov	word [fs:0x60 * 4], .int60 - real_blob
	mov	[fs:0x60 * 4 + 2], cs
	mov	word [fs:8 * 4], .irq0 - real_blob
	mov	[fs:8 * 4 + 2], cs
	mov	dword [di + 20], 0
	mov	dword [di + 24], 0

	mov	dx, NO_DEVICE
	in	eax, dx
	mov	[di + 8], eax
	mov	eax, 0
	in	al, dx
	mov	[di + 12], eax
	push	di
	mov	eax, 0x40000000
	cpuid
	pop	di
	mov	[di + 16], ebx
	int	0x60
	sti				; the 8259 ends this HLT
	hlt
	cli

	o32 lgdt [.gdt - real_blob]
	mov	eax, cr0
	or	al, CR0_PE
	mov	cr0, eax
	jmp	dword SEL_CODE32:real_back
.int60:	inc	dword [di + 20]
	iret
.irq0:	inc	dword [di + 24]
	push	ax
	mov	al, 0x20
	out	0x20, al
	pop	ax
	iret
.ivt:	dw	0x3ff
	dd	0
.gdt:	dw	0x4f			; ten descriptors, see start.asm
	dd	gdt
real_blob_end:

section .bss
alignb 8
saved_rsp: resq	1
saved_esp: resd	1
saved_esi: resd	1
task_runs: resd	1
alignb 16
task_gdt: resb	SEL_TASK_B + 8
task_a:	resb	TSS_SIZE
task_b:	resb	TSS_SIZE
	resb	1024
task_stack_top:
