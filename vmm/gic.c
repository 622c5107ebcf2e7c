/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/report.h"
#include "vmm/vm_private.h"

/* SGIs and PPIs, and as many SPIs. */
#define NR_INTERRUPTS 64
#define FIRST_SPI 32U

static int set(struct vm *vm, uint32_t group, uint64_t attribute, const void *value)
{
	struct kvm_device_attr attr = {.group = group, .attr = attribute, .addr = (uintptr_t)value};

	return ioctl(vm->gic, KVM_SET_DEVICE_ATTR, &attr);
}

int gic_create(struct vm *vm)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	uint64_t distributor = LAYOUT_GICD_BASE;
	uint64_t redistributors = LAYOUT_GICR_BASE;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) != 0)
		return complain("this machine has no virtual GICv3: %s", strerror(errno));
	vm->gic = (int)device.fd;
	if (set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor) != 0 ||
	    set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributors) != 0)
		return complain("the virtual GIC cannot be placed: %s", strerror(errno));
	return 0;
}

int gic_init(struct vm *vm)
{
	uint32_t interrupts = NR_INTERRUPTS;

	if (set(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts) != 0 ||
	    set(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL) != 0)
		return complain("the virtual GIC cannot be set up: %s", strerror(errno));
	return 0;
}

void gic_set_spi(struct vm *vm, unsigned int spi, bool level)
{
	struct kvm_irq_level line = {.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT |
					    (FIRST_SPI + spi),
				     .level = level};

	if (ioctl(vm->fd, KVM_IRQ_LINE, &line) != 0)
		complain("an interrupt is not taken: %s", strerror(errno));
}
