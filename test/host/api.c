/* SPDX-License-Identifier: BSD-3-Clause */
/* What the ioctls refuse, and with which errno. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "case.h"
#include "guest.h"
#include "vm.h"

#define MB (1UL << 20)

static void test_system(void)
{
	int kvm = kvm_open(), vm;

	EXPECT(call(kvm, KVM_GET_API_VERSION, 0), 12);
	EXPECT(call(kvm, KVM_GET_API_VERSION, 1), -EINVAL);
	EXPECT(call(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), 4096);
	EXPECT(call(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ONE_REG), 1);
	EXPECT(call(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PSCI_0_2), 1);
	EXPECT(call(kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM), 0);
	EXPECT(call(kvm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS), 64);
	EXPECT(call(kvm, KVM_CHECK_EXTENSION, 123456789), 0);
	EXPECT(call(kvm, KVM_RUN, 0), -ENOTTY);
	EXPECT(call(kvm, KVM_CREATE_VM, 31), -EINVAL);
	EXPECT(call(kvm, KVM_CREATE_VM, 49), -EINVAL);
	EXPECT(call(kvm, KVM_CREATE_VM, 1UL << 30), -EINVAL);
	/* Protected or not: it is. */
	vm = call(kvm, KVM_CREATE_VM, 1UL << 31 | 36);
	expect(vm >= 0, "a protected VM", vm);
	close(vm);
	close(kvm);
}

static int set_slot(struct vm *vm, unsigned int slot, uint64_t gpa, uint64_t size, uint64_t hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = hva,
	};

	return call(vm->fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

static void test_slots(void)
{
	struct kvm_userspace_memory_region region = {.slot = 1, .flags = KVM_MEM_READONLY};
	uint64_t hva;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_off, 0));
	hva = (uintptr_t)vm.ram;
	EXPECT(set_slot(&vm, 32, 0, MB, hva), -EINVAL);
	EXPECT(set_slot(&vm, 1, 1, MB, hva), -EINVAL);
	EXPECT(set_slot(&vm, 1, 0, MB + 1, hva), -EINVAL);
	EXPECT(set_slot(&vm, 1, 0, MB, hva + 1), -EINVAL);
	EXPECT(set_slot(&vm, 1, 1ULL << 40, MB, hva), -EINVAL);
	EXPECT(set_slot(&vm, 1, ~0xfffULL, 2 * MB, hva), -EINVAL);
	EXPECT(set_slot(&vm, 1, 0, MB, ~0xfffULL), -EINVAL);
	EXPECT(set_slot(&vm, 1, GUEST_RAM + MB / 2, MB, hva), -EEXIST);
	EXPECT(set_slot(&vm, 1, 0, 0, hva), -EINVAL);
	EXPECT(set_slot(&vm, 0, GUEST_RAM, 2 * MB, hva), -EINVAL);
	EXPECT(call(vm.fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region), -EINVAL);
	EXPECT(call(vm.fd, KVM_SET_USER_MEMORY_REGION, 8), -EFAULT);
	EXPECT_OK(set_slot(&vm, 1, 0, MB, hva));
	EXPECT_OK(set_slot(&vm, 1, MB, MB, hva));
	EXPECT_OK(set_slot(&vm, 1, 0, 0, hva));
	vm_close(&vm);
}

static void test_vcpus(void)
{
	struct kvm_vcpu_init init = {.target = 0};
	struct kvm_mp_state state = {.mp_state = KVM_MP_STATE_HALTED};
	struct vm vm;
	int fd;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_off, 0));
	EXPECT(call(vm.fd, KVM_CREATE_VCPU, 64), -EINVAL);
	EXPECT(call(vm.fd, KVM_CREATE_VCPU, 0), -EEXIST);
	fd = call(vm.fd, KVM_CREATE_VCPU, 1);
	EXPECT(call(fd, KVM_RUN, 0), -ENOEXEC);
	EXPECT(call(fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init), -EINVAL);
	EXPECT_OK(call(vm.fd, KVM_ARM_PREFERRED_TARGET, (uintptr_t)&init));
	EXPECT(init.target, KVM_ARM_TARGET_GENERIC_V8);
	init.features[0] = 1U << KVM_ARM_VCPU_PMU_V3;
	EXPECT(call(fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init), -ENOENT);
	/* vCPU 0 cannot run before all are ready, and a second one cannot start by itself. */
	EXPECT(vm_run(&vm, 0), -ENOEXEC);
	init.features[0] = 0;
	EXPECT_OK(call(fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init));
	EXPECT(vm_run(&vm, 0), -EINVAL);
	EXPECT(call(fd, KVM_SET_MP_STATE, (uintptr_t)&state), -EINVAL);
	EXPECT(call(fd, KVM_RUN, 1), -EINVAL);
	close(fd);
	vm_close(&vm);
}

static void test_registers(void)
{
	uint64_t value = 0, n[64];
	struct kvm_one_reg reg = {.addr = (uintptr_t)&value};
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 2, guest_off, 5));
	memset(n, 0, sizeof(n));
	EXPECT(call(vm.vcpu[0], KVM_GET_REG_LIST, (uintptr_t)n), -E2BIG);
	expect(n[0] > 40 && n[0] < 100, "registers in the list", (int)n[0]);
	reg.id = REG_X0;
	EXPECT_OK(call(vm.vcpu[0], KVM_GET_ONE_REG, (uintptr_t)&reg));
	EXPECT((long)value, 5);
	reg.id = KVM_CORE_REG(regs.pstate);
	EXPECT_OK(call(vm.vcpu[0], KVM_GET_ONE_REG, (uintptr_t)&reg));
	EXPECT((long)value, 0x3c5);
	reg.id = ARM64_SYS_REG(3, 0, 0, 0, 5);
	EXPECT_OK(call(vm.vcpu[1], KVM_GET_ONE_REG, (uintptr_t)&reg));
	EXPECT((long)value, 0x80000001L);
	EXPECT_OK(vm_set_reg(&vm, 0, KVM_CORE_REG(regs.pstate), 0x3c5));
	EXPECT(vm_set_reg(&vm, 0, KVM_CORE_REG(regs.pstate), 0x3c9), -EINVAL);
	EXPECT_OK(vm_set_reg(&vm, 0, KVM_CORE_REG(regs.regs[1]), 0));
	EXPECT(vm_set_reg(&vm, 0, KVM_CORE_REG(regs.regs[1]), 1), -EINVAL);
	EXPECT(vm_set_reg(&vm, 0, REG_PC | 1, 0), -ENOENT);
	EXPECT(vm_set_reg(&vm, 0, REG_PC ^ KVM_REG_SIZE_U64, 0), -EINVAL);
	EXPECT(vm_set_reg(&vm, 0, 0x1234, 0), -EINVAL);
	vm_close(&vm);
}

static void test_devices(void)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_ARM_VGIC_V2};
	struct kvm_irq_level line = {.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 40};
	struct kvm_ioeventfd event = {.addr = GUEST_MMIO, .len = 3, .fd = eventfd(0, 0)};
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_off, 0));
	EXPECT(call(vm.fd, KVM_CREATE_DEVICE, (uintptr_t)&device), -ENODEV);
	device.type = KVM_DEV_TYPE_ARM_VGIC_ITS;
	EXPECT(call(vm.fd, KVM_CREATE_DEVICE, (uintptr_t)&device), -ENODEV);
	device.type = KVM_DEV_TYPE_ARM_VGIC_V3;
	device.flags = KVM_CREATE_DEVICE_TEST;
	EXPECT_OK(call(vm.fd, KVM_CREATE_DEVICE, (uintptr_t)&device));
	EXPECT(call(vm.fd, KVM_CREATE_IRQCHIP, 0), -ENODEV);
	EXPECT(call(vm.fd, KVM_IRQ_LINE, (uintptr_t)&line), -ENXIO);
	device.flags = 0;
	EXPECT_OK(call(vm.fd, KVM_CREATE_DEVICE, (uintptr_t)&device));
	EXPECT(call(vm.fd, KVM_CREATE_IRQCHIP, 0), -EEXIST);
	close((int)device.fd);
	EXPECT(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event), -EINVAL);
	event.len = 4;
	EXPECT_OK(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event));
	EXPECT(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event), -EEXIST);
	event.flags = KVM_IOEVENTFD_FLAG_DEASSIGN;
	EXPECT_OK(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event));
	EXPECT(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event), -ENOENT);
	event.fd = -1;
	EXPECT(call(vm.fd, KVM_IOEVENTFD, (uintptr_t)&event), -EBADF);
	close(event.fd);
	vm_close(&vm);
}

static long irqfd(const struct vm *vm, int fd, unsigned int gsi, unsigned int flags)
{
	struct kvm_irqfd args = {.fd = (unsigned int)fd, .gsi = gsi, .flags = flags};

	return call(vm->fd, KVM_IRQFD, (uintptr_t)&args);
}

static void test_irqfd(void)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	int a = eventfd(0, 0), b = eventfd(1, 0);
	uint64_t one = 1;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_off, 0));
	EXPECT(irqfd(&vm, a, 3, 0), -EAGAIN);
	EXPECT_OK(call(vm.fd, KVM_CREATE_DEVICE, (uintptr_t)&device));
	EXPECT(irqfd(&vm, -1, 3, 0), -EBADF);
	EXPECT(irqfd(&vm, vm.fd, 3, 0), -EINVAL);
	EXPECT(irqfd(&vm, a, 1020 - 32, 0), -EINVAL);
	EXPECT(irqfd(&vm, a, 3, KVM_IRQFD_FLAG_RESAMPLE), -EINVAL);
	EXPECT_OK(irqfd(&vm, a, 3, 0));
	EXPECT(irqfd(&vm, a, 4, 0), -EBUSY);
	EXPECT_OK(irqfd(&vm, b, 3, 0));
	expect(write(a, &one, sizeof(one)) == sizeof(one), "a write to an irqfd", errno);
	EXPECT_OK(irqfd(&vm, a, 3, KVM_IRQFD_FLAG_DEASSIGN));
	EXPECT_OK(irqfd(&vm, a, 4, 0));
	/* One is closed before the VM, the other is written to after it. */
	close(b);
	close((int)device.fd);
	vm_close(&vm);
	expect(write(a, &one, sizeof(one)) == sizeof(one), "a write after the VM", errno);
	close(a);
}

const struct host_case api_cases[] = {
	{"api/system", test_system},
	{"api/slots", test_slots},
	{"api/vcpus", test_vcpus},
	{"api/registers", test_registers},
	{"api/devices", test_devices},
	{"api/irqfd", test_irqfd},
	{0, 0},
};
