/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that run: exits, what is refused once they have started, how they end. */
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "case.h"
#include "guest.h"
#include "vm.h"

#define MB (1UL << 20)

static void test_off(void)
{
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_off, 0));
	EXPECT_OK(vm_ends(&vm));
	vm_close(&vm);
}

static void test_reset(void)
{
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_reset, 0));
	EXPECT_OK(vm_run(&vm, 0));
	EXPECT(vm.run[0]->exit_reason, KVM_EXIT_SYSTEM_EVENT);
	EXPECT(vm.run[0]->system_event.type, KVM_SYSTEM_EVENT_RESET);
	vm_close(&vm);
}

static void test_mmio(void)
{
	struct vm vm;
	uint64_t word;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_mmio, 0));
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0xab);
	EXPECT_OK(vm_run(&vm, 0));
	EXPECT(vm.run[0]->exit_reason, KVM_EXIT_MMIO);
	EXPECT((long)vm.run[0]->mmio.phys_addr, GUEST_MMIO + 4);
	EXPECT(vm.run[0]->mmio.is_write, 0);
	EXPECT(vm.run[0]->mmio.len, 4);
	memcpy(vm.run[0]->mmio.data, "\x01\x02\x03\x04", 4);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0x04030202);
	EXPECT_OK(vm_ends(&vm));
	vm_close(&vm);
}

/* The first word goes to an eventfd, the second, with other data, to us. */
static void test_ioeventfd(void)
{
	struct kvm_ioeventfd event = {
		.addr = GUEST_MMIO,
		.len = 4,
		.datamatch = 0xab,
		.fd = eventfd(0, EFD_NONBLOCK),
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};
	uint64_t word = 0;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_mmio, 0));
	EXPECT_OK(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event));
	EXPECT_OK(vm_run(&vm, 0));
	EXPECT((long)vm.run[0]->mmio.phys_addr, GUEST_MMIO + 4);
	EXPECT(read(event.fd, &word, sizeof(word)), sizeof(word));
	EXPECT((long)word, 1);
	EXPECT_OK(vm_told(&vm, &word));
	vm_close(&vm);
	close(event.fd);
}

static void test_started(void)
{
	struct kvm_userspace_memory_region region = {.slot = 1, .memory_size = MB};
	struct kvm_vcpu_init init = {.target = KVM_ARM_TARGET_GENERIC_V8};
	uint64_t word, value = 1;
	struct kvm_one_reg reg = {.id = REG_PC, .addr = (uintptr_t)&value};
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_spin, 0));
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT(sysfs_vms(), 1);
	region.userspace_addr = (uintptr_t)vm.ram;
	EXPECT(call(vm.fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region), -EPERM);
	region.slot = 0;
	region.memory_size = 0;
	EXPECT(call(vm.fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region), -EPERM);
	EXPECT(call(vm.fd, KVM_CREATE_VCPU, 1), -EBUSY);
	EXPECT(call(vm.vcpu[0], KVM_ARM_VCPU_INIT, (uintptr_t)&init), -EPERM);
	EXPECT(vm_set_reg(&vm, 0, REG_PC, 0), -EPERM);
	/* What it started with, not where it is. */
	EXPECT_OK(call(vm.vcpu[0], KVM_GET_ONE_REG, (uintptr_t)&reg));
	EXPECT((long)value, GUEST_RAM + (long)(guest_spin - guest_image));
	vm_close(&vm);
	EXPECT(sysfs_vms(), 0);
}

static void test_bad_start(void)
{
	uint64_t word;
	struct vm vm;

	/* It would start where there is no image; once that is mended it runs. */
	EXPECT_OK(vm_create(&vm, MB, 1, guest_mmio, 0));
	EXPECT_OK(vm_set_reg(&vm, 0, REG_PC, GUEST_RAM + MB / 2));
	EXPECT(vm_run(&vm, 0), -EINVAL);
	EXPECT(sysfs_vms(), 0);
	EXPECT_OK(vm_set_reg(&vm, 0, REG_PC, GUEST_RAM + (uint64_t)(guest_mmio - guest_image)));
	EXPECT_OK(vm_told(&vm, &word));
	vm_close(&vm);
	/* A slot without memory. */
	EXPECT_OK(vm_create(&vm, MB, 1, guest_mmio, 0));
	munmap(vm.ram + MB / 2, MB / 2);
	EXPECT(vm_run(&vm, 0), -EFAULT);
	vm_close(&vm);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* Interrupt KVM_RUN of a guest that does not end by itself. */
static void interrupted(const char *guest)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct itimerspec when = {.it_value = {.tv_nsec = 50000000}};
	uint64_t word;
	struct vm vm;
	timer_t timer;

	sigaction(SIGALRM, &action, NULL);
	timer_create(CLOCK_MONOTONIC, NULL, &timer);
	EXPECT_OK(vm_create(&vm, MB, 1, guest, 0));
	EXPECT_OK(vm_told(&vm, &word));
	for (int i = 0; i < 3; i++) {
		timer_settime(timer, 0, &when, NULL);
		EXPECT(vm_run(&vm, 0), -EINTR);
		EXPECT(vm.run[0]->exit_reason, KVM_EXIT_INTR);
	}
	vm.run[0]->immediate_exit = 1;
	EXPECT(vm_run(&vm, 0), -EINTR);
	timer_delete(timer);
	vm_close(&vm);
}

static void test_signal(void)
{
	interrupted(guest_spin);
	interrupted(guest_wfi);
}

static void *run_second(void *arg)
{
	struct vm *vm = arg;

	return (void *)(intptr_t)vm_run(vm, 1);
}

/* vCPU 1 runs when vCPU 0 switches it on, and goes off by itself. */
static void test_smp(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	pthread_t thread;
	uint64_t word = 1;
	void *result;
	struct vm vm;

	sigaction(SIGUSR1, &action, NULL);
	EXPECT_OK(vm_create(&vm, MB, 2, guest_smp, 0));
	pthread_create(&thread, NULL, run_second, &vm);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0x77);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 1);
	EXPECT_OK(vm_ends(&vm));
	/* Wherever it is just now. */
	vm.run[1]->immediate_exit = 1;
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, &result);
	EXPECT((intptr_t)result, -EINTR);
	vm_close(&vm);
}

const struct host_case life_cases[] = {
	{"life/off", test_off},
	{"life/reset", test_reset},
	{"life/mmio", test_mmio},
	{"life/ioeventfd", test_ioeventfd},
	{"life/started", test_started},
	{"life/bad-start", test_bad_start},
	{"life/signal", test_signal},
	{"life/smp", test_smp},
	{0, 0},
};
