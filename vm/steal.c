// SPDX-License-Identifier: BSD-2-Clause
#include <vm/steal.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <stdatomic.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define ENABLE	  BIT(0)
#define RESERVED  BITS(5, 1)
#define PREEMPTED 1u

/* The layout that KVM guests expect ("MSR_KVM_STEAL_TIME" in Linux' Documentation/virt/kvm/x86/msr.rst). */
struct steal_info {
	u64 steal;   /* ns, since it was enabled or before */
	u32 version; /* odd while it changes */
	u32 flags;
	u8 preempted;
	u8 pad[47];
};
static_assert(sizeof(struct steal_info) == 64, "kvm_steal_time");

/* The RAM of a vCPU that is parked or has left may be scrubbed already. */
static bool is_on(const struct vcpu *v)
{
	return (v->msr.kvm_steal & ENABLE) && v->mode > VCPU_PARKED && !v->left;
}

static u8 *info_of(const struct vcpu *v)
{
	return gmem_ptr(&v->vm->gmem, v->msr.kvm_steal & ~(ENABLE | RESERVED), sizeof(struct steal_info));
}

static void put32(u8 *info, size_t offset, u32 val)
{
	memcpy(info + offset, &val, sizeof(val));
}

void steal_running(struct vcpu *v)
{
	u64 stolen = run_stolen(&v->run);
	u32 version;
	u8 *at;

	if (!is_on(v))
		return;
	at = info_of(v);
	at[offsetof(struct steal_info, preempted)] = 0;
	if (stolen == v->stolen_seen)
		return;
	v->stolen_seen = stolen;
	memcpy(&version, at + offsetof(struct steal_info, version), sizeof(version));
	put32(at, offsetof(struct steal_info, version), version | 1);
	atomic_thread_fence(memory_order_release);
	memcpy(at + offsetof(struct steal_info, steal), &stolen, sizeof(stolen));
	atomic_thread_fence(memory_order_release);
	put32(at, offsetof(struct steal_info, version), (version | 1) + 1);
}

/* Others that wait for this vCPU, as for one that holds a lock, then know that spinning is vain. */
void steal_preempted(struct vcpu *v)
{
	if (is_on(v))
		info_of(v)[offsetof(struct steal_info, preempted)] = PREEMPTED;
}

bool steal_set(struct vcpu *v, u64 val)
{
	u64 old = v->msr.kvm_steal;

	if (val & RESERVED)
		return false;
	v->msr.kvm_steal = val;
	if ((val & ENABLE) && !info_of(v)) {
		v->msr.kvm_steal = old;
		return false;
	}
	v->stolen_seen = ~0ull;
	steal_running(v);
	return true;
}
