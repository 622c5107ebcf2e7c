/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What things cost a host, in ticks of its counter: under QEMU's -icount with a 1 GHz
 * counter a tick is an instruction, of whatever exception level. One line each: BENCH name ticks.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 20000
#define PINGS 2000
#define FORKS 200
#define EXECS 50
#define PAGES 8192
#define IOS 1000
#define TIMES PINGS /* the most of these */
#define HUGE (2UL << 20)
#define IP_HEADER 20

static uint64_t now(void)
{
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}

static void report(const char *name, uint64_t start, uint64_t n)
{
	uint64_t end = now();

	printf("BENCH %s %llu\n", name, (unsigned long long)((end - start) / n));
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void bench_syscall(void)
{
	uint64_t start = now();

	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	report("getppid", start, CALLS);
}

/* A byte there and back between two processes. */
static void bench_pipe(void)
{
	int there[2], back[2];
	char c = 0;
	uint64_t start;
	pid_t child;

	if (pipe(there) != 0 || pipe(back) != 0)
		fail("pipe");
	child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
			;
		_exit(0);
	}
	start = now();
	for (int i = 0; i < PINGS; i++) {
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			fail("pipe ping-pong");
	}
	report("pipe-ping-pong", start, PINGS);
	close(there[1]);
	waitpid(child, NULL, 0);
}

static void bench_fork(void)
{
	uint64_t start = now();

	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	report("fork-wait", start, FORKS);
}

static void bench_exec(const char *self)
{
	uint64_t start = now();

	for (int i = 0; i < EXECS; i++) {
		pid_t child = fork();

		if (child == 0) {
			execl(self, self, "nothing", (char *)NULL);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
	report("fork-exec-wait", start, EXECS);
}

/* The first touch of pages nobody has touched yet. */
static void bench_touch(void)
{
	char *p = mmap(NULL, PAGES * 4096UL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	uint64_t start;

	if (p == MAP_FAILED || madvise(p, PAGES * 4096UL, MADV_NOHUGEPAGE) != 0)
		fail("mmap");
	start = now();
	for (long i = 0; i < PAGES; i++)
		p[i * 4096] = 1;
	report("first-touch", start, PAGES);
	munmap(p, PAGES * 4096UL);
}

static uint64_t times[TIMES];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The one of which a tenth are below: time jumps when the host waits for a device, which on a busy
 * machine it often does.
 */
static void report_tenth(const char *name, unsigned int n)
{
	qsort(times, n, sizeof(times[0]), compare);
	printf("BENCH %s %llu\n", name, (unsigned long long)times[n / 10]);
}

/* One request of the disk, timed. */
static uint64_t one_io(int fd, char *buffer, size_t size, int i, bool write)
{
	off_t at = (off_t)((size_t)(i & 63) * size);
	uint64_t start = now();
	ssize_t done = write ? pwrite(fd, buffer, size, at) : pread(fd, buffer, size, at);

	if (done != (ssize_t)size)
		fail("disk");
	return now() - start;
}

/* Reads and writes of a disk past the page cache, one after the other. */
static void bench_disk(const char *path, const char *name, char *buffer, size_t size)
{
	int fd = open(path, O_RDWR | O_DIRECT);
	char what[64];

	if (fd < 0)
		fail(path);
	/* The first round warms up. */
	for (int write = 0; write < 2; write++) {
		for (int i = -IOS; i < IOS; i++)
			times[i < 0 ? 0 : i] = one_io(fd, buffer, size, i, write != 0);
		snprintf(what, sizeof(what), "%s-%s-%zuk", name, write != 0 ? "write" : "read",
			 size / 1024);
		report_tenth(what, IOS);
	}
	close(fd);
}

/*
 * Memory that is contiguous, so that a request has as many pieces on every machine: a huge page.
 */
static char *contiguous(void)
{
	char *p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	if (madvise(p, HUGE, MADV_HUGEPAGE) != 0)
		fail("huge page");
	memset(p, 1, HUGE);
	return p;
}

static uint16_t checksum(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An echo request of that size (ICMP, RFC 792) and its reply: a packet each way. */
static uint64_t one_ping(int fd, size_t size, int i)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000202)};
	uint8_t request[1500] = {[0] = 8, [7] = (uint8_t)i}, reply[1600];
	uint16_t sum = checksum(request, size);
	uint64_t start;

	request[2] = (uint8_t)(sum >> 8);
	request[3] = (uint8_t)sum;
	start = now();
	if (sendto(fd, request, size, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)size ||
	    recv(fd, reply, sizeof(reply), 0) != (ssize_t)size + IP_HEADER ||
	    reply[IP_HEADER] != 0 || reply[IP_HEADER + 7] != (uint8_t)i)
		fail("ping");
	return now() - start;
}

static void bench_ping(size_t size)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	char what[64];

	if (fd < 0)
		fail("socket");
	for (int i = -PINGS; i < PINGS; i++)
		times[i < 0 ? 0 : i] = one_ping(fd, size, i);
	snprintf(what, sizeof(what), "ping-%zu", size);
	report_tenth(what, PINGS);
	close(fd);
}

static void bench_devices(void)
{
	char *buffer = contiguous();

	sleep(3);
	bench_disk("/dev/vda", "disk", buffer, 4096);
	bench_disk("/dev/vda", "disk", buffer, 65536);
	bench_ping(64);
	bench_ping(1400);
}

int main(int argc, char **argv)
{
	uint64_t start = now();

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc > 1 && strcmp(argv[1], "devices") == 0) {
		bench_devices();
		return 0;
	}
	printf("BENCH boot-to-init %llu\n", (unsigned long long)start);
	/* Kernels go on with their own start for a while. */
	sleep(3);
	bench_syscall();
	bench_pipe();
	bench_fork();
	bench_exec(argv[0]);
	bench_touch();
	return 0;
}
