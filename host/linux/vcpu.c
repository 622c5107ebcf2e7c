// SPDX-License-Identifier: GPL-2.0-only
#include "vcpu.h"

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vgic.h"

static_assert(sizeof(struct kvm_run) <= PAGE_SIZE);

/* ---------------------------------------------------------------- ioctls */

static long vcpu_init(struct cv_vcpu *v, const void __user *user)
{
	const u32 known = BIT(KVM_ARM_VCPU_POWER_OFF) | BIT(KVM_ARM_VCPU_PSCI_0_2);
	struct kvm_vcpu_init init;
	u32 i;

	if (copy_from_user(&init, user, sizeof(init)))
		return -EFAULT;
	if (init.target != KVM_ARM_TARGET_GENERIC_V8)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(init.features); i++) {
		if (init.features[i] & ~(i == 0 ? known : 0))
			return -ENOENT;
	}
	if (READ_ONCE(v->vm->phase) != CV_PHASE_NEW)
		return -EPERM;
	v->off = init.features[0] & BIT(KVM_ARM_VCPU_POWER_OFF);
	v->pc = 0;
	v->x0 = 0;
	v->initialized = true;
	return 0;
}

static long one_reg(struct cv_vcpu *v, unsigned int cmd, void __user *user)
{
	struct kvm_one_reg reg;

	if (!v->initialized)
		return -ENOEXEC;
	if (copy_from_user(&reg, user, sizeof(reg)))
		return -EFAULT;
	return cmd == KVM_SET_ONE_REG ? cv_set_reg(v, &reg) : cv_get_reg(v, &reg);
}

static long get_mp_state(struct cv_vcpu *v, void __user *user)
{
	struct kvm_mp_state state = {
		.mp_state = v->off ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE,
	};

	return copy_to_user(user, &state, sizeof(state)) ? -EFAULT : 0;
}

static long set_mp_state(struct cv_vcpu *v, const void __user *user)
{
	struct kvm_mp_state state;
	bool off;

	if (copy_from_user(&state, user, sizeof(state)))
		return -EFAULT;
	if (state.mp_state != KVM_MP_STATE_STOPPED && state.mp_state != KVM_MP_STATE_RUNNABLE)
		return -EINVAL;
	off = state.mp_state == KVM_MP_STATE_STOPPED;
	/* A VM that runs says itself, by PSCI, which of its vCPUs are on. */
	if (READ_ONCE(v->vm->phase) != CV_PHASE_NEW)
		return off == v->off ? 0 : -EPERM;
	v->off = off;
	return 0;
}

static long set_signal_mask(struct cv_vcpu *v, void __user *user)
{
	struct kvm_signal_mask head;
	sigset_t sigset;

	v->sigset_active = false;
	if (!user)
		return 0;
	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.len != sizeof(sigset))
		return -EINVAL;
	if (copy_from_user(&sigset, user + offsetof(struct kvm_signal_mask, sigset),
			   sizeof(sigset)))
		return -EFAULT;
	sigdelsetmask(&sigset, sigmask(SIGKILL) | sigmask(SIGSTOP));
	v->sigset = sigset;
	v->sigset_active = true;
	return 0;
}

static long vcpu_ioctl_locked(struct cv_vcpu *v, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KVM_RUN:
		return arg == 0 ? cv_vcpu_run(v) : -EINVAL;
	case KVM_ARM_VCPU_INIT:
		return vcpu_init(v, user);
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return one_reg(v, cmd, user);
	case KVM_GET_REG_LIST:
		return v->initialized ? cv_reg_list(user) : -ENOEXEC;
	case KVM_GET_MP_STATE:
		return get_mp_state(v, user);
	case KVM_SET_MP_STATE:
		return set_mp_state(v, user);
	case KVM_SET_SIGNAL_MASK:
		return set_signal_mask(v, user);
	default:
		return -EINVAL;
	}
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cv_vcpu *v = file->private_data;
	long result;

	if (v->vm->mm != current->mm)
		return -EIO;
	if (mutex_lock_killable(&v->lock))
		return -EINTR;
	result = vcpu_ioctl_locked(v, cmd, arg);
	mutex_unlock(&v->lock);
	return result;
}

/* ---------------------------------------------------------------- the file */

static vm_fault_t run_fault(struct vm_fault *vmf)
{
	struct cv_vcpu *v = vmf->vma->vm_private_data;

	if (vmf->pgoff != 0)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(v->run);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct run_vm_ops = {
	.fault = run_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &run_vm_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct cv_vcpu *v = file->private_data;

	cv_vm_put(v->vm);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vcpu_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

/* To interrupt a CPU is all that a kick is for. */
static void nothing(void *info)
{
}

static struct cv_vcpu *vcpu_alloc(struct cv_vm *vm, u32 id)
{
	struct cv_vcpu *v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	int error = -ENOMEM;

	if (!v)
		return ERR_PTR(error);
	v->vm = vm;
	v->id = id;
	v->cpu = -1;
	v->timer = ~0ULL;
	mutex_init(&v->lock);
	init_waitqueue_head(&v->wait);
	INIT_CSD(&v->csd, nothing, NULL);
	v->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	v->page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (v->run && v->page)
		error = vgic_vcpu_create(v);
	if (!error)
		return v;
	cv_vcpu_free(v);
	return ERR_PTR(error);
}

void cv_vcpu_free(struct cv_vcpu *v)
{
	if (v->vgic)
		vgic_vcpu_destroy(v);
	/* The core may still write to the run page of a VM it did not let go. */
	if (!v->vm->leaked)
		free_page((unsigned long)v->page);
	free_page((unsigned long)v->run);
	kfree(v);
}

int cv_vcpu_create(struct cv_vm *vm, unsigned long id)
{
	struct cv_vcpu *v;
	struct file *file;
	int fd;

	if (id >= CV_MAX_VCPUS)
		return -EINVAL;
	if (vm->phase != CV_PHASE_NEW)
		return -EBUSY;
	if (vm->vcpus[id])
		return -EEXIST;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	v = vcpu_alloc(vm, id);
	if (IS_ERR(v)) {
		put_unused_fd(fd);
		return PTR_ERR(v);
	}
	file = anon_inode_getfile("kvm-vcpu", &vcpu_fops, v, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		cv_vcpu_free(v);
		return PTR_ERR(file);
	}
	cv_vm_get(vm);
	smp_store_release(&vm->vcpus[id], v);
	vm->nr_vcpus++;
	fd_install(fd, file);
	return fd;
}
