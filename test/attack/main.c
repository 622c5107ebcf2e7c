/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attack: try them all, or those whose names contain one of the arguments. A line each:
 *
 *   ATTACK|name|result|evidence
 *
 * Exit code 0 if all were blocked.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"

#define TIME_LIMIT 60

enum result { NOTHING, BLOCKED, FAILED, LEAK, CORRUPTED };

static const char *const result_names[] = {"FAILED", "BLOCKED", "FAILED", "LEAK", "CORRUPTED"};

/* What the process of an attack leaves behind. */
struct outcome {
	enum result result;
	char evidence[200];
};

static struct outcome *outcome;

static void say(enum result result, const char *format, va_list args)
{
	if (result <= outcome->result)
		return;
	vsnprintf(outcome->evidence, sizeof(outcome->evidence), format, args);
	outcome->result = result;
}

#define SAY(result)                        \
	do {                               \
		va_list args;              \
		va_start(args, format);    \
		say(result, format, args); \
		va_end(args);              \
	} while (0)

void blocked(const char *format, ...)
{
	SAY(BLOCKED);
}

void leak(const char *format, ...)
{
	SAY(LEAK);
}

void corrupted(const char *format, ...)
{
	SAY(CORRUPTED);
}

void failed(const char *format, ...)
{
	SAY(FAILED);
	_exit(0);
}

bool refused(int64_t result, const char *what)
{
	if (result < 0)
		return true;
	corrupted("%s was accepted", what);
	return false;
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

bool survives(void (*run)(void *argument), void *argument)
{
	struct sigaction action = {.sa_handler = on_fault};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(fault, 1) != 0)
		return false;
	run(argument);
	return true;
}

void on_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		failed("cannot move to CPU %u", cpu);
}

unsigned int nr_cpus(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Wait for it, but not for ever. */
static bool ends(pid_t pid, int *status)
{
	struct timespec tick = {.tv_nsec = 10000000};

	for (unsigned int i = 0; i < TIME_LIMIT * 100; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		nanosleep(&tick, NULL);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, status, 0);
	return false;
}

static void judge(pid_t pid)
{
	int status = 0;

	if (!ends(pid, &status))
		snprintf(outcome->evidence, sizeof(outcome->evidence), "no end after %d s",
			 TIME_LIMIT);
	else if (WIFSIGNALED(status))
		snprintf(outcome->evidence, sizeof(outcome->evidence), "the attacker died: %s",
			 strsignal(WTERMSIG(status)));
	else
		return;
	if (outcome->result == BLOCKED)
		outcome->result = FAILED;
}

static bool try_one(const struct attack *attack)
{
	pid_t pid;

	*outcome = (struct outcome){.result = NOTHING};
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* Its children go with it. */
		setpgid(0, 0);
		attack->run();
		_exit(0);
	}
	judge(pid);
	live_thaw(); /* it may have ended with the others frozen */
	printf("ATTACK|%s|%s|%s\n", attack->name, result_names[outcome->result], outcome->evidence);
	return outcome->result == BLOCKED;
}

static bool wanted(const char *name, char **words)
{
	if (*words == NULL)
		return true;
	for (; *words != NULL; words++) {
		if (strstr(name, *words) != NULL)
			return true;
	}
	return false;
}

/* For memory.py, which looks at it from outside. */
static void tell_core_memory(void)
{
	struct frame_range range;

	for (unsigned int i = 0; i < CORE_RANGES && core_part(i, &range); i++)
		printf("CORE|%#llx|%#llx\n", (unsigned long long)range.first,
		       (unsigned long long)range.frames);
}

int main(int argc, char **argv)
{
	static const struct attack *const lists[] = {
		attacks_memory, attacks_kvm,   attacks_register, attacks_frame,
		attacks_life,	attacks_image, attacks_edu,	 attacks_nvme,
		attacks_virtio, attacks_gic,   attacks_assigned, attacks_last};
	unsigned int tried = 0, good = 0;

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	kernel_open();
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (const struct attack *attack = lists[i]; attack->name != NULL; attack++) {
			if (!wanted(attack->name, argv + 1))
				continue;
			tried++;
			good += try_one(attack);
		}
	}
	tell_core_memory();
	printf("ATTACKS|%u|%u\n", tried, good);
	return good == tried ? 0 : 1;
}
