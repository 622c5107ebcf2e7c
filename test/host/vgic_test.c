// SPDX-License-Identifier: BSD-3-Clause
/*
 * vgic_test [--seed N] [--steps N] [--rounds N] [CASE...]: tests of host/linux/vgic*.c. The cases
 * of this file, then `random` (--steps) and `threads` (--rounds).
 */
#include "test/host/vgic_sim.h"

/* A kick makes a vCPU leave soon, not at once: what waits for that relaxes. */
static struct sim *running;
static bool threads;

void cv_vcpu_kick(struct cv_vcpu *v)
{
	struct sim_vcpu *s = v->test;

	__atomic_store_n(&s->kicked, true, __ATOMIC_SEQ_CST);
}

void vgic_shim_relax(void)
{
	u32 i;

	if (threads) {
		sched_yield();
		return;
	}
	for (i = 0; i < running->nr_vcpus; i++) {
		if (running->vcpu[i].kicked && running->vcpu[i].in_guest)
			sim_exit(&running->vcpu[i]);
	}
}

static void begin(struct sim *sim, u32 nr_vcpus)
{
	running = sim;
	sim_create(sim, nr_vcpus);
}

static u64 lr_of(const struct sim_vcpu *s, u32 intid)
{
	u64 lr = 0;

	return sim_find_lr(s, intid, &lr) ? lr : 0;
}

static u32 lrs_used(const struct sim_vcpu *s)
{
	u32 used = 0, i;

	for (i = 0; i < CV_RUN_NR_LR; i++)
		used += (s->lr[i] & LR_STATE) != 0;
	return used;
}

static void test_identification(struct sim *sim)
{
	struct sim_vcpu *s = &sim->vcpu[0];
	u32 i;

	running = sim;
	sim_create_reset(sim, 3);
	CHECK(sim_read(s, DIST_BASE + GICD_CTLR, 4) == 0x50);
	CHECK((sim_read(s, DIST_BASE + GICD_TYPER, 4) & 0x1f) == SIM_NR_IRQS / 32 - 1);
	CHECK((sim_read(s, DIST_BASE + GICD_TYPER, 4) >> 19 & 0x1f) == 9);
	CHECK((sim_read(s, DIST_BASE + 0xffe8, 4) & 0xf0) == 0x30);
	for (i = 0; i < 3; i++) {
		u64 typer = sim_read(s, REDIST_BASE + i * 0x20000ULL + 8, 8);

		CHECK(typer >> 32 == i);
		CHECK((typer >> 8 & 0xffff) == i);
		CHECK((typer >> 4 & 1) == (i == 2));
		CHECK((sim_read(s, REDIST_BASE + i * 0x20000ULL + 0xffe8, 4) & 0xf0) == 0x30);
		CHECK(sim_read(s, REDIST_BASE + i * 0x20000ULL + 0x14, 4) == 0);
	}
	/* Where there is nothing of the controller it does not answer. */
	u64 value = 0;

	CHECK(!vgic_mmio(&s->v, DIST_BASE - 4, 4, false, &value));
	CHECK(!vgic_mmio(&s->v, DIST_BASE + 0x10000, 4, false, &value));
	CHECK(!vgic_mmio(&s->v, REDIST_BASE + 3 * 0x20000ULL, 4, false, &value));
	CHECK(!vgic_mmio(&s->v, 0, 4, false, &value));
	CHECK(!vgic_mmio(&s->v, ~0ULL, 1, false, &value));
}

static void test_access_sizes(struct sim *sim)
{
	struct sim_vcpu *s;
	u32 offset;

	begin(sim, 1);
	s = &sim->vcpu[0];
	/* Priorities: bytes and words, five bits; nothing else in bytes. */
	sim_write(s, DIST_BASE + GIC_IPRIORITYR + 41, 1, 0xff);
	CHECK(sim_read(s, DIST_BASE + GIC_IPRIORITYR + 40, 4) == 0xa0a0f8a0U);
	CHECK(sim_read(s, DIST_BASE + GIC_IPRIORITYR + 41, 1) == 0xf8);
	sim_write(s, DIST_BASE + GIC_IPRIORITYR + 40, 2, 0);
	CHECK(sim_read(s, DIST_BASE + GIC_IPRIORITYR + 40, 4) == 0xa0a0f8a0U);
	CHECK(sim_read(s, DIST_BASE + GIC_ISENABLER + 4, 1) == 0);
	CHECK(sim_read(s, DIST_BASE + GIC_ISENABLER + 4, 8) == 0);
	CHECK(sim_read(s, DIST_BASE + GIC_ISENABLER + 4, 4) == ~0U);
	/* GICD_IROUTER: whole or in halves; GICR_TYPER too. */
	sim_write(s, DIST_BASE + GICD_IROUTER + 8 * 40, 8, 0x1280010203ULL);
	CHECK(sim_read(s, DIST_BASE + GICD_IROUTER + 8 * 40, 8) == 0x1200010203ULL);
	sim_write(s, DIST_BASE + GICD_IROUTER + 8 * 40 + 4, 4, 0);
	CHECK(sim_read(s, DIST_BASE + GICD_IROUTER + 8 * 40, 8) == 0x10203);
	CHECK(sim_read(s, REDIST_BASE + 8, 4) == 0x10);
	/* Any offset and size is answered. */
	for (offset = 0; offset < 0x20000; offset++) {
		sim_read(s, REDIST_BASE + offset, 1U << offset % 4);
		if (offset < 0x10000)
			sim_read(s, DIST_BASE + offset, 1U << offset / 4 % 4);
	}
}

static void test_read_as_zero(struct sim *sim)
{
	struct sim_vcpu *s;
	static const u32 zero[] = {0x10,   0x40,      0x80,	  0x100,     0x180,  0x200,
				   0x300,  0x400,     0x41c,	  0x800,     0x8ff,  0xc00,
				   0xc04,  0xd00,     0xe00,	  0xf00,     0x6000, 0x60f8,
				   0x8000, 0x80 + 12, 0x400 + 96, 0xc00 + 24};
	u32 i;

	begin(sim, 1);
	s = &sim->vcpu[0];
	for (i = 0; i < ARRAY_SIZE(zero); i++) {
		sim_write(s, DIST_BASE + (zero[i] & ~3U), 4, ~0U);
		CHECK(sim_read(s, DIST_BASE + (zero[i] & ~3U), 4) == 0);
	}
	sim_write(s, REDIST_BASE + SGI_FRAME + GIC_ICFGR, 4, 0);
	CHECK(sim_read(s, REDIST_BASE + SGI_FRAME + GIC_ICFGR, 4) == 0xaaaaaaaaU);
	sim_write(s, REDIST_BASE + SGI_FRAME + GIC_ICFGR + 4, 4, ~0U);
	CHECK(sim_read(s, REDIST_BASE + SGI_FRAME + GIC_ICFGR + 4, 4) == 0);
	sim_write(s, DIST_BASE + GIC_ICFGR + 8, 4, ~0U);
	CHECK(sim_read(s, DIST_BASE + GIC_ICFGR + 8, 4) == 0xaaaaaaaaU);
	sim_write(s, DIST_BASE + GIC_ICENABLER + 4, 4, 0xf0);
	CHECK(sim_read(s, DIST_BASE + GIC_ISENABLER + 4, 4) == ~0xf0U);
}

static void test_level(struct sim *sim)
{
	struct sim_vcpu *s;

	begin(sim, 1);
	s = &sim->vcpu[0];
	CHECK(!vgic_has_pending(&s->v));
	CHECK(vgic_inject(&sim->vm, -1, 40, true) == 0);
	CHECK(s->kicked && vgic_has_pending(&s->v));
	CHECK(sim_read(s, DIST_BASE + GIC_ISPENDR + 4, 4) == 0x100);
	sim_enter(s);
	CHECK(lr_of(s, 40) == (LR_PENDING | LR_EOI | 1ULL << 60 | 0xa0ULL << 48 | 40));
	CHECK(sim_ack(s) == 40);
	sim_exit(s);
	CHECK(sim_read(s, DIST_BASE + GIC_ISACTIVER + 4, 4) == 0x100);
	CHECK(!vgic_has_pending(&s->v));
	/* Still high: it comes back at its end. */
	sim_enter(s);
	CHECK(lr_of(s, 40) == (LR_ACTIVE | LR_EOI | 1ULL << 60 | 0xa0ULL << 48 | 40));
	CHECK(sim_eoi(s) == 40 && sim_maintenance(s));
	sim_exit(s);
	CHECK(vgic_has_pending(&s->v));
	sim_enter(s);
	CHECK(sim_ack(s) == 40);
	/* Low: its end is of no interest. */
	sim_exit(s);
	CHECK(vgic_inject(&sim->vm, -1, 40, false) == 0);
	sim_enter(s);
	CHECK(lr_of(s, 40) == (LR_ACTIVE | 1ULL << 60 | 0xa0ULL << 48 | 40));
	CHECK(sim_eoi(s) == 40 && !sim_maintenance(s));
	sim_exit(s);
	CHECK(!vgic_has_pending(&s->v));
	sim_enter(s);
	CHECK(lrs_used(s) == 0);
	sim_exit(s);
}

static void test_level_withdrawn(struct sim *sim)
{
	struct sim_vcpu *s;

	begin(sim, 1);
	s = &sim->vcpu[0];
	vgic_inject(&sim->vm, 0, 27, true);
	sim_enter(s);
	CHECK(lr_of(s, 27) & LR_PENDING);
	sim_exit(s);
	vgic_inject(&sim->vm, 0, 27, false);
	CHECK(!vgic_has_pending(&s->v));
	sim_enter(s);
	CHECK(lrs_used(s) == 0);
	sim_exit(s);
	/* Set by software, it is pending until taken or cleared. */
	sim_write(s, REDIST_BASE + SGI_FRAME + GIC_ISPENDR, 4, 1U << 27);
	sim_enter(s);
	CHECK(lr_of(s, 27) & LR_PENDING);
	sim_exit(s);
	CHECK(vgic_has_pending(&s->v));
	sim_enter(s);
	CHECK(sim_ack(s) == 27 && sim_eoi(s) == 27);
	sim_exit(s);
	CHECK(!vgic_has_pending(&s->v));
	sim_write(s, REDIST_BASE + SGI_FRAME + GIC_ISPENDR, 4, 1U << 27);
	sim_write(s, REDIST_BASE + SGI_FRAME + GIC_ICPENDR, 4, 1U << 27);
	CHECK(!vgic_has_pending(&s->v));
}

static void test_edge(struct sim *sim)
{
	struct sim_vcpu *s;

	begin(sim, 1);
	s = &sim->vcpu[0];
	sim_write(s, DIST_BASE + GIC_ICFGR + 8, 4, 2);
	vgic_inject(&sim->vm, -1, 32, true);
	vgic_inject(&sim->vm, -1, 32, false);
	vgic_inject(&sim->vm, -1, 32, true);
	sim_enter(s);
	CHECK((lr_of(s, 32) & (LR_STATE | LR_EOI)) == LR_PENDING);
	CHECK(sim_ack(s) == 32);
	/* One more while it is active: pending and active. */
	s->kicked = false;
	vgic_inject(&sim->vm, -1, 32, true);
	CHECK(s->kicked);
	sim_exit(s);
	sim_enter(s);
	CHECK((lr_of(s, 32) & LR_STATE) == LR_STATE);
	CHECK(sim_eoi(s) == 32 && sim_ack(s) == 32 && sim_eoi(s) == 32);
	sim_exit(s);
	CHECK(!vgic_has_pending(&s->v));
}

static u64 targets_of(struct sim *sim, u32 sgi)
{
	u64 got = 0;
	u32 i;

	for (i = 0; i < sim->nr_vcpus; i++) {
		sim_enter(&sim->vcpu[i]);
		if (sim_ack(&sim->vcpu[i]) == sgi) {
			got |= 1ULL << i;
			CHECK(sim_eoi(&sim->vcpu[i]) == sgi);
		}
		sim_exit(&sim->vcpu[i]);
	}
	return got;
}

static void test_sgi(struct sim *sim)
{
	begin(sim, 16);
	vgic_sgi(&sim->vcpu[3].v, 5ULL << 24 | 0x800a);
	CHECK(sim->vcpu[15].kicked && sim->vcpu[1].kicked && !sim->vcpu[2].kicked);
	CHECK(targets_of(sim, 5) == 0x800a);
	vgic_sgi(&sim->vcpu[3].v, 15ULL << 24 | 1ULL << 40);
	CHECK(targets_of(sim, 15) == 0xfff7);
	/* To oneself; and to affinities that nobody has. */
	vgic_sgi(&sim->vcpu[3].v, 8);
	CHECK(targets_of(sim, 0) == 8);
	vgic_sgi(&sim->vcpu[3].v, 1ULL << 16 | 1);
	vgic_sgi(&sim->vcpu[3].v, 255ULL << 16 | 1);
	vgic_sgi(&sim->vcpu[3].v, 1ULL << 32 | 1);
	vgic_sgi(&sim->vcpu[3].v, 1ULL << 48 | 1);
	vgic_sgi(&sim->vcpu[3].v, 1ULL << 44 | 1);
	CHECK(targets_of(sim, 0) == 0);
}

static void test_priority_and_room(struct sim *sim)
{
	struct sim_vcpu *s;
	u32 taken = 0, last = 0, intid, i;

	begin(sim, 1);
	s = &sim->vcpu[0];
	for (i = 0; i < 30; i++) {
		sim_write(s, DIST_BASE + GIC_IPRIORITYR + 40 + i, 1, 8 * (i * 7 % 31));
		sim_write(s, DIST_BASE + GIC_ISPENDR + 4 * ((40 + i) / 32), 4, 1U << (40 + i) % 32);
	}
	sim_enter(s);
	CHECK(lrs_used(s) == vgic_nr_lr && (s->hcr & CV_RUN_GIC_NPIE));
	while (taken < 30) {
		intid = sim_ack(s);
		if (intid != 1023) {
			CHECK(8 * ((intid - 40) * 7 % 31) >= last);
			last = 8 * ((intid - 40) * 7 % 31);
			taken++;
			if (!sim_maintenance(s))
				CHECK(sim_eoi(s) == intid);
		} else {
			CHECK(s->depth > 0);
			sim_eoi(s);
		}
		if (!sim_maintenance(s))
			continue;
		sim_exit(s);
		sim_enter(s);
	}
}

/* As many interrupts nested as there are list registers, and one more waits for the first end. */
static void test_nested(struct sim *sim)
{
	struct sim_vcpu *s;
	u32 i;

	begin(sim, 1);
	s = &sim->vcpu[0];
	for (i = 0; i < vgic_nr_lr; i++) {
		sim_write(s, DIST_BASE + GIC_IPRIORITYR + 40 + i, 1, 0xf0 - 8 * i);
		vgic_inject(&sim->vm, -1, 40 + i, true);
		sim_enter(s);
		CHECK(sim_ack(s) == 40 + i);
		sim_exit(s);
		vgic_inject(&sim->vm, -1, 40 + i, false);
	}
	sim_write(s, DIST_BASE + GIC_IPRIORITYR + 60, 1, 0);
	vgic_inject(&sim->vm, -1, 60, true);
	CHECK(vgic_has_pending(&s->v));
	sim_enter(s);
	CHECK(sim_ack(s) == 1023 && sim_eoi(s) == 39 + vgic_nr_lr && sim_maintenance(s));
	sim_exit(s);
	sim_enter(s);
	CHECK(sim_ack(s) == 60);
}

static void test_disabled(struct sim *sim)
{
	struct sim_vcpu *s;

	begin(sim, 2);
	s = &sim->vcpu[0];
	sim_write(s, DIST_BASE + GIC_ICENABLER + 4, 4, 1);
	vgic_inject(&sim->vm, -1, 32, true);
	CHECK(!vgic_has_pending(&s->v) && !s->kicked);
	sim_write(s, DIST_BASE + GIC_ISENABLER + 4, 4, 1);
	CHECK(vgic_has_pending(&s->v) && s->kicked);
	sim_write(s, DIST_BASE + GICD_CTLR, 4, 0);
	CHECK(!vgic_has_pending(&s->v));
	/* Group 0 has a switch of its own. */
	sim_write(s, DIST_BASE + GICD_CTLR, 4, 1);
	CHECK(!vgic_has_pending(&s->v));
	sim_write(s, DIST_BASE + GIC_IGROUPR + 4, 4, 0);
	CHECK(vgic_has_pending(&s->v));
	sim_enter(s);
	CHECK(lr_of(s, 32) && !(lr_of(s, 32) & 1ULL << 60));
	sim_exit(s);
	/* Disabled while the other vCPU has it: that one loses it, before the write ends. */
	sim_enter(s);
	s->kicked = false;
	sim_write(&sim->vcpu[1], DIST_BASE + GIC_ICENABLER + 4, 4, 1);
	CHECK(!s->in_guest);
	sim_enter(s);
	CHECK(lrs_used(s) == 0);
	sim_exit(s);
}

static void test_routing(struct sim *sim)
{
	struct sim_vcpu *a, *b;

	begin(sim, 3);
	a = &sim->vcpu[0];
	b = &sim->vcpu[2];
	vgic_inject(&sim->vm, -1, 50, true);
	CHECK(vgic_has_pending(&a->v) && !vgic_has_pending(&b->v));
	sim_write(a, DIST_BASE + GICD_IROUTER + 8 * 50, 8, 2);
	CHECK(!vgic_has_pending(&a->v) && vgic_has_pending(&b->v) && b->kicked);
	sim_enter(b);
	CHECK(sim_ack(b) == 50);
	sim_exit(b);
	/* Active on one, routed to another: it ends where it was taken, then moves. */
	sim_write(a, DIST_BASE + GICD_IROUTER + 8 * 50, 8, 0);
	sim_enter(a);
	CHECK(lrs_used(a) == 0);
	sim_exit(a);
	sim_enter(b);
	CHECK(sim_eoi(b) == 50 && sim_maintenance(b));
	a->kicked = false;
	sim_exit(b);
	CHECK(a->kicked && vgic_has_pending(&a->v) && !vgic_has_pending(&b->v));
	/* Nobody has that affinity: it waits. */
	sim_write(a, DIST_BASE + GICD_IROUTER + 8 * 50, 8, 1 << 8);
	CHECK(!vgic_has_pending(&a->v));
	sim_write(a, DIST_BASE + GICD_IROUTER + 8 * 50, 8, 0x10);
	CHECK(!vgic_has_pending(&a->v));
	sim_write(a, DIST_BASE + GICD_IROUTER + 8 * 50, 8, 1);
	CHECK(vgic_has_pending(&sim->vcpu[1].v));
}

static void test_active_registers(struct sim *sim)
{
	struct sim_vcpu *a, *b;

	begin(sim, 2);
	a = &sim->vcpu[0];
	b = &sim->vcpu[1];
	vgic_inject(&sim->vm, -1, 33, true);
	sim_enter(a);
	CHECK(sim_ack(a) == 33);
	/* What is in the list registers of a running vCPU is seen by another. */
	CHECK(sim_read(b, DIST_BASE + GIC_ISACTIVER + 4, 4) == 2);
	sim_enter(a);
	CHECK(sim_read(b, DIST_BASE + GIC_ISPENDR + 4, 4) == 2);
	sim_enter(a);
	vgic_inject(&sim->vm, -1, 33, false);
	sim_write(b, DIST_BASE + GIC_ICACTIVER + 4, 4, 2);
	CHECK(!a->in_guest && sim_read(b, DIST_BASE + GIC_ISACTIVER + 4, 4) == 0);
	sim_enter(a);
	CHECK(lrs_used(a) == 0);
	sim_eoi(a);
	sim_exit(a);
	sim_write(b, DIST_BASE + GIC_ISACTIVER + 4, 4, 2);
	CHECK(a->kicked);
	sim_enter(a);
	CHECK((lr_of(a, 33) & LR_STATE) == LR_ACTIVE);
	sim_exit(a);
}

static long set_attr(struct sim *sim, u32 group, u64 attr, u64 value)
{
	return sim_attr(sim, KVM_SET_DEVICE_ATTR, group, attr, &value);
}

#define set(sim, group, attr, value, want) CHECK(set_attr(sim, group, attr, value) == (want))

static u64 region(u64 count, u64 base, u64 flags, u64 index)
{
	return count << 52 | base | flags << 12 | index;
}

static void test_attr_addresses(struct sim *sim)
{
	const u32 addr = KVM_DEV_ARM_VGIC_GRP_ADDR;
	u64 value = region(0, 0, 0, 1);

	set(sim, addr, 2, DIST_BASE + 0x1000, -EINVAL);
	set(sim, addr, 2, 1ULL << 40, -E2BIG);
	set(sim, addr, 2, DIST_BASE, 0);
	set(sim, addr, 2, DIST_BASE, -EEXIST);
	set(sim, addr, 5, region(0, REDIST_BASE, 0, 0), -EINVAL);
	set(sim, addr, 5, region(1, REDIST_BASE, 1, 0), -EINVAL);
	set(sim, addr, 5, region(1, REDIST_BASE, 0, 1), -EINVAL);
	set(sim, addr, 5, region(1, DIST_BASE, 0, 0), -EINVAL);
	set(sim, addr, 5, region(9, (1ULL << 40) - 0x100000, 0, 0), -E2BIG);
	set(sim, addr, 5, region(1, REDIST_BASE, 0, 0), 0);
	set(sim, addr, 5, region(1, REDIST_BASE + 0x20000, 0, 0), -EEXIST);
	set(sim, addr, 5, region(1, REDIST_BASE + 0x10000, 0, 1), -EINVAL);
	CHECK(sim_attr(sim, KVM_GET_DEVICE_ATTR, addr, 5, &value) == -ENOENT);
	set(sim, addr, 5, region(3, REDIST_BASE + 0x20000, 0, 1), 0);
	CHECK(sim_attr(sim, KVM_GET_DEVICE_ATTR, addr, 5, &value) == 0);
	CHECK(value == region(3, REDIST_BASE + 0x20000, 0, 1));
	set(sim, addr, 3, REDIST_BASE + 0x100000, -EINVAL);
	CHECK(sim_attr(sim, KVM_GET_DEVICE_ATTR, addr, 2, &value) == 0 && value == DIST_BASE);
	CHECK(sim_attr(sim, KVM_GET_DEVICE_ATTR, addr, 3, &value) == -EINVAL);
	CHECK(sim_attr(sim, KVM_SET_DEVICE_ATTR, addr, 2, (void *)VGIC_SHIM_BAD_ADDR) == -EFAULT);
	CHECK(sim_attr(sim, KVM_GET_DEVICE_ATTR, addr, 4, &value) == -ENXIO);
}

/* 1020 to 1023 are no interrupts, whatever is written. */
static void test_last_bank(struct cv_vcpu *v)
{
	u64 value = ~0U;

	CHECK(vgic_mmio(v, DIST_BASE + GIC_ISENABLER + 4 * 31, 4, true, &value));
	CHECK(vgic_mmio(v, DIST_BASE + GIC_ISENABLER + 4 * 31, 4, false, &value));
	CHECK(value == 0x0fffffffU);
	value = ~0U;
	CHECK(vgic_mmio(v, DIST_BASE + GIC_IPRIORITYR + 1020, 4, true, &value));
	CHECK(vgic_mmio(v, DIST_BASE + GIC_IPRIORITYR + 1020, 4, false, &value));
	CHECK(value == 0);
	value = ~0U;
	CHECK(vgic_mmio(v, DIST_BASE + GICD_IROUTER + 8 * 1020, 4, true, &value));
	CHECK(vgic_mmio(v, DIST_BASE + GICD_IROUTER + 8 * 1020, 8, false, &value));
	CHECK(value == 0);
}

static void test_lines(struct cv_vm *vm)
{
	CHECK(vgic_inject(vm, -1, 1019, true) == 0);
	CHECK(vgic_inject(vm, -1, 1020, true) == -EINVAL);
	CHECK(vgic_inject(vm, -1, 31, true) == -EINVAL);
	CHECK(vgic_inject(vm, 0, 15, true) == -EINVAL);
	CHECK(vgic_inject(vm, 0, 32, true) == -EINVAL);
	CHECK(vgic_inject(vm, 1, 27, true) == -EINVAL);
	CHECK(vgic_inject(vm, 64, 27, true) == -EINVAL);
}

static void test_attributes(struct sim *sim)
{
	static const u32 absent[] = {1, 2, 5, 6, 7, 8, 9, 1000};
	struct cv_vcpu v = {.vm = &sim->vm};
	u32 i;

	memset(sim, 0, sizeof(*sim));
	sim->vm.ipa_bits = 40;
	/* A vCPU may be there first; a second device replaces the first until that is initialised. */
	CHECK(vgic_vcpu_create(&v) == 0 && vgic_check(&sim->vm) == 0);
	sim->vm.vcpus[0] = &v;
	CHECK(vgic_create(&sim->vm) == 0);
	set(sim, 0, 2, DIST_BASE, 0);
	CHECK(vgic_create(&sim->vm) == 0);
	test_attr_addresses(sim);
	for (i = 0; i < ARRAY_SIZE(absent); i++) {
		set(sim, absent[i], 0, 0, -ENXIO);
		CHECK(sim_attr(sim, KVM_HAS_DEVICE_ATTR, absent[i], 0, NULL) == -ENXIO);
	}
	set(sim, 3, 0, 32, -EINVAL);
	set(sim, 3, 0, 65, -EINVAL);
	set(sim, 3, 0, 1056, -EINVAL);
	CHECK(vgic_check(&sim->vm) == -ENXIO);
	CHECK(vgic_inject(&sim->vm, -1, 40, true) == -ENXIO);
	set(sim, 3, 0, 1024, 0);
	set(sim, 3, 0, 128, -EBUSY);
	CHECK(sim_attr(sim, KVM_HAS_DEVICE_ATTR, 4, 0, NULL) == 0);
	set(sim, 4, 1, 0, -ENXIO);
	set(sim, 4, 0, 0, 0);
	CHECK(vgic_check(&sim->vm) == 0 && vgic_create(&sim->vm) == -EEXIST);
	test_lines(&sim->vm);
	test_last_bank(&v);
	sim->vm.phase = CV_PHASE_STARTED;
	set(sim, 0, 2, DIST_BASE, -EBUSY);
	vgic_vcpu_destroy(&v);
}

static const struct {
	const char *name;
	void (*run)(struct sim *sim);
} cases[] = {
	{"identification", test_identification},
	{"access-sizes", test_access_sizes},
	{"read-as-zero", test_read_as_zero},
	{"level", test_level},
	{"level-withdrawn", test_level_withdrawn},
	{"edge", test_edge},
	{"sgi", test_sgi},
	{"priority-and-room", test_priority_and_room},
	{"nested", test_nested},
	{"disabled", test_disabled},
	{"routing", test_routing},
	{"active-registers", test_active_registers},
	{"attributes", test_attributes},
};

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static void run_cases(char **names)
{
	struct sim sim;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!wanted(cases[i].name, names))
			continue;
		snprintf(sim_where, sizeof(sim_where), "%s", cases[i].name);
		cases[i].run(&sim);
		sim_destroy(&sim);
		printf("%-20s ok\n", cases[i].name);
	}
}

/* The number after an option, if it is this one. */
static bool option(char ***argv, const char *name, u64 *value)
{
	if (strcmp(**argv, name) != 0 || !(*argv)[1])
		return false;
	*value = strtoull((*argv)[1], NULL, 0);
	*argv += 2;
	return true;
}

int main(int argc, char **argv)
{
	u64 seed = 1, steps = 200000, rounds = 2000;
	u32 lrs;

	(void)argc;
	for (argv++; *argv && **argv == '-';) {
		if (!option(&argv, "--seed", &seed) && !option(&argv, "--steps", &steps) &&
		    !option(&argv, "--rounds", &rounds)) {
			fprintf(stderr, "vgic_test: what is %s?\n", *argv);
			return 2;
		}
	}
	vgic_nr_lr = CV_RUN_NR_LR;
	run_cases(argv);
	for (lrs = 1; wanted("random", argv) && lrs <= CV_RUN_NR_LR; lrs *= 2) {
		vgic_nr_lr = lrs;
		test_random(&running, seed + lrs, (u32)steps);
	}
	threads = true;
	vgic_nr_lr = 4;
	if (wanted("threads", argv))
		test_threads((u32)rounds);
	return 0;
}
