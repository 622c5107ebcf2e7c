/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A load for a test VM that checks its own results, on each CPU at the same time.
 * `load N [MB]` does N rounds, with that much secret in memory (16); `load wait` goes on until a
 * line "finish" comes on standard input. Ends with a line SELF-CHECK OK or SELF-CHECK FAILED.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/guest/load.h"

#define SECRET_MB 16U
#define NR_PARTS 6U

/* Shared by the processes of the load. */
struct board {
	atomic_bool stop;
	atomic_uint rounds;
	_Atomic(const char *) wrong;
};

static const char *once(unsigned int part)
{
	switch (part % NR_PARTS) {
	case 0:
		return load_compute();
	case 1:
		return load_registers();
	case 2:
		return load_fork();
	case 3:
		return load_memory();
	case 4:
		return load_interrupts();
	default:
		return secret_check();
	}
}

/* Workers begin at different parts, so that they do not do the same in step. */
static _Noreturn void worker(struct board *board, unsigned int number)
{
	while (!board->stop && board->wrong == NULL) {
		for (unsigned int part = 0; part < NR_PARTS; part++) {
			const char *wrong = once(part + number);

			if (wrong != NULL)
				board->wrong = wrong;
		}
		board->rounds++;
	}
	_exit(0);
}

/* Whether a line "finish" has come. Input that ends is not one. */
static bool asked_to_finish(void)
{
	static char line[64];
	static size_t length;
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char byte;

	while (poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) == 1) {
		if (byte == '\n' || byte == '\r') {
			line[length] = '\0';
			length = 0;
			if (strcmp(line, "finish") == 0)
				return true;
		} else if (length < sizeof(line) - 1) {
			line[length++] = byte;
		}
	}
	return false;
}

/* Seconds by the VM's clock since it was started. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Returns the longest that a tenth of a second took: a clock that ran while the VM did not shows. */
static double supervise(struct board *board, unsigned int rounds)
{
	unsigned int told = 0;
	double last = now(), longest = 0;

	while (board->wrong == NULL) {
		double time;

		if (rounds != 0 ? board->rounds >= rounds : asked_to_finish())
			break;
		if (board->rounds >= told + 4) {
			told = board->rounds;
			printf("load: %u rounds right\n", told);
		}
		usleep(100000);
		time = now();
		longest = time - last > longest ? time - last : longest;
		last = time;
	}
	board->stop = true;
	while (wait(NULL) > 0)
		continue;
	return longest;
}

int main(int argc, char **argv)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 1;
	unsigned int megabytes = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : SECRET_MB;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const char *wrong;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (board == MAP_FAILED)
		return 1;
	board->wrong = secret_setup(megabytes);
	printf("load: %u MB of secret in memory, a worker on each of %ld CPUs\n", megabytes, cpus);
	for (long i = 0; i < cpus; i++) {
		if (fork() == 0)
			worker(board, (unsigned int)i);
	}
	printf("load: the clock's longest step was %.1f s\n", supervise(board, rounds));
	wrong = board->wrong != NULL ? board->wrong : secret_check();
	if (wrong != NULL)
		printf("SELF-CHECK FAILED: %s\n", wrong);
	else
		printf("SELF-CHECK OK: %u rounds on %ld CPUs\n", board->rounds, cpus);
	return wrong != NULL;
}
