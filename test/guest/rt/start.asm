; SPDX-License-Identifier: BSD-2-Clause
; The way of a tiny guest from the PVH entry (32-bit, paging off) to C in long mode, and of its other
; processors from the start-up IPI. Memory up to 4 GiB is mapped one to one, readable by CPL 3 too.

%include "layout.inc"

extern rt_start, rt_ap_start, __bss_start, __bss_end, ap_stacks, ap_index

; Xen, "x86/HVM direct boot ABI": the note that names the 32-bit entry point. 8 bytes of address, as
; 64-bit Linux has it.
section .note.pvh note alloc noexec nowrite align=4
	dd	4, 8, 18		; lengths of name and contents; XEN_ELFNOTE_PHYS32_ENTRY
	db	"Xen", 0
	dq	pvh_entry

; Multiboot2 Specification, "The layout of Multiboot2 header": so that GRUB starts a guest bare where there is
; no loader that knows PVH.
section .multiboot2 alloc noexec nowrite align=8
mb2:	dd	0xe85250d6, 0, mb2_end - mb2, -(0xe85250d6 + mb2_end - mb2)
	dd	0, 8			; the tag that ends them
mb2_end:

section .text
bits 32

global pvh_entry
; In: ebx = hvm_start_info, flat 32-bit segments, paging and interrupts off. By multiboot2 the same, but
; eax = its magic and ebx = its information.
pvh_entry:
	cld
	mov	esi, eax
	mov	edi, __bss_start
	mov	ecx, __bss_end
	sub	ecx, edi
	shr	ecx, 2
	xor	eax, eax
	rep	stosd
	lgdt	[gdt_ptr]
	mov	esp, boot_stack_top

	; PML4[0] -> PDPT, PDPT[0..3] -> four page directories of 2 MiB pages.
	mov	dword [pml4], pdpt + PTE_TABLE
	mov	dword [pdpt + 0], pd + 0x0000 + PTE_TABLE
	mov	dword [pdpt + 8], pd + 0x1000 + PTE_TABLE
	mov	dword [pdpt + 16], pd + 0x2000 + PTE_TABLE
	mov	dword [pdpt + 24], pd + 0x3000 + PTE_TABLE
	mov	edi, pd
	mov	eax, PTE_LEAF
	mov	ecx, 2048
.leaf:	mov	[edi], eax
	add	eax, 2 << 20
	add	edi, 8
	loop	.leaf

	call	long_mode
bits 64
	mov	edi, ebx		; the information; clears the upper half
	mov	esi, esi
	call	rt_start
.stop:	cli
	hlt
	jmp	.stop

; Processors after the start-up IPI, from ap_trampoline: flat 32-bit, stack not yet set.
bits 32
ap_entry:
	mov	eax, [ap_index]		; set by cpu_start, which starts one at a time
	inc	eax
	shl	eax, AP_STACK_SHIFT
	add	eax, ap_stacks
	mov	esp, eax
	call	long_mode
bits 64
	call	rt_ap_start
.stop:	cli
	hlt
	jmp	.stop

; Called in 32-bit mode, returns in 64-bit mode. Clobbers eax, ecx, edx, edi.
bits 32
long_mode:
	pop	edi
	mov	eax, pml4
	mov	cr3, eax
	mov	eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
	mov	cr4, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE
	mov	cr0, eax
	jmp	SEL_CODE64:.far
bits 64
.far:
	mov	eax, SEL_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	esp, esp		; the upper half is undefined after the switch
	mov	edi, edi
	jmp	rdi

section .data
align 16
global gdt, gdt_ptr
gdt:	dq	0
	dq	0x00cf9b000000ffff	; 08 code, 32 bit
	dq	0x00cf93000000ffff	; 10 data
	dq	0x00af9b000000ffff	; 18 code, 64 bit
	dq	0x00009b000000ffff	; 20 code, 16 bit, base 0
	dq	0x000093000000ffff	; 28 data, limit 64 KiB
	dq	0x00cff3000000ffff	; 30 data, CPL 3
	dq	0x00affb000000ffff	; 38 code, 64 bit, CPL 3
	dq	0, 0			; 40 TSS, filled by trap_init
gdt_end:
gdt_ptr:
	dw	gdt_end - gdt - 1
	dq	gdt

; Copied to TRAMPOLINE: the start-up IPI starts it in real mode at TRAMPOLINE >> 4 : 0.
section .rodata
align 16
global ap_trampoline, ap_trampoline_end
bits 16
ap_trampoline:
	cli
	cld
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [.ptr - ap_trampoline]
	mov	eax, CR0_ET | CR0_PE
	mov	cr0, eax
	jmp	dword SEL_CODE32:TRAMPOLINE + .flat - ap_trampoline
bits 32
.flat:	mov	eax, SEL_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	eax, ap_entry
	jmp	eax
.ptr:	dw	gdt_end - gdt - 1
	dd	gdt
ap_trampoline_end:

section .bss
alignb 4096
global pml4
pml4:	resb	4096
pdpt:	resb	4096
pd:	resb	4 * 4096
	resb	16384
boot_stack_top:
