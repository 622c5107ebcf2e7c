// SPDX-License-Identifier: GPL-2.0-only
#include "vgic_snapshot.h"

#include "vgic.h"
#include "vgic_state.h"

/* The bank with this number, and *c its vCPU, if it is one's own; or NULL. */
static struct vgic_bank *find_bank(struct vgic *vgic, u64 number, struct vgic_vcpu **c)
{
	*c = NULL;
	if (!vgic || !vgic->ready)
		return NULL;
	if (number < VGIC_SNAPSHOT_VCPU)
		return number > 0 && number * VGIC_BANK_IRQS < vgic->nr_irqs ?
			       vgic_bank(vgic, NULL, (u32)number) : NULL;
	number -= VGIC_SNAPSHOT_VCPU;
	if (number >= CV_MAX_VCPUS || !vgic->cpu[number])
		return NULL;
	*c = vgic->cpu[number];
	return &(*c)->bank;
}

int vgic_save(struct cv_vm *vm, u64 number, struct vgic_snapshot *out)
{
	struct vgic *vgic = vm->vgic;
	const struct vgic_route *route;
	struct vgic_vcpu *c;
	struct vgic_bank *bank = find_bank(vgic, number, &c);
	u32 i;

	if (!bank)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	out->ctlr = vgic->ctlr;
	out->group = bank->group;
	out->enable = bank->enable;
	out->edge = bank->edge;
	out->line = bank->line;
	out->latch = bank->latch;
	out->active = bank->active;
	memcpy(out->prio, bank->prio, sizeof(out->prio));
	for (i = 0; !c && i < VGIC_BANK_IRQS; i++) {
		route = vgic_route(vgic, (u32)number * VGIC_BANK_IRQS + i);
		out->affinity[i] = route->affinity;
		out->holder[i] = route->holder;
	}
	return 0;
}

/* Where the interrupts of a bank of SPIs go. Locks: lock. */
static void load_routes(struct vgic *vgic, u32 n, const struct vgic_snapshot *in)
{
	u32 i;

	for (i = 0; i < VGIC_BANK_IRQS; i++) {
		struct vgic_route *route = vgic_route(vgic, n * VGIC_BANK_IRQS + i);
		u8 holder = in->holder[i];

		vgic_route_set(route, in->affinity[i]);
		route->holder = holder < CV_MAX_VCPUS && vgic->cpu[holder] ? holder : VGIC_NO_CPU;
	}
}

int vgic_load(struct cv_vm *vm, u64 number, const struct vgic_snapshot *in)
{
	struct vgic *vgic = vm->vgic;
	struct vgic_vcpu *c;
	struct vgic_bank *bank = find_bank(vgic, number, &c);
	unsigned long flags;

	if (!bank)
		return -ENOENT;
	raw_spin_lock_irqsave(&vgic->lock, flags);
	vgic->ctlr = in->ctlr & (VGIC_CTLR_GRP0 | VGIC_CTLR_GRP1);
	bank->group = in->group;
	bank->enable = in->enable;
	/* SGIs are edges. */
	bank->edge = c ? in->edge | ((1U << VGIC_NR_SGIS) - 1) : in->edge;
	bank->line = in->line;
	bank->latch = in->latch;
	bank->active = in->active;
	memcpy(bank->prio, in->prio, sizeof(bank->prio));
	if (!c) {
		load_routes(vgic, (u32)number, in);
		vgic->busy |= 1U << number;
	}
	vgic_wake_all(vgic);
	raw_spin_unlock_irqrestore(&vgic->lock, flags);
	return 0;
}
