; SPDX-License-Identifier: BSD-2-Clause
; CPL 3 and virtual-8086 mode, and the exits from there.

section .text
bits 32

; Runs ebx at CPL 3 in 32-bit code; the routine ends by LEAVE.
run_user:
	call	load_task
	mov	[S_LEAVE_ESP], esp
	push	dword SEL_USER_DATA
	push	dword USER_TOP
	push	dword 2
	push	dword SEL_USER32
	push	ebx
	mov	eax, SEL_USER_DATA
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	iretd

; Runs ebx in V86 mode with the flags ecx (IOPL, IF), CS and all else 0.
run_v86:
	call	load_task
	mov	[S_LEAVE_ESP], esp
	xor	eax, eax
	push	eax
	push	eax
	push	eax
	push	eax
	push	eax
	push	dword USER_TOP
	or	ecx, FLAG_VM | 2
	push	ecx
	push	eax
	push	ebx
	iretd

load_task:
	and	byte [gdt + SEL_TSS32 + 5], ~2
	mov	eax, SEL_TSS32
	ltr	ax
	ret

%macro LEAVE 0
	mov	dword [fs:S_LEAVE], 1
	ud2
%endmacro

; What is forbidden in both. In: how INT 10h ends.
%macro PRIVILEGED 1
	TRY	hlt
	OUTCOME	13
	TRY	{mov eax, cr0}
	OUTCOME	13
	TRY	{mov cr0, eax}
	OUTCOME	13
	TRY	{mov cr3, eax}
	OUTCOME	13
	TRY	{mov cr4, eax}
	OUTCOME	13
	TRY	{mov eax, dr7}
	OUTCOME	13
	TRY	clts
	OUTCOME	13
	TRY	{lmsw ax}
	OUTCOME	13
	mov	ecx, MSR_EFER
	TRY	rdmsr
	OUTCOME	13
	TRY	wrmsr
	OUTCOME	13
	TRY	{lidt [fs:io_long]}
	OUTCOME	13
	TRY	{invlpg [fs:io_long]}
	OUTCOME	13
	TRY	{in al, PIT_PORT}
	OUTCOME	13
	TRY	{out PIT_PORT, al}
	OUTCOME	13
	mov	edx, NO_DEVICE
	TRY	{in al, dx}
	OUTCOME	13
	TRY	outsb
	OUTCOME	13
	TRY	{int 0x10}
	OUTCOME	13, %1
	mov	eax, 0x40000000
	cpuid
	WANT	ebx, [fs:S_SIGNATURE]
	TRY	{smsw ebx}
	FINE
	TRY	ud2
	OUTCOME	6
%endmacro

user:	mov	ebx, .run
	call	run_user
	mov	eax, cr4		; RDTSC for CPL 0 only
	or	eax, CR4_TSD
	mov	cr4, eax
	rdtsc
	mov	ebx, .no_tsc
	call	run_user
	mov	eax, cr4
	and	eax, ~CR4_TSD
	mov	cr4, eax
	ret
.run:	PRIVILEGED 0x10 * 8 + 2
	TRY	cli
	OUTCOME	13
	TRY	sti
	OUTCOME	13
	APIC_READS
	cld
	mov	esi, io_out
	mov	ecx, 3
	mov	edx, PIC_DATA
	TRY	rep outsb
	FINE
	in	al, PIC_DATA
	movzx	eax, al
	WANT	eax, 0xfe
	mov	dword [fs:S_SOFTS], 0
	TRY	{int VEC_SOFT}
	mov	eax, [fs:S_SOFTS]
	WANT	eax, 1
	TRY	rdtsc
	FINE
	LEAVE
.no_tsc:
	TRY	rdtsc
	OUTCOME	13
	LEAVE

; QEMU's processor lets CPL 3 flush caches.
%macro CACHE 0
	TRY	wbinvd
	OUTCOME	13
	TRY	invd
	OUTCOME	13
	LEAVE
%endmacro
user_cache:
	mov	ebx, .run
	call	run_user
	mov	ecx, IOPL3
	mov	ebx, .v86
	jmp	run_v86
.run:	CACHE
bits 16
.v86:	CACHE
bits 32

; SS is in the LAPIC's page: the way to #SS with a sound stack for the handler.
limits_stack:
	mov	ebx, .run
	jmp	run_user
.run:	mov	eax, SEL_USER_APIC
	mov	ss, ax
	TRY	{mov eax, [ss:LAPIC_VERSION]}
	FINE
	TRY	{mov eax, [ss:LAPIC_VERSION + 4]}
	OUTCOME	12
	mov	ebp, LAPIC_VERSION + 4
	TRY	{mov eax, [ebp]}
	OUTCOME	12
	LEAVE

; --- Virtual-8086 mode ----------------------------------------------------------------------------

v86_iopl0:
	xor	ecx, ecx
	mov	ebx, .run
	jmp	run_v86
bits 16
.run:	PRIVILEGED 0
	TRY	cli
	OUTCOME	13
	TRY	sti
	OUTCOME	13
	TRY	pushf
	OUTCOME	13
	TRY	popf
	OUTCOME	13
	TRY	iret
	OUTCOME	13
	TRY	{int VEC_SOFT}
	OUTCOME	13
	TRY	int3			; not sensitive to IOPL: its gate has DPL 0
	OUTCOME	13, 3 * 8 + 2
	call	v86_io
	LEAVE

bits 32
v86_iopl3:
	mov	ecx, IOPL3
	mov	ebx, .run
	call	run_v86
	mov	ecx, IOPL3 | FLAG_IF
	mov	ebx, .open
	mov	dword [S_IRQS], 0
	jmp	run_v86
bits 16
.run:	PRIVILEGED 0x10 * 8 + 2
	mov	dword [fs:S_SOFTS], 0
	TRY	{int VEC_SOFT}
	FINE
	mov	eax, [fs:S_SOFTS]
	WANT	eax, 1
	TRY	cli
	FINE
	TRY	pushf
	FINE
	pop	ax
	movzx	eax, ax
	and	eax, IOPL3 | FLAG_IF
	WANT	eax, IOPL3
	push	word IOPL3 | 2
	push	word 0
	push	word .there
	iret
.there:
	call	v86_io
	mov	dword [fs:S_IRQS], 0
	sti				; here interrupts come without a HLT
	call	v86_wait
	cli
	LEAVE
.open:	call	v86_wait		; IF was set by the IRET into this mode
	LEAVE

v86_wait:
	mov	ecx, 5000000
.more:	cmp	dword [fs:S_IRQS], 2
	jae	.came
	in	al, PIC_DATA		; time passes by exits, at any speed of the processor
	a32 loop .more
	mov	eax, [fs:S_IRQS]
	WANT	eax, 2
.came:	ret

v86_io:	STRING_IO a16, 0
	STRING_IO a32, 0
	ret

bits 32
; MMIO by 16-bit addresses: the page tables map the LAPIC below 1 MiB.
v86_mmio:
	xor	ecx, ecx
	mov	ebx, .run
	jmp	run_v86
bits 16
.run:	mov	ax, LAPIC_WINDOW >> 4
	mov	ds, ax
	mov	eax, [LAPIC_VERSION]
	WANT	eax, [fs:S_VERSION]
	mov	ebx, LAPIC_VERSION
	mov	eax, [ebx]
	WANT	eax, [fs:S_VERSION]
	mov	ax, (LAPIC_WINDOW - 0x4000) >> 4
	mov	es, ax
	mov	di, 0x4000 + LAPIC_DIVIDE
	mov	eax, 0xa
	cld
	stosd
	inc	dword [es:di - 4]
	mov	eax, [es:di - 4]
	WANT	eax, 0xb
	mov	si, LAPIC_VERSION
	lodsd
	WANT	eax, [fs:S_VERSION]
	WANT	esi, LAPIC_VERSION + 4
	xor	ax, ax
	mov	ds, ax
	LEAVE
