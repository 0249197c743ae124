; SPDX-License-Identifier: BSD-2-Clause
; Exceptions and interrupts in 32-bit protected mode and in real mode; in long mode main.c has them.

section .text
bits 32
align 16
; One stub each 16 bytes.
stubs32:
%assign V 0
%rep 32
align 16
%if !(V == 8 || (V >= 10 && V <= 14) || V == 17 || V == 21 || V == 29 || V == 30)
	push	byte 0
%endif
	push	byte V
	jmp	near trap32
%assign V V + 1
%endrep

; Stack from the top: fs, eax, vector, error, eip, cs, eflags and, from CPL 3, esp and ss.
trap32:	push	eax
	push	fs
	mov	eax, SEL_DATA
	mov	fs, ax
	cmp	dword [fs:S_LEAVE], 0
	jne	.leave
	mov	eax, [esp + 8]
	mov	[fs:S_VECTOR], eax
	mov	eax, [esp + 12]
	mov	[fs:S_ERROR], eax
	mov	eax, [fs:S_RECOVER]
	test	eax, eax
	jz	.stray
	mov	[esp + 16], eax
	pop	fs
	pop	eax
	add	esp, 8
	iretd
.leave:	ALL_DATA SEL_DATA
	mov	dword [S_LEAVE], 0
	mov	esp, [S_LEAVE_ESP]
	ret
.stray:	mov	ebx, [esp + 8]
	mov	ecx, [esp + 16]
	jmp	stray

irq32:	push	eax
	push	fs
	mov	eax, SEL_DATA
	mov	fs, ax
	inc	dword [fs:S_IRQS]
	mov	al, 0x20
	out	0x20, al
	pop	fs
	pop	eax
	iretd

soft32:	push	eax
	push	fs
	mov	eax, SEL_DATA
	mov	fs, ax
	inc	dword [fs:S_SOFTS]
	pop	fs
	pop	eax
	iretd

; An exception that no TRY expects: ebx = vector, ecx = eip. Says so on COM1, and halts.
%macro PUT_HEX 1			; clobbers eax, edx, edi
	mov	edi, 8
%%next:	rol	%1, 4
	mov	al, bl
	and	al, 0xf
	cmp	al, 10
	jb	%%digit
	add	al, 'a' - 10 - '0'
%%digit:
	add	al, '0'
	mov	dx, 0x3f8
	out	dx, al
	dec	edi
	jnz	%%next
	mov	al, ' '
	out	dx, al
%endmacro
%macro STRAY 0
	mov	dx, 0x3f8
	mov	al, '!'
	out	dx, al
	PUT_HEX	ebx
	mov	ebx, ecx
	PUT_HEX	ebx
	mov	al, 10
	out	dx, al
%%stop:	cli
	hlt
	jmp	%%stop
%endmacro
stray:	STRAY

align 8
idt32:
%macro GATE 2				; handler, type
	dw	%1, SEL_CODE32, (%2) << 8, 0
%endmacro
%assign V 0
%rep VEC_SOFT + 1
%if V < 32
	GATE	stubs32 + V * 16, 0x8e
%elif V == VEC_IRQ
	GATE	irq32, 0x8e
%elif V == VEC_SOFT
	GATE	soft32, 0xee
%else
	dq	0
%endif
%assign V V + 1
%endrep
idt32_ptr:
	dw	idt32_ptr - idt32 - 1
	dd	idt32

; --- Real mode ------------------------------------------------------------------------------------

bits 16
align 8
stubs16:
%assign V 0
%rep 32
align 8
	push	word V
	jmp	near trap16
%assign V V + 1
%endrep

; Stack at bp: bp, fs, eax, vector, ip, cs, flags: real mode pushes no error codes.
trap16:	push	eax
	push	fs
	push	bp
	mov	bp, sp
	xor	ax, ax
	mov	fs, ax
	movzx	eax, word [bp + 8]
	mov	[fs:S_VECTOR], eax
	mov	dword [fs:S_ERROR], 0
	lea	eax, [bp + 16]
	movzx	eax, ax
	mov	[fs:S_DEPTH], eax
	mov	eax, [fs:S_RECOVER]
	test	eax, eax
	jz	.stray
	mov	[bp + 10], ax
	pop	bp
	pop	fs
	pop	eax
	add	sp, 2
	iret
.stray:	mov	ebx, [fs:S_VECTOR]
	movzx	ecx, word [bp + 10]
	STRAY

irq16:	push	ax
	push	fs
	xor	ax, ax
	mov	fs, ax
	inc	dword [fs:S_IRQS]
	mov	al, 0x20
	out	0x20, al
	pop	fs
	pop	ax
	iret

soft16:	push	ax
	push	fs
	xor	ax, ax
	mov	fs, ax
	inc	dword [fs:S_SOFTS]
	pop	fs
	pop	ax
	iret
