// SPDX-License-Identifier: BSD-2-Clause
/* Do the clocks agree: TSC, PM timer, kvmclock? */
#include "check.h"

#define MSR_KVM_WALL   0x4b564d00u
#define MSR_KVM_SYSTEM 0x4b564d01u

/* Linux, Documentation/virt/kvm/x86/msr.rst. */
struct kvm_time {
	u32 version;
	u32 pad0;
	u64 tsc;
	u64 ns;
	u32 mul;
	s8 shift;
	u8 flags;
	u8 pad[2];
} __attribute__((packed));
static_assert(sizeof(struct kvm_time) == 32, "msr.rst");

struct kvm_wall {
	u32 version, sec, nsec;
};

static volatile struct kvm_time page __attribute__((aligned(64)));
static volatile struct kvm_wall wall __attribute__((aligned(64)));

static u64 kvm_ns(void)
{
	u32 version;
	u64 delta, ns;

	do {
		version = page.version;
		asm volatile("" : : : "memory");
		delta = rdtsc() - page.tsc;
		delta = page.shift < 0 ? delta >> -page.shift : delta << page.shift;
		ns = page.ns + (u64)((unsigned __int128)delta * page.mul >> 32);
		asm volatile("" : : : "memory");
	} while ((version & 1) || version != page.version);
	return ns;
}

/* The PM timer is read between two readings of the other clock; a preemption there only widens the
 * gap. */
static const char *kvmclock_rate(void)
{
	u64 pm0, pm1, k0, k1, diff;

	wrmsr(MSR_KVM_SYSTEM, (u64)&page | 1);
	if (!page.version || (page.version & 1) || !page.mul)
		return wrong("version %u, multiplier %u", page.version, page.mul);
	pm0 = clock_ns();
	k0 = kvm_ns();
	delay_us(1000000);
	pm1 = clock_ns();
	k1 = kvm_ns();
	diff = k1 - k0 > pm1 - pm0 ? (k1 - k0) - (pm1 - pm0) : (pm1 - pm0) - (k1 - k0);
	wrmsr(MSR_KVM_SYSTEM, 0);
	return diff < 50 * NS_PER_MS
		   ? NULL
		   : wrong("%lu ns by kvmclock are %lu ns by the PM timer", (k1 - k0), (pm1 - pm0));
}

static const char *kvmclock_monotonic(void)
{
	u64 last, now;

	wrmsr(MSR_KVM_SYSTEM, (u64)&page | 1);
	last = kvm_ns();
	for (u32 i = 0; i < 20000; i++, last = now) {
		now = kvm_ns();
		if (now < last)
			return wrong("%lu ns back", (last - now));
		if (!(i & 0xff))
			cpuid(0, 0);
	}
	wrmsr(MSR_KVM_SYSTEM, 0);
	return NULL;
}

/* Wall clock at boot plus system time is now: a plausible date. */
static const char *kvmclock_wall(void)
{
	wrmsr(MSR_KVM_WALL, (u64)&wall);
	if ((wall.version & 1) || wall.nsec >= NS_PER_S || wall.sec < 1577836800)
		return wrong("version %u, %u s %u ns", wall.version, wall.sec, wall.nsec);
	return NULL;
}

static const char *tsc_monotonic(void)
{
	u64 last = rdtsc(), now;

	for (u32 i = 0; i < 20000; i++, last = now) {
		now = rdtsc();
		if (now < last)
			return wrong("%lu back", (last - now));
		if (!(i & 0xff))
			cpuid(0, 0);
	}
	return NULL;
}

/* The leaf by which a hypervisor tells the rate; a guest may have one of its own. */
static const char *tsc_leaf(void)
{
	u64 khz = cpuid(0x40000010, 0).a, pm0, pm1, ticks, want;

	if (cpuid(0x40000000, 0).a < 0x40000010)
		return "no leaf 40000010h";
	print("tsc %lu kHz\n", khz);
	pm0 = clock_ns();
	ticks = rdtsc();
	delay_us(1000000);
	pm1 = clock_ns();
	ticks = rdtsc() - ticks;
	want = khz * (pm1 - pm0) / 1000000;
	return ticks > want * 95 / 100 && ticks < want * 105 / 100
		   ? NULL
		   : wrong("%lu ticks in %lu ns", ticks, pm1 - pm0);
}

static const char *rdtscp(void)
{
	u32 lo, hi, aux;

	if (!(cpuid(0x80000001, 0).d & BIT(27)))
		return NULL;
	wrmsr(0xc0000103, 0x1234);
	asm volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	wrmsr(0xc0000103, 0);
	return aux == 0x1234 ? NULL : wrong("TSC_AUX is %x", aux);
}

static const char *pm_timer(void)
{
	u32 first = pm_ticks(), n = 0;

	while (pm_ticks() == first)
		if (++n > 1000000)
			return "stands still";
	return pm_ticks() <= pm_mask() ? NULL : "wider than the FADT says";
}

// clang-format off
const struct check time_checks[] = {
	CHECK("pm-timer", pm_timer, ANYWHERE),
	CHECK("tsc-monotonic", tsc_monotonic, ANYWHERE),
	TIMED("tsc-leaf", tsc_leaf, UNDER_PLINTH),
	CHECK("rdtscp", rdtscp, ANYWHERE),
	TIMED("kvmclock-rate", kvmclock_rate, UNDER_PLINTH),
	CHECK("kvmclock-monotonic", kvmclock_monotonic, UNDER_PLINTH),
	CHECK("kvmclock-wall", kvmclock_wall, UNDER_PLINTH),
	CHECKS_END,
};
// clang-format on
