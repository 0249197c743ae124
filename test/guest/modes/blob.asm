; SPDX-License-Identifier: BSD-2-Clause
; low.asm's binary, for main.c to copy.

section .rodata
global low_blob, low_blob_end
low_blob:
	incbin	BLOB
low_blob_end:
