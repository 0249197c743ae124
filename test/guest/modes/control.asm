; SPDX-License-Identifier: BSD-2-Clause
; CR0 and CR4: the machine status word, bits that come and go, modes entered by one write.

section .text

; SMSW, LMSW, CLTS; in real mode LMSW leaves PE alone here.
%macro MSW 0
	mov	ebx, cr0
	smsw	ecx
	mov	edx, ebx
	and	edx, 0xffff
	and	ecx, 0xffff
	WANT	ecx, edx
	mov	dword [fs:io_long], 0x55555555
	smsw	[fs:io_long]		; 16 bits whatever the operand size
	mov	ecx, [fs:io_long]
	or	edx, 0x55550000
	WANT	ecx, edx
	mov	eax, ebx
	or	eax, CR0_TS
	lmsw	ax
	mov	ecx, cr0
	mov	edx, ebx
	or	edx, CR0_TS
	WANT	ecx, edx
	TRY	fnop
	OUTCOME	7
	mov	eax, 0x40000000
	cpuid
	clts
	mov	ecx, cr0
	mov	ebx, ecx
	and	ebx, CR0_TS
	WANT	ebx, 0
	TRY	fnop
	FINE
	mov	ebx, cr0
	mov	eax, ebx
	or	eax, CR0_EM | CR0_TS
	mov	[fs:io_long], eax
	lmsw	[fs:io_long]
	smsw	ecx
	and	ecx, CR0_EM | CR0_TS
	WANT	ecx, CR0_EM | CR0_TS
	mov	eax, ebx
	and	eax, ~1			; PE stays, if it was set
	lmsw	ax
	mov	ecx, cr0
	WANT	ecx, ebx
%endmacro

; Each of the bits in ecx written and read back, alone. Clobbers the rest.
%macro TOGGLE 2				; register, bits
	mov	esi, %1
%assign %%bit 0
%rep 32
%if (%2) >> %%bit & 1
	mov	eax, esi
	xor	eax, 1 << %%bit
	mov	%1, eax
	mov	ebx, %1
	WANT	ebx, eax
%endif
%assign %%bit %%bit + 1
%endrep
	mov	%1, esi
	mov	ebx, %1
	WANT	ebx, esi
%endmacro

%macro TOGGLES 0
	TOGGLE	cr0, CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_CD
	TOGGLE	cr4, CR4_TSD | CR4_DE | CR4_PGE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT
	mov	esi, cr0
	mov	eax, esi
	or	eax, CR0_CD | CR0_NW
	mov	cr0, eax
	mov	ebx, cr0
	WANT	ebx, eax
	wbinvd
	mov	cr0, esi
	mov	ebx, cr0
	WANT	ebx, esi
%endmacro

bits 32
msw32:	MSW
	ret
toggles32:
	TOGGLES
	mov	eax, cr3
	mov	cr3, eax
	invlpg	[0x1000]
	ret
bits 16
msw16:	MSW
	ret
toggles16:
	TOGGLES
	ret

bits 32
cr_faults:				; PAE paging
	mov	esi, cr4
	mov	ebx, esi
	or	ebx, 1 << 31
	TRY	{mov cr4, ebx}
	OUTCOME	13
	mov	ebx, esi
	or	ebx, 1 << 13		; VMXE is hidden
	TRY	{mov cr4, ebx}
	OUTCOME	13
	mov	eax, cr4
	WANT	eax, esi
	mov	ecx, MSR_EFER		; LME cannot be set under paging
	rdmsr
	or	eax, EFER_LME
	TRY	wrmsr
	OUTCOME	13
	rdmsr
	and	eax, EFER_LME
	WANT	eax, 0
	ret

; Without paging PAE means nothing, and is kept.
pae_toggle:
	mov	edi, 3
.next:	mov	eax, CR4_PAE | CR4_OSFXSR
	mov	cr4, eax
	call	light32
	mov	eax, cr4
	WANT	eax, CR4_PAE | CR4_OSFXSR
	mov	eax, CR4_OSFXSR | CR4_PSE
	mov	cr4, eax
	call	light32
	mov	eax, cr4
	WANT	eax, CR4_OSFXSR | CR4_PSE
	dec	edi
	jnz	.next
	mov	eax, CR4_OSFXSR
	mov	cr4, eax
	ret

bits 16
; LMSW is the way of a 286 into protected mode.
lmsw_enters:
	smsw	ax
	or	al, 1
	lmsw	ax
	jmp	dword SEL_CODE32:.flat
bits 32
.flat:	ALL_DATA SEL_DATA
	lidt	[idt32_ptr]
	call	light32
	smsw	eax
	and	al, ~1
	lmsw	ax			; there is no way back by it
	mov	ebx, cr0
	and	ebx, CR0_PE
	WANT	ebx, CR0_PE
	GO_REAL
	ret

; PE and PG set by one write, from real mode, and cleared by one. In: eax = CR4, ebx = CR3.
%macro ONE_WRITE_IN 0
	mov	cr4, eax
	mov	cr3, ebx
	mov	eax, cr0
	or	eax, CR0_PG | CR0_PE
	mov	cr0, eax
	jmp	dword SEL_CODE32:%%wide
bits 32
%%wide:	ALL_DATA SEL_DATA
%endmacro
%macro ONE_WRITE_OUT 0
	ALL_DATA SEL_DATA16
	jmp	SEL_CODE16:%%narrow
bits 16
%%narrow:
	mov	eax, cr0
	and	eax, ~(CR0_PG | CR0_PE)
	mov	cr0, eax
	jmp	0:%%real
%%real:	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	fs, ax
	mov	gs, ax
	mov	eax, CR4_OSFXSR
	mov	cr4, eax
%endmacro

bits 16
real_to_legacy:
	mov	eax, CR4_PSE | CR4_OSFXSR
	mov	ebx, [S_CR3_LEGACY]
	ONE_WRITE_IN
	lidt	[idt32_ptr]
	call	probe32
	lidt	[ivt_ptr]
	ONE_WRITE_OUT
	call	probe16
	ret

bits 16
real_to_pae:
	mov	eax, CR4_PAE | CR4_OSFXSR
	mov	ebx, [S_CR3_PAE]
	ONE_WRITE_IN
	lidt	[idt32_ptr]
	call	probe32
	lidt	[ivt_ptr]
	ONE_WRITE_OUT
	call	probe16
	ret

bits 16
real_to_long:
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, CR4_PAE | CR4_OSFXSR
	mov	ebx, [S_CR3_LONG]
	ONE_WRITE_IN
	lidt	[S_IDT64]
	mov	dword [S_EFER], 0x500
	call	probe32
	jmp	SEL_CODE64:.long
bits 64
.long:	mov	esp, esp
	call	probe64
	push	qword SEL_CODE32
	push	qword .back
	o64 retf
bits 32
.back:	ALL_DATA SEL_DATA
	lidt	[ivt_ptr]
	ONE_WRITE_OUT
	mov	dword [S_EFER], 0x100
	call	light16			; EFER.LME = 1 in real mode
	mov	ecx, MSR_EFER
	rdmsr
	and	eax, ~EFER_LME
	wrmsr
	mov	dword [S_EFER], 0
	call	probe16
	ret
