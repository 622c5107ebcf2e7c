// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"

#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "vgic.h"

#define FIRST_PPI 16U
#define FIRST_SPI 32U

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cv_vm *vm = file->private_data;
	struct kvm_device_attr attr;
	long result;

	if (vm->mm != current->mm)
		return -EIO;
	if (cmd != KVM_SET_DEVICE_ATTR && cmd != KVM_GET_DEVICE_ATTR && cmd != KVM_HAS_DEVICE_ATTR)
		return -ENOTTY;
	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	result = vgic_device_attr(vm, cmd, &attr);
	mutex_unlock(&vm->lock);
	return result;
}

static int device_release(struct inode *inode, struct file *file)
{
	cv_vm_put(file->private_data);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.release = device_release,
	.llseek = noop_llseek,
};

long cv_device_create(struct cv_vm *vm, void __user *user)
{
	struct kvm_create_device device;
	int error;

	if (copy_from_user(&device, user, sizeof(device)))
		return -EFAULT;
	if (device.type != KVM_DEV_TYPE_ARM_VGIC_V3)
		return -ENODEV;
	if (device.flags & ~KVM_CREATE_DEVICE_TEST)
		return -EINVAL;
	if (device.flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	if (vm->phase != CV_PHASE_NEW)
		return -EBUSY;
	error = vgic_create(vm);
	if (error)
		return error;
	cv_vm_get(vm);
	error = anon_inode_getfd("kvm-arm-vgic-v3", &device_fops, vm, O_RDWR | O_CLOEXEC);
	if (error < 0) {
		/* The caller has a reference as well. */
		cv_vm_put(vm);
		return error;
	}
	device.fd = error;
	return copy_to_user(user, &device, sizeof(device)) ? -EFAULT : 0;
}

long cv_irq_line(struct cv_vm *vm, const void __user *user)
{
	struct kvm_irq_level line;
	u32 type, vcpu, irq;

	if (copy_from_user(&line, user, sizeof(line)))
		return -EFAULT;
	type = line.irq >> KVM_ARM_IRQ_TYPE_SHIFT & KVM_ARM_IRQ_TYPE_MASK;
	irq = line.irq >> KVM_ARM_IRQ_NUM_SHIFT & KVM_ARM_IRQ_NUM_MASK;
	vcpu = line.irq >> KVM_ARM_IRQ_VCPU_SHIFT & KVM_ARM_IRQ_VCPU_MASK;
	vcpu += (line.irq >> KVM_ARM_IRQ_VCPU2_SHIFT & KVM_ARM_IRQ_VCPU2_MASK) *
		(KVM_ARM_IRQ_VCPU_MASK + 1);
	if (!smp_load_acquire(&vm->vgic))
		return -ENXIO;
	switch (type) {
	case KVM_ARM_IRQ_TYPE_CPU:
		return -ENXIO;
	case KVM_ARM_IRQ_TYPE_PPI:
		if (irq < FIRST_PPI || irq >= FIRST_SPI)
			return -EINVAL;
		return vgic_inject(vm, vcpu, irq, line.level);
	case KVM_ARM_IRQ_TYPE_SPI:
		return irq < FIRST_SPI ? -EINVAL : vgic_inject(vm, -1, irq, line.level);
	default:
		return -EINVAL;
	}
}
