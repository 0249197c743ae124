; SPDX-License-Identifier: BSD-2-Clause
; The hypervisor's stripped ELF file (PAYLOAD, from the Makefile) inside the UEFI program.

global payload, payload_end

section .rdata align=16
payload:
	incbin PAYLOAD
payload_end:
