// SPDX-License-Identifier: BSD-2-Clause
/*
 * What Linux does all day, as rows: run by /init of the benchmark's Linux guest. Each is between
 * two marks that QEMU's plugin sees (count.c), and prints the ticks of the TSC that it took.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXECS      20
#define FORKS      60
#define MAPS       20
#define MAP_BYTES  (4ul << 20)
#define SWITCHES   500
#define CPU_ROUNDS 20000000u
#define MARK(n)    asm volatile("nopl 0x504c4e00 + %c0(%%rax)" : : "i"(n) : "memory")

static uint64_t ticks(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void fork_exec(void)
{
	for (int i = 0; i < EXECS; i++) {
		pid_t pid = fork();

		need(pid >= 0, "fork");
		if (!pid) {
			execl("/bin/busybox", "true", (char *)NULL);
			_exit(127);
		}
		need(waitpid(pid, NULL, 0) == pid, "waitpid");
	}
}

static void fork_only(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		need(pid >= 0, "fork");
		if (!pid)
			_exit(0);
		need(waitpid(pid, NULL, 0) == pid, "waitpid");
	}
}

static void map_touch(void)
{
	for (int i = 0; i < MAPS; i++) {
		char *p = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		need(p != MAP_FAILED, "mmap");
		for (size_t k = 0; k < MAP_BYTES; k += 4096)
			p[k] = 1;
		need(!munmap(p, MAP_BYTES), "munmap");
	}
}

static void switches(void)
{
	int there[2], back[2];
	char c = 0;

	need(!pipe(there) && !pipe(back), "pipe");
	if (!fork()) {
		while (read(there[0], &c, 1) == 1 && c == 0)
			need(write(back[1], &c, 1) == 1, "write");
		_exit(0);
	}
	for (int i = 0; i < SWITCHES; i++)
		need(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1, "pipe");
	c = 1;
	need(write(there[1], &c, 1) == 1, "write");
	wait(NULL);
}

/* A processor at work: some 25 instructions a round, a quarter of them on memory. */
static void cpu(void)
{
	static uint32_t table[4096];
	uint32_t x = 12345;

	for (uint32_t i = 0; i < CPU_ROUNDS; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		table[x & 4095] += x;
		x += table[x >> 20];
	}
	asm volatile("" : : "r"(x) : "memory");
}

#define ROW(name, n, fn)                                                          \
	do {                                                                      \
		uint64_t from = ticks();                                          \
                                                                                  \
		MARK(n);                                                          \
		fn();                                                             \
		MARK(n + 1);                                                      \
		printf("%s\t%llu\n", name, (unsigned long long)(ticks() - from)); \
		fflush(stdout);                                                   \
	} while (0)

int main(void)
{
	MARK(3); /* from the kernel's entry to here */
	printf("bench\tbegin\n");
	ROW("linux-exec", 4, fork_exec);
	ROW("linux-fork", 6, fork_only);
	ROW("linux-mmap", 8, map_touch);
	ROW("linux-switch", 10, switches);
	ROW("linux-cpu", 12, cpu);
	printf("bench\tend\n");
	return 0;
}
