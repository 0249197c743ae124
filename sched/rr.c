// SPDX-License-Identifier: BSD-2-Clause
/* Round robin: one queue for all pCPUs, each takes the first entity that may run on it. Knows neither shares nor limits. */
#include <sched/sched.h>

#include <lib/assert.h>

static size_t bytes(u32 cpus)
{
	return 0;
}

static void init(struct sched *s, void *mem)
{
}

static enum status attach(struct sched *s, struct sched_group *g, const struct sched_params *p)
{
	*g = (struct sched_group){ .params = *p };
	return OK;
}

static void detach(struct sched *s, struct sched_group *g, u64 now)
{
}

static enum status tune(struct sched *s, struct sched_group *g, const struct sched_params *p, u64 now)
{
	g->params = *p;
	return OK;
}

static void enqueue(struct sched *s, struct sched_ent *e, u64 now)
{
	assert(e->state != SCHED_QUEUED);
	/* Others wait, so this pCPU may turn to one of them: then let an idle one take `e`. */
	if (e->state == SCHED_BLOCKED || !list_empty(&s->queue))
		sched_kick_idle(s, e);
	e->state = SCHED_QUEUED;
	list_add_tail(&s->queue, &e->node);
}

static void block(struct sched *s, struct sched_ent *e, u64 now)
{
	if (e->state == SCHED_QUEUED)
		list_del(&e->node);
	e->state = SCHED_BLOCKED;
}

static struct sched_pick pick(struct sched *s, u32 cpu, u64 now)
{
	list_for_each(it, &s->queue) {
		struct sched_ent *e = container_of(it, struct sched_ent, node);

		if (!sched_mask_has(&e->group->params.cpus, cpu))
			continue;
		list_del(&e->node);
		e->state = SCHED_RUNNING;
		e->cpu = cpu;
		sched_note_idle(s, cpu, false);
		return (struct sched_pick){ .ent = e, .slice = s->slice };
	}
	sched_note_idle(s, cpu, true);
	return (struct sched_pick){ .slice = SCHED_NEVER };
}

static void charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran)
{
	e->ran += ran;
}

const struct sched_policy sched_rr = {
	.name = "rr",
	.bytes = bytes,
	.init = init,
	.attach = attach,
	.detach = detach,
	.tune = tune,
	.enqueue = enqueue,
	.block = block,
	.pick = pick,
	.charge = charge,
	.turn_alone = sched_turn_in_steps,
};
