; SPDX-License-Identifier: BSD-2-Clause
; All that runs outside of long mode: a flat binary at 4000h, so that one address is good for
; 16-bit, 32-bit and 64-bit code. main.c copies it there; low.lst tells which check an address is.

%include "low.inc"

org 0x4000
section .text align=16
section .names follows=.text align=4

section .text
bits 64
	jmp	near enter		; 4000h
align 8
	dd	cases, cases_end	; 4008h: struct header in main.c
	dd	gdt, tss32, ldt_image
	dd	stubs16, irq16, soft16
	dd	image_end

%include "engine.asm"
%include "trap.asm"
%include "probe.asm"
%include "segment.asm"
%include "control.asm"
%include "user.asm"

section .text
align 4
cases:
	CASE "flat",			M_FLAT, probe32, ANYWHERE
	CASE "flat-lme",		M_LME, probe32, ANYWHERE
	CASE "legacy-paging",		M_LEGACY, probe32, ANYWHERE
	CASE "pae-paging",		M_PAE, probe32, ANYWHERE
	CASE "compatibility",		M_COMPAT, probe32, ANYWHERE
	CASE "long",			M_LONG, probe64, ANYWHERE
	CASE "protected-16",		M_16, probe16, ANYWHERE
	CASE "real",			M_REAL, probe16, ANYWHERE
	CASE "real-frames",		M_REAL, real_frames, ANYWHERE
	CASE "unreal",			M_UNREAL, unreal, ANYWHERE
	CASE "unreal-probe",		M_UNREAL, probe16, ANYWHERE
	CASE "real-32-bit-code",	M_FLAT, big_real, ANYWHERE
	CASE "real-kept-selectors",	M_FLAT, kept, ANYWHERE
	CASE "real-kept-limit",		M_FLAT, kept_limit, UNDER_PLINTH
	CASE "real-limit",		M_REAL, real_limit, ON_SILICON
	CASE "selectors",		M_FLAT, selectors, ANYWHERE
	CASE "selectors-legacy",	M_LEGACY, selectors, ANYWHERE
	CASE "selectors-compat",	M_COMPAT, selectors, ANYWHERE
	CASE "ldt",			M_PAE, ldt_use, ANYWHERE
	CASE "limits",			M_FLAT, limits, ON_SILICON
	CASE "limits-mmio",		M_LEGACY, limits_mmio, UNDER_PLINTH
	CASE "limits-string-io",	M_PAE, limits_io, UNDER_PLINTH
	CASE "limits-stack",		M_PAE, limits_stack, UNDER_PLINTH
	CASE "far-jumps",		M_FLAT, far_jumps, ANYWHERE
	CASE "far-jumps-pae",		M_PAE, far_jumps, ANYWHERE
	CASE "far-jumps-compat",	M_COMPAT, far_jumps, ANYWHERE
	CASE "far-faults",		M_FLAT, far_faults, ANYWHERE
	CASE "msw-flat",		M_FLAT, msw32, ANYWHERE
	CASE "msw-legacy",		M_LEGACY, msw32, ANYWHERE
	CASE "msw-compat",		M_COMPAT, msw32, ANYWHERE
	CASE "msw-real",		M_REAL, msw16, ANYWHERE
	CASE "msw-16",			M_16, msw16, ANYWHERE
	CASE "lmsw-enters",		M_REAL, lmsw_enters, ANYWHERE
	CASE "cr-toggles-flat",		M_FLAT, toggles32, ANYWHERE
	CASE "cr-toggles-legacy",	M_LEGACY, toggles32, ANYWHERE
	CASE "cr-toggles-pae",		M_PAE, toggles32, ANYWHERE
	CASE "cr-toggles-compat",	M_COMPAT, toggles32, ANYWHERE
	CASE "cr-toggles-real",		M_REAL, toggles16, ANYWHERE
	CASE "cr-faults",		M_PAE, cr_faults, UNDER_PLINTH
	CASE "pae-toggle",		M_FLAT, pae_toggle, ANYWHERE
	CASE "real-to-legacy",		M_REAL, real_to_legacy, ANYWHERE
	CASE "real-to-pae",		M_REAL, real_to_pae, ANYWHERE
	CASE "real-to-long",		M_REAL, real_to_long, ANYWHERE
	CASE "user-legacy",		M_LEGACY, user, ANYWHERE
	CASE "user-pae",		M_PAE, user, ANYWHERE
	CASE "user-cache",		M_LEGACY, user_cache, UNDER_PLINTH
	CASE "v86-iopl0-flat",		M_FLAT, v86_iopl0, ANYWHERE
	CASE "v86-iopl3-flat",		M_FLAT, v86_iopl3, ANYWHERE
	CASE "v86-iopl0-legacy",	M_LEGACY, v86_iopl0, ANYWHERE
	CASE "v86-iopl3-legacy",	M_LEGACY, v86_iopl3, ANYWHERE
	CASE "v86-iopl3-pae",		M_PAE, v86_iopl3, ANYWHERE
	CASE "v86-mmio-legacy",		M_LEGACY, v86_mmio, ANYWHERE
	CASE "v86-mmio-pae",		M_PAE, v86_mmio, ANYWHERE
cases_end:
	dd	0
section .names
	times 4 db 0
image_end:
