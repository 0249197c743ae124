// SPDX-License-Identifier: BSD-2-Clause
/*
 * The local APIC of a vCPU, xAPIC by MMIO and x2APIC by MSR (Intel SDM vol. 3, "Advanced
 * Programmable Interrupt Controller").
 *
 * A LAPIC belongs to its vCPU: every function here runs on the pCPU that has the vCPU loaded,
 * without a lock, except lapic_bus_send(), lapic_has_work() and the timer's callback, which run
 * anywhere: they post into atomic words (interrupts, NMI/INIT/SIPI, timer expired) and call
 * client->kick. The owner's calls fold posted state in. What the owner's own calls make pending (an
 * expired timer, an error) kicks nobody: the owner looks at lapic_pending() before each entry.
 *
 * A CPU that is about to sleep stores "I sleep" (sequentially consistent), then asks
 * lapic_has_work(); kick() reads "I sleep" after the post. One of the two sees the other, so no
 * wake-up is lost.
 */
#pragma once

#include "lapic_state.h"

#include <core/service/time.h>
#include <lib/types.h>
#include <stdatomic.h>
#include <vm/intc.h>

#define LAPIC_BASE_DEFAULT 0xfee00000ull
#define LAPIC_BUS_MAX      128
#define LAPIC_VERSION      0x50014u /* integrated, 6 LVT entries, no EOI-broadcast suppression */

/*
 * A periodic timer asks the host for at most one interrupt in so many ns; its count stays right.
 * Far longer than an exit takes also on a slow CPU, or a guest with interrupts off would leave
 * before each of its instructions.
 */
#define LAPIC_TIMER_MIN_NS (200 * NS_PER_US)

/* The vCPU, as its LAPIC sees it. */
struct lapic_client {
	/*
	 * Something was posted, a signal or an interrupt: wake the vCPU if it sleeps, make it leave
	 * the guest if it runs. Any pCPU, also the vCPU's own (an IPI to itself); no lock held by
	 * lapic.
	 */
	void (*kick)(void *ctx, bool signal);
	/*
	 * The time_now() ns at which the guest TSC will have reached the value `tsc`: rounded up,
	 * past values give the past (0 if before the boot), what is too far away gives TIME_NEVER.
	 */
	u64 (*tsc_to_time)(void *ctx, u64 tsc);
	/*
	 * The registers are in x2APIC's format (`on`) or not, from the next entry on: the owner, or
	 * while all are parked. Does the CPU serve them then?
	 */
	bool (*x2apic)(void *ctx, bool on);
};

/* The system bus between the LAPICs of a VM and its IOAPIC. */
struct lapic_bus {
	struct lapic *member[LAPIC_BUS_MAX]; /* [b] */
	u32 count;                           /* [b] */
	/* [b] EOI broadcast of a level interrupt; called on the owner's pCPU */
	void (*eoi)(void *ctx, u8 vector);
	void *ctx;               /* [b] */
	atomic_uint lowest_next; /* [a] relaxed: round robin of lowest-priority delivery */
};

/* What was posted besides interrupts: bits of lapic_take_signals()'s answer. */
#define LAPIC_SIGNAL_NMI  0x1u
#define LAPIC_SIGNAL_INIT 0x2u
#define LAPIC_SIGNAL_SIPI 0x4u

struct lapic_setup {
	u32 id; /* initial APIC id; 0 is the bootstrap processor */
	struct lapic_bus *bus;
	struct apic_page *page; /* zeroed; only this LAPIC writes it, but for the CPU */
	const struct lapic_client *client;
	void *ctx; /* of the client */
};

/* Joins the bus as its next member. */
void lapic_init(struct lapic *l, const struct lapic_setup *setup);
/*
 * State after power-on (`init` false) or after INIT (`init` true: keeps the APIC base MSR, and
 * posted signals, since those that lapic_take_signals() has not handed out came later than the
 * INIT). Cancels the timer: also call it before the memory goes away.
 */
void lapic_reset(struct lapic *l, bool init);
/* What a BIOS leaves on the bootstrap processor: enabled, LINT0 ExtINT (virtual wire mode), LINT1
 * NMI. */
void lapic_virtual_wire(struct lapic *l);

/* The vector that the CPU would take now if RFLAGS.IF were 1: the highest whose class is above the
 * PPR; or -1. */
int lapic_pending(struct lapic *l);
/* Is there one, which is not pending, that a lower TPR might make so? After lapic_pending(). */
bool lapic_held(const struct lapic *l);
/* The CPU takes `vector`, as answered by lapic_pending(): IRR to ISR. */
void lapic_accept(struct lapic *l, u8 vector);
/* Both: the answer is taken, if it is not -1. Not if a CPU serves the page. */
int lapic_take(struct lapic *l);
/*
 * A CPU that serves the page by itself has carried out a write of `reg` (enum apic_reg), but for
 * what it knows nothing of: the broadcast of the EOI of a level-triggered `vector`; a self-IPI with
 * a vector that is not valid.
 */
void lapic_written(struct lapic *l, u32 reg, u8 vector);
/* Does the 8259's INTR reach this CPU (APIC disabled by MSR, or LINT0 ExtINT and not masked)? */
bool lapic_takes_extint(const struct lapic *l);
/* An ExtINT message asks for the 8259's vector, for any pCPU; and its vector has been fetched. */
bool lapic_extint_came(struct lapic *l);
void lapic_extint_done(struct lapic *l);
/* LINT1 or the board's NMI line pulsed: delivers what LVT1 says. */
void lapic_lint1(struct lapic *l);
/* Takes and clears the posted signals; *sipi is the newest start-up vector. INIT, if there, came
 * before the SIPI. */
u32 lapic_take_signals(struct lapic *l, u8 *sipi);
/*
 * Is anything posted or pending that must end a HLT (an acceptable interrupt, an NMI, INIT, SIPI)?
 * For any pCPU. It may say yes for something that lapic_pending() then finds to be nothing, but
 * only once.
 */
bool lapic_has_work(struct lapic *l, bool interrupts_on);

/* CR8 (bits 3:0 are TPR bits 7:4). */
void lapic_set_cr8(struct lapic *l, u8 cr8);

/* The 4 KiB page: `off` below 1000h. Only 4-byte aligned 4-byte accesses reach registers (others:
 * undefined, read 0). */
u64 lapic_mmio_read(struct lapic *l, u32 off, unsigned width);
void lapic_mmio_write(struct lapic *l, u32 off, unsigned width, u64 val);
/*
 * IA32_APIC_BASE (1Bh), IA32_TSC_DEADLINE (6E0h), 800h to 8FFh. False: #GP. A base address other
 * than the default is kept in the MSR, but the page stays where it is: no system since the Pentium
 * III moves it, and QEMU does the same.
 */
bool lapic_msr_read(struct lapic *l, u32 msr, u64 *val);
bool lapic_msr_write(struct lapic *l, u32 msr, u64 val);
/* The guest's TSC was written (IA32_TSC, IA32_TSC_ADJUST): an armed deadline now comes at another
 * time. */
void lapic_tsc_moved(struct lapic *l);
/* Is the MMIO page at LAPIC_BASE_DEFAULT there (enabled and not in x2APIC mode)? */
bool lapic_has_page(const struct lapic *l);

/* Delivers a message to the members it addresses. Any pCPU. */
void lapic_bus_send(struct lapic_bus *bus, const struct apic_msg *msg);
