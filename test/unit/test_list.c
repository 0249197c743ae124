// SPDX-License-Identifier: BSD-2-Clause
/* lib/list.h and lib/lock.h. */
#include "unit.h"

#include <lib/list.h>
#include <lib/lock.h>

#include <pthread.h>

struct item {
	int n;
	struct list node;
};

static struct list head;
static struct item item[4];

static int setup(void **state)
{
	list_init(&head);
	for (int i = 0; i < 4; i++) {
		item[i].n = i;
		list_init(&item[i].node);
	}
	return 0;
}

/* The items in order, as decimal digits, 1 in front; the same backwards. */
static int digits(void)
{
	int forth = 1, back = 0, at = 1;

	list_for_each(it, &head) forth = forth * 10 + container_of(it, struct item, node)->n;
	for (struct list *it = head.prev; it != &head; it = it->prev, at *= 10)
		back += container_of(it, struct item, node)->n * at;
	assert_int_equal(forth, back + at);
	return forth;
}

static void order(void **state)
{
	assert_true(list_empty(&head));
	list_add_tail(&head, &item[1].node);
	list_add_tail(&head, &item[2].node);
	list_add_head(&head, &item[0].node);
	assert_int_equal(digits(), 1012);
	list_add_before(&item[2].node, &item[3].node);
	assert_int_equal(digits(), 10132);
	assert_false(list_empty(&head));
}

static void removal(void **state)
{
	for (int i = 0; i < 4; i++)
		list_add_tail(&head, &item[i].node);
	list_del(&item[2].node);
	assert_int_equal(digits(), 1013);
	/* Taken out it points to itself: once more does no harm. */
	assert_true(list_empty(&item[2].node));
	list_del(&item[2].node);
	list_del(&item[0].node);
	list_del(&item[3].node);
	assert_int_equal(digits(), 11);
	list_del(&item[1].node);
	assert_true(list_empty(&head));
}

#define THREADS 4
#define ROUNDS  20000

static struct spinlock lock = SPINLOCK_INIT;
static unsigned long counter;

static void *add(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 3 || !spin_trylock(&lock))
			spin_lock(&lock);
		counter++;
		spin_unlock(&lock);
		/* Four threads on two processors: a ticket lock is no joy without this. */
		if (!(i % 64))
			sched_yield();
	}
	return NULL;
}

static void lock_excludes(void **state)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, add, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(counter, THREADS * ROUNDS);
}

static void trylock(void **state)
{
	struct spinlock l;

	spin_init(&l);
	assert_false(spin_held(&l));
	assert_true(spin_trylock(&l));
	assert_true(spin_held(&l));
	assert_false(spin_trylock(&l));
	spin_unlock(&l);
	assert_false(spin_held(&l));
	/* The counters wrap. */
	atomic_store(&l.next, ~0u);
	atomic_store(&l.owner, ~0u);
	spin_lock(&l);
	assert_int_equal(atomic_load(&l.next), 0);
	assert_false(spin_trylock(&l));
	spin_unlock(&l);
	assert_true(spin_trylock(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(order, setup),
		cmocka_unit_test_setup(removal, setup),
		cmocka_unit_test(lock_excludes),
		cmocka_unit_test(trylock),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
