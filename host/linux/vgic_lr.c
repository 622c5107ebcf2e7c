// SPDX-License-Identifier: GPL-2.0-only
/*
 * List registers: what goes into them before a vCPU runs, and what came of it.
 *
 * All are filled anew before each run and emptied after it. An active interrupt always has one
 * (or its end would be lost), then the most urgent pending ones have theirs. What finds none
 * waits, and the CPU tells when there is room.
 */
#include "vgic.h"
#include "vgic_state.h"

/* ICH_LR<n>_EL2 (IHI 0069, 12.4.11). */
#define LR_PENDING (1ULL << 62)
#define LR_ACTIVE (1ULL << 63)
#define LR_GROUP1 (1ULL << 60)
#define LR_PRIORITY_SHIFT 48
#define LR_EOI (1ULL << 41)

/* The most urgent interrupts, most urgent first: active ones, then by priority, then by INTID. */
struct pick {
	u32 key[CV_RUN_NR_LR];
	u32 limit;
	u32 nr;
	u32 all; /* as many wanted to be picked */
};

#define KEY_NOT_ACTIVE (1U << 24)
#define KEY(prio, intid) ((u32)(prio) << 16 | (intid))
#define KEY_INTID(key) ((key) & 0xffffU)

static void pick_one(struct pick *pick, u32 key)
{
	u32 i;

	pick->all++;
	if (pick->nr < pick->limit)
		pick->nr++;
	else if (key > pick->key[pick->nr - 1])
		return;
	for (i = pick->nr - 1; i > 0 && pick->key[i - 1] > key; i--)
		pick->key[i] = pick->key[i - 1];
	pick->key[i] = key;
}

static void pick_bank(struct vgic *vgic, struct vgic_vcpu *c, u32 n, struct pick *pick)
{
	struct vgic_bank *bank = vgic_bank(vgic, c, n);
	u32 mask = vgic_ready(vgic, bank) | bank->active;
	u32 i, intid, key;

	for (; mask; mask &= mask - 1) {
		i = (u32)__ffs(mask);
		intid = n * VGIC_BANK_IRQS + i;
		if (n != 0 && vgic_owner(vgic, intid) != c->id)
			continue;
		key = KEY(bank->prio[i], intid);
		pick_one(pick, bank->active & (1U << i) ? key : key | KEY_NOT_ACTIVE);
	}
}

static void pick_all(struct vgic *vgic, struct vgic_vcpu *c, struct pick *pick)
{
	struct vgic_bank *bank;
	u32 busy, n;

	pick_bank(vgic, c, 0, pick);
	for (busy = vgic->busy; busy; busy &= busy - 1) {
		n = (u32)__ffs(busy);
		bank = vgic_bank(vgic, c, n);
		if (vgic_pending(bank) | bank->active)
			pick_bank(vgic, c, n, pick);
		else
			vgic->busy &= ~(1U << n);
	}
}

/*
 * A level that is high, and stays so, is pending again when the VM has dealt with it: the CPU
 * tells. Pending and active together are for edges only, then.
 */
static u64 load(struct vgic *vgic, struct vgic_vcpu *c, struct vgic_slot *slot, u32 intid)
{
	u32 n = intid / VGIC_BANK_IRQS;
	u32 i = intid % VGIC_BANK_IRQS;
	u32 bit = 1U << i;
	struct vgic_bank *bank = vgic_bank(vgic, c, n);
	bool again = vgic_pending(bank) & ~bank->edge & bit;
	u64 lr = intid | (u64)bank->prio[i] << LR_PRIORITY_SHIFT;

	slot->intid = (u16)intid;
	slot->latched = false;
	if (bank->group & bit)
		lr |= LR_GROUP1;
	if (bank->active & bit)
		lr |= LR_ACTIVE;
	if ((vgic_ready(vgic, bank) & bit) && !(again && (bank->active & bit))) {
		lr |= LR_PENDING;
		slot->latched = bank->latch & bit;
		bank->latch &= ~bit;
		again = vgic_pending(bank) & ~bank->edge & bit;
	}
	if (again)
		lr |= LR_EOI;
	bank->loaded |= bit;
	if (n != 0)
		vgic_route(vgic, intid)->holder = c->id;
	return lr;
}

/*
 * More than fit: come back when a list register is free. UIE asks for that when at most one is in
 * use, NPIE when nothing is pending in any (12.4.5), EOI when that interrupt ends. Each only where
 * it is not true from the start, or the vCPU would never get anywhere.
 */
static u64 ask_for_room(u64 *lr, u32 nr)
{
	u64 hcr = nr > 1 ? CV_RUN_GIC_UIE : 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (lr[i] & LR_ACTIVE)
			lr[i] |= LR_EOI;
		else
			hcr |= CV_RUN_GIC_NPIE;
	}
	return hcr;
}

/* Those who stop this vCPU to look at its interrupts are about to be done. */
static unsigned long lock_unheld(struct vgic *vgic, struct vgic_vcpu *c)
{
	unsigned long flags;

	for (;;) {
		raw_spin_lock_irqsave(&vgic->lock, flags);
		if (!atomic_read(&c->hold))
			return flags;
		raw_spin_unlock_irqrestore(&vgic->lock, flags);
		cpu_relax();
	}
}

static u32 fill(struct vgic *vgic, struct vgic_vcpu *c, u64 *lr, u64 *gic_hcr)
{
	struct pick pick = { .limit = clamp_t(u32, vgic_nr_lr, 1, CV_RUN_NR_LR) };
	u64 filled[CV_RUN_NR_LR];
	unsigned long flags;
	u32 i;

	flags = lock_unheld(vgic, c);
	pick_all(vgic, c, &pick);
	for (i = 0; i < pick.nr; i++)
		filled[i] = load(vgic, c, &c->slot[i], KEY_INTID(pick.key[i]));
	WRITE_ONCE(c->nr_loaded, pick.nr);
	WRITE_ONCE(c->attention, pick.all != 0);
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	if (pick.all > pick.nr)
		*gic_hcr = ask_for_room(filled, pick.nr);
	for (i = 0; i < pick.nr; i++)
		lr[i] = filled[i];
	return pick.nr;
}

void vgic_flush(struct cv_vcpu *v, u64 *lr, u64 *gic_hcr)
{
	struct vgic *vgic = v->vm->vgic;
	struct vgic_vcpu *c = v->vgic;
	u32 nr = 0;
	u32 i;

	*gic_hcr = 0;
	if (vgic && READ_ONCE(c->attention))
		nr = fill(vgic, c, lr, gic_hcr);
	for (i = nr; i < c->nr_written; i++)
		lr[i] = 0;
	c->nr_written = nr;
}

/* Locks: lock. Returns the vCPUs to kick. */
static u64 unload(struct vgic *vgic, struct vgic_vcpu *c, const struct vgic_slot *slot, u64 lr)
{
	u32 n = slot->intid / VGIC_BANK_IRQS;
	u32 bit = 1U << (slot->intid % VGIC_BANK_IRQS);
	struct vgic_bank *bank = vgic_bank(vgic, c, n);

	bank->loaded &= ~bit;
	if (lr & LR_ACTIVE)
		bank->active |= bit;
	else
		bank->active &= ~bit;
	/* Not taken by the VM: what made it pending is there still. */
	if ((lr & LR_PENDING) && slot->latched)
		bank->latch |= bit;
	if (n != 0)
		vgic_route(vgic, slot->intid)->holder = lr & LR_ACTIVE ? c->id : VGIC_NO_CPU;
	return vgic_wake(vgic, c, n, bit);
}

void vgic_sync(struct cv_vcpu *v, const u64 *lr)
{
	struct vgic *vgic = v->vm->vgic;
	struct vgic_vcpu *c = v->vgic;
	unsigned long flags;
	u64 kicks = 0;
	u32 i;

	if (!c->nr_loaded)
		return;
	raw_spin_lock_irqsave(&vgic->lock, flags);
	for (i = 0; i < c->nr_loaded; i++)
		kicks |= unload(vgic, c, &c->slot[i], lr[i]);
	WRITE_ONCE(c->nr_loaded, 0);
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	vgic_kick(vgic, kicks & ~(1ULL << c->id));
}
