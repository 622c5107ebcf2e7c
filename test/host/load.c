/* SPDX-License-Identifier: BSD-3-Clause */
/* Many VMs, VMs that die at any moment, and any call: nothing is lost, nothing breaks. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../host/linux/selftest.h"
#include "case.h"
#include "corevisor/limits.h"
#include "guest.h"
#include "vm.h"

#define KB (1UL << 10)
#define MB (1UL << 20)
#define CYCLES 50
#define KILLS 100
#define CALLS 100000

/*
 * The core keeps one table for each VM id that was ever started (the list of its image): have
 * all ids behind us before tables are counted.
 */
static void use_all_ids(void)
{
	static bool done;
	uint64_t word;
	struct vm vm;

	for (unsigned int i = 0; !done && i < CV_MAX_VMS; i++) {
		EXPECT_OK(vm_create(&vm, 64 * KB, 1, guest_spin, 0));
		EXPECT_OK(vm_told(&vm, &word));
		vm_close(&vm);
	}
	done = true;
}

/* Table frames of the core come back when the last VM is gone. */
static void expect_tables(long before)
{
	EXPECT(sysfs_vms(), 0);
	EXPECT(sysfs_number("free_tables"), before);
}

static void test_cycles(void)
{
	long tables;
	uint64_t word;
	struct vm vm[2];

	use_all_ids();
	tables = sysfs_number("free_tables");
	for (int i = 0; i < CYCLES; i++) {
		for (int n = 0; n < 2; n++) {
			EXPECT_OK(vm_create(&vm[n], 4 * MB, 2, guest_memory, 500));
			EXPECT_OK(vm_told(&vm[n], &word));
		}
		vm_close(&vm[i % 2]);
		vm_close(&vm[1 - i % 2]);
	}
	expect_tables(tables);
}

/* A VMM that is killed wherever it is after so many microseconds. */
static void kill_after(unsigned int us, const char *guest)
{
	struct vm vm;
	pid_t pid = fork();

	if (pid == 0) {
		if (vm_create(&vm, 8 * MB, 2, guest, 1500) != 0)
			_exit(1);
		if (fork() == 0) {
			/* Somebody who has the files, but may not use them. */
			usleep(1000);
			_exit(vm_run(&vm, 0) == 0);
		}
		for (;;)
			vm_run(&vm, 0);
	}
	usleep(us);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_kill(void)
{
	long tables;

	use_all_ids();
	tables = sysfs_number("free_tables");
	srand(1);
	for (int i = 0; i < KILLS; i++)
		kill_after((unsigned int)rand() % 40000, i % 2 ? guest_memory : guest_spin);
	/* The children of the killed end by themselves. */
	usleep(200000);
	expect_tables(tables);
}

static uint64_t random64(void)
{
	uint64_t r = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();

	switch (rand() % 6) {
	case 0:
		return r;
	case 1:
		return ~(r % 16);
	case 2:
		return 0x40000 + r % 0x40000; /* frames of RAM on virt */
	case 3:
		return r % 600;
	default:
		return r % 5;
	}
}

/*
 * Any call but those by which the host would take itself to pieces: its own RAM donated to a VM
 * that the fuzzer made is the fuzzer's doing, and no test of the core.
 */
static bool spares_host(uint64_t offset)
{
	switch (offset) {
	case 6: /* REMAP_VM_IMAGE */
	case 8: /* VERIFY_VM */
	case 9: /* DONATE */
	case 10: /* DONATE_BLOCK */
	case 17: /* DMA_ASSIGN */
	case 24: /* SAVE_BEGIN and what follows write to frames */
	case 25:
	case 26:
	case 27:
	case 29: /* LOAD_PAGE */
		return false;
	default:
		return true;
	}
}

static void test_calls(void)
{
	int fd = open("/dev/corevisor-test", O_RDWR);
	int bad = 0;

	expect(fd >= 0, "the module was loaded with selftest=1", fd);
	srand(2);
	for (int i = 0; fd >= 0 && i < CALLS; i++) {
		uint64_t offset = (uint64_t)rand() % 40;
		struct cv_selftest_call c = {{0xc6001000U + offset}};

		for (int n = 1; n < 7; n++)
			c.x[n] = random64();
		if (!spares_host(offset))
			c.x[1] = 300 + c.x[1] % 100;
		if (ioctl(fd, CV_SELFTEST_CALL, &c) != 0 || (int64_t)c.x[0] > 0 ||
		    (int64_t)c.x[0] < -10)
			bad++;
	}
	EXPECT(bad, 0);
	close(fd);
}

const struct host_case load_cases[] = {
	{"load/cycles", test_cycles},
	{"load/kill", test_kill},
	{"load/calls", test_calls},
	{0, 0},
};
