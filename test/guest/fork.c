/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/guest/load.h"

#define CHILDREN 8U

/* What child n sends, computed where it runs. */
static uint64_t token(uint64_t n)
{
	uint64_t x = n + 1;

	for (unsigned int i = 0; i < 20000; i++)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	return x;
}

static _Noreturn void child(int out, unsigned int n)
{
	uint64_t value = token(n);

	_exit(write(out, &value, sizeof(value)) == sizeof(value) ? (int)n : 255);
}

/* Every child ended with its own number; the sum of what came through the pipe is right. */
static const char *collect(int in)
{
	uint64_t sum = 0, want = 0, value;
	unsigned int codes = 0;
	int status;

	for (unsigned int n = 0; n < CHILDREN; n++) {
		want += token(n);
		if (read(in, &value, sizeof(value)) != sizeof(value))
			return "fork: a child said nothing";
		sum += value;
	}
	while (wait(&status) > 0) {
		if (!WIFEXITED(status) || WEXITSTATUS(status) >= (int)CHILDREN)
			return "fork: a child died";
		codes |= 1U << WEXITSTATUS(status);
	}
	if (sum != want || codes != (1U << CHILDREN) - 1)
		return "fork: the children's results are wrong";
	return NULL;
}

const char *load_fork(void)
{
	const char *wrong;
	int fds[2];

	if (pipe(fds) != 0)
		return "fork: no pipe";
	for (unsigned int n = 0; n < CHILDREN; n++) {
		pid_t pid = fork();

		if (pid < 0)
			return "fork: no process";
		if (pid == 0)
			child(fds[1], n);
	}
	wrong = collect(fds[0]);
	close(fds[0]);
	close(fds[1]);
	return wrong;
}
