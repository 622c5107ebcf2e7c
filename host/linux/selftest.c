// SPDX-License-Identifier: GPL-2.0-only
#include "selftest.h"

#include <linux/arm-smccc.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "module.h"

static bool selftest;
module_param(selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "offer every call of the core in /dev/corevisor-test (for tests only)");

static int selftest_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_RAWIO) ? 0 : -EPERM;
}

static long selftest_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct cv_selftest_call call;
	struct arm_smccc_res res;

	if (cmd != CV_SELFTEST_CALL)
		return -ENOTTY;
	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	arm_smccc_1_1_hvc(call.x[0], call.x[1], call.x[2], call.x[3], call.x[4], call.x[5],
			  call.x[6], &res);
	call.x[0] = res.a0;
	call.x[1] = res.a1;
	call.x[2] = res.a2;
	call.x[3] = res.a3;
	return copy_to_user(user, &call, sizeof(call)) ? -EFAULT : 0;
}

static const struct file_operations selftest_fops = {
	.owner = THIS_MODULE,
	.open = selftest_open,
	.unlocked_ioctl = selftest_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice selftest_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "corevisor-test",
	.fops = &selftest_fops,
	.mode = 0600,
};

int cv_selftest_init(void)
{
	return selftest ? misc_register(&selftest_device) : 0;
}

void cv_selftest_exit(void)
{
	if (selftest)
		misc_deregister(&selftest_device);
}
