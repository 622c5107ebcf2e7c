/* SPDX-License-Identifier: BSD-3-Clause */
/* What may hurt the host, and so comes last: calls at random, and loads without a net. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/limits.h"
#include "corevisor/state.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"

#define FRAME 4096U
#define RANDOM_CALLS 5000U
#define BLOCK 512U
/* More than the RAM of a VM that runs. */
#define LIVE_FRAMES 0x20000U

/* What arguments are drawn from: never a frame that the host itself lives in. */
struct dice {
	uint64_t state;
	uint64_t own; /* the first of BLOCK frames of ours */
	struct live_vm live[LIVE_MAX];
	unsigned int nr_live;
	uint64_t live_pfns[32];
	unsigned int nr_live_pfns;
	uint64_t core;
};

static uint64_t roll(struct dice *dice)
{
	uint64_t x = dice->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t some_vm(struct dice *dice)
{
	uint64_t r = roll(dice);

	switch (r % 4) {
	case 0:
		return dice->live[r / 4 % dice->nr_live].id;
	case 1:
		return r / 4 % 12;
	case 2:
		return CV_MAX_VMS - 1 + r / 4 % 4;
	default:
		return r;
	}
}

static uint64_t some_frame(struct dice *dice)
{
	uint64_t r = roll(dice);

	switch (r % 8) {
	case 0:
		return dice->core + r / 8 % 4096;
	case 1:
		return dice->nr_live_pfns > 0 ? dice->live_pfns[r / 8 % dice->nr_live_pfns] : 0;
	case 2:
		return r | 1ULL << 40;
	case 3:
		return r / 8 % 256;
	default:
		return dice->own + r / 8 % BLOCK;
	}
}

static uint64_t some_number(struct dice *dice)
{
	uint64_t r = roll(dice);

	switch (r % 4) {
	case 0:
		return r / 4 % 16;
	case 1:
		return some_frame(dice) * FRAME;
	default:
		return some_frame(dice);
	}
}

static bool is_live(const struct dice *dice, uint64_t vm)
{
	for (unsigned int i = 0; i < dice->nr_live; i++) {
		if (dice->live[i].id == vm)
			return true;
	}
	return false;
}

/*
 * A gfn. Of a running VM not in its RAM: a frame that its VMM does not know of would be taken,
 * and nobody would ever ask for it back.
 */
static uint64_t some_gfn(struct dice *dice, uint64_t vm)
{
	return GUEST_BASE / FRAME + (is_live(dice, vm) ? LIVE_FRAMES : 0) + roll(dice) % 1024;
}

static void one_call(struct dice *dice)
{
	uint64_t id = CV_HOST_CALL_BASE + roll(dice) % 36;
	uint64_t vm = some_vm(dice), second = some_number(dice);

	/* To power a VM off, and to run it without its VMM, is the host's right: nothing to see. */
	if ((id == (uint32_t)CV_CALL_POWEROFF_VM || id == (uint32_t)CV_CALL_VCPU_RUN) &&
	    is_live(dice, vm))
		return;
	/* To take its own devices from itself as well. */
	if (id == (uint32_t)CV_CALL_MAP_IO)
		return;
	if (id == (uint32_t)CV_CALL_DONATE || id == (uint32_t)CV_CALL_DONATE_BLOCK ||
	    id == (uint32_t)CV_CALL_SET_RAM)
		second = some_gfn(dice, vm);
	(void)hvc(id, vm, second, some_number(dice), some_number(dice), some_number(dice));
}

static uint64_t state_of(uint64_t vm)
{
	struct hostile_call call = {.x = {(uint32_t)CV_CALL_VM_INFO, vm}};

	hvc_full(&call);
	return (int64_t)call.x[0] == CV_OK ? call.x[1] : CV_VM_UNUSED;
}

static void free_contexts(void)
{
	for (uint64_t context = 0; context < CV_MAX_DMA_CONTEXTS; context++)
		(void)hvc(CV_CALL_DMA_FREE, context, 0, 0, 0, 0);
}

/* Everything that random calls may have made is taken apart again. */
static void tidy(struct dice *dice)
{
	for (uint64_t vm = 1; vm <= CV_MAX_VMS; vm++) {
		if (state_of(vm) == CV_VM_UNUSED || is_live(dice, vm))
			continue;
		(void)hvc(CV_CALL_POWEROFF_VM, vm, 0, 0, 0, 0);
		free_contexts();
		for (uint64_t i = 0; i < BLOCK; i++)
			(void)hvc(CV_CALL_RECLAIM, vm, dice->own + i, 0, 0, 0);
		(void)hvc(CV_CALL_DESTROY_VM, vm, 0, 0, 0, 0);
	}
	free_contexts();
}

static void roll_on(struct dice dice, unsigned int cpu)
{
	on_cpu(cpu);
	dice.state += cpu * 0x1234567ULL;
	for (unsigned int i = 0; i < RANDOM_CALLS; i++)
		one_call(&dice);
	_exit(0);
}

static void random_calls(void)
{
	struct dice dice = {.state = 1, .own = frames_alloc(9), .core = core_frame()};
	unsigned int cpus = nr_cpus(), unreadable = 0;
	uint8_t byte;

	dice.nr_live = live_vms(dice.live);
	dice.nr_live_pfns = live_frames(dice.live_pfns, 32);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		if (fork() == 0)
			roll_on(dice, cpu);
	}
	while (wait(NULL) > 0)
		continue;
	tidy(&dice);
	for (unsigned int i = 0; i < dice.nr_live_pfns; i++) {
		if (frame_read(dice.live_pfns[i], &byte, 1) == 0)
			leak("a running VM's frame can be read afterwards");
	}
	for (unsigned int i = 0; i < BLOCK; i++)
		unreadable += frame_read(dice.own + i, &byte, 1) != 0;
	if (unreadable == 0)
		frames_free(dice.own, 9);
	blocked("%u calls with random arguments on %u CPUs while %u VMs run; %u frames lost",
		RANDOM_CALLS * cpus, cpus, dice.nr_live, unreadable);
}

/* In a child, which the kernel kills when it oopses. */
static void kernel_load(void)
{
	uint64_t pfns[16];
	int status, fd = open("/dev/hostile", O_RDWR | O_CLOEXEC);
	pid_t pid;

	(void)live_frames(pfns, 16);
	pid = fork();
	if (pid == 0) {
		if (ioctl(fd, HOSTILE_TOUCH, pfns[0]) >= 0)
			leak("the kernel loaded a word of frame %#llx",
			     (unsigned long long)pfns[0]);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status))
		failed("the attacker lives, and has read nothing");
	blocked("the kernel oopses and kills the attacker (%s); the host lives",
		strsignal(WTERMSIG(status)));
}

const struct attack attacks_last[] = {
	{"calls/random", random_calls},
	{"vm-memory/kernel-load-unguarded", kernel_load},
	{NULL, NULL},
};
