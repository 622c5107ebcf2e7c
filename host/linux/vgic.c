// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller's life, and its state machine: lines and SGIs in, vCPUs told.
 */
#include "vgic.h"
#include "vgic_state.h"

/* ICC_SGI1R_EL1 (IHI 0069, 12.2.22). */
#define SGI1R_TARGETS(r) ((r) & 0xffffU)
#define SGI1R_AFF1(r) (((r) >> 16) & 0xffU)
#define SGI1R_INTID(r) (((r) >> 24) & 0xfU)
#define SGI1R_AFF2(r) (((r) >> 32) & 0xffU)
#define SGI1R_IRM (1ULL << 40)
#define SGI1R_RS(r) (((r) >> 44) & 0xfU)
#define SGI1R_AFF3(r) (((r) >> 48) & 0xffU)

/* What Cortex-A57 and Neoverse N1 have. */
unsigned int vgic_nr_lr = 4;

static void attach_vcpu(struct vgic *vgic, struct vgic_vcpu *c)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vgic->lock, flags);
	c->frame = (u8)vgic->nr_cpus;
	vgic->frame[vgic->nr_cpus++] = c;
	vgic->cpu[c->id] = c;
	vgic->present |= 1ULL << c->id;
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
}

static void detach_vcpu(struct vgic *vgic, struct vgic_vcpu *c)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vgic->lock, flags);
	vgic->present &= ~(1ULL << c->id);
	vgic->cpu[c->id] = NULL;
	if (c->frame + 1U == vgic->nr_cpus)
		vgic->nr_cpus--;
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
}

/* As at the start: no addresses. */
static void reset_layout(struct vgic *vgic)
{
	vgic->dist_base = VGIC_UNSET;
	vgic->nr_regions = 0;
	vgic->legacy_region = false;
	vgic->nr_irqs = 0;
}

int vgic_create(struct cv_vm *vm)
{
	struct vgic *vgic = vm->vgic;
	u32 i;

	if (vgic && vgic->ready)
		return -EEXIST;
	if (vgic) {
		reset_layout(vgic);
		return 0;
	}
	vgic = kvzalloc(sizeof(*vgic), GFP_KERNEL_ACCOUNT);
	if (!vgic)
		return -ENOMEM;
	raw_spin_lock_init(&vgic->lock);
	reset_layout(vgic);
	for (i = 0; i < ARRAY_SIZE(vgic->route); i++)
		vgic->route[i].holder = VGIC_NO_CPU;
	for (i = 0; i < CV_MAX_VCPUS; i++) {
		struct cv_vcpu *v = cv_vm_vcpu(vm, i);

		if (v && v->vgic)
			attach_vcpu(vgic, v->vgic);
	}
	vm->vgic = vgic;
	return 0;
}

void vgic_destroy(struct cv_vm *vm)
{
	kvfree(vm->vgic);
	vm->vgic = NULL;
}

int vgic_vcpu_create(struct cv_vcpu *v)
{
	struct vgic *vgic = v->vm->vgic;
	struct vgic_vcpu *c;

	if (v->id >= CV_MAX_VCPUS)
		return -EINVAL;
	if (vgic && vgic->ready)
		return -EBUSY;
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	c->vcpu = v;
	c->id = (u8)v->id;
	atomic_set(&c->hold, 0);
	/* SGIs are edges, PPIs levels (as of the timers). */
	c->bank.edge = (1U << VGIC_NR_SGIS) - 1;
	/* Whatever the run page holds at first. */
	c->nr_written = CV_RUN_NR_LR;
	v->vgic = c;
	if (vgic)
		attach_vcpu(vgic, c);
	return 0;
}

void vgic_vcpu_destroy(struct cv_vcpu *v)
{
	struct vgic *vgic = v->vm->vgic;

	if (!v->vgic)
		return;
	if (vgic)
		detach_vcpu(vgic, v->vgic);
	kfree(v->vgic);
	v->vgic = NULL;
}

u64 vgic_wake(struct vgic *vgic, struct vgic_vcpu *c, u32 n, u32 mask)
{
	struct vgic_bank *bank = vgic_bank(vgic, c, n);
	u64 cpus = 0;
	u8 owner;

	mask &= vgic_ready(vgic, bank) | bank->active;
	if (n == 0) {
		if (!mask)
			return 0;
		WRITE_ONCE(c->attention, true);
		return 1ULL << c->id;
	}
	if (vgic_pending(bank) | bank->active)
		vgic->busy |= 1U << n;
	for (; mask; mask &= mask - 1) {
		owner = vgic_owner(vgic, n * VGIC_BANK_IRQS + (u32)__ffs(mask));
		if (owner == VGIC_NO_CPU || !vgic->cpu[owner])
			continue;
		WRITE_ONCE(vgic->cpu[owner]->attention, true);
		cpus |= 1ULL << owner;
	}
	return cpus;
}

u64 vgic_wake_all(struct vgic *vgic)
{
	u64 left;

	for (left = vgic->present; left; left &= left - 1)
		WRITE_ONCE(vgic->cpu[__ffs64(left)]->attention, true);
	return vgic->present;
}

void vgic_kick(struct vgic *vgic, u64 cpus)
{
	/* What they are kicked for is visible before anyone looks whether they run. */
	if (cpus)
		smp_mb();
	for (; cpus; cpus &= cpus - 1)
		cv_vcpu_kick(vgic->cpu[__ffs64(cpus)]->vcpu);
}

/* The vCPUs that have some of `mask` in list registers. Locks: lock. */
static u64 vgic_holders(struct vgic *vgic, struct vgic_vcpu *c, u32 n, u32 mask)
{
	u64 cpus = 0;

	mask &= vgic_bank(vgic, c, n)->loaded;
	if (n == 0)
		return mask ? 1ULL << c->id : 0;
	for (; mask; mask &= mask - 1)
		cpus |= 1ULL << vgic_route(vgic, n * VGIC_BANK_IRQS + (u32)__ffs(mask))->holder;
	return cpus;
}

/* Make vCPUs leave the guest and wait until they have; they stay out until released. */
static void vgic_halt(struct vgic *vgic, u64 cpus)
{
	struct vgic_vcpu *c;
	u64 left;

	for (left = cpus; left; left &= left - 1)
		atomic_inc(&vgic->cpu[__ffs64(left)]->hold);
	vgic_kick(vgic, cpus);
	for (left = cpus; left; left &= left - 1) {
		c = vgic->cpu[__ffs64(left)];
		while (READ_ONCE(c->nr_loaded))
			cpu_relax();
	}
}

void vgic_lock_halted(struct vgic *vgic, struct vgic_vcpu *c, u32 n, u32 mask,
		      struct vgic_halt *halt)
{
	u64 more;

	halt->cpus = 0;
	/* A halted vCPU spins: whoever halts it must not be scheduled away. */
	local_irq_save(halt->flags);
	for (;;) {
		raw_spin_lock(&vgic->lock);
		more = vgic_holders(vgic, c, n, mask);
		if (!more)
			return;
		raw_spin_unlock(&vgic->lock);
		vgic_halt(vgic, more & ~halt->cpus);
		halt->cpus |= more;
	}
}

void vgic_unlock_halted(struct vgic *vgic, const struct vgic_halt *halt)
{
	u64 left;

	raw_spin_unlock(&vgic->lock);
	for (left = halt->cpus; left; left &= left - 1)
		atomic_dec(&vgic->cpu[__ffs64(left)]->hold);
	local_irq_restore(halt->flags);
}

static void set_line(struct vgic_bank *bank, u32 bit, bool level)
{
	if (level)
		bank->line |= bit;
	else
		bank->line &= ~bit;
	if (level && (bank->edge & bit))
		bank->latch |= bit;
}

int vgic_inject(struct cv_vm *vm, s32 vcpu, u32 intid, bool level)
{
	struct vgic *vgic = vm->vgic;
	u32 n = intid / VGIC_BANK_IRQS;
	u32 bit = 1U << (intid % VGIC_BANK_IRQS);
	struct vgic_bank *bank;
	struct vgic_vcpu *c = NULL;
	unsigned long flags;
	u64 kicks = 0;

	if (!vgic || !smp_load_acquire(&vgic->ready))
		return -ENXIO;
	if (vcpu < 0) {
		if (n == 0 || intid >= vgic->nr_irqs || intid >= VGIC_SPI_LIMIT)
			return -EINVAL;
	} else {
		if ((u32)vcpu >= CV_MAX_VCPUS || n != 0 || intid < VGIC_NR_SGIS)
			return -EINVAL;
		c = READ_ONCE(vgic->cpu[vcpu]);
		if (!c)
			return -EINVAL;
	}
	bank = vgic_bank(vgic, c, n);
	raw_spin_lock_irqsave(&vgic->lock, flags);
	if ((bank->edge & bit) || !(bank->line & bit) == level) {
		set_line(bank, bit, level);
		if (level)
			kicks = vgic_wake(vgic, c, n, bit);
	}
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	vgic_kick(vgic, kicks);
	return 0;
}

/* The vCPUs that an SGI is for: vCPU n is Aff1 = n / 16, Aff0 = n % 16. */
static u64 sgi_targets(const struct vgic *vgic, const struct vgic_vcpu *self, u64 sgi1r)
{
	if (sgi1r & SGI1R_IRM)
		return vgic->present & ~(1ULL << self->id);
	if (SGI1R_AFF3(sgi1r) || SGI1R_AFF2(sgi1r) || SGI1R_RS(sgi1r) ||
	    SGI1R_AFF1(sgi1r) >= CV_MAX_VCPUS / 16)
		return 0;
	return vgic->present & (SGI1R_TARGETS(sgi1r) << (16 * SGI1R_AFF1(sgi1r)));
}

void vgic_sgi(struct cv_vcpu *v, u64 sgi1r)
{
	struct vgic *vgic = v->vm->vgic;
	u32 bit = 1U << SGI1R_INTID(sgi1r);
	struct vgic_vcpu *c;
	unsigned long flags;
	u64 targets;
	u64 kicks = 0;

	if (!vgic)
		return;
	raw_spin_lock_irqsave(&vgic->lock, flags);
	targets = sgi_targets(vgic, v->vgic, sgi1r);
	for (; targets; targets &= targets - 1) {
		c = vgic->cpu[__ffs64(targets)];
		c->bank.latch |= bit;
		kicks |= vgic_wake(vgic, c, 0, bit);
	}
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	vgic_kick(vgic, kicks & ~(1ULL << v->vgic->id));
}

static bool spi_pending_for(struct vgic *vgic, struct vgic_vcpu *c, u32 n)
{
	struct vgic_bank *bank = vgic_bank(vgic, c, n);
	u32 mask = vgic_ready(vgic, bank) & ~bank->active;

	for (; mask; mask &= mask - 1) {
		if (vgic_owner(vgic, n * VGIC_BANK_IRQS + (u32)__ffs(mask)) == c->id)
			return true;
	}
	return false;
}

bool vgic_has_pending(struct cv_vcpu *v)
{
	struct vgic *vgic = v->vm->vgic;
	struct vgic_vcpu *c = v->vgic;
	unsigned long flags;
	bool found;
	u32 busy;

	if (!vgic || !READ_ONCE(c->attention))
		return false;
	raw_spin_lock_irqsave(&vgic->lock, flags);
	found = vgic_ready(vgic, &c->bank) & ~c->bank.active;
	for (busy = vgic->busy; busy && !found; busy &= busy - 1)
		found = spi_pending_for(vgic, c, (u32)__ffs(busy));
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	return found;
}
