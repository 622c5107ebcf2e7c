/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

int call(int fd, unsigned long cmd, unsigned long arg)
{
	int result = ioctl(fd, cmd, arg);

	return result < 0 ? -errno : result;
}

int kvm_open(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vm_set_reg(struct vm *vm, unsigned int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	return call(vm->vcpu[vcpu], KVM_SET_ONE_REG, (uintptr_t)&reg);
}

static int add_memory(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = GUEST_RAM,
		.memory_size = vm->size,
	};

	vm->ram = mmap(NULL, vm->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->ram == MAP_FAILED)
		return -errno;
	/* A huge page of which one page is written is 511 of zeros to look through. */
	madvise(vm->ram, vm->size, MADV_NOHUGEPAGE);
	memcpy(vm->ram, guest_image, (size_t)(guest_image_end - guest_image));
	region.userspace_addr = (uintptr_t)vm->ram;
	return call(vm->fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

static int add_vcpu(struct vm *vm, unsigned int id)
{
	struct kvm_vcpu_init init = {.target = KVM_ARM_TARGET_GENERIC_V8};
	int error;

	vm->vcpu[id] = call(vm->fd, KVM_CREATE_VCPU, id);
	if (vm->vcpu[id] < 0)
		return vm->vcpu[id];
	vm->nr_vcpus = id + 1;
	init.features[0] = 1U << KVM_ARM_VCPU_PSCI_0_2;
	if (id != 0)
		init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
	error = call(vm->vcpu[id], KVM_ARM_VCPU_INIT, (uintptr_t)&init);
	if (error < 0)
		return error;
	vm->run[id] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu[id], 0);
	return vm->run[id] == MAP_FAILED ? -errno : 0;
}

int vm_create(struct vm *vm, size_t size, unsigned int nr_vcpus, const char *entry, uint64_t x0)
{
	int kvm = kvm_open(), error = 0;

	memset(vm, 0, sizeof(*vm));
	if (kvm < 0)
		return kvm;
	vm->size = size;
	vm->fd = call(kvm, KVM_CREATE_VM, 0);
	close(kvm);
	if (vm->fd < 0)
		return vm->fd;
	for (unsigned int i = 0; error == 0 && i < nr_vcpus; i++)
		error = add_vcpu(vm, i);
	if (error == 0)
		error = add_memory(vm);
	if (error == 0)
		error = vm_set_reg(vm, 0, REG_PC, GUEST_RAM + (uint64_t)(entry - guest_image));
	return error != 0 ? error : vm_set_reg(vm, 0, REG_X0, x0);
}

void vm_close(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->run[i], 4096);
		close(vm->vcpu[i]);
	}
	munmap(vm->ram, vm->size);
	close(vm->fd);
}

int vm_run(struct vm *vm, unsigned int vcpu)
{
	return call(vm->vcpu[vcpu], KVM_RUN, 0);
}

int vm_told(struct vm *vm, uint64_t *word)
{
	struct kvm_run *run = vm->run[0];
	int error = vm_run(vm, 0);

	if (error != 0)
		return error;
	if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr != GUEST_MMIO ||
	    !run->mmio.is_write) {
		fprintf(stderr, "exit %u (%llx)\n", run->exit_reason,
			(unsigned long long)run->mmio.phys_addr);
		return -EIO;
	}
	*word = 0;
	memcpy(word, run->mmio.data, run->mmio.len);
	return 0;
}

int vm_ends(struct vm *vm)
{
	int error = vm_run(vm, 0);

	if (error != 0)
		return error;
	return vm->run[0]->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
			       vm->run[0]->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN
		       ? 0
		       : -EIO;
}
