/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmbench: what operations of a VM cost, in instructions when run under -icount. A line each:
 * VMBENCH name number. The same on Corevisor and on stock KVM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "test/vmbench/vmbench.h"
#include "vm.h"

#define RAM_SIZE (64UL << 20)
#define PAGE 4096UL

/* In the order in which the guest tells them. */
static const struct {
	const char *name;
	bool corevisor_only;
	bool small; /* nothing is given to the VM 2 MB at a time */
} rows[] = {
	{.name = "hypercall"},
	{.name = "id-register"},
	{.name = "gicd-read"},
	{.name = "mmio-to-user"},
	{.name = "page-populated", .small = true},
	{.name = "page-fresh", .small = true},
	{.name = "page-of-2M"},
	{.name = "share-unshare", .corevisor_only = true},
	{.name = "ipi-round-trip"},
};

static struct vm vm;

static uint64_t ticks(void)
{
	uint64_t now;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(now));
	return now;
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "vmbench: %s: %s\n", what, strerror(-error));
	return 1;
}

static void stay_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static int attribute(int fd, unsigned int group, uint64_t attr, void *value)
{
	struct kvm_device_attr args = {.group = group, .attr = attr, .addr = (uintptr_t)value};

	return call(fd, KVM_SET_DEVICE_ATTR, (uintptr_t)&args);
}

static int add_gic(void)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	uint64_t dist = GUEST_GICD, redist = GUEST_GICR;
	int error = call(vm.fd, KVM_CREATE_DEVICE, (uintptr_t)&device);
	int fd = (int)device.fd;

	if (!error)
		error = attribute(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist);
	if (!error)
		error = attribute(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
				  &redist);
	if (!error)
		error = attribute(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	return error;
}

static uint8_t *ram_at(uint64_t address)
{
	return vm.ram + (address - GUEST_RAM);
}

/* KVM goes by what madvise() says of the memory, Corevisor's module by its parameter. */
static void allow_huge(bool huge)
{
	FILE *f = fopen("/sys/module/corevisor/parameters/huge", "w");

	if (f) {
		fputc(huge ? 'Y' : 'N', f);
		fclose(f);
	}
}

/* Pages that are there; pages that are not; huge pages. All zero. */
static void prepare_memory(void)
{
	size_t size = GUEST_PAGES * PAGE;

	madvise(ram_at(GUEST_POPULATED), size, MADV_NOHUGEPAGE);
	madvise(ram_at(GUEST_FRESH), size, MADV_NOHUGEPAGE);
	madvise(ram_at(GUEST_HUGE), size, MADV_HUGEPAGE);
	memset(ram_at(GUEST_POPULATED), 0, size);
	memset(ram_at(GUEST_HUGE), 0, size);
}

static void *second(void *arg)
{
	stay_on(1);
	(void)vm_run(&vm, 1);
	return arg;
}

/* The next word that vCPU 0 tells; reads are answered with what is there: 0. */
static int next_word(uint64_t *word)
{
	struct kvm_run *run = vm.run[0];
	int error;

	do {
		error = vm_run(&vm, 0);
		if (error)
			return error;
	} while (run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write);
	if (run->exit_reason != KVM_EXIT_MMIO)
		return -EIO;
	memcpy(word, run->mmio.data, sizeof(*word));
	return 0;
}

static int measure_guest(bool corevisor)
{
	pthread_t thread;
	uint64_t word;
	int error = vm_create(&vm, RAM_SIZE, 2, guest_measure, 0);

	if (!error)
		error = add_gic();
	if (error)
		return fail("no VM", error);
	prepare_memory();
	if (pthread_create(&thread, NULL, second, NULL))
		return fail("no thread", -EAGAIN);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		allow_huge(!rows[i].small);
		error = next_word(&word);
		if (error)
			return fail(rows[i].name, error);
		if (corevisor || !rows[i].corevisor_only)
			printf("VMBENCH %s %lu\n", rows[i].name, (unsigned long)word);
	}
	return 0;
}

/* From nothing to the first exit of a VM of 2 MB. */
static int measure_creation(void)
{
	uint64_t least = ~0ULL, start, word;
	int error;

	for (unsigned int i = 0; i < 5; i++) {
		start = ticks();
		error = vm_create(&vm, 2UL << 20, 1, guest_first, 0);
		if (!error)
			error = vm_told(&vm, &word);
		if (error)
			return fail("no VM", error);
		if (ticks() - start < least)
			least = ticks() - start;
		vm_close(&vm);
	}
	printf("VMBENCH create-to-exit %lu\n", (unsigned long)least);
	return 0;
}

int main(void)
{
	stay_on(0);
	return measure_creation() || measure_guest(access("/sys/kernel/corevisor", F_OK) == 0);
}
