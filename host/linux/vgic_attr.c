// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a VMM describes the controller: the attributes of KVM_DEV_TYPE_ARM_VGIC_V3 that say where
 * it is and how large. Those that read or write its state while the VM exists are not there: half
 * of that state is the core's, which tells nobody.
 */
#include "vgic.h"
#include "vgic_state.h"

/* struct kvm_device_attr of KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION. */
#define REGION_INDEX(v) ((u32)((v) & 0xfff))
#define REGION_FLAGS(v) ((u32)(((v) >> 12) & 0xf))
#define REGION_BASE(v) ((v) & 0x000fffffffff0000ULL)
#define REGION_COUNT(v) ((u32)((v) >> 52))

static u64 ipa_limit(const struct cv_vm *vm)
{
	return 1ULL << vm->ipa_bits;
}

static bool overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static u64 region_size(const struct vgic *vgic, u32 i)
{
	u32 count = vgic->legacy_region ? vgic->nr_cpus : vgic->region[i].count;

	return count * VGIC_REDIST_SIZE;
}

static bool is_free(const struct vgic *vgic, u64 base, u64 size)
{
	u32 i;

	if (vgic->dist_base != VGIC_UNSET &&
	    overlaps(base, size, vgic->dist_base, VGIC_FRAME_SIZE))
		return false;
	for (i = 0; i < vgic->nr_regions; i++) {
		if (overlaps(base, size, vgic->region[i].base, region_size(vgic, i)))
			return false;
	}
	return true;
}

static int check_place(struct cv_vm *vm, u64 base, u64 size)
{
	if (base % VGIC_FRAME_SIZE)
		return -EINVAL;
	if (base >= ipa_limit(vm) || size > ipa_limit(vm) - base)
		return -E2BIG;
	return is_free(vm->vgic, base, size) ? 0 : -EINVAL;
}

static int set_dist(struct cv_vm *vm, u64 base)
{
	int error;

	if (vm->vgic->dist_base != VGIC_UNSET)
		return -EEXIST;
	error = check_place(vm, base, VGIC_FRAME_SIZE);
	if (!error)
		vm->vgic->dist_base = base;
	return error;
}

static void add_region(struct vgic *vgic, u64 base, u32 count)
{
	struct vgic_region *region = &vgic->region[vgic->nr_regions];

	region->base = base;
	region->count = count;
	region->first = 0;
	if (vgic->nr_regions > 0)
		region->first = region[-1].first + region[-1].count;
	vgic->nr_regions++;
}

/* One region, as long as there are vCPUs, whenever they are made. */
static int set_redist(struct cv_vm *vm, u64 base)
{
	struct vgic *vgic = vm->vgic;
	int error;

	if (vgic->nr_regions > 0)
		return vgic->legacy_region ? -EEXIST : -EINVAL;
	error = check_place(vm, base, max_t(u32, vgic->nr_cpus, 1) * VGIC_REDIST_SIZE);
	if (error)
		return error;
	vgic->legacy_region = true;
	add_region(vgic, base, CV_MAX_VCPUS);
	return 0;
}

static int set_region(struct cv_vm *vm, u64 value)
{
	struct vgic *vgic = vm->vgic;
	u32 index = REGION_INDEX(value);
	int error;

	if (REGION_FLAGS(value) || !REGION_COUNT(value) || vgic->legacy_region)
		return -EINVAL;
	if (index < vgic->nr_regions)
		return -EEXIST;
	if (index > vgic->nr_regions || index >= VGIC_MAX_REGIONS)
		return -EINVAL;
	error = check_place(vm, REGION_BASE(value), REGION_COUNT(value) * VGIC_REDIST_SIZE);
	if (!error)
		add_region(vgic, REGION_BASE(value), REGION_COUNT(value));
	return error;
}

static int get_region(const struct vgic *vgic, u64 *value)
{
	u32 index = REGION_INDEX(*value);

	if (vgic->legacy_region)
		return -EINVAL;
	if (index >= vgic->nr_regions)
		return -ENOENT;
	*value = (u64)vgic->region[index].count << 52 | vgic->region[index].base | index;
	return 0;
}

static int set_addr(struct cv_vm *vm, u64 type, u64 value)
{
	switch (type) {
	case KVM_VGIC_V3_ADDR_TYPE_DIST:
		return set_dist(vm, value);
	case KVM_VGIC_V3_ADDR_TYPE_REDIST:
		return set_redist(vm, value);
	case KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION:
		return set_region(vm, value);
	}
	return -ENXIO;
}

static int get_addr(const struct cv_vm *vm, u64 type, u64 *value)
{
	const struct vgic *vgic = vm->vgic;

	switch (type) {
	case KVM_VGIC_V3_ADDR_TYPE_DIST:
		*value = vgic->dist_base == VGIC_UNSET ? ~0ULL : vgic->dist_base;
		return 0;
	case KVM_VGIC_V3_ADDR_TYPE_REDIST:
		if (vgic->nr_regions > 0 && !vgic->legacy_region)
			return -EINVAL;
		*value = vgic->nr_regions ? vgic->region[0].base : ~0ULL;
		return 0;
	case KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION:
		return get_region(vgic, value);
	}
	return -ENXIO;
}

static bool has_attr(const struct kvm_device_attr *attr)
{
	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return attr->attr == KVM_VGIC_V3_ADDR_TYPE_DIST ||
		       attr->attr == KVM_VGIC_V3_ADDR_TYPE_REDIST ||
		       attr->attr == KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION;
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return attr->attr == 0;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return attr->attr == KVM_DEV_ARM_VGIC_CTRL_INIT;
	}
	return false;
}

static int access_addr(struct cv_vm *vm, const struct kvm_device_attr *attr, bool set)
{
	u64 __user *user = (u64 __user *)(unsigned long)attr->addr;
	u64 value = 0;
	int error;

	/* The index of the region to read is in what is read into. */
	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	if (set && vm->phase != CV_PHASE_NEW)
		return -EBUSY;
	if (set)
		return set_addr(vm, attr->attr, value);
	error = get_addr(vm, attr->attr, &value);
	if (!error && copy_to_user(user, &value, sizeof(value)))
		error = -EFAULT;
	return error;
}

static int access_nr_irqs(struct vgic *vgic, const struct kvm_device_attr *attr, bool set)
{
	u32 __user *user = (u32 __user *)(unsigned long)attr->addr;
	u32 value = vgic->nr_irqs;

	if (!set)
		return copy_to_user(user, &value, sizeof(value)) ? -EFAULT : 0;
	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	if (value < VGIC_MIN_IRQS || value > VGIC_MAX_IRQS || value % VGIC_BANK_IRQS)
		return -EINVAL;
	if (vgic->ready || vgic->nr_irqs)
		return -EBUSY;
	vgic->nr_irqs = value;
	return 0;
}

static int init(struct vgic *vgic)
{
	if (vgic->ready)
		return 0;
	if (!vgic->nr_cpus)
		return -ENODEV;
	if (!vgic->nr_irqs)
		vgic->nr_irqs = VGIC_DEFAULT_IRQS;
	smp_store_release(&vgic->ready, true);
	return 0;
}

long vgic_device_attr(struct cv_vm *vm, unsigned int cmd, struct kvm_device_attr *attr)
{
	bool set = cmd == KVM_SET_DEVICE_ATTR;

	if (!has_attr(attr))
		return -ENXIO;
	if (cmd == KVM_HAS_DEVICE_ATTR)
		return 0;
	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return access_addr(vm, attr, set);
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return access_nr_irqs(vm->vgic, attr, set);
	}
	return set ? init(vm->vgic) : -ENXIO;
}

int vgic_check(struct cv_vm *vm)
{
	const struct vgic *vgic = vm->vgic;
	u32 covered = 0;
	u32 i;

	if (!vgic)
		return 0;
	if (!vgic->ready || vgic->dist_base == VGIC_UNSET)
		return -ENXIO;
	for (i = 0; i < vgic->nr_regions; i++)
		covered += vgic->region[i].count;
	if (covered < vgic->nr_cpus)
		return -ENXIO;
	/* vCPUs may have come after the place of their redistributors was said. */
	if (vgic->legacy_region &&
	    (region_size(vgic, 0) > ipa_limit(vm) - vgic->region[0].base ||
	     overlaps(vgic->region[0].base, region_size(vgic, 0), vgic->dist_base,
		      VGIC_FRAME_SIZE)))
		return -EINVAL;
	return 0;
}
