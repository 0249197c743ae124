; SPDX-License-Identifier: BSD-2-Clause
;
; The two doors' first instructions, until C can run: the boot page tables (4 GiB identical, and
; the image at its virtual address), 64-bit mode, a stack. Both doors pass through the same 32-bit
; hall, so that what the firmware left behind (its page tables, 5-level paging, features in CR4) is
; gone when C starts.
;
; Everything in `bits 32` runs at the physical address where the loader put the image, a multiple
; of 2 MiB below 4 GiB, and reaches data as [ebp + REL(symbol)].

MB2_HEADER_MAGIC equ 0xe85250d6
MB2_LOADER_MAGIC equ 0x36d76289		; in EAX, from a multiboot2 loader

CR0_WP	equ 1 << 16
CR0_PG	equ 1 << 31
CR4_PAE	equ 1 << 5
CR4_LA57 equ 1 << 12
MSR_EFER equ 0xc0000080
EFER_LME equ 1 << 8
EFER_NXE equ 1 << 11
CPUID_LM equ 1 << 29			; leaf 8000_0001h, EDX
CPUID_NX equ 1 << 20
COM1	equ 0x3f8

PTE_TABLE equ 0x003			; present, writable
PTE_LARGE equ 0x083			; and a 2 MiB page
LARGE	equ 0x200000

SEL_CODE32 equ 0x08
SEL_CODE64 equ 0x10
SEL_DATA equ 0x18

STACK_SIZE equ 16384
IMAGE_BASE_FIELD equ 8			; of struct boot_info; boot/doors.c asserts it

extern image_start, image_end, multiboot2_entry_lma
extern multiboot2_main, plinth_main
global multiboot2_header, multiboot2_header_end, multiboot2_entry, efi_entry64

; ---- The header that GRUB looks for ------------------------------------------------------------

section .multiboot2 progbits alloc exec nowrite align=8

; Multiboot2 Specification, "The layout of Multiboot2 header": %1 type, %2 flags (1: optional),
; then the content.
%macro TAG 2+
	align 8, db 0
%%tag:	dw %1, %2
%endmacro

multiboot2_header:
	dd MB2_HEADER_MAGIC
	dd 0				; i386: entered in 32-bit protected mode
	dd multiboot2_header_end - multiboot2_header
	dd (-(MB2_HEADER_MAGIC + (multiboot2_header_end - multiboot2_header))) & 0xffffffff

	TAG 3, 0			; entry address, on UEFI too
	dd 12, multiboot2_entry_lma
	TAG 5, 1			; framebuffer, optional; no depth without a size
	dd 20, 1024, 768, 32
	TAG 6, 0			; modules begin on page boundaries
	dd 8
	TAG 10, 0			; relocatable: lowest, highest, alignment, low first
	dd 24, LARGE, 0xffffffff, LARGE, 1
	TAG 0, 0			; end
	dd 8
multiboot2_header_end:

; ---- The multiboot2 door -----------------------------------------------------------------------

section .text
bits 32

%define REL(symbol) (symbol - here)

; From the loader: EAX magic, EBX physical address of the information; flat segments, interrupts
; off, no stack. Never returns.
multiboot2_entry:
	cli
	cld
	cmp	eax, MB2_LOADER_MAGIC
	jne	other_loader
	; Only CALL tells where we are, and the only memory known to be there is the information:
	; its first word holds the return address for a moment and is put back.
	mov	esi, ebx
	mov	edx, [esi]
	lea	esp, [esi + 4]
	call	here
here:
	pop	ebp			; EBP = physical address of `here`, from now on
	mov	[esi], edx
	lea	esp, [ebp + REL(boot_stack_end)]
	mov	edi, REL(multiboot2_high)
	jmp	hall

other_loader:
	mov	esp, 0x7c00		; RAM on every PC, and nobody will miss what is there
	call	.where
.where:	pop	ebp
	sub	ebp, .where - here
	mov	esi, REL(msg_loader)
	jmp	die

; ---- The EFI door ------------------------------------------------------------------------------

bits 64

; void efi_entry64(const struct boot_info *bi): RDI is an identity-mapped address below 4 GiB;
; interrupts off; the page tables of the UEFI program, or any others that map the image at its
; virtual and its physical address. Goes down to 32 bits without paging, because 5-level paging can
; be left in no other way. Never returns.
efi_entry64:
	cli
	cld
	mov	esi, edi
	lea	rbp, [rel here]
	lea	rax, [rel image_start]
	sub	rbp, rax
	add	rbp, [rdi + IMAGE_BASE_FIELD]
	lea	rsp, [rbp + REL(boot_stack_end)]
	lea	rax, [rbp + REL(gdt)]
	push	rax
	push	word gdt_end - gdt - 1
	lgdt	[rsp]
	add	rsp, 10
	lea	rax, [rbp + REL(.leave)]
	push	SEL_CODE32
	push	rax
	retfq

bits 32
.leave:
	mov	eax, SEL_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	eax, cr4
	and	eax, CR4_PAE | CR4_LA57	; PCIDE in particular forbids the next step
	mov	cr4, eax
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	edi, REL(efi_high)

; ---- The hall ------------------------------------------------------------------------------------

; 32 bits, no paging; EBP = `here`, ESI = the door's argument, EDI = REL(where to go in 64 bits).
hall:
	mov	eax, 0x80000000
	cpuid
	cmp	eax, 0x80000001
	jb	.no_long_mode
	mov	eax, 0x80000001
	cpuid
	test	edx, CPUID_LM
	jz	.no_long_mode
	push	edx

	call	build_tables
	lea	eax, [ebp + REL(boot_pml4)]
	mov	cr3, eax
	mov	eax, CR4_PAE
	mov	cr4, eax

	pop	ebx			; CPUID's feature bits; RDMSR needs EDX
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	test	ebx, CPUID_NX
	jz	.no_nx			; boot/main.c complains: it has a console
	or	eax, EFER_NXE
.no_nx:	wrmsr

	lea	eax, [ebp + REL(gdt)]
	push	eax
	push	word gdt_end - gdt - 1
	lgdt	[esp]
	mov	eax, cr0
	or	eax, CR0_PG | CR0_WP
	mov	cr0, eax		; 64-bit mode is on; this code segment is a 32-bit one still

	lea	eax, [ebp + REL(.long)]
	push	dword SEL_CODE64
	push	eax
	retf

.no_long_mode:
	mov	esi, REL(msg_cpu)
	; falls through

; Says the text at REL(ESI) on the first serial port and stops. EBP = `here`.
die:
	add	esi, ebp
.next:	lodsb
	test	al, al
	jz	.stop
	mov	bl, al
	mov	ecx, 100000		; a port that is not there is no reason to wait for ever
.wait:	mov	dx, COM1 + 5
	in	al, dx
	test	al, 0x20		; transmitter ready
	loopz	.wait
	mov	dx, COM1
	mov	al, bl
	out	dx, al
	jmp	.next
.stop:	hlt
	jmp	.stop

; Fills the boot page tables, which are zero. Keeps EBP, ESI, EDI.
build_tables:
	lea	eax, [ebp + REL(boot_pdpt) + PTE_TABLE]
	mov	[ebp + REL(boot_pml4)], eax
	add	eax, boot_pdpt_high - boot_pdpt
	mov	[ebp + REL(boot_pml4) + 511 * 8], eax
	add	eax, boot_pd_high - boot_pdpt_high
	mov	[ebp + REL(boot_pdpt_high) + 510 * 8], eax

	lea	eax, [ebp + REL(boot_pd) + PTE_TABLE]
	xor	ecx, ecx
.dir:	mov	[ebp + ecx * 8 + REL(boot_pdpt)], eax
	add	eax, 4096
	inc	ecx
	cmp	ecx, 4
	jb	.dir

	mov	eax, PTE_LARGE		; the first 4 GiB at their own addresses
	xor	ecx, ecx
.low:	mov	[ebp + ecx * 8 + REL(boot_pd)], eax
	add	eax, LARGE
	inc	ecx
	cmp	ecx, 4 * 512
	jb	.low

	lea	eax, [ebp + REL(image_start) + PTE_LARGE]
	lea	edx, [ebp + REL(image_end) + PTE_LARGE]
	xor	ecx, ecx		; the image at its virtual address
.high:	mov	[ebp + ecx * 8 + REL(boot_pd_high)], eax
	add	eax, LARGE
	inc	ecx
	cmp	eax, edx
	jb	.high
	ret

; ---- 64 bits -----------------------------------------------------------------------------------

bits 64

hall.long:
	mov	ebp, ebp		; upper halves are undefined after a change of mode
	mov	esi, esi
	movsxd	rdi, edi
	lea	rax, [rel image_start]
	mov	rbx, rax		; the image's physical address: we still run there
	lea	rax, [rel here]
	mov	rcx, here
	sub	rcx, rax		; from physical to virtual
	lea	rax, [rbp + rdi]
	add	rax, rcx
	jmp	rax

; The rest of the way, at virtual addresses. ESI the door's argument, RBX the image's physical
; address.
%macro ARRIVE 0
	lgdt	[rel gdt_pointer]
	mov	eax, SEL_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	lea	rsp, [rel boot_stack_end]
	xor	ebp, ebp		; the end of every backtrace
	mov	edi, esi
%endmacro

; multiboot2_main(info, image_base)
multiboot2_high:
	ARRIVE
	mov	rsi, rbx
	call	multiboot2_main
	ud2

; plinth_main(bi)
efi_high:
	ARRIVE
	call	plinth_main
	ud2

; ---- Data --------------------------------------------------------------------------------------

section .rodata

msg_loader: db 13, 10, "Plinth: not started by a multiboot2 loader", 13, 10, 0
msg_cpu: db 13, 10, "Plinth: this processor has no 64-bit mode", 13, 10, 0

align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff		; SEL_CODE32: flat, accessed
	dq 0x00af9b000000ffff		; SEL_CODE64
	dq 0x00cf93000000ffff		; SEL_DATA
gdt_end:

gdt_pointer:
	dw gdt_end - gdt - 1
	dq gdt

section .bss align=4096

boot_pml4: resb 4096
boot_pdpt: resb 4096
boot_pd: resb 4 * 4096
boot_pdpt_high: resb 4096
boot_pd_high: resb 4096
boot_stack: resb STACK_SIZE
boot_stack_end:
