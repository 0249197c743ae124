; SPDX-License-Identifier: BSD-2-Clause
; What a processor finds when a start-up IPI starts it: noted by the first instructions of 16-bit code.
; Afterwards it spoils all it can, so that the next INIT has something to do, and sleeps.

%include "layout.inc"

extern gdt

CR4_OSXSAVE	equ 1 << 18
CR0_TS		equ 1 << 3
EFER_NXE	equ 1 << 11

section .rodata
align 16
global ap_blob, ap_blob_end, ap_seen, ap_msrs, ap_msrs_end
bits 16
; Copied to TRAMPOLINE, where CS:0 is.
%define AT(x) cs:x - ap_blob
ap_blob:
	mov	[AT(seen.eax)], eax
	mov	[AT(seen.ebx)], ebx
	mov	[AT(seen.ecx)], ecx
	mov	[AT(seen.edx)], edx
	mov	[AT(seen.esi)], esi
	mov	[AT(seen.edi)], edi
	mov	[AT(seen.ebp)], ebp
	mov	[AT(seen.esp)], esp
	mov	[AT(seen.es)], es
	mov	[AT(seen.cs)], cs
	mov	[AT(seen.ss)], ss
	mov	[AT(seen.ds)], ds
	mov	[AT(seen.fs)], fs
	mov	[AT(seen.gs)], gs
	mov	ax, cs
	mov	ds, ax
	mov	ss, ax
	mov	sp, 0xff0
	pushfd
	pop	dword [AT(seen.eflags)]
	mov	eax, cr0
	mov	[AT(seen.cr0)], eax
	mov	eax, cr2
	mov	[AT(seen.cr2)], eax
	mov	eax, cr3
	mov	[AT(seen.cr3)], eax
	mov	eax, cr4
	mov	[AT(seen.cr4)], eax
	mov	eax, dr0
	mov	[AT(seen.dr0)], eax
	mov	eax, dr1
	mov	[AT(seen.dr1)], eax
	mov	eax, dr2
	mov	[AT(seen.dr2)], eax
	mov	eax, dr3
	mov	[AT(seen.dr3)], eax
	mov	eax, dr6
	mov	[AT(seen.dr6)], eax
	mov	eax, dr7
	mov	[AT(seen.dr7)], eax
	o32 sgdt [AT(seen.gdtr)]
	o32 sidt [AT(seen.idtr)]
	mov	si, ap_msrs - ap_blob
	mov	di, seen.msr - ap_blob
	mov	ax, cs
	mov	es, ax
	cld
.msr:	lodsd
	mov	ecx, eax
	rdmsr
	stosd
	mov	eax, edx
	stosd
	cmp	si, ap_msrs_end - ap_blob
	jb	.msr
	mov	eax, 1
	cpuid
	mov	[AT(seen.cpuid1)], eax
	test	ecx, 1 << 26
	jz	spoil
	mov	eax, cr4
	or	eax, CR4_OSXSAVE
	mov	cr4, eax
	xor	ecx, ecx
	xgetbv
	mov	[AT(seen.xcr0)], eax
	mov	eax, 3
	xsetbv

spoil:	mov	si, ap_msrs - ap_blob
.msr:	lodsd
	mov	ecx, eax
	mov	ebx, [si + spoils - ap_msrs - 4]
	cmp	ebx, -1
	je	.next
	xor	edx, edx
	mov	eax, ebx
	wrmsr
.next:	cmp	si, ap_msrs_end - ap_blob
	jb	.msr
	mov	eax, 0x1234
	mov	dr0, eax
	mov	dr1, eax
	mov	dr2, eax
	mov	dr3, eax
	mov	cr2, eax
	mov	eax, 0xffff0ff1
	mov	dr6, eax
	mov	eax, 0x700
	mov	dr7, eax
	mov	eax, 0x5000
	mov	cr3, eax
	mov	eax, cr4
	or	eax, CR4_PAE | CR4_OSFXSR
	mov	cr4, eax
	mov	byte [AT(seen.done)], 1
	o32 lgdt [AT(.gdt)]
	mov	eax, cr0
	or	eax, CR0_PE | CR0_NE | CR0_MP | CR0_WP | CR0_TS
	mov	cr0, eax
	mov	bx, SEL_DATA
	mov	ds, bx
	mov	es, bx
	mov	fs, bx
	mov	gs, bx
	mov	ss, bx
	mov	eax, 0x11111111
	mov	ecx, eax
	mov	ebp, eax
	mov	esi, eax
	mov	edi, eax
	std
.stop:	cli
	hlt
	jmp	.stop
.gdt:	dw	0x4f
	dd	gdt

align 4
; What is read, and below what it is spoilt with (-1: not).
ap_msrs:
	dd	MSR_EFER, 0x1b, 0x3b, 0x174, 0x175, 0x176, 0x1a0, 0x277, 0x2ff
	dd	0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102
ap_msrs_end:
spoils:	dd	EFER_NXE, -1, -1, 0x18, 0x175, 0x176, -1, 0x00070406, 0xc06
	dd	0x81, 0x82, 0x83, 0x84, 0x100, 0x101, 0x102
align 4
ap_seen:				; struct seen in main.c
seen:
.done:	dd	0
.eax:	dd	0
.ebx:	dd	0
.ecx:	dd	0
.edx:	dd	0
.esi:	dd	0
.edi:	dd	0
.ebp:	dd	0
.esp:	dd	0
.es:	dd	0
.cs:	dd	0
.ss:	dd	0
.ds:	dd	0
.fs:	dd	0
.gs:	dd	0
.eflags: dd	0
.cr0:	dd	0
.cr2:	dd	0
.cr3:	dd	0
.cr4:	dd	0
.dr0:	dd	0
.dr1:	dd	0
.dr2:	dd	0
.dr3:	dd	0
.dr6:	dd	0
.dr7:	dd	0
.xcr0:	dd	0
.cpuid1: dd	0
.gdtr:	dw	0
	dd	0
	dw	0
.idtr:	dw	0
	dd	0
	dw	0
.msr:	times 2 * (ap_msrs_end - ap_msrs) db 0
ap_blob_end:
