// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading: find the core, put up /sys/kernel/corevisor and /dev/kvm.
 */
#define pr_fmt(fmt) "corevisor: " fmt

#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/of.h>

#include "call.h"
#include "module.h"
#include "sysfs.h"
#include "vm.h"

static long kvm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case KVM_GET_API_VERSION:
		return arg == 0 ? KVM_API_VERSION : -EINVAL;
	case KVM_CREATE_VM:
		return cv_vm_create(arg);
	case KVM_CHECK_EXTENSION:
		return cv_check_extension(arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg == 0 ? PAGE_SIZE : -EINVAL;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kvm_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kvm_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kvm_device = {
	.minor = KVM_MINOR,
	.name = "kvm",
	.fops = &kvm_fops,
};

/*
 * Where there is no EL2, HVC is an undefined instruction, and at EL2 it traps to ourselves: ask
 * the device tree first, in which the core reserves its memory.
 */
static bool core_is_announced(void)
{
	struct device_node *node, *child;
	bool found = false;

	node = of_find_node_by_path("/reserved-memory");
	for_each_child_of_node(node, child) {
		if (of_node_name_eq(child, "corevisor"))
			found = true;
	}
	of_node_put(node);
	return found;
}

static int find_core(void)
{
	struct cv_result uid, info;

	if (read_sysreg(CurrentEL) != CurrentEL_EL1 || !core_is_announced()) {
		pr_err("this kernel does not run on Corevisor\n");
		return -ENODEV;
	}
	uid = cv_call(CV_UID_CALL, 0, 0, 0);
	if (uid.error != CV_UID_0 || uid.value[0] != CV_UID_1 || uid.value[1] != CV_UID_2 ||
	    uid.value[2] != CV_UID_3) {
		pr_err("the hypervisor of this machine is not Corevisor\n");
		return -ENODEV;
	}
	info = cv_call(CV_CALL_INFO, 0, 0, 0);
	if (info.error != 0 || info.value[0] >> 16 != CV_ABI_VERSION >> 16) {
		pr_err("the core has ABI %#llx, this module is for %#x\n", info.value[0],
		       CV_ABI_VERSION);
		return -EPROTO;
	}
	pr_info("ABI %llu.%llu, %llu frames, %llu bits of IPA\n", info.value[0] >> 16,
		info.value[0] & 0xffff, info.value[1] & 0xffffffff, info.value[2] & 0xffffffff);
	return 0;
}

static int __init corevisor_init(void)
{
	int error = find_core();

	if (error)
		return error;
	error = cv_sysfs_init();
	if (error)
		return error;
	error = cv_selftest_init();
	if (error)
		goto no_selftest;
	error = misc_register(&kvm_device);
	if (error) {
		pr_err("cannot register /dev/kvm (%d): is another KVM there?\n", error);
		goto no_kvm;
	}
	return 0;
no_kvm:
	cv_selftest_exit();
no_selftest:
	cv_sysfs_exit();
	return error;
}

static void __exit corevisor_exit(void)
{
	misc_deregister(&kvm_device);
	cv_selftest_exit();
	cv_sysfs_exit();
}

module_init(corevisor_init);
module_exit(corevisor_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KVM API on Corevisor");
MODULE_ALIAS_MISCDEV(KVM_MINOR);
