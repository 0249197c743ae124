// SPDX-License-Identifier: BSD-2-Clause
#include "pm.h"

#include <lib/bits.h>
#include "ticks.h"

#define OFF_STS  0x00
#define OFF_EN   0x02
#define OFF_CNT  0x04
#define OFF_TMR  0x08
#define OFF_GPE0 0x20

/* ACPI, "PM1 Status Registers"; the enable bits are in the same places. */
#define PM1_TMR    0x0001u
#define PM1_GBL    0x0020u
#define PM1_PWRBTN 0x0100u
#define PM1_SLPBTN 0x0200u
#define PM1_RTC    0x0400u
#define PM1_EN_ALL (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN | PM1_RTC)

/* ACPI, "PM1 Control Registers". */
#define CNT_SCI_EN  0x0001u
#define CNT_SLP_TYP 0x1c00u
#define CNT_SLP_EN  0x2000u /* reads as 0 */
#define CNT_KEPT    (CNT_SCI_EN | CNT_SLP_TYP | 0x0002u /* BM_RLD */)

static struct pm *pm_of(struct device *d)
{
	return container_of(d, struct pm, dev);
}

static u64 timer_ticks(const struct pm *p)
{
	return mul_div(time_now() - p->base, PM_TIMER_HZ, NS_PER_S);
}

/* TMR_STS is set whenever bit 31 of the timer changes. */
static void settle(struct pm *p)
{
	u32 half = (u32)(timer_ticks(p) >> 31);

	if (half != p->half)
		p->sts |= PM1_TMR;
	p->half = half;
}

static void update(struct pm *p)
{
	bool on = p->cnt & CNT_SCI_EN;

	irq_set(&p->sci, on && (p->sts & p->en));
	if (on && (p->en & ~p->sts & PM1_TMR))
		dev_timer_set(&p->timer,
			      p->base + ticks_to_ns((u64)(p->half + 1) << 31, PM_TIMER_HZ));
	else
		dev_timer_cancel(&p->timer);
}

static void on_timer(struct device *d)
{
	settle(pm_of(d));
	update(pm_of(d));
}

/* The aligned doubleword at `off`, as of now. */
static u32 read_dword(const struct pm *p, u64 off)
{
	switch (off) {
	case OFF_STS:
		return p->sts | (u32)p->en << 16;
	case OFF_CNT:
		return p->cnt;
	case OFF_TMR:
		return (u32)timer_ticks(p);
	case OFF_GPE0:
		return 0;
	default:
		return ~0u;
	}
}

static rare u64 read_any(struct pm *p, u64 off, unsigned width)
{
	u64 at = align_down(off, 4), val;

	settle(p);
	val = read_dword(p, at) | (u64)read_dword(p, at + 4) << 32;
	return val >> (off - at) * 8 & width_mask(width);
}

static u64 pm_read(struct device *d, u64 off, unsigned width)
{
	/* What is read again and again depends on nothing else. */
	if (off == OFF_TMR && width == 4)
		return (u32)timer_ticks(pm_of(d));
	return read_any(pm_of(d), off, width);
}

static void write_control(struct pm *p, u16 val)
{
	p->cnt = val & CNT_KEPT;
	if ((val & CNT_SLP_EN) && FIELD_GET(CNT_SLP_TYP, val) == PM_SLP_TYP_S5 && p->poweroff)
		p->poweroff(p->ctx);
}

/* `byte` put in place of the low or high half of `reg`, as offset `off` says. */
static u16 merge(u16 reg, u64 off, u8 byte)
{
	return off & 1 ? (u16)((reg & 0x00ff) | byte << 8) : (u16)((reg & 0xff00) | byte);
}

static void write8(struct device *d, u64 off, u8 val)
{
	struct pm *p = pm_of(d);

	settle(p);
	switch (off & ~1ull) {
	case OFF_STS:
		p->sts &= ~merge(0, off, val);
		break;
	case OFF_EN:
		p->en = merge(p->en, off, val) & PM1_EN_ALL;
		break;
	case OFF_CNT:
		write_control(p, merge(p->cnt, off, val));
		break;
	}
	update(p);
}

static void pm_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, write8);
}

void pm_press_power(struct pm *p)
{
	p->sts |= PM1_PWRBTN;
	update(p);
}

static u8 smi_read8(struct device *d, u64 off)
{
	return container_of(d, struct pm, smi)->smi_data[off & 1];
}

static void smi_write8(struct device *d, u64 off, u8 val)
{
	struct pm *p = container_of(d, struct pm, smi);

	p->smi_data[off & 1] = val;
	if (off)
		return;
	if (val == PM_ACPI_ENABLE)
		p->cnt |= CNT_SCI_EN;
	else if (val == PM_ACPI_DISABLE)
		p->cnt &= ~CNT_SCI_EN;
	settle(p);
	update(p);
}

static u64 smi_read(struct device *d, u64 off, unsigned width)
{
	return device_read_bytes(d, off, width, smi_read8);
}

static void smi_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, smi_write8);
}

static void power_on(struct pm *p)
{
	p->base = time_now();
	p->half = 0;
	p->sts = p->en = p->cnt = 0;
	p->smi_data[0] = p->smi_data[1] = 0;
}

static void pm_reset(struct device *d)
{
	power_on(pm_of(d));
	update(pm_of(d));
}

static void smi_reset(struct device *d)
{
	pm_reset(&container_of(d, struct pm, smi)->dev);
}

static const struct device_ops ops = {
	.read = pm_read,
	.write = pm_write,
	.reset = pm_reset,
};

static const struct device_ops smi_ops = {
	.read = smi_read,
	.write = smi_write,
	.reset = smi_reset,
};

rare void pm_init(struct pm *p, struct spinlock *lock, struct irq_line sci, void (*poweroff)(void *ctx),
	     void *ctx)
{
	*p = (struct pm){
		.dev = { .name = "pm", .ops = &ops, .lock = lock },
		.smi = { .name = "smi", .ops = &smi_ops, .lock = lock },
		.sci = sci,
		.poweroff = poweroff,
		.ctx = ctx,
	};
	dev_timer_init(&p->timer, &p->dev, on_timer);
	power_on(p);
}
