// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "corevisor: " fmt

#include "vm.h"

#include <linux/anon_inodes.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "compat.h"
#include "corevisor/kvm.h"
#include "corevisor/manifest.h"
#include "device.h"
#include "image.h"
#include "ioeventfd.h"
#include "irqfd.h"
#include "memory.h"
#include "snapshot.h"
#include "sysfs.h"
#include "vcpu.h"
#include "vgic.h"

#define DEFAULT_IPA_BITS 40
#define MIN_IPA_BITS 32

u32 cv_ipa_bits(void)
{
	return (u32)cv_call(CV_CALL_INFO, 0, 0, 0).value[2];
}

int cv_check_extension(unsigned long cap)
{
	switch (cap) {
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
	case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
	case KVM_CAP_INTERNAL_ERROR_DATA:
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_IOEVENTFD:
	case KVM_CAP_IOEVENTFD_ANY_LENGTH:
	case KVM_CAP_IRQFD:
	case KVM_CAP_DEVICE_CTRL:
	case KVM_CAP_ONE_REG:
	case KVM_CAP_ARM_PSCI:
	case KVM_CAP_ARM_PSCI_0_2:
	case KVM_CAP_IMMEDIATE_EXIT:
	case KVM_CAP_CHECK_EXTENSION_VM:
	case KVM_CAP_ENABLE_CAP_VM:
	case KVM_CAP_COREVISOR_MANIFEST:
	case KVM_CAP_COREVISOR_SNAPSHOT:
		return 1;
	case KVM_CAP_NR_VCPUS:
		return min_t(int, num_online_cpus(), CV_MAX_VCPUS);
	case KVM_CAP_MAX_VCPUS:
	case KVM_CAP_MAX_VCPU_ID:
		return CV_MAX_VCPUS;
	case KVM_CAP_NR_MEMSLOTS:
		return CV_NR_SLOTS;
	case KVM_CAP_ARM_VM_IPA_SIZE:
		return cv_ipa_bits();
	default:
		return 0;
	}
}

/* ---------------------------------------------------------------- the end */

/*
 * The core's side: off, frames back, the id free. Nothing runs. What the core keeps (which it has
 * no reason to) is never freed: the run pages neither.
 */
static void core_vm_destroy(struct cv_vm *vm)
{
	int error;

	if (vm->id != 0)
		cv_call(CV_CALL_POWEROFF_VM, vm->id, 0, 0);
	cv_sysfs_remove_vm(vm->dir);
	vm->dir = NULL;
	cv_memory_release(vm);
	if (vm->id == 0)
		return;
	error = cv_call_errno(CV_CALL_DESTROY_VM, vm->id, 0, 0);
	if (error) {
		pr_err("VM %u cannot be destroyed (%d)\n", vm->id, error);
		vm->leaked = true;
	}
	vm->id = 0;
}

static void vm_free(struct kref *ref)
{
	struct cv_vm *vm = container_of(ref, struct cv_vm, ref);
	u32 i;

	core_vm_destroy(vm);
	cv_ioeventfd_release(vm);
	cv_irqfd_release(vm);
	cv_snapshot_free(vm);
	vgic_destroy(vm);
	for (i = 0; i < CV_MAX_VCPUS; i++) {
		if (vm->vcpus[i])
			cv_vcpu_free(vm->vcpus[i]);
	}
	if (vm->manifest)
		__free_page(vm->manifest);
	mmdrop(vm->mm);
	kvfree(vm);
}

void cv_vm_get(struct cv_vm *vm)
{
	kref_get(&vm->ref);
}

void cv_vm_put(struct cv_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

void cv_vm_stop(struct cv_vm *vm)
{
	struct cv_vcpu *v;
	u32 i;

	WRITE_ONCE(vm->phase, CV_PHASE_DEAD);
	for (i = 0; i < CV_MAX_VCPUS; i++) {
		v = cv_vm_vcpu(vm, i);
		if (v)
			cv_vcpu_kick(v);
	}
}

/* ---------------------------------------------------------------- the start */

/* Only vCPU 0 starts by itself, in its image; the others wait for PSCI CPU_ON. */
static int check_vcpus(struct cv_vm *vm)
{
	u32 i;

	for (i = 0; i < CV_MAX_VCPUS; i++) {
		if (!vm->vcpus[i])
			continue;
		if (!vm->vcpus[i]->initialized)
			return -ENOEXEC;
		if (vm->vcpus[i]->off != (i != 0))
			return -EINVAL;
	}
	return 0;
}

int cv_vm_register_vcpus(struct cv_vm *vm)
{
	int error = 0;
	u32 i;

	for (i = 0; !error && i < CV_MAX_VCPUS; i++) {
		if (vm->vcpus[i])
			error = cv_call_errno(CV_CALL_REGISTER_VCPU, vm->id, i,
					      virt_to_phys(vm->vcpus[i]->page) >> PAGE_SHIFT);
	}
	return error;
}

/* Everything the measurement begins with. */
static int describe(struct cv_vm *vm)
{
	const struct cv_slot *slot[CV_NR_SLOTS];
	struct cv_vcpu *v = vm->vcpus[0];
	u32 i, nr = cv_memory_sort(vm, slot);
	int error;

	error = cv_call_errno(CV_CALL_SET_ENTRY, vm->id, v->pc, v->x0);
	for (i = 0; !error && i < nr; i++)
		error = cv_call_errno(CV_CALL_SET_RAM, vm->id, slot[i]->gpa >> PAGE_SHIFT,
				      slot[i]->size >> PAGE_SHIFT);
	if (!error)
		error = cv_vm_register_vcpus(vm);
	if (!error && vm->manifest)
		error = cv_call_errno(CV_CALL_SET_MANIFEST, vm->id, page_to_pfn(vm->manifest), 0);
	return error;
}

int cv_vm_register(struct cv_vm *vm)
{
	struct cv_vm_dir *dir;
	struct cv_result r;
	int error = cv_memory_account(vm);

	if (error)
		return error;
	r = cv_call(CV_CALL_REGISTER_VM, 0, 0, 0);
	if (r.error)
		return cv_errno(r.error);
	vm->id = (u32)r.value[0];
	dir = cv_sysfs_add_vm(vm->id, vm->pid);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	vm->dir = dir;
	return 0;
}

/* *taken: user space has lost its memory, and there is no way back. */
static int start(struct cv_vm *vm, bool *taken)
{
	int error = check_vcpus(vm);

	if (!error)
		error = vgic_check(vm);
	if (!error)
		error = cv_vm_register(vm);
	if (!error)
		error = describe(vm);
	if (!error)
		error = cv_image_load(vm);
	/* It has to start in its image. */
	if (!error && !cv_memory_page(vm, vm->vcpus[0]->pc >> PAGE_SHIFT))
		error = -EINVAL;
	if (error)
		return error;
	*taken = true;
	error = cv_memory_replace_slots(vm);
	return error ? error : cv_image_verify(vm);
}

void cv_vm_fail(struct cv_vm *vm)
{
	core_vm_destroy(vm);
	WRITE_ONCE(vm->phase, CV_PHASE_DEAD);
	wake_up_all(&vm->started);
}

int cv_vm_start(struct cv_vm *vm)
{
	bool taken = false;
	int error = 0;

	if (READ_ONCE(vm->phase) == CV_PHASE_STARTED)
		return 0;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	if (vm->phase == CV_PHASE_DEAD)
		error = -EIO;
	if (vm->phase == CV_PHASE_LOADING)
		error = -EBUSY;
	if (vm->phase == CV_PHASE_NEW) {
		error = start(vm, &taken);
		if (error)
			core_vm_destroy(vm);
		if (!error || taken)
			WRITE_ONCE(vm->phase, error ? CV_PHASE_DEAD : CV_PHASE_STARTED);
		wake_up_all(&vm->started);
	}
	mutex_unlock(&vm->lock);
	return error;
}

/* ---------------------------------------------------------------- the file */

static long set_memory_region(struct cv_vm *vm, void __user *user)
{
	struct kvm_userspace_memory_region region;

	if (copy_from_user(&region, user, sizeof(region)))
		return -EFAULT;
	return cv_memory_set_slot(vm, &region);
}

/* KVM_ENABLE_CAP. The core says whether it is a good one, when the VM starts. */
static long set_manifest(struct cv_vm *vm, const void __user *user)
{
	struct kvm_enable_cap cap;
	struct page *page;

	if (copy_from_user(&cap, user, sizeof(cap)))
		return -EFAULT;
	if (cap.cap != KVM_CAP_COREVISOR_MANIFEST || cap.flags != 0)
		return -EINVAL;
	if (vm->phase != CV_PHASE_NEW)
		return -EBUSY;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	if (copy_from_user(page_address(page), (void __user *)(unsigned long)cap.args[0],
			   sizeof(struct cv_manifest))) {
		__free_page(page);
		return -EFAULT;
	}
	if (vm->manifest)
		__free_page(vm->manifest);
	vm->manifest = page;
	return 0;
}

static long preferred_target(void __user *user)
{
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };

	return copy_to_user(user, &init, sizeof(init)) ? -EFAULT : 0;
}

/* What changes, or looks at, the shape of the VM. Locks: vm->lock. */
static long vm_ioctl_locked(struct cv_vm *vm, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KVM_CREATE_VCPU:
		return cv_vcpu_create(vm, arg);
	case KVM_SET_USER_MEMORY_REGION:
		return set_memory_region(vm, user);
	case KVM_CREATE_IRQCHIP:
		/* That is a GICv2. */
		return vm->vgic ? -EEXIST : -ENODEV;
	case KVM_CREATE_DEVICE:
		return cv_device_create(vm, user);
	case KVM_ENABLE_CAP:
		return set_manifest(vm, user);
	case KVM_IOEVENTFD:
		return cv_ioeventfd(vm, user);
	case KVM_IRQFD:
		return cv_irqfd(vm, user);
	case KVM_COREVISOR_SAVE:
		return cv_snapshot_save(vm, user);
	case KVM_COREVISOR_LOAD:
		return cv_snapshot_load(vm, user);
	default:
		return -ENOTTY;
	}
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct cv_vm *vm = file->private_data;
	long result;

	if (vm->mm != current->mm)
		return -EIO;
	switch (cmd) {
	case KVM_CHECK_EXTENSION:
		return cv_check_extension(arg);
	case KVM_ARM_PREFERRED_TARGET:
		return preferred_target(user);
	case KVM_IRQ_LINE:
		return cv_irq_line(vm, user);
	}
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	result = vm_ioctl_locked(vm, cmd, arg);
	mutex_unlock(&vm->lock);
	return result;
}

static int vm_release(struct inode *inode, struct file *file)
{
	cv_vm_put(file->private_data);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vm_ioctl,
	.release = vm_release,
	.llseek = noop_llseek,
};

static struct cv_vm *vm_alloc(u32 ipa_bits)
{
	struct cv_vm *vm = kvzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	mutex_init(&vm->mem_lock);
	xa_init(&vm->pages);
	xa_init(&vm->blocks);
	xa_init(&vm->spare_pages);
	xa_init(&vm->spare_blocks);
	INIT_LIST_HEAD(&vm->ioeventfds);
	INIT_LIST_HEAD(&vm->irqfds);
	init_waitqueue_head(&vm->started);
	vm->ipa_bits = ipa_bits;
	vm->mm = current->mm;
	vm->pid = task_tgid_nr(current);
	mmgrab(vm->mm);
	return vm;
}

int cv_vm_create(unsigned long type)
{
	u32 bits = type & KVM_VM_TYPE_ARM_IPA_SIZE_MASK;
	struct cv_vm *vm;
	int fd;

	/* Every VM is protected, whether that is asked for or not. */
	if (type & ~(KVM_VM_TYPE_ARM_IPA_SIZE_MASK | KVM_VM_TYPE_ARM_PROTECTED))
		return -EINVAL;
	if (bits == 0)
		bits = DEFAULT_IPA_BITS;
	if (bits < MIN_IPA_BITS || bits > cv_ipa_bits())
		return -EINVAL;
	vm = vm_alloc(bits);
	if (!vm)
		return -ENOMEM;
	fd = anon_inode_getfd("kvm-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		cv_vm_put(vm);
	return fd;
}
