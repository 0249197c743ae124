; SPDX-License-Identifier: BSD-2-Clause
; Interrupt handlers of the benchmark: note the TSC as early as can be, count, end of interrupt.

section .text
bits 64

APIC_EOI	equ 0xfee000b0
X2APIC_EOI	equ 0x80b

; %1 name, %2 counter, %3 1 in x2APIC mode. Changes nothing but the two variables.
%macro HANDLER 3
global %1
%1:
	push	rax
	push	rdx
	rdtsc
	mov	[bench_tsc], eax
	mov	[bench_tsc + 4], edx
	inc	dword [%2]
%if %3
	push	rcx
	mov	ecx, X2APIC_EOI
	xor	eax, eax
	xor	edx, edx
	wrmsr
	pop	rcx
%else
	mov	eax, APIC_EOI
	mov	dword [rax], 0
%endif
	pop	rdx
	pop	rax
	iretq
%endmacro

	HANDLER bench_irq, bench_hits, 0
	HANDLER bench_ap_irq, bench_ap_hits, 0
	HANDLER bench_irq_x2apic, bench_hits, 1

section .bss
alignb 8
global bench_tsc, bench_hits, bench_ap_hits
bench_tsc:	resq 1
bench_hits:	resd 1
bench_ap_hits:	resd 1
