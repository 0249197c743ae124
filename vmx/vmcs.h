// SPDX-License-Identifier: BSD-2-Clause
/*
 * The virtual machine control structure: field encodings, controls, exit reasons. Constants only:
 * safe on the host. Intel SDM vol. 3, "Field Encoding in VMCS", "VM-Execution Control Fields",
 * "VM-Exit Control Fields", "VM-Entry Control Fields", "VMX Basic Exit Reasons".
 */
#pragma once

#include <lib/bits.h>
#include <lib/types.h>

/* "Structure of VMCS Component Encoding". */
#define ENCODING_HIGH  BIT(0) /* upper half of a 64-bit field: not for 64-bit software */
#define ENCODING_TYPE  BITS(11, 10)
#define ENCODING_WIDTH BITS(14, 13)

enum vmcs_width { VMCS_W16, VMCS_W64, VMCS_W32, VMCS_WNATURAL };
enum vmcs_type { VMCS_IS_CONTROL, VMCS_IS_INFO, VMCS_IS_GUEST, VMCS_IS_HOST };

/* X(name, encoding, width, type) */
// clang-format off
#define VMCS_FIELDS(X) \
	X(VPID,			0x0000, W16, CONTROL) \
	X(GUEST_ES,		0x0800, W16, GUEST) \
	X(GUEST_CS,		0x0802, W16, GUEST) \
	X(GUEST_SS,		0x0804, W16, GUEST) \
	X(GUEST_DS,		0x0806, W16, GUEST) \
	X(GUEST_FS,		0x0808, W16, GUEST) \
	X(GUEST_GS,		0x080a, W16, GUEST) \
	X(GUEST_LDTR,		0x080c, W16, GUEST) \
	X(GUEST_TR,		0x080e, W16, GUEST) \
	X(GUEST_INTERRUPTS,	0x0810, W16, GUEST) /* "interrupt status" */ \
	X(HOST_ES,		0x0c00, W16, HOST) \
	X(HOST_CS,		0x0c02, W16, HOST) \
	X(HOST_SS,		0x0c04, W16, HOST) \
	X(HOST_DS,		0x0c06, W16, HOST) \
	X(HOST_FS,		0x0c08, W16, HOST) \
	X(HOST_GS,		0x0c0a, W16, HOST) \
	X(HOST_TR,		0x0c0c, W16, HOST) \
	X(IO_BITMAP_A,		0x2000, W64, CONTROL) \
	X(IO_BITMAP_B,		0x2002, W64, CONTROL) \
	X(MSR_BITMAP,		0x2004, W64, CONTROL) \
	X(EXIT_STORE_LIST,	0x2006, W64, CONTROL) \
	X(EXIT_LOAD_LIST,	0x2008, W64, CONTROL) \
	X(ENTRY_LOAD_LIST,	0x200a, W64, CONTROL) \
	X(TSC_OFFSET,		0x2010, W64, CONTROL) \
	X(VIRTUAL_APIC,		0x2012, W64, CONTROL) \
	X(EPT_POINTER,		0x201a, W64, CONTROL) \
	X(EOI_EXITS0,		0x201c, W64, CONTROL) \
	X(EOI_EXITS1,		0x201e, W64, CONTROL) \
	X(EOI_EXITS2,		0x2020, W64, CONTROL) \
	X(EOI_EXITS3,		0x2022, W64, CONTROL) \
	X(ENCLS_BITMAP,		0x202e, W64, CONTROL) \
	X(TSC_MULTIPLIER,	0x2032, W64, CONTROL) \
	X(GUEST_PHYSICAL,	0x2400, W64, INFO) \
	X(GUEST_LINK,		0x2800, W64, GUEST) \
	X(GUEST_DEBUGCTL,	0x2802, W64, GUEST) \
	X(GUEST_PAT,		0x2804, W64, GUEST) \
	X(GUEST_EFER,		0x2806, W64, GUEST) \
	X(GUEST_PDPTE0,		0x280a, W64, GUEST) \
	X(GUEST_PDPTE1,		0x280c, W64, GUEST) \
	X(GUEST_PDPTE2,		0x280e, W64, GUEST) \
	X(GUEST_PDPTE3,		0x2810, W64, GUEST) \
	X(HOST_PAT,		0x2c00, W64, HOST) \
	X(HOST_EFER,		0x2c02, W64, HOST) \
	X(PIN_CONTROLS,		0x4000, W32, CONTROL) \
	X(PROC_CONTROLS,	0x4002, W32, CONTROL) \
	X(EXCEPTION_BITMAP,	0x4004, W32, CONTROL) \
	X(PF_ERROR_MASK,	0x4006, W32, CONTROL) \
	X(PF_ERROR_MATCH,	0x4008, W32, CONTROL) \
	X(CR3_TARGETS,		0x400a, W32, CONTROL) \
	X(EXIT_CONTROLS,	0x400c, W32, CONTROL) \
	X(EXIT_STORE_COUNT,	0x400e, W32, CONTROL) \
	X(EXIT_LOAD_COUNT,	0x4010, W32, CONTROL) \
	X(ENTRY_CONTROLS,	0x4012, W32, CONTROL) \
	X(ENTRY_LOAD_COUNT,	0x4014, W32, CONTROL) \
	X(ENTRY_EVENT,		0x4016, W32, CONTROL) \
	X(ENTRY_EVENT_ERROR,	0x4018, W32, CONTROL) \
	X(ENTRY_EVENT_LENGTH,	0x401a, W32, CONTROL) \
	X(TPR_THRESHOLD,	0x401c, W32, CONTROL) \
	X(PROC2_CONTROLS,	0x401e, W32, CONTROL) \
	X(PLE_GAP,		0x4020, W32, CONTROL) \
	X(PLE_WINDOW,		0x4022, W32, CONTROL) \
	X(INSTRUCTION_ERROR,	0x4400, W32, INFO) \
	X(EXIT_REASON,		0x4402, W32, INFO) \
	X(EXIT_EVENT,		0x4404, W32, INFO) \
	X(EXIT_EVENT_ERROR,	0x4406, W32, INFO) \
	X(VECTORING,		0x4408, W32, INFO) \
	X(VECTORING_ERROR,	0x440a, W32, INFO) \
	X(EXIT_LENGTH,		0x440c, W32, INFO) \
	X(GUEST_ES_LIMIT,	0x4800, W32, GUEST) \
	X(GUEST_CS_LIMIT,	0x4802, W32, GUEST) \
	X(GUEST_SS_LIMIT,	0x4804, W32, GUEST) \
	X(GUEST_DS_LIMIT,	0x4806, W32, GUEST) \
	X(GUEST_FS_LIMIT,	0x4808, W32, GUEST) \
	X(GUEST_GS_LIMIT,	0x480a, W32, GUEST) \
	X(GUEST_LDTR_LIMIT,	0x480c, W32, GUEST) \
	X(GUEST_TR_LIMIT,	0x480e, W32, GUEST) \
	X(GUEST_GDTR_LIMIT,	0x4810, W32, GUEST) \
	X(GUEST_IDTR_LIMIT,	0x4812, W32, GUEST) \
	X(GUEST_ES_RIGHTS,	0x4814, W32, GUEST) \
	X(GUEST_CS_RIGHTS,	0x4816, W32, GUEST) \
	X(GUEST_SS_RIGHTS,	0x4818, W32, GUEST) \
	X(GUEST_DS_RIGHTS,	0x481a, W32, GUEST) \
	X(GUEST_FS_RIGHTS,	0x481c, W32, GUEST) \
	X(GUEST_GS_RIGHTS,	0x481e, W32, GUEST) \
	X(GUEST_LDTR_RIGHTS,	0x4820, W32, GUEST) \
	X(GUEST_TR_RIGHTS,	0x4822, W32, GUEST) \
	X(GUEST_BLOCKING,	0x4824, W32, GUEST) /* "interruptibility state" */ \
	X(GUEST_ACTIVITY,	0x4826, W32, GUEST) \
	X(GUEST_SYSENTER_CS,	0x482a, W32, GUEST) \
	X(PREEMPTION_TIMER,	0x482e, W32, GUEST) \
	X(HOST_SYSENTER_CS,	0x4c00, W32, HOST) \
	X(CR0_MASK,		0x6000, WNATURAL, CONTROL) \
	X(CR4_MASK,		0x6002, WNATURAL, CONTROL) \
	X(CR0_SHADOW,		0x6004, WNATURAL, CONTROL) \
	X(CR4_SHADOW,		0x6006, WNATURAL, CONTROL) \
	X(QUALIFICATION,	0x6400, WNATURAL, INFO) \
	X(GUEST_LINEAR,		0x640a, WNATURAL, INFO) \
	X(GUEST_CR0,		0x6800, WNATURAL, GUEST) \
	X(GUEST_CR3,		0x6802, WNATURAL, GUEST) \
	X(GUEST_CR4,		0x6804, WNATURAL, GUEST) \
	X(GUEST_ES_BASE,	0x6806, WNATURAL, GUEST) \
	X(GUEST_CS_BASE,	0x6808, WNATURAL, GUEST) \
	X(GUEST_SS_BASE,	0x680a, WNATURAL, GUEST) \
	X(GUEST_DS_BASE,	0x680c, WNATURAL, GUEST) \
	X(GUEST_FS_BASE,	0x680e, WNATURAL, GUEST) \
	X(GUEST_GS_BASE,	0x6810, WNATURAL, GUEST) \
	X(GUEST_LDTR_BASE,	0x6812, WNATURAL, GUEST) \
	X(GUEST_TR_BASE,	0x6814, WNATURAL, GUEST) \
	X(GUEST_GDTR_BASE,	0x6816, WNATURAL, GUEST) \
	X(GUEST_IDTR_BASE,	0x6818, WNATURAL, GUEST) \
	X(GUEST_DR7,		0x681a, WNATURAL, GUEST) \
	X(GUEST_RSP,		0x681c, WNATURAL, GUEST) \
	X(GUEST_RIP,		0x681e, WNATURAL, GUEST) \
	X(GUEST_RFLAGS,		0x6820, WNATURAL, GUEST) \
	X(GUEST_PENDING_DEBUG,	0x6822, WNATURAL, GUEST) \
	X(GUEST_SYSENTER_ESP,	0x6824, WNATURAL, GUEST) \
	X(GUEST_SYSENTER_EIP,	0x6826, WNATURAL, GUEST) \
	X(HOST_CR0,		0x6c00, WNATURAL, HOST) \
	X(HOST_CR3,		0x6c02, WNATURAL, HOST) \
	X(HOST_CR4,		0x6c04, WNATURAL, HOST) \
	X(HOST_FS_BASE,		0x6c06, WNATURAL, HOST) \
	X(HOST_GS_BASE,		0x6c08, WNATURAL, HOST) \
	X(HOST_TR_BASE,		0x6c0a, WNATURAL, HOST) \
	X(HOST_GDTR_BASE,	0x6c0c, WNATURAL, HOST) \
	X(HOST_IDTR_BASE,	0x6c0e, WNATURAL, HOST) \
	X(HOST_SYSENTER_ESP,	0x6c10, WNATURAL, HOST) \
	X(HOST_SYSENTER_EIP,	0x6c12, WNATURAL, HOST) \
	X(HOST_RSP,		0x6c14, WNATURAL, HOST) \
	X(HOST_RIP,		0x6c16, WNATURAL, HOST)
// clang-format on

enum vmcs_field {
#define VMCS_ENUM(name, encoding, width, type) VMCS_##name = (encoding),
	VMCS_FIELDS(VMCS_ENUM)
#undef VMCS_ENUM
};

#define VMCS_CHECK(name, encoding, width, type)                                            \
	static_assert(FIELD_GET(ENCODING_WIDTH, encoding) == VMCS_##width &&               \
			  FIELD_GET(ENCODING_TYPE, encoding) == VMCS_IS_##type &&          \
			  !((encoding) & (ENCODING_HIGH | ~(BITS(14, 13) | BITS(11, 1)))), \
		      "VMCS field " #name);
VMCS_FIELDS(VMCS_CHECK)
#undef VMCS_CHECK

/* Pin-based controls. */
#define PIN_EXTERNAL         BIT(0)
#define PIN_NMI              BIT(3)
#define PIN_VIRTUAL_NMIS     BIT(5)
#define PIN_PREEMPTION_TIMER BIT(6)
#define PIN_POSTED           BIT(7) /* not used */

/* Primary processor-based controls. */
#define PROC_IRQ_WINDOW  BIT(2)
#define PROC_TSC_OFFSET  BIT(3)
#define PROC_HLT         BIT(7)
#define PROC_MWAIT       BIT(10)
#define PROC_RDPMC       BIT(11)
#define PROC_CR8_LOAD    BIT(19)
#define PROC_CR8_STORE   BIT(20)
#define PROC_TPR_SHADOW  BIT(21)
#define PROC_NMI_WINDOW  BIT(22)
#define PROC_MOV_DR      BIT(23)
#define PROC_IO_BITMAPS  BIT(25)
#define PROC_MSR_BITMAPS BIT(28)
#define PROC_MONITOR     BIT(29)
#define PROC_SECONDARY   BIT(31)

/* Secondary processor-based controls. */
#define PROC2_EPT          BIT(1)
#define PROC2_APIC_PAGE    BIT(0) /* virtualise accesses to the xAPIC's page; not used */
#define PROC2_RDTSCP       BIT(3)
#define PROC2_X2APIC       BIT(4) /* virtualise x2APIC mode */
#define PROC2_VPID         BIT(5)
#define PROC2_WBINVD       BIT(6)
#define PROC2_UNRESTRICTED BIT(7)
#define PROC2_APIC_REGS    BIT(8) /* APIC-register virtualisation */
#define PROC2_VID          BIT(9) /* virtual-interrupt delivery */
#define PROC2_PAUSE_LOOP   BIT(10)
#define PROC2_ENCLS        BIT(15)
#define PROC2_TSC_SCALING  BIT(25)

/* VM-exit controls. */
#define EXIT_CTL_SAVE_DEBUG BIT(2)
#define EXIT_CTL_HOST64     BIT(9)
#define EXIT_CTL_LOAD_PAT   BIT(19)
#define EXIT_CTL_LOAD_EFER  BIT(21)
#define EXIT_CTL_SAVE_TIMER BIT(22)

/* VM-entry controls. */
#define ENTRY_CTL_LOAD_DEBUG BIT(2)
#define ENTRY_CTL_LONG_MODE  BIT(9)
#define ENTRY_CTL_LOAD_PAT   BIT(14)
#define ENTRY_CTL_LOAD_EFER  BIT(15)

/* Interruptibility state. */
#define BLOCKING_STI    BIT(0)
#define BLOCKING_MOV_SS BIT(1)
#define BLOCKING_SMI    BIT(2)
#define BLOCKING_NMI    BIT(3)

/* Guest interrupt status: the highest vector requested, and the highest in service; 0: none. */
#define INTERRUPTS_RVI BITS(7, 0)
#define INTERRUPTS_SVI BITS(15, 8)

/* Pending debug exceptions, and the qualification of a #DB: where DR6 has them. */
#define DEBUG_BREAKPOINTS BITS(3, 0)
#define DEBUG_ENABLED     BIT(12)
#define DEBUG_BD          BIT(13)
#define DEBUG_BS          BIT(14)
#define DEBUG_RTM         BIT(16) /* in DR6 inverted */

/* Interruption information: of an entry, of an exit, and of the event that an exit cut short. */
#define EVENT_VECTOR    BITS(7, 0)
#define EVENT_TYPE      BITS(10, 8)
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_IRET_UNBLOCKS \
	BIT(12) /* exits: the IRET that faulted had ended the blocking of NMIs */
#define EVENT_VALID         BIT(31)
#define EVENT_TYPE_INTR     0u
#define EVENT_TYPE_NMI      2u
#define EVENT_TYPE_EXC      3u
#define EVENT_TYPE_SOFT     4u /* INT n */
#define EVENT_TYPE_ICEBP    5u /* INT1 */
#define EVENT_TYPE_SOFT_EXC 6u /* INT3, INTO */

/* Segment access rights: attributes as in the descriptor, but with a hole, and one more. */
#define RIGHTS_LOW      BITS(7, 0)
#define RIGHTS_ACCESSED BIT(0) /* S=1 */
#define RIGHTS_WRITABLE BIT(1) /* of data; readable, of code */
#define RIGHTS_CODE     BIT(3)
#define RIGHTS_TYPE     BITS(3, 0)
#define RIGHTS_S        BIT(4)
#define RIGHTS_DPL      BITS(6, 5)
#define RIGHTS_P        BIT(7)
#define RIGHTS_L        BIT(13)
#define RIGHTS_DB       BIT(14)
#define RIGHTS_G        BIT(15)
#define RIGHTS_HIGH     BITS(15, 12)
#define RIGHTS_UNUSABLE BIT(16)
#define RIGHTS_RESERVED (BITS(31, 17) | BITS(11, 8))
#define TYPE_LDT        2u /* S=0 */
#define TYPE_BUSY_TSS16 3u
#define TYPE_BUSY_TSS   11u

/* Exit reason. */
#define REASON_BASIC        BITS(15, 0)
#define REASON_ENTRY_FAILED BIT(31)

/* Qualification of an I/O instruction. */
#define IO_SIZE   BITS(2, 0) /* bytes - 1 */
#define IO_HOW    BITS(4, 3) /* in, string: as PIO_IN, PIO_STRING */
#define IO_PORT   BITS(31, 16)

/* Qualification of a control-register access. */
#define CR_NUMBER    BITS(3, 0)
#define CR_TYPE      BITS(5, 4)
#define CR_GPR       BITS(11, 8)
#define CR_TYPE_TO   0u
#define CR_TYPE_FROM 1u
#define CR_TYPE_CLTS 2u
#define CR_TYPE_LMSW 3u

/* Qualification of a task switch. */
#define TASK_SELECTOR BITS(15, 0)
#define TASK_SOURCE   BITS(31, 30)

/* Qualification of an EPT violation. */
#define EPT_Q_WRITE         BIT(1)
#define EPT_Q_FETCH         BIT(2)
#define EPT_Q_LINEAR        BIT(7)
#define EPT_Q_TRANSLATED    BIT(8) /* the access itself; 0: the walk through the guest's tables */
#define EPT_Q_IRET_UNBLOCKS BIT(12)

/* Qualification of an EOI-induced exit, and of an APIC-write exit. */
#define EOI_VECTOR   BITS(7, 0)
#define APIC_W_OFFSET BITS(11, 0)

/* EPT pointer. */
#define EPTP_MEMTYPE BITS(2, 0)
#define EPTP_LEVELS  BITS(5, 3) /* - 1 */
#define EPTP_UC      0u
#define EPTP_WB      6u

/* What INVEPT and INVVPID flush. */
#define INVEPT_SINGLE  1u
#define INVEPT_ALL     2u
#define INVVPID_SINGLE 1u
#define INVVPID_ALL    2u

/* An entry of the MSR lists; "VM-Entry Controls for MSRs". */
struct msr_entry {
	u32 index;
	u32 reserved;
	u64 data;
};
static_assert(sizeof(struct msr_entry) == 16, "MSR list");

/* Basic exit reasons. */
enum vmx_reason {
	REASON_EXCEPTION = 0,
	REASON_EXTERNAL = 1,
	REASON_TRIPLE_FAULT = 2,
	REASON_INIT = 3,
	REASON_SIPI = 4,
	REASON_IO_SMI = 5,
	REASON_SMI = 6,
	REASON_IRQ_WINDOW = 7,
	REASON_NMI_WINDOW = 8,
	REASON_TASK_SWITCH = 9,
	REASON_CPUID = 10,
	REASON_GETSEC = 11,
	REASON_HLT = 12,
	REASON_INVD = 13,
	REASON_RDPMC = 15,
	REASON_VMCALL = 18,
	REASON_VMCLEAR = 19,
	REASON_VMLAUNCH = 20,
	REASON_VMPTRLD = 21,
	REASON_VMPTRST = 22,
	REASON_VMREAD = 23,
	REASON_VMRESUME = 24,
	REASON_VMWRITE = 25,
	REASON_VMXOFF = 26,
	REASON_VMXON = 27,
	REASON_CR = 28,
	REASON_DR,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_GUEST_STATE = 33,
	REASON_MSR_LOADING = 34,
	REASON_MWAIT = 36,
	REASON_MONITOR = 39,
	REASON_PAUSE = 40,
	REASON_MACHINE_CHECK = 41,
	REASON_EOI = 45,
	REASON_EPT_VIOLATION = 48,
	REASON_EPT_MISCONFIG = 49,
	REASON_INVEPT = 50,
	REASON_PREEMPTION = 52,
	REASON_INVVPID = 53,
	REASON_WBINVD = 54,
	REASON_XSETBV = 55,
	REASON_APIC_WRITE = 56,
	REASON_ENCLS = 60,
	REASONS,
};

/* An entry that failed. */
#define ERROR_CONTROLS 7u

/* The field's name, for people. vmcs.c */
const char *vmcs_field_name(enum vmcs_field f);
/* VM-instruction errors by number; "VM-Instruction Error Numbers". */
const char *vmcs_error_text(u32 error);
