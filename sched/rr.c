// SPDX-License-Identifier: BSD-2-Clause
/* Round robin: one queue for all pCPUs, each takes the first entity that may run on it. */
#include <sched/sched.h>

#include <lib/assert.h>

static void enqueue(struct sched *s, struct sched_ent *e, u64 now)
{
	assert(!e->queued);
	e->queued = true;
	list_add_tail(&s->queue, &e->node);
}

static void dequeue(struct sched *s, struct sched_ent *e)
{
	assert(e->queued);
	e->queued = false;
	list_del(&e->node);
}

static struct sched_pick pick(struct sched *s, u32 cpu, u64 now)
{
	list_for_each(it, &s->queue) {
		struct sched_ent *e = container_of(it, struct sched_ent, node);

		if (!sched_mask_has(&e->cpus, cpu))
			continue;
		dequeue(s, e);
		return (struct sched_pick){ .ent = e, .slice = s->slice };
	}
	return (struct sched_pick){ 0 };
}

static void charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran)
{
	e->ran += ran;
}

const struct sched_policy sched_rr = {
	.name = "rr",
	.enqueue = enqueue,
	.dequeue = dequeue,
	.pick = pick,
	.charge = charge,
};
