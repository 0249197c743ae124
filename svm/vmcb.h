// SPDX-License-Identifier: BSD-2-Clause
/*
 * The virtual machine control block. AMD APM vol. 2, "Layout of VMCB".
 */
#pragma once

#include <lib/bits.h>
#include <lib/types.h>

struct vmcb_seg {
	u16 selector;
	u16 attr;
	u32 limit;
	u64 base;
};

struct vmcb_control {
	u16 cr_read; /* 0x000 */
	u16 cr_write;
	u16 dr_read;
	u16 dr_write;
	u32 exceptions; /* 0x008 */
	u32 misc1;
	u32 misc2; /* 0x010 */
	u32 misc3;
	u8 reserved_018[0x3c - 0x18];
	u16 pause_threshold; /* 0x03c */
	u16 pause_count;
	u64 iopm_base;	/* 0x040 */
	u64 msrpm_base;
	u64 tsc_offset; /* 0x050 */
	u32 asid;
	u32 tlb_control;
	u64 int_ctl;   /* 0x060 */
	u64 int_state;
	u64 exit_code; /* 0x070 */
	u64 exit_info1;
	u64 exit_info2; /* 0x080 */
	u64 exit_int_info;
	u64 np_enable; /* 0x090 */
	u8 reserved_098[0xa8 - 0x98];
	u64 event_inj; /* 0x0a8 */
	u64 n_cr3;
	u64 virt_ext; /* 0x0b8 */
	u32 clean;
	u32 reserved_0c4;
	u64 next_rip; /* 0x0c8 */
	u8 fetched_count;
	u8 fetched[15];
	u8 reserved_0e0[0x400 - 0xe0];
};
static_assert(offsetof(struct vmcb_control, pause_threshold) == 0x3c, "VMCB");
static_assert(offsetof(struct vmcb_control, iopm_base) == 0x40, "VMCB");
static_assert(offsetof(struct vmcb_control, asid) == 0x58, "VMCB");
static_assert(offsetof(struct vmcb_control, exit_code) == 0x70, "VMCB");
static_assert(offsetof(struct vmcb_control, event_inj) == 0xa8, "VMCB");
static_assert(offsetof(struct vmcb_control, clean) == 0xc0, "VMCB");
static_assert(offsetof(struct vmcb_control, fetched_count) == 0xd0, "VMCB");
static_assert(sizeof(struct vmcb_control) == 0x400, "VMCB");

struct vmcb_save {
	struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; /* 0x400 */
	u8 reserved_4a0[0x4cb - 0x4a0];
	u8 cpl; /* 0x4cb */
	u32 reserved_4cc;
	u64 efer; /* 0x4d0 */
	u8 reserved_4d8[0x548 - 0x4d8];
	u64 cr4; /* 0x548 */
	u64 cr3;
	u64 cr0; /* 0x558 */
	u64 dr7;
	u64 dr6; /* 0x568 */
	u64 rflags;
	u64 rip; /* 0x578 */
	u8 reserved_580[0x5d8 - 0x580];
	u64 rsp; /* 0x5d8 */
	u8 reserved_5e0[0x5f8 - 0x5e0];
	u64 rax; /* 0x5f8 */
	u64 star;
	u64 lstar; /* 0x608 */
	u64 cstar;
	u64 sfmask; /* 0x618 */
	u64 kernel_gs_base;
	u64 sysenter_cs; /* 0x628 */
	u64 sysenter_esp;
	u64 sysenter_eip; /* 0x638 */
	u64 cr2;
	u8 reserved_648[0x668 - 0x648];
	u64 g_pat; /* 0x668 */
	u8 reserved_670[0x1000 - 0x670];
};

struct vmcb {
	struct vmcb_control c;
	struct vmcb_save s;
};
static_assert(offsetof(struct vmcb, s.cpl) == 0x4cb, "VMCB");
static_assert(offsetof(struct vmcb, s.efer) == 0x4d0, "VMCB");
static_assert(offsetof(struct vmcb, s.cr4) == 0x548, "VMCB");
static_assert(offsetof(struct vmcb, s.rip) == 0x578, "VMCB");
static_assert(offsetof(struct vmcb, s.rsp) == 0x5d8, "VMCB");
static_assert(offsetof(struct vmcb, s.rax) == 0x5f8, "VMCB");
static_assert(offsetof(struct vmcb, s.cr2) == 0x640, "VMCB");
static_assert(offsetof(struct vmcb, s.g_pat) == 0x668, "VMCB");
static_assert(sizeof(struct vmcb) == 0x1000, "VMCB");

/* misc1, misc2, misc3: what to intercept. */
#define MISC1_INTR     BIT(0)
#define MISC1_NMI      BIT(1)
#define MISC1_SMI      BIT(2)
#define MISC1_INIT     BIT(3)
#define MISC1_VINTR    BIT(4)
#define MISC1_RDPMC    BIT(15)
#define MISC1_CPUID    BIT(18)
#define MISC1_RSM      BIT(19)
#define MISC1_IRET     BIT(20)
#define MISC1_INVD     BIT(22)
#define MISC1_PAUSE    BIT(23)
#define MISC1_HLT      BIT(24)
#define MISC1_INVLPGA  BIT(26)
#define MISC1_IOIO     BIT(27)
#define MISC1_MSR      BIT(28)
#define MISC1_FERR     BIT(30)
#define MISC1_SHUTDOWN BIT(31)
#define MISC2_VMRUN    BIT(0)
#define MISC2_VMMCALL  BIT(1)
#define MISC2_VMLOAD   BIT(2)
#define MISC2_VMSAVE   BIT(3)
#define MISC2_STGI     BIT(4)
#define MISC2_CLGI     BIT(5)
#define MISC2_SKINIT   BIT(6)
#define MISC2_WBINVD   BIT(9)
#define MISC2_MONITOR  BIT(10)
#define MISC2_MWAIT    BIT(11)
#define MISC2_XSETBV   BIT(13)
#define MISC2_RDPRU    BIT(14)
#define MISC3_INVPCID  BIT(2)

#define DR_WRITE       BITS(3, 0)
#define CR4_WRITE      BIT(4)
#define CR8_WRITE      BIT(8)

#define TLB_NOTHING    0u
#define TLB_FLUSH_ALL  1u
#define TLB_FLUSH_ASID 3u

#define INT_CTL_TPR	BITS(3, 0) /* the rest of its byte is 0 */
#define INT_CTL_IRQ	BIT(8)
#define INT_CTL_IGN_TPR BIT(20)
#define INT_CTL_MASKING BIT(24)
#define INT_CTL_VECTOR	BITS(39, 32)

#define INT_STATE_SHADOW BIT(0)

#define EVENT_VECTOR	 BITS(7, 0)
#define EVENT_TYPE	 BITS(10, 8)
#define EVENT_HAS_ERROR	 BIT(11)
#define EVENT_VALID	 BIT(31)
#define EVENT_ERROR	 BITS(63, 32)
#define EVENT_TYPE_INTR	 0u
#define EVENT_TYPE_NMI	 2u
#define EVENT_TYPE_EXC	 3u
#define EVENT_TYPE_SOFT	 4u

/* EXITINFO1 of IOIO. */
#define IOIO_HOW    BITS(2, 0) /* in, string: as PIO_IN, PIO_STRING; bit 1 is 0 */
#define IOIO_WIDTH  BITS(6, 4) /* bytes */
#define IOIO_PORT   BITS(31, 16)

/* EXITINFO1 of a nested page fault. */
#define NPF_WRITE   BIT(1)
#define NPF_FETCH   BIT(4)
#define NPF_TABLE   BIT(33)

/* EXITINFO1 of a CR write with decode assists. */
#define CR_INFO_MOV BIT(63)
#define CR_INFO_GPR BITS(3, 0)

/* Exit codes; AMD APM vol. 2, "SVM Intercept Exit Codes". */
#define VMEXIT_CR0_WRITE    0x10
#define VMEXIT_DR_WRITE	    0x30
#define VMEXIT_EXCEPTION    0x40
#define VMEXIT_INTR	    0x60
#define VMEXIT_NMI	    0x61
#define VMEXIT_SMI	    0x62
#define VMEXIT_INIT	    0x63
#define VMEXIT_VINTR	    0x64
#define VMEXIT_RDPMC	    0x6f
#define VMEXIT_CPUID	    0x72
#define VMEXIT_RSM	    0x73
#define VMEXIT_IRET	    0x74
#define VMEXIT_INVD	    0x76
#define VMEXIT_PAUSE	    0x77
#define VMEXIT_HLT	    0x78
#define VMEXIT_INVLPGA	    0x7a
#define VMEXIT_IOIO	    0x7b
#define VMEXIT_MSR	    0x7c
#define VMEXIT_FERR_FREEZE  0x7e
#define VMEXIT_SHUTDOWN	    0x7f
#define VMEXIT_VMRUN	    0x80
#define VMEXIT_VMMCALL	    0x81
#define VMEXIT_VMLOAD	    0x82
#define VMEXIT_VMSAVE	    0x83
#define VMEXIT_STGI	    0x84
#define VMEXIT_CLGI	    0x85
#define VMEXIT_SKINIT	    0x86
#define VMEXIT_WBINVD	    0x89
#define VMEXIT_MONITOR	    0x8a
#define VMEXIT_MWAIT	    0x8b
#define VMEXIT_XSETBV	    0x8d
#define VMEXIT_RDPRU	    0x8e
#define VMEXIT_INVPCID	    0xa2
#define VMEXIT_NPF	    0x400
#define VMEXIT_INVALID	    (-1)
