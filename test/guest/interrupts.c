/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts of a VM: a token goes round its CPUs, each asleep until it comes, which takes an
 * interrupt from CPU to CPU each time (an SGI); and each CPU sleeps by its timer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "test/guest/load.h"

#define MAX_CPUS 64U
#define LAPS 50U
#define NAPS 20U
#define NAP_NS 1000000L
/* However busy the machine that tests, an interrupt that takes so long is lost. */
#define LOST_SECONDS 60

struct seat {
	_Alignas(64) _Atomic uint32_t laps; /* as often the token has come here */
	pthread_t thread;
	unsigned int number;
	const char *wrong;
};

static struct seat seats[MAX_CPUS];
static unsigned int nr_seats;

static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

static const char *await_token(struct seat *seat, uint32_t lap)
{
	struct timespec timeout = {.tv_sec = LOST_SECONDS};

	while (atomic_load(&seat->laps) == lap) {
		if (futex(&seat->laps, FUTEX_WAIT, lap, &timeout) != 0 && errno == ETIMEDOUT)
			return "interrupts: a CPU was not woken by another";
	}
	return NULL;
}

static void hand_on(const struct seat *seat)
{
	struct seat *next = &seats[(seat->number + 1) % nr_seats];

	atomic_fetch_add(&next->laps, 1);
	futex(&next->laps, FUTEX_WAKE, 1, NULL);
}

static long nanoseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000000000L + now.tv_nsec - start->tv_nsec;
}

static const char *nap(void)
{
	const struct timespec length = {.tv_nsec = NAP_NS};
	struct timespec start;

	for (unsigned int i = 0; i < NAPS; i++) {
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (nanosleep(&length, NULL) != 0 || nanoseconds_since(&start) < NAP_NS)
			return "interrupts: a timer came early";
		if (nanoseconds_since(&start) > LOST_SECONDS * 1000000000L)
			return "interrupts: a timer came late";
	}
	return NULL;
}

static void *sit(void *arg)
{
	struct seat *seat = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(seat->number, &set);
	/* A CPU that is not there is sat on elsewhere. */
	(void)sched_setaffinity(0, sizeof(set), &set);
	for (uint32_t lap = 0; lap < LAPS && seat->wrong == NULL; lap++) {
		seat->wrong = await_token(seat, lap);
		hand_on(seat);
	}
	if (seat->wrong == NULL)
		seat->wrong = nap();
	return NULL;
}

const char *load_interrupts(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const char *wrong = NULL;

	nr_seats = cpus < 1 ? 1 : cpus > (long)MAX_CPUS ? MAX_CPUS : (unsigned int)cpus;
	for (unsigned int i = 0; i < nr_seats; i++) {
		seats[i].laps = i == 0 ? 1 : 0;
		seats[i].number = i;
		seats[i].wrong = NULL;
	}
	for (unsigned int i = 0; i < nr_seats; i++) {
		if (pthread_create(&seats[i].thread, NULL, sit, &seats[i]) != 0)
			return "interrupts: no thread";
	}
	for (unsigned int i = 0; i < nr_seats; i++) {
		pthread_join(seats[i].thread, NULL);
		if (seats[i].wrong != NULL)
			wrong = seats[i].wrong;
	}
	return wrong;
}
