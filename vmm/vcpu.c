/* SPDX-License-Identifier: BSD-3-Clause */
/* One vCPU and its thread: run it, do what it asks for, run it again. */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/report.h"
#include "vmm/vm_private.h"

/* Makes KVM_RUN return EINTR. */
#define SIG_KICK SIGUSR1
#define KICK_AGAIN_NS 2000000

static int init(struct vcpu *vcpu)
{
	struct kvm_vcpu_init init;

	if (ioctl(vcpu->vm->fd, KVM_ARM_PREFERRED_TARGET, &init) != 0)
		return complain("KVM names no CPU to be a vCPU: %s", strerror(errno));
	init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
	/* The others are started by vCPU 0, with PSCI CPU_ON. */
	if (vcpu->id > 0)
		init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init) != 0)
		return complain("vCPU %u cannot be set up: %s", vcpu->id, strerror(errno));
	return 0;
}

int vcpu_create(struct vcpu *vcpu, struct vm *vm, unsigned int id)
{
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)id);
	if (vcpu->fd < 0)
		return complain("no vCPU %u: %s", id, strerror(errno));
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		close(vcpu->fd);
		return complain("vCPU %u: mmap: %s", id, strerror(errno));
	}
	if (init(vcpu) != 0) {
		vcpu_destroy(vcpu);
		return -1;
	}
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->vm->run_size);
	close(vcpu->fd);
}

int vcpu_set_core(struct vcpu *vcpu, uint64_t index, uint64_t value)
{
	struct kvm_one_reg reg = {.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | index,
				  .addr = (uintptr_t)&value};

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg) != 0)
		return complain("vCPU %u: a register cannot be set: %s", vcpu->id, strerror(errno));
	return 0;
}

static void mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned int size = run->mmio.len;

	if (size > sizeof(run->mmio.data))
		size = sizeof(run->mmio.data);
	if (run->mmio.is_write)
		device_write(vcpu->vm, run->mmio.phys_addr, run->mmio.data, size);
	else
		device_read(vcpu->vm, run->mmio.phys_addr, run->mmio.data, size);
}

static void system_event(struct vcpu *vcpu)
{
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vm_set_end(vcpu->vm, VM_POWERED_OFF);
		return;
	case KVM_SYSTEM_EVENT_RESET:
		vm_set_end(vcpu->vm, VM_RESET);
		return;
	case KVM_SYSTEM_EVENT_CRASH:
		complain("the VM has crashed");
		break;
	default:
		complain("the VM ended with event %u", vcpu->run->system_event.type);
		break;
	}
	vm_set_end(vcpu->vm, VM_FAILED);
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		mmio(vcpu);
		return;
	case KVM_EXIT_INTR:
		return;
	case KVM_EXIT_SYSTEM_EVENT:
		system_event(vcpu);
		return;
	case KVM_EXIT_FAIL_ENTRY:
		complain("vCPU %u cannot be entered: reason %#llx", vcpu->id,
			 (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		complain("vCPU %u: internal error %u of KVM", vcpu->id, run->internal.suberror);
		break;
	default:
		complain("vCPU %u stopped for reason %u, which cvm does not know", vcpu->id,
			 run->exit_reason);
		break;
	}
	vm_set_end(vcpu->vm, VM_FAILED);
}

static void *thread(void *argument)
{
	struct vcpu *vcpu = argument;

	while (vcpu->vm->end == VM_RUNS) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) == 0) {
			handle_exit(vcpu);
		} else if (errno != EINTR && errno != EAGAIN) {
			complain("vCPU %u cannot run: %s", vcpu->id, strerror(errno));
			vm_set_end(vcpu->vm, VM_FAILED);
		}
	}
	vcpu->running = false;
	return NULL;
}

static void kicked(int signal)
{
	(void)signal;
}

int vcpu_start(struct vcpu *vcpu)
{
	struct sigaction action = {.sa_handler = kicked};

	sigaction(SIG_KICK, &action, NULL);
	vcpu->running = true;
	if (pthread_create(&vcpu->thread, NULL, thread, vcpu) != 0) {
		vcpu->running = false;
		vcpu->thread = 0;
		return complain("no thread for vCPU %u", vcpu->id);
	}
	return 0;
}

void vcpu_stop(struct vcpu *vcpu)
{
	struct timespec again = {.tv_nsec = KICK_AGAIN_NS};

	if (vcpu->thread == 0)
		return;
	/* A kick that comes just before KVM_RUN is lost: so kick until it has worked. */
	while (vcpu->running) {
		vcpu->run->immediate_exit = 1;
		pthread_kill(vcpu->thread, SIG_KICK);
		nanosleep(&again, NULL);
	}
	pthread_join(vcpu->thread, NULL);
	vcpu->thread = 0;
}

void vcpu_settle(struct vcpu *vcpu)
{
	/* KVM takes the answer to an access when KVM_RUN is called again. */
	vcpu->run->immediate_exit = 1;
	(void)ioctl(vcpu->fd, KVM_RUN, 0);
}
