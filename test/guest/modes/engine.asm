; SPDX-License-Identifier: BSD-2-Clause
; The way from long mode to each mode and back. All segments have base 0, so ESP means the same in all.

section .text
bits 64
; void enter(u32 mode, u32 fn): calls fn in `mode`; 255: walk. Interrupts off. Clobbers what a call may.
enter:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[S_RSP], rsp
	mov	[S_FN], esi
	sidt	[S_IDT64]
	sgdt	[S_GDT64]
	lgdt	[gdt_ptr]
	mov	esp, STACK
	push	qword SEL_CODE32
	push	qword .compat
	o64 retf
bits 32
.compat:
	ALL_DATA SEL_DATA
	push	edi
	call	to_flat
	pop	edi
	cmp	edi, 255
	je	.walk
	call	[way_table + edi * 4]
	jmp	.home
.walk:	call	walk
.home:	call	to_compat
	jmp	SEL_CODE64:.long
bits 64
.long:	mov	rax, [S_GDT64 + 2]
	and	byte [rax + SEL_TSS64 + 5], ~2	; not busy
	lgdt	[S_GDT64]
	lidt	[S_IDT64]
	mov	eax, SEL_TSS64
	ltr	ax
	xor	eax, eax
	lldt	ax
	mov	fs, ax
	mov	gs, ax
	mov	rsp, [S_RSP]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

bits 32
; Through all modes of the list at S_WALK.
walk:	mov	esi, [S_WALK]
.next:	movzx	edi, byte [esi]
	cmp	edi, 0xff
	je	.end
	mov	eax, [light_table + edi * 4]
	mov	[S_FN], eax
	push	esi
	call	[way_table + edi * 4]
	pop	esi
	inc	esi
	inc	dword [S_STEPS]
	cmp	dword [S_CHECK], 0
	je	.next
.end:	ret

way_table:
	dd	way_flat, way_lme, way_legacy, way_pae, way_compat, way_long, way_16, way_real, way_unreal
light_table:
	dd	light32, light32, light32, light32, light32, light64, light16, light16, light16

; From compatibility mode to protected mode without paging.
to_flat:
	call	paging_off
	mov	ecx, MSR_EFER
	rdmsr
	and	eax, ~EFER_LME
	wrmsr
	lidt	[idt32_ptr]
	mov	dword [S_EFER], 0
	ret
to_compat:
	mov	eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
	mov	cr4, eax
	call	lme_on
	mov	eax, [S_CR3_LONG]
	call	paging_on
	lidt	[S_IDT64]
	mov	dword [S_EFER], 0x500
	ret

paging_off:
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	eax, CR4_OSFXSR
	mov	cr4, eax
	ret
paging_on:				; in: eax = CR3
	mov	cr3, eax
	mov	eax, cr0
	or	eax, CR0_PG
	mov	cr0, eax
	ret
lme_on:	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	ret

; Each way: from protected mode without paging to another mode, fn there, and back.
way_flat:
	jmp	[S_FN]

; EFER.LME = 1 with paging and CR4.PAE off: legal, and a trap for hypervisors.
way_lme:
	call	lme_on
	mov	dword [S_EFER], 0x100
	call	[S_FN]
	jmp	to_flat

way_legacy:
	mov	eax, CR4_PSE | CR4_OSFXSR
	mov	cr4, eax
	mov	eax, [S_CR3_LEGACY]
	call	paging_on
	call	[S_FN]
	jmp	paging_off

way_pae:
	mov	eax, CR4_PAE | CR4_OSFXSR
	mov	cr4, eax
	mov	eax, [S_CR3_PAE]
	call	paging_on
	call	[S_FN]
	jmp	paging_off

way_compat:
	call	to_compat
	call	[S_FN]
	jmp	to_flat

way_long:
	call	to_compat
	jmp	SEL_CODE64:.long
bits 64
.long:	mov	esp, esp		; the upper half is undefined after the switch
	mov	eax, [S_FN]
	call	rax
	push	qword SEL_CODE32
	push	qword .compat
	o64 retf
bits 32
.compat:
	ALL_DATA SEL_DATA
	jmp	to_flat

way_16:
	jmp	SEL_CODE16:.narrow
bits 16
.narrow:
	ALL_DATA SEL_DATA16
	call	word [S_FN]
	jmp	dword SEL_CODE32:.wide
bits 32
.wide:	ALL_DATA SEL_DATA
	ret

way_real:
	GO_REAL
	call	word [S_FN]
	GO_PROTECTED
	ret

way_unreal:
	LEAVE_PROTECTED
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	fs, ax
	mov	gs, ax
	call	word [S_FN]
	GO_PROTECTED
	ret

; --- Descriptors ----------------------------------------------------------------------------------

%macro DESC 4				; base, limit, access, flags (G, B or D, L)
	dw	(%2) & 0xffff, (%1) & 0xffff
	db	(%1) >> 16 & 0xff, %3, (%4) << 4 | (%2) >> 16 & 0xf, (%1) >> 24 & 0xff
%endmacro

SCRATCH		equ 0x1f00		; 256 bytes
TSS32		equ 0x1e00		; with a map for ports below 100h
TSS32_SIZE	equ 104 + 32 + 1
LDT		equ 0x1d00

align 16
gdt:	dq	0
	DESC	0, 0xfffff, 0x9b, 0xc	; the first ten as in start.asm
	DESC	0, 0xfffff, 0x93, 0xc
	DESC	0, 0xfffff, 0x9b, 0xa
	DESC	0, 0xffff, 0x9b, 0
	DESC	0, 0xffff, 0x93, 0
	DESC	0, 0xfffff, 0xf3, 0xc
	DESC	0, 0xfffff, 0xfb, 0xa
	dq	0, 0
	DESC	TSS32, TSS32_SIZE - 1, 0x89, 0
	DESC	LDT, ldt_image.end - ldt_image - 1, 0x82, 0
	DESC	SCRATCH, 0xff, 0x93, 4
	DESC	0, 0xfff, 0x97, 4
	DESC	LAPIC, LAPIC_VERSION + 3, 0x93, 4
	DESC	LAPIC, LAPIC_VERSION - 1, 0x97, 4
	DESC	LAPIC, 0xfff, 0x91, 4
	DESC	0, 0xfffff, 0x99, 0xc
	DESC	0, 0xfffff, 0x13, 0xc
	DESC	0, 0xfffff, 0xfb, 0xc
	DESC	0, 0xfffff, 0x91, 0xc
	DESC	0, 0xfffff, 0x1b, 0xc	; A8h: code that is absent
	DESC	LAPIC, LAPIC_VERSION + 3, 0xf3, 4
gdt_end:
ldt_image:
	DESC	0, 0xfffff, 0x93, 0xc
	DESC	0, 0xfffff, 0xf3, 0xc
	DESC	0, 0xfffff, 0x9b, 0xc
.end:
; For processes of CPL 3 and V86: ports below 100h are allowed, but those of the 8254.
tss32:	dd	0, TRAP_STACK, SEL_DATA
	times 22 dd 0
	dw	0, 104
	times PIT_PORT / 8 db 0
	db	0x0f
	times 31 - PIT_PORT / 8 db 0
	db	0xff
	times TSS32_SIZE - ($ - tss32) db 0

gdt_ptr:
	dw	gdt_end - gdt - 1
	dq	gdt
ivt_ptr:
	dw	0x3ff
	dd	0
