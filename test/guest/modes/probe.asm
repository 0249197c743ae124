; SPDX-License-Identifier: BSD-2-Clause
; What each mode must be able to do: exits of all kinds, string I/O, faults, and sleep until an
; interrupt. light* for the walk, probe* for the cases.

section .text

; In any mode: CPUID, RDMSR, ports. Clobbers eax, ebx, ecx, edx.
%macro EXITS 0
	mov	eax, 0x40000000
	cpuid
	WANT	ebx, [fs:S_SIGNATURE]
	mov	ecx, MSR_EFER
	mov	edx, -1
	rdmsr
	WANT	edx, 0
	mov	ebx, eax
	and	ebx, 0x500
	WANT	ebx, [fs:S_EFER]
	xor	eax, EFER_NXE		; EFER can be written here too
	wrmsr
	mov	ebx, eax
	rdmsr
	WANT	eax, ebx
	xor	eax, EFER_NXE
	wrmsr
	mov	edx, NO_DEVICE
	in	eax, dx
	WANT	eax, 0xffffffff
	xor	eax, eax
	in	al, dx
	WANT	eax, 0xff
	mov	al, 0xa6
	out	PIC_DATA, al
	in	al, PIC_DATA
	movzx	eax, al
	WANT	eax, 0xa6
	mov	al, 0xfe
	out	PIC_DATA, al
%endmacro

; In protected mode.
%macro APIC_READS 0
	mov	eax, [LAPIC + LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	mov	ebx, LAPIC
	mov	ecx, LAPIC_VERSION / 4
	mov	edx, [ebx + ecx * 4]
	WANT	edx, [fs:S_VERSION]
%endmacro

; String I/O with an address size; all of rep outs, rep ins, upwards and downwards.
%macro STRING_IO 1-2 1			; a16, a32 or a64; is NO_DEVICE allowed
	cld
	mov	edx, PIC_DATA
	mov	esi, io_out
	mov	ecx, 3
	%1 rep outsb
	WANT	esi, io_out + 3
	WANT	ecx, 0
	mov	edi, io_in
	mov	ecx, 3
	%1 rep insb
	WANT	edi, io_in + 3
	mov	eax, [fs:io_in]
	WANT	eax, 0x77fefefe
	std
	mov	esi, io_out + 2		; downwards: FEh, A5h, 5Ah
	mov	ecx, 3
	%1 rep outsb
	WANT	esi, io_out - 1
	cld
	in	al, PIC_DATA
	movzx	eax, al
	WANT	eax, 0x5a
	mov	al, 0xfe
	out	PIC_DATA, al
%if %2
	mov	edx, NO_DEVICE
	mov	edi, io_in
	%1 insd
	mov	eax, [fs:io_in]
	WANT	eax, 0xffffffff
%endif
	mov	dword [fs:io_in], 0x77000000
%endmacro

; Faults that need nothing set up. No error codes in real mode.
%macro FAULTS 0
	TRY	ud2
	OUTCOME	6
	mov	ecx, MSR_X2APIC_ID	; there in x2APIC mode only
	TRY	rdmsr
	OUTCOME	13
	TRY	wrmsr
	OUTCOME	13
	mov	dword [fs:S_SOFTS], 0
	int	VEC_SOFT
	mov	eax, [fs:S_SOFTS]
	WANT	eax, 1
%endmacro

bits 32
light32:
	EXITS
	APIC_READS
	ret

probe32:
	call	light32
	STRING_IO a32
	STRING_IO a16
	FAULTS
	call	apic_forms
	SLEEP
	ret

; Accesses to the LAPIC by instructions with prefixes and by strings.
apic_forms:
	mov	eax, SEL_APIC
	mov	es, ax
	mov	eax, [es:word LAPIC_VERSION]	; 67h, and a base that is not 0
	WANT	eax, [fs:S_VERSION]
	mov	bx, LAPIC_VERSION
	mov	eax, [es:bx]
	WANT	eax, [fs:S_VERSION]
	mov	eax, SEL_DATA
	mov	es, ax
	mov	ebx, LAPIC + LAPIC_DIVIDE
	mov	dword [ebx], 3
	or	dword [ebx], 8
	mov	eax, [ebx]
	WANT	eax, 0xb
	mov	eax, 1
	xchg	[ebx], eax
	WANT	eax, 0xb
	mov	esi, LAPIC + LAPIC_VERSION
	lodsd
	WANT	eax, [fs:S_VERSION]
	WANT	esi, LAPIC + LAPIC_VERSION + 4
	mov	esi, LAPIC + LAPIC_VERSION
	mov	edi, io_long
	movsd
	mov	eax, [io_long]
	WANT	eax, [fs:S_VERSION]
	mov	edi, ebx
	mov	eax, 0xb
	stosd
	mov	eax, [ebx]
	WANT	eax, 0xb
	ret

bits 64
light64:
	EXITS
	mov	ebx, LAPIC
	mov	ecx, LAPIC_VERSION / 4
	mov	eax, [rbx + rcx * 4]
	WANT	eax, [fs:S_VERSION]
	mov	rdx, 0xdeadbeef00000000
	or	rbx, rdx
	mov	eax, [ebx + ecx * 4]	; 67h: the upper half does not count
	WANT	eax, [fs:S_VERSION]
	ret

probe64:
	call	light64
	STRING_IO a64
	STRING_IO a32
	FAULTS
	mov	rbx, -1			; 32-bit results clear the upper halves
	mov	eax, 0x40000000
	cpuid
	shr	rbx, 32
	WANT	ebx, 0
	mov	rax, -1
	mov	edx, NO_DEVICE
	in	eax, dx
	shr	rax, 32
	WANT	eax, 0
	SLEEP
	ret

bits 16
light16:
	EXITS
	ret

probe16:
	call	light16
	STRING_IO a16
	STRING_IO a32
	FAULTS
	SLEEP
	ret

; How much the CPU pushes in real mode: 6 bytes, with an exception that has an error code elsewhere.
real_frames:
	mov	ecx, MSR_X2APIC_ID	; there in x2APIC mode only
	TRY	rdmsr
	OUTCOME	13
	mov	ebx, esp
	mov	eax, [fs:S_DEPTH]
	WANT	eax, ebx
	TRY	ud2
	OUTCOME	6
	mov	eax, [fs:S_DEPTH]
	WANT	eax, ebx
	ret

; Limits of 4 GiB live on in real mode, over exits, interrupts and segment loads.
unreal:	mov	eax, [dword LAPIC + LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	mov	eax, 0x40000000
	cpuid
	SLEEP
	mov	ebx, LAPIC
	mov	ecx, LAPIC_VERSION / 4
	mov	eax, [es:ebx + ecx * 4]
	WANT	eax, [fs:S_VERSION]
	mov	ax, 0x1000
	mov	gs, ax			; base 10000h, the limit stays
	mov	eax, [gs:dword LAPIC - 0x10000 + LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	xor	ax, ax
	mov	gs, ax
	mov	esi, LAPIC + LAPIC_VERSION
	a32 lodsd
	WANT	eax, [fs:S_VERSION]
	WANT	esi, LAPIC + LAPIC_VERSION + 4
	mov	dword [dword LAPIC + LAPIC_DIVIDE], 0xa
	inc	dword [dword LAPIC + LAPIC_DIVIDE]
	mov	eax, [dword LAPIC + LAPIC_DIVIDE]
	WANT	eax, 0xb
	mov	dword [dword FREE_RAM], 0x600df00d
	mov	eax, [dword FREE_RAM]
	WANT	eax, 0x600df00d
	ret

; PE cleared in a 32-bit code segment, with no jump behind it: the CPU goes on in 32-bit code. No
; interrupts here, the handlers have 16 bits.
bits 32
big_real:
	mov	eax, cr0
	and	al, ~CR0_PE & 0xff
	mov	cr0, eax
	call	light32
	STRING_IO a32
	STRING_IO a16
	mov	eax, 0x11223344		; has four bytes of immediate, in 16-bit code it would have two
	cpuid
	smsw	ebx
	and	ebx, 1
	WANT	ebx, 0
	mov	ebx, LAPIC + LAPIC_DIVIDE
	mov	dword [ebx], 0xb
	and	dword [ebx], 0x3ff
	mov	eax, [ebx]
	WANT	eax, 0xb
	mov	eax, cr0
	or	al, CR0_PE
	mov	cr0, eax
	ret

align 4
io_out:	db	0x5a, 0xa5, 0xfe, 0
io_in:	dd	0x77000000
io_long: dd	0
