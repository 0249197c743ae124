; SPDX-License-Identifier: BSD-2-Clause
; Segments: selectors, descriptor tables, limits, far jumps, and what of them real mode keeps.

section .text
bits 32

; DS, ES and GS as protected mode left them: RPL, TI, base and limit live on until they are loaded.
kept:	mov	eax, SEL_LDT
	lldt	ax
	mov	eax, SEL_USER_DATA
	mov	ds, ax
	mov	eax, LDT_USER
	mov	es, ax
	mov	eax, SEL_APIC
	mov	gs, ax
	LEAVE_PROTECTED
	mov	eax, 0x40000000		; an exit: the hypervisor has them meanwhile
	cpuid
	mov	ax, ds
	movzx	eax, ax
	WANT	eax, SEL_USER_DATA
	mov	ax, es
	movzx	eax, ax
	WANT	eax, LDT_USER
	mov	ax, ss
	movzx	eax, ax
	WANT	eax, SEL_DATA
	mov	ax, gs
	movzx	eax, ax
	WANT	eax, SEL_APIC
	mov	eax, [gs:LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	mov	eax, [es:dword LAPIC + LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	mov	eax, [dword LAPIC + LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	xor	ax, ax			; FS: the handlers of real mode load it
	mov	fs, ax
	STRING_IO a16
	SLEEP
	mov	ax, es
	movzx	eax, ax
	WANT	eax, LDT_USER
	xor	ax, ax			; the selector goes, base with it
	mov	gs, ax
	mov	eax, [gs:0]
	WANT	eax, [fs:0]
	GO_PROTECTED
	sldt	ax
	movzx	eax, ax
	WANT	eax, SEL_LDT
	ret

kept_limit:
	mov	eax, SEL_APIC
	mov	gs, ax
	LEAVE_PROTECTED
	xor	ax, ax
	mov	fs, ax
	TRY	{mov eax, [gs:LAPIC_VERSION]}
	FINE
	TRY	{mov eax, [gs:LAPIC_VERSION + 4]}
	OUTCOME	13
	GO_PROTECTED
	ret

bits 16
real_limit:
	mov	bx, 0xffff
	TRY	{mov ax, [bx]}
	OUTCOME	13
	TRY	{mov ax, [ss:bx]}
	OUTCOME	12
	TRY	{mov al, [bx]}
	FINE
	mov	ebx, 0x10000
	TRY	{mov al, [ebx]}
	OUTCOME	13
	ret

bits 32
; Loads that must fail, and their error codes; questions about selectors.
selectors:
	mov	ebx, SEL_DATA | 3
	TRY	{mov ds, bx}
	OUTCOME	13, SEL_DATA
	mov	ebx, SEL_ABSENT
	TRY	{mov es, bx}
	OUTCOME	11, SEL_ABSENT
	TRY	{mov ss, bx}
	OUTCOME	12, SEL_ABSENT
	mov	ebx, SEL_EXEC
	TRY	{mov ds, bx}
	OUTCOME	13, SEL_EXEC
	mov	ebx, SEL_BEYOND
	TRY	{mov gs, bx}
	OUTCOME	13, SEL_BEYOND
	mov	ebx, SEL_RO
	TRY	{mov ss, bx}
	OUTCOME	13, SEL_RO
	xor	ebx, ebx
	TRY	{mov ss, bx}
	OUTCOME	13
	mov	ebx, SEL_USER_DATA
	TRY	{mov ss, bx}
	OUTCOME	13, SEL_USER_DATA & ~3
	mov	ebx, LDT_DATA		; there is no LDT
	xor	eax, eax
	lldt	ax
	TRY	{mov es, bx}
	OUTCOME	13, LDT_DATA
	mov	ebx, SEL_DATA
	TRY	{lldt bx}
	OUTCOME	13, SEL_DATA
	TRY	{ltr bx}
	OUTCOME	13, SEL_DATA
	mov	ebx, SEL_USER_DATA
	TRY	{mov es, bx}
	FINE
	mov	eax, 0x40000000
	cpuid
	mov	ax, es
	movzx	eax, ax
	WANT	eax, SEL_USER_DATA
	mov	ebx, SEL_SMALL
	lsl	eax, ebx
	jz	.limit
	WANT	eax, -1
.limit:	WANT	eax, 0xff
	mov	ebx, SEL_RO
	lar	eax, ebx
	and	eax, 0xff00
	WANT	eax, 0x9100
	verr	bx
	setz	al
	verw	bx
	setz	ah
	movzx	eax, ax
	WANT	eax, 0x0001
	mov	eax, SEL_DATA
	mov	es, ax
	ret

ldt_use:
	mov	eax, SEL_LDT
	lldt	ax
	mov	eax, 0x40000000
	cpuid
	sldt	ax
	movzx	eax, ax
	WANT	eax, SEL_LDT
	mov	ebx, LDT_DATA
	TRY	{mov es, bx}
	FINE
	mov	eax, [es:LAPIC + LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	mov	ebx, LDT_USER
	TRY	{mov gs, bx}
	FINE
	mov	ebx, LDT_BEYOND
	TRY	{mov gs, bx}
	OUTCOME	13, LDT_BEYOND
	jmp	LDT_CODE:.here
.here:	mov	ax, cs
	movzx	eax, ax
	WANT	eax, LDT_CODE
	call	light32
	STRING_IO a32
	SLEEP				; comes back to a code segment of the LDT
	mov	ax, cs
	movzx	eax, ax
	WANT	eax, LDT_CODE
	jmp	SEL_CODE32:.back
.back:	ALL_DATA SEL_DATA
	ret

; --- Limits and types -----------------------------------------------------------------------------

; Plain memory: the processor's own business.
limits:	mov	eax, SEL_SMALL
	mov	es, ax
	TRY	{mov byte [es:0xff], 1}
	FINE
	TRY	{mov byte [es:0x100], 1}
	OUTCOME	13
	TRY	{mov eax, [es:0xfd]}
	OUTCOME	13
	TRY	{mov eax, [es:0xfffffffe]}
	OUTCOME	13
	mov	eax, SEL_DOWN
	mov	es, ax
	TRY	{mov al, [es:0xfff]}
	OUTCOME	13
	TRY	{mov al, [es:S_CHECK]}
	FINE
	mov	eax, SEL_RO
	mov	es, ax
	TRY	{mov eax, [es:S_CHECK]}
	FINE
	TRY	{mov byte [es:SCRATCH], 1}
	OUTCOME	13
	xor	eax, eax
	mov	es, ax
	TRY	{mov eax, [es:S_CHECK]}
	OUTCOME	13
	TRY	{mov byte [cs:SCRATCH], 1}
	OUTCOME	13
	mov	eax, SEL_DATA
	mov	es, ax
	jmp	SEL_EXEC:.exec
.exec:	TRY	{mov eax, [cs:SCRATCH]}
	OUTCOME	13
	jmp	SEL_CODE32:.back
.back:	ret

; The LAPIC's page: the hypervisor's emulation has to look.
limits_mmio:
	mov	eax, SEL_APIC
	mov	es, ax
	TRY	{mov eax, [es:LAPIC_VERSION]}
	FINE
	TRY	{mov eax, [es:LAPIC_VERSION + 1]}
	OUTCOME	13
	TRY	{mov eax, [es:LAPIC_VERSION + 4]}
	OUTCOME	13
	TRY	{mov dword [es:LAPIC_DIVIDE], 0}
	OUTCOME	13
	mov	eax, SEL_APIC_DOWN
	mov	es, ax
	TRY	{mov eax, [es:LAPIC_VERSION]}
	FINE
	TRY	{mov eax, [es:LAPIC_VERSION - 1]}
	OUTCOME	13
	TRY	{mov eax, [es:0x20]}
	OUTCOME	13
	mov	eax, SEL_APIC_RO
	mov	es, ax
	TRY	{mov eax, [es:LAPIC_VERSION]}
	FINE
	TRY	{mov dword [es:LAPIC_DIVIDE], 0}
	OUTCOME	13
	TRY	{mov dword [cs:LAPIC + LAPIC_DIVIDE], 0}
	OUTCOME	13
	mov	eax, [LAPIC + LAPIC_DIVIDE]
	WANT	eax, 0xb
	xor	eax, eax
	mov	es, ax
	TRY	{mov eax, [es:LAPIC + LAPIC_VERSION]}
	OUTCOME	13
	mov	eax, SEL_DATA
	mov	es, ax
	jmp	SEL_EXEC:.exec
.exec:	TRY	{mov eax, [cs:LAPIC + LAPIC_VERSION]}
	OUTCOME	13
	jmp	SEL_CODE32:.back
.back:	ret

; String I/O, the same.
limits_io:
	mov	edx, PIC_DATA
	mov	eax, SEL_SMALL
	mov	es, ax
	mov	edi, 0xff
	TRY	insb
	FINE
	TRY	insb			; EDI is 100h now
	OUTCOME	13
	mov	edi, 0xfd
	mov	ecx, 8
	TRY	rep insb
	OUTCOME	13
	WANT	edi, 0x100		; what fitted was done
	WANT	ecx, 5
	mov	eax, SEL_RO
	mov	es, ax
	mov	edi, SCRATCH
	TRY	insb
	OUTCOME	13
	mov	eax, SEL_DATA
	mov	es, ax
	mov	eax, SEL_SMALL
	mov	ds, ax
	mov	esi, 0x100
	TRY	outsb
	OUTCOME	13
	WANT	esi, 0x100
	mov	eax, SEL_DATA
	mov	ds, ax
	mov	al, 0xfe
	out	PIC_DATA, al
	ret

; --- Far jumps ------------------------------------------------------------------------------------

far_jumps:
	db	0x66			; 16-bit offset in 32-bit code
	db	0xea
	dw	.one, SEL_CODE32
.one:	mov	eax, 0x40000000
	cpuid
	a16 jmp	far dword [word .to_two]
.two:	call	SEL_CODE16:.narrow
	WANT	ebx, 0x1234
	mov	ebx, 0
	call	far dword [.to_narrow]
	WANT	ebx, 0x1234
	push	dword SEL_CODE32
	push	dword .three
	retf
.three:	push	word SEL_CODE32		; the frame of a 16-bit far return
	push	word .six
	o16 retf
.six:	pushfd				; IRET within the ring, to 16-bit code
	push	dword SEL_CODE16
	push	dword .iret
	iretd
bits 16
.iret:	mov	eax, 0x40000000
	cpuid
	WANT	ebx, [fs:S_SIGNATURE]
	SLEEP
	jmp	dword SEL_CODE32:.end
.narrow:
	mov	eax, 0x40000000
	cpuid
	WANT	ebx, [fs:S_SIGNATURE]
	mov	dx, NO_DEVICE
	in	ax, dx
	movzx	eax, ax
	WANT	eax, 0xffff
	call	dword SEL_CODE32:.wide
	mov	ebx, 0x1234
	o32 retf
bits 32
.wide:	mov	edx, NO_DEVICE
	in	eax, dx
	WANT	eax, -1
	retf
.end:	ret
.to_two:
	dd	.two
	dw	SEL_CODE32
.to_narrow:
	dd	.narrow
	dw	SEL_CODE16

far_faults:
	TRY	{jmp 0:0x4000}
	OUTCOME	13
	TRY	{jmp SEL_DATA:0x4000}
	OUTCOME	13, SEL_DATA
	TRY	{jmp 0xa8:0x4000}
	OUTCOME	11, 0xa8
	TRY	{jmp SEL_BEYOND:0x4000}
	OUTCOME	13, SEL_BEYOND
	TRY	{jmp SEL_USER32:0x4000}
	OUTCOME	13, SEL_USER32 & ~3
	TRY	{call SEL_DATA:0x4000}
	OUTCOME	13, SEL_DATA
	TRY	{int 0x70}		; behind the IDT's end
	OUTCOME	13, 0x70 * 8 + 2
	TRY	{int 0x58}		; a gate of zeros
	OUTCOME	13, 0x58 * 8 + 2
	ret
