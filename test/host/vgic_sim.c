// SPDX-License-Identifier: BSD-3-Clause
#include "test/host/vgic_sim.h"

/* What core/run.c lets a host put into a list register. */
#define LR_HOST_BITS (LR_STATE | (1ULL << 60) | (0xffULL << 48) | LR_EOI | 0xffffffffULL)
#define LR_INTID_LIMIT 1020U

char sim_where[128];

void sim_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s (%s)\n", file, line, what, sim_where);
	abort();
}

long sim_attr(struct sim *sim, unsigned int cmd, u32 group, u64 attr, void *value)
{
	struct kvm_device_attr a = {.group = group, .attr = attr, .addr = (uintptr_t)value};

	return vgic_device_attr(&sim->vm, cmd, &a);
}

void sim_create_reset(struct sim *sim, u32 nr_vcpus)
{
	u64 dist = DIST_BASE;
	u64 redist = REDIST_BASE;
	u32 nr_irqs = SIM_NR_IRQS;
	u32 i;

	memset(sim, 0, sizeof(*sim));
	sim->vm.ipa_bits = 40;
	sim->nr_vcpus = nr_vcpus;
	CHECK(vgic_create(&sim->vm) == 0);
	for (i = 0; i < nr_vcpus; i++) {
		sim->vcpu[i].v.vm = &sim->vm;
		sim->vcpu[i].v.id = i;
		sim->vcpu[i].v.test = &sim->vcpu[i];
		memset(sim->vcpu[i].lr, 0xff, sizeof(sim->vcpu[i].lr));
		CHECK(vgic_vcpu_create(&sim->vcpu[i].v) == 0);
		sim->vm.vcpus[i] = &sim->vcpu[i].v;
	}
	CHECK(!sim_attr(sim, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ADDR, 2, &dist));
	CHECK(!sim_attr(sim, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ADDR, 3, &redist));
	CHECK(!sim_attr(sim, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs));
	CHECK(!sim_attr(sim, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL, 0, NULL));
	CHECK(vgic_check(&sim->vm) == 0);
	sim->vm.phase = CV_PHASE_STARTED;
}

static void set_up_bank(struct sim_vcpu *s, u64 base, u32 n)
{
	u32 i;

	sim_write(s, base + GIC_IGROUPR + 4 * n, 4, ~0U);
	for (i = 0; i < 8; i++)
		sim_write(s, base + GIC_IPRIORITYR + 32 * n + 4 * i, 4, 0xa0a0a0a0U);
	sim_write(s, base + GIC_ISENABLER + 4 * n, 4, ~0U);
}

void sim_create(struct sim *sim, u32 nr_vcpus)
{
	u32 i;

	sim_create_reset(sim, nr_vcpus);
	for (i = 0; i < nr_vcpus; i++)
		set_up_bank(&sim->vcpu[i], sim_redist(&sim->vcpu[i]) + SGI_FRAME, 0);
	for (i = 1; i < SIM_NR_IRQS / 32; i++)
		set_up_bank(&sim->vcpu[0], DIST_BASE, i);
	sim_write(&sim->vcpu[0], DIST_BASE + GICD_CTLR, 4, 0x13);
	for (i = 0; i < nr_vcpus; i++)
		sim->vcpu[i].kicked = false;
}

void sim_destroy(struct sim *sim)
{
	u32 i;

	for (i = sim->nr_vcpus; i > 0; i--)
		vgic_vcpu_destroy(&sim->vcpu[i - 1].v);
	vgic_destroy(&sim->vm);
}

u64 sim_read(struct sim_vcpu *s, u64 addr, u32 size)
{
	u64 value = 0xdeadbeefdeadbeefULL;

	CHECK(!s->in_guest);
	CHECK(vgic_mmio(&s->v, addr, size, false, &value));
	return value;
}

void sim_write(struct sim_vcpu *s, u64 addr, u32 size, u64 value)
{
	CHECK(!s->in_guest);
	CHECK(vgic_mmio(&s->v, addr, size, true, &value));
}

u64 sim_redist(const struct sim_vcpu *s)
{
	return REDIST_BASE + s->v.id * 0x20000ULL;
}

/* What the core would refuse, and what would keep the vCPU from ever getting anywhere. */
static void check_entry(const struct sim_vcpu *s)
{
	u32 i, j;

	CHECK((s->hcr & ~(CV_RUN_GIC_UIE | CV_RUN_GIC_NPIE)) == 0);
	for (i = 0; i < CV_RUN_NR_LR; i++) {
		CHECK((s->lr[i] & ~LR_HOST_BITS) == 0);
		CHECK(i < vgic_nr_lr || s->lr[i] == 0);
		if (!(s->lr[i] & LR_STATE)) {
			CHECK(s->lr[i] == 0);
			continue;
		}
		CHECK(LR_INTID(s->lr[i]) < LR_INTID_LIMIT);
		for (j = 0; j < i; j++)
			CHECK(!(s->lr[j] & LR_STATE) || LR_INTID(s->lr[j]) != LR_INTID(s->lr[i]));
	}
	CHECK(!sim_maintenance(s));
}

void sim_enter(struct sim_vcpu *s)
{
	CHECK(!s->in_guest);
	__atomic_store_n(&s->kicked, false, __ATOMIC_SEQ_CST);
	vgic_flush(&s->v, s->lr, &s->hcr);
	s->in_guest = true;
	s->entries++;
	memcpy(s->entered, s->lr, sizeof(s->entered));
	check_entry(s);
}

void sim_exit(struct sim_vcpu *s)
{
	CHECK(s->in_guest);
	s->in_guest = false;
	vgic_sync(&s->v, s->lr);
}

bool sim_maintenance(const struct sim_vcpu *s)
{
	u32 valid = 0, pending = 0, eoi = 0, i;

	for (i = 0; i < CV_RUN_NR_LR; i++) {
		valid += (s->lr[i] & LR_STATE) != 0;
		pending += (s->lr[i] & LR_STATE) == LR_PENDING;
		eoi += (s->lr[i] & (LR_STATE | LR_EOI)) == LR_EOI;
	}
	return eoi != 0 || ((s->hcr & CV_RUN_GIC_UIE) && valid <= 1) ||
	       ((s->hcr & CV_RUN_GIC_NPIE) && pending == 0);
}

static u64 *urgent(struct sim_vcpu *s)
{
	u64 *best = NULL;
	u32 i;

	for (i = 0; i < CV_RUN_NR_LR; i++) {
		if ((s->lr[i] & LR_STATE) == LR_PENDING &&
		    (!best || LR_PRIO(s->lr[i]) < LR_PRIO(*best)))
			best = &s->lr[i];
	}
	return best;
}

u32 sim_ack(struct sim_vcpu *s)
{
	u64 *lr = urgent(s);

	CHECK(s->in_guest);
	/* It preempts only what is less urgent. */
	if (!lr || (s->depth > 0 && LR_PRIO(*lr) >= s->prio[s->depth - 1]))
		return 1023;
	*lr = (*lr & ~LR_PENDING) | LR_ACTIVE;
	CHECK(s->depth < NR_PRIORITIES);
	s->taken[s->depth] = LR_INTID(*lr);
	s->prio[s->depth++] = LR_PRIO(*lr);
	return LR_INTID(*lr);
}

u32 sim_eoi(struct sim_vcpu *s)
{
	u32 intid = s->taken[s->depth - 1];
	u32 i;

	CHECK(s->in_guest && s->depth > 0);
	s->depth--;
	for (i = 0; i < CV_RUN_NR_LR; i++) {
		if ((s->lr[i] & LR_ACTIVE) && LR_INTID(s->lr[i]) == intid)
			s->lr[i] &= ~LR_ACTIVE;
	}
	return intid;
}

bool sim_find_lr(const struct sim_vcpu *s, u32 intid, u64 *lr)
{
	u32 i;

	for (i = 0; i < CV_RUN_NR_LR; i++) {
		if ((s->lr[i] & LR_STATE) && LR_INTID(s->lr[i]) == intid) {
			*lr = s->lr[i];
			return true;
		}
	}
	return false;
}
