// SPDX-License-Identifier: BSD-2-Clause
/*
 * A virtual machine.
 */
#pragma once

#include <lib/list.h>
#include <lib/lock.h>
#include <lib/status.h>
#include <sched/sched.h>
#include <stdatomic.h>
#include <vm/aspace.h>
#include <vm/board.h>
#include <vm/bus.h>
#include <vm/cpuid.h>
#include <vm/gmem.h>
#include <vm/tsc.h>
#include <vm/virt.h>

#define VM_NAME_MAX   32
#define VM_VCPUS_MAX  128
#define VM_REASON_MAX 160
/* Bytes that are cleared between two looks at the time. */
#define VM_SCRUB_STEP (256 * KIB)

struct vcpu;
struct window;
struct board;
struct virt_vm;

/* What the vCPUs are to do with their VM; each looks at it before every entry. */
enum vm_verdict {
	VM_RUN,
	VM_START, /* all park, the last one loads the guest afresh */
	VM_STOP,  /* all leave, the last one frees the VM */
	VM_SPOIL, /* one gets a state that no CPU enters, then all run on: a test of what comes of that */
};

/* How vCPU 0 starts, as the loader says. */
struct vm_start {
	bool long_mode; /* else 32-bit protected mode; flat segments in both */
	u64 rip, rsp, rax, rsi, rbx;
	u64 cr3;      /* long mode */
	u64 gdt;      /* gpa of a GDT with the selectors in use; 0: none */
	u16 gdt_limit;
	u16 cs, ds;
};

/* A file that firmware of QEMU's kind hands to the guest (fw_cfg); it lives as long as the VM. */
struct vm_file {
	const char *name;
	const void *data;
	u32 len;
};

#define VM_FILES_MAX 4

/* What to make a VM of. */
struct vm_recipe {
	const char *name;
	struct gmem_region ram[GMEM_REGIONS];
	u32 ram_count;
	u32 vcpus;
	struct sched_params sched;
	const struct virt_ops *virt;
	const struct board_ops *board;
	/* Places the guest's images into its (scrubbed) RAM. On failure `reason` says why. */
	enum status (*load)(struct vm *vm, void *ctx, struct vm_start *start, char *reason, size_t size);
	void *load_ctx;
	u32 tsc_khz;  /* of the guest's TSC, not refused (vm/tsc.h); 0: the host's */
	bool restart; /* a guest's reset starts it anew; else it ends the VM */
	bool restart_crashed; /* and so does a triple fault, or what else a guest does to itself */
	bool testdev; /* with the devices of test suites (devices/testdev.h) */
	bool hpet;
	const char *cmdline; /* for fw_cfg; lives as long as the VM; NULL: none */
	struct vm_file fw_file[VM_FILES_MAX];
	u32 fw_file_count;
};

struct vm {
	char name[VM_NAME_MAX];	      /* [b] */
	u32 id;			      /* [b] */
	struct list link;	      /* [VMs lock] vm/isolation.c */
	const struct virt_ops *virt;  /* [b] */
	const struct board_ops *ops;  /* [b] */
	struct vm_recipe recipe;      /* [b] */
	struct cpuid_table cpuid;     /* [b] */
	struct virt_vm *hw;	      /* [b] the vendor's part */
	struct board *board;	      /* [b] the board's part */
	struct window *window;	      /* [b] host page table */
	struct gmem gmem;	      /* [b] */
	struct aspace as;
	struct bus ports, mmio;	      /* [b] */
	struct bus_index port_index;  /* [b] of `ports` */
	struct spinlock lock;	      /* the device lock */

	atomic_uint verdict;	      /* [a] enum vm_verdict; release by vm_end() and park(), acquire before entry */
	struct spinlock park_lock;
	u32 parked;		      /* [park_lock] vCPUs whose mode is VCPU_PARKED */
	struct vcpu *riser;	      /* [park_lock] the one that starts the guest afresh; NULL: none */
	u64 scrubbed;		      /* [o] of the riser, or of the last to leave: bytes of RAM */
	u32 starts;		      /* [park_lock] how often it was started */
	char reason[VM_REASON_MAX];   /* [park_lock] why it ends */
	atomic_uint staying;	      /* [a] vCPUs that have not followed VM_STOP */
	bool has_exit_code;	      /* [park_lock] the guest ended itself with a code */
	u32 exit_code;		      /* [park_lock] */
	atomic_uint alive;	      /* [a] vCPUs whose runnable is not gone */
	struct vm_start start;	      /* this and the next two: written while all are parked, published by the verdict */
	u64 epoch;		      /* time_now() when it last started */
	u64 tsc_offset;
	struct tsc_rate tsc;	      /* [b] */

	struct sched_group sched;     /* core's */
	u32 vcpu_count;		      /* [b] */
	struct vcpu *vcpu[VM_VCPUS_MAX]; /* [b] */
};

/* Makes a VM and lets it start. On failure nothing is left. Boot or any pCPU, interrupts off, no lock held. */
enum status must_check vm_create(const struct vm_recipe *recipe, struct vm **out);
/*
 * The VM is to restart or to stop; the first call wins until it has happened: false, another one did. Any pCPU. `reason` is
 * for people.
 */
bool vm_end(struct vm *vm, enum vm_verdict verdict, const char *reason, ...) __attribute__((format(printf, 3, 4)));
/* The guest asked for a reset, or for power off, by one of the board's ways. */
void vm_guest_reset(struct vm *vm, const char *how);
void vm_guest_poweroff(struct vm *vm);
/* A triple fault, or what no machine survives: the VM is stopped, and its state `v` and `x` (may be NULL) printed, or
 * it is to start anew. */
void vm_guest_crash(struct vcpu *v, const struct vm_exit *x, const char *what, ...) __attribute__((format(printf, 3, 4)));
/* The guest ended itself with a code, through a test device; it is not restarted. */
void vm_guest_exit(struct vm *vm, u32 code);
/* How often its vCPUs left the guest for what, since it was made; for people who debug. */
void vm_log_exits(const struct vm *vm);
/* How many VMs exist now. */
u32 vm_count(void);
/* Called when the last VM is gone. Set at boot. */
void vm_on_all_gone(void (*fn)(void));
/* A vCPU follows the verdict: runs (on), parks and blocks, has to be asked again after others had their turn, or leaves for
 * good. */
enum vm_follow { VM_FOLLOW_RUN, VM_FOLLOW_BLOCK, VM_FOLLOW_AGAIN, VM_FOLLOW_GONE } vm_follow(struct vcpu *v);
