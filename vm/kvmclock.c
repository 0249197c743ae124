// SPDX-License-Identifier: BSD-2-Clause
#include <vm/kvmclock.h>

#include <core/service/time.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <lib/types.h>
#include <stdatomic.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define CLOCK_STABLE 1u /* the same clock on all vCPUs */

/* The layout that KVM guests expect ("MSR_KVM_SYSTEM_TIME_NEW" in Linux' Documentation/virt/kvm/x86/msr.rst). */
struct time_info {
	u32 version; /* odd while it changes */
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;   /* ns at tsc_timestamp */
	u32 tsc_to_system_mul; /* ns = (ticks << shift) * mul >> 32 */
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};
static_assert(sizeof(struct time_info) == 32, "pvclock_vcpu_time_info");

struct wall_info {
	u32 version;
	u32 sec;
	u32 nsec;
};
static_assert(sizeof(struct wall_info) == 12, "pvclock_wall_clock");

/* mul and shift such that mul has its top bit set: the most exact that fits. */
static void scale(u32 khz, u32 *mul, s8 *shift)
{
	u64 ticks = (u64)khz * 1000, ns = NS_PER_S;

	*shift = 0;
	while (ticks > ns) {
		/* Ticks are shorter than a ns: shift them right. */
		ns <<= 1;
		(*shift)--;
	}
	while (ticks <= ns >> 1) {
		ticks <<= 1;
		(*shift)++;
	}
	/* Now ns/2 < ticks <= ns, so the factor is between 1 and 2 and its half fits into 32 bits. */
	*mul = (u32)mul_div(ns, 1ull << 31, ticks);
	(*shift)++;
}

/* Other vCPUs read it too, and try again while the version is odd or has changed meanwhile. */
static bool publish(struct vcpu *v, gpa_t gpa)
{
	struct time_info info = { .flags = CLOCK_STABLE };
	u8 *at = gmem_ptr(&v->vm->gmem, gpa, sizeof(info));
	u64 now = time_now();

	if (!at)
		return false;
	memcpy(&info.version, at, sizeof(info.version));
	info.version |= 1;
	memcpy(at, &info.version, sizeof(info.version));
	atomic_thread_fence(memory_order_release);
	info.system_time = now - v->vm->epoch;
	info.tsc_timestamp = vcpu_tsc_at(v, now);
	scale(v->vm->tsc.khz, &info.tsc_to_system_mul, &info.tsc_shift);
	memcpy(at, &info, sizeof(info));
	atomic_thread_fence(memory_order_release);
	info.version++;
	memcpy(at, &info.version, sizeof(info.version));
	return true;
}

bool kvmclock_time(struct vcpu *v, u64 val)
{
	if ((val & 1) && !publish(v, val & ~1ull))
		return false;
	v->msr.kvm_time = val;
	return true;
}

void kvmclock_tsc_moved(struct vcpu *v)
{
	if (v->msr.kvm_time & 1)
		publish(v, v->msr.kvm_time & ~1ull);
}

bool kvmclock_wall(struct vcpu *v, u64 val)
{
	u64 start = time_wall() - (time_now() - v->vm->epoch);
	struct wall_info info = {
		.version = 2,
		.sec = (u32)(start / NS_PER_S),
		.nsec = (u32)(start % NS_PER_S),
	};

	if (gmem_write(&v->vm->gmem, val, &info, sizeof(info)))
		return false;
	v->msr.kvm_wall = val;
	return true;
}
