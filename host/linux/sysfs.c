// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.h"

#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "call.h"
#include "corevisor/limits.h"
#include "corevisor/state.h"

struct cv_vm_dir {
	struct kobject kobj;
	u32 id;
	pid_t pid;
};

static struct kobject *root, *vms;

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u32 abi = (u32)cv_call(CV_CALL_INFO, 0, 0, 0).value[0];

	return sysfs_emit(buf, "%u.%u\n", abi >> 16, abi & 0xffff);
}

static ssize_t limits_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct cv_result info = cv_call(CV_CALL_INFO, 0, 0, 0);

	return sysfs_emit(buf,
			  "vms %u\nvcpus_per_vm %u\nvcpus %u\nram_ranges %u\nimage_regions %u\n"
			  "image_frames %llu\nframes %u\nipa_bits %u\nstreams %u\n",
			  CV_MAX_VMS, CV_MAX_VCPUS, CV_MAX_VCPUS_TOTAL, CV_MAX_RAM_RANGES,
			  CV_MAX_BOOT_REGIONS, CV_MAX_IMAGE_FRAMES, (u32)info.value[1],
			  (u32)info.value[2], (u32)(info.value[2] >> 32));
}

static ssize_t free_tables_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", cv_call(CV_CALL_INFO, 0, 0, 0).value[1] >> 32);
}

static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute limits_attr = __ATTR_RO(limits);
static struct kobj_attribute free_tables_attr = __ATTR_RO(free_tables);

static struct attribute *root_attrs[] = {
	&version_attr.attr,
	&limits_attr.attr,
	&free_tables_attr.attr,
	NULL,
};
static const struct attribute_group root_group = { .attrs = root_attrs };

static struct cv_vm_dir *dir_of(struct kobject *kobj)
{
	return container_of(kobj, struct cv_vm_dir, kobj);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	static const char *const names[] = {
		[CV_VM_UNUSED] = "UNUSED",
		[CV_VM_READY] = "READY",
		[CV_VM_VERIFIED] = "VERIFIED",
		[CV_VM_POWEROFF] = "POWEROFF",
	};
	u64 state = cv_call(CV_CALL_VM_INFO, dir_of(kobj)->id, 0, 0).value[0];

	return sysfs_emit(buf, "%s\n", state < ARRAY_SIZE(names) ? names[state] : "?");
}

static ssize_t frames_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", cv_call(CV_CALL_VM_INFO, dir_of(kobj)->id, 0, 0).value[1]);
}

static ssize_t vcpus_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", cv_call(CV_CALL_VM_INFO, dir_of(kobj)->id, 0, 0).value[2]);
}

static ssize_t pid_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", dir_of(kobj)->pid);
}

/* 48 bytes: two calls of three little-endian words each. */
static ssize_t measurement_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct cv_result part;
	ssize_t n = 0;
	u32 i;

	for (i = 0; i < 2; i++) {
		part = cv_call(CV_CALL_VM_MEASUREMENT, dir_of(kobj)->id, i, 0);
		if (part.error != 0)
			return sysfs_emit(buf, "\n");
		n += sysfs_emit_at(buf, n, "%24phN", part.value);
	}
	n += sysfs_emit_at(buf, n, "\n");
	return n;
}

static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute frames_attr = __ATTR_RO(frames);
static struct kobj_attribute vcpus_attr = __ATTR_RO(vcpus);
static struct kobj_attribute pid_attr = __ATTR_RO(pid);
static struct kobj_attribute measurement_attr = __ATTR_RO(measurement);

static struct attribute *vm_attrs[] = {
	&state_attr.attr,
	&frames_attr.attr,
	&vcpus_attr.attr,
	&pid_attr.attr,
	&measurement_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(vm);

static void dir_release(struct kobject *kobj)
{
	kfree(dir_of(kobj));
}

static const struct kobj_type dir_type = {
	.release = dir_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = vm_groups,
};

struct cv_vm_dir *cv_sysfs_add_vm(u32 id, pid_t pid)
{
	struct cv_vm_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int error;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->id = id;
	dir->pid = pid;
	error = kobject_init_and_add(&dir->kobj, &dir_type, vms, "%u", id);
	if (error) {
		kobject_put(&dir->kobj);
		return ERR_PTR(error);
	}
	return dir;
}

void cv_sysfs_remove_vm(struct cv_vm_dir *dir)
{
	if (!dir)
		return;
	/* Waits for who is reading from it: the id may be another VM's after this. */
	kobject_del(&dir->kobj);
	kobject_put(&dir->kobj);
}

int cv_sysfs_init(void)
{
	int error = -ENOMEM;

	root = kobject_create_and_add("corevisor", kernel_kobj);
	if (!root)
		return error;
	vms = kobject_create_and_add("vms", root);
	if (vms)
		error = sysfs_create_group(root, &root_group);
	if (error)
		cv_sysfs_exit();
	return error;
}

void cv_sysfs_exit(void)
{
	kobject_put(vms);
	kobject_put(root);
}
