// SPDX-License-Identifier: BSD-3-Clause
/*
 * Anything, in any order, against a model of what the guest may expect: an interrupt is taken only
 * if it was raised, and once; none is lost; none is at two vCPUs.
 *
 * Guests leave only when they must: when kicked, for a maintenance interrupt, or (WFI) when no
 * list register has anything to take.
 */
#include "test/host/vgic_sim.h"

#define NR_VCPUS 4U
#define NR_INSTANCES (NR_VCPUS * 32U + SIM_NR_IRQS - 32U)
#define NOBODY 255U

/* What an interrupt of a vCPU, or an SPI, is. */
struct model {
	bool line;
	bool latch;
	bool edge;
	bool enable;
	bool line_was; /* high at some time since a vCPU that may hold it entered */
	u8 prio;
	u8 active_on;
	u8 target;
	/* Raised again while a list register had it pending, in this run of that vCPU. */
	u8 again_on;
	u32 again_run;
	u64 raised; /* edges that have not merged with one before */
	u64 taken;
};

static struct model model[NR_INSTANCES];
static struct sim sim;
static u64 state;
static u64 total_taken;

static u64 any(u64 limit)
{
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % limit;
}

static struct model *of(u32 vcpu, u32 intid)
{
	return &model[intid < 32 ? vcpu * 32 + intid : NR_VCPUS * 32 + intid - 32];
}

static bool pending(const struct model *m)
{
	return m->latch || (m->line && !m->edge);
}

/* Should vCPU `id` have it, were it to enter? */
static bool deliverable(const struct model *m, u32 id)
{
	return pending(m) && m->enable && m->active_on == NOBODY && m->target == id;
}

static bool anything_for(u32 id)
{
	u32 intid;

	for (intid = 0; intid < SIM_NR_IRQS; intid++) {
		if (deliverable(of(id, intid), id))
			return true;
	}
	return false;
}

/* In a list register of another vCPU; one that is free again is not known to be. */
static bool in_lr_elsewhere(u32 intid, u32 id)
{
	u32 i, j;

	for (i = 0; i < NR_VCPUS; i++) {
		if (i == id || !sim.vcpu[i].in_guest)
			continue;
		for (j = 0; j < CV_RUN_NR_LR; j++) {
			if ((sim.vcpu[i].entered[j] & LR_STATE) &&
			    LR_INTID(sim.vcpu[i].entered[j]) == intid)
				return true;
		}
	}
	return false;
}

/*
 * An edge that comes while one is pending merges with it; but if that one is in a list register,
 * it can be taken before anybody notices.
 */
static void latch(u32 id, u32 intid)
{
	struct model *m = of(id, intid);
	u64 lr;
	u32 i;

	m->raised += !m->latch;
	for (i = 0; i < NR_VCPUS; i++) {
		if (intid < 32 && i != id)
			continue;
		if (sim.vcpu[i].in_guest && sim_find_lr(&sim.vcpu[i], intid, &lr) &&
		    (lr & LR_PENDING)) {
			m->again_on = (u8)i;
			m->again_run = sim.vcpu[i].entries;
		}
	}
	m->latch = true;
}

static bool comes_again(const struct sim_vcpu *s, struct model *m)
{
	bool again = m->again_on == s->v.id && m->again_run == s->entries;

	m->again_on = NOBODY;
	m->raised += again;
	return again;
}

static void enter(struct sim_vcpu *s)
{
	u32 id = s->v.id;
	u32 intid;
	u64 lr;

	sim_enter(s);
	for (intid = 0; intid < SIM_NR_IRQS; intid++) {
		struct model *m = of(id, intid);

		if (!sim_find_lr(s, intid, &lr)) {
			/* What is active is never left out. */
			CHECK(m->active_on != id);
			continue;
		}
		m->line_was = m->line;
		CHECK(intid < 32 || !in_lr_elsewhere(intid, id));
		CHECK((m->active_on == id) == !!(lr & LR_ACTIVE));
		CHECK(!(lr & LR_PENDING) || (pending(m) && m->enable));
		CHECK(LR_PRIO(lr) == m->prio);
		if (m->active_on != id)
			CHECK(deliverable(m, id));
	}
}

/* As soon as a vCPU must leave, it does. */
static void leave_if(struct sim_vcpu *s)
{
	if (s->in_guest && (s->kicked || sim_maintenance(s)) && any(4) == 0)
		sim_exit(s);
}

static void take(struct sim_vcpu *s)
{
	u32 intid = sim_ack(s);
	struct model *m;

	if (intid == 1023) {
		/* WFI: out, and asleep unless there is something. */
		if (s->depth == 0)
			sim_exit(s);
		return;
	}
	m = of(s->v.id, intid);
	CHECK(m->latch || (!m->edge && m->line_was));
	CHECK(m->active_on == NOBODY || (m->edge && m->active_on == s->v.id));
	m->active_on = (u8)s->v.id;
	m->latch = comes_again(s, m);
	m->taken++;
	total_taken++;
}

static void finish(struct sim_vcpu *s)
{
	u32 id = s->v.id;
	struct model *m;
	u32 intid;
	u64 lr;

	if (s->depth == 0)
		return;
	intid = s->taken[s->depth - 1];
	m = of(id, intid);
	/* Somebody may have made it inactive. */
	CHECK(m->active_on != id || sim_find_lr(s, intid, &lr));
	sim_eoi(s);
	if (m->active_on == id)
		m->active_on = NOBODY;
}

static void set_line(u32 id, u32 intid, bool level)
{
	struct model *m = of(id, intid);

	CHECK(vgic_inject(&sim.vm, intid < 32 ? (s32)id : -1, intid, level) == 0);
	if (level && m->edge)
		latch(id, intid);
	m->line = level;
	m->line_was |= level;
}

static void raise(u32 id)
{
	u32 intid = 16 + (u32)any(SIM_NR_IRQS - 16);

	set_line(id, intid, any(3) != 0);
}

static void send_sgi(struct sim_vcpu *s)
{
	u32 sgi = (u32)any(16);
	u64 targets = any(1U << NR_VCPUS);
	u32 i;

	if (any(8) == 0)
		targets = 1ULL << 40;
	vgic_sgi(&s->v, (u64)sgi << 24 | targets);
	for (i = 0; i < NR_VCPUS; i++) {
		if (targets >> 40 ? i != s->v.id : targets >> i & 1)
			latch(i, sgi);
	}
}

/* One of the registers with a bit an interrupt, of some bank. */
static void write_bits(struct sim_vcpu *s, u32 reg)
{
	u32 bank = (u32)any(SIM_NR_IRQS / 32);
	u32 bits = (u32)any(1ULL << 32) & (u32)any(1ULL << 32) & (u32)any(1ULL << 32);
	u32 id = (u32)any(NR_VCPUS);
	u64 base = bank ? DIST_BASE + 4 * bank : sim_redist(&sim.vcpu[id]) + SGI_FRAME;
	u32 i;

	sim_write(s, base + reg, 4, bits);
	for (i = 0; i < 32; i++) {
		struct model *m = of(id, bank * 32 + i);

		if (!(bits >> i & 1))
			continue;
		if (reg == GIC_ISENABLER || reg == GIC_ICENABLER)
			m->enable = reg == GIC_ISENABLER;
		else if (reg == GIC_ISPENDR)
			latch(id, bank * 32 + i);
		else if (reg == GIC_ICPENDR && m->latch) {
			m->latch = false;
			m->raised--;
		} else if (reg == GIC_ICACTIVER)
			m->active_on = NOBODY;
		/* What only the line made pending is so no longer: the vCPU has left. */
		if (reg == GIC_ICPENDR || reg == GIC_ICENABLER || reg == GIC_ICACTIVER)
			m->line_was = m->line;
	}
}

static u32 expected_bits(u32 reg, u32 bank, u32 id)
{
	u32 bits = 0, i;

	for (i = 0; i < 32; i++) {
		const struct model *m = of(id, bank * 32 + i);
		bool bit = reg == GIC_ISENABLER ? m->enable
			   : reg == GIC_ISPENDR ? pending(m)
						: m->active_on != NOBODY;

		bits |= (u32)bit << i;
	}
	return bits;
}

static void read_bits(struct sim_vcpu *s)
{
	static const u32 regs[] = {GIC_ISENABLER, GIC_ISPENDR, GIC_ISACTIVER};
	u32 reg = regs[any(3)];
	u32 bank = (u32)any(SIM_NR_IRQS / 32);
	u32 id = (u32)any(NR_VCPUS);
	u64 base = bank ? DIST_BASE + 4 * bank : sim_redist(&sim.vcpu[id]) + SGI_FRAME;

	CHECK(sim_read(s, base + reg, 4) == expected_bits(reg, bank, id));
}

static void route(struct sim_vcpu *s)
{
	u32 intid = 32 + (u32)any(SIM_NR_IRQS - 32);
	u32 target = (u32)any(NR_VCPUS);

	sim_write(s, DIST_BASE + GICD_IROUTER + 8 * intid, 8, target);
	of(0, intid)->target = (u8)target;
}

static void set_priority(struct sim_vcpu *s)
{
	u32 intid = (u32)any(SIM_NR_IRQS);
	u32 id = (u32)any(NR_VCPUS);
	u64 base = intid < 32 ? sim_redist(&sim.vcpu[id]) + SGI_FRAME : DIST_BASE;
	u8 prio = (u8)(any(32) * 8);

	sim_write(s, base + GIC_IPRIORITYR + intid, 1, prio);
	of(id, intid)->prio = prio;
}

static void write_register(struct sim_vcpu *s)
{
	static const u32 regs[] = {GIC_ISENABLER, GIC_ISENABLER, GIC_ICENABLER,
				   GIC_ISPENDR,	  GIC_ICPENDR,	 GIC_ICACTIVER};

	switch (any(4)) {
	case 0:
		write_bits(s, regs[any(ARRAY_SIZE(regs))]);
		break;
	case 1:
		route(s);
		break;
	case 2:
		set_priority(s);
		break;
	default:
		read_bits(s);
		break;
	}
}

static void step(void)
{
	struct sim_vcpu *s = &sim.vcpu[any(NR_VCPUS)];

	if (any(3) == 0)
		raise(s->v.id);
	if (!s->in_guest) {
		switch (any(4)) {
		case 0:
			write_register(s);
			break;
		case 1:
			send_sgi(s);
			break;
		default:
			if (!anything_for(s->v.id) || any(2))
				enter(s);
			break;
		}
		return;
	}
	if (any(2))
		take(s);
	else
		finish(s);
	leave_if(s);
}

/* Does the controller think as the model does, of vCPUs that sleep? */
static void check_wakes(void)
{
	u32 i, intid;

	for (i = 0; i < NR_VCPUS; i++) {
		bool expected = false;

		if (sim.vcpu[i].in_guest)
			continue;
		for (intid = 0; intid < SIM_NR_IRQS; intid++)
			expected |= deliverable(of(i, intid), i) &&
				    (intid < 32 || !in_lr_elsewhere(intid, i));
		CHECK(vgic_has_pending(&sim.vcpu[i].v) == expected);
	}
}

/* A handler that makes its device content: it lowers the line. */
static bool turn(struct sim_vcpu *s)
{
	bool moved = false;
	u32 id = s->v.id;

	if (!s->in_guest && !vgic_has_pending(&s->v) && s->depth == 0)
		return false;
	if (!s->in_guest)
		enter(s);
	while (s->in_guest && !s->kicked && !sim_maintenance(s)) {
		u64 before = total_taken;

		if (s->depth > 0) {
			u32 intid = s->taken[s->depth - 1];

			if (intid >= 16 && of(id, intid)->line)
				set_line(id, intid, false);
			finish(s);
			moved = true;
			continue;
		}
		take(s);
		moved |= before != total_taken;
	}
	if (s->in_guest)
		sim_exit(s);
	return moved;
}

/* Nothing new comes: in the end all that was raised has been taken. */
static void drain(void)
{
	bool moved = true;
	u32 i, bank;

	for (i = 0; i < NR_VCPUS; i++) {
		if (sim.vcpu[i].in_guest)
			sim_exit(&sim.vcpu[i]);
	}
	for (i = 0; i < NR_VCPUS; i++)
		sim_write(&sim.vcpu[0], sim_redist(&sim.vcpu[i]) + SGI_FRAME + GIC_ISENABLER, 4,
			  ~0U);
	for (bank = 1; bank < SIM_NR_IRQS / 32; bank++)
		sim_write(&sim.vcpu[0], DIST_BASE + GIC_ISENABLER + 4 * bank, 4, ~0U);
	for (i = 0; i < NR_INSTANCES; i++)
		model[i].enable = true;
	while (moved) {
		for (moved = false, i = 0; i < NR_VCPUS; i++)
			moved |= turn(&sim.vcpu[i]);
	}
	for (i = 0; i < NR_INSTANCES; i++) {
		CHECK(!model[i].latch && model[i].active_on == NOBODY);
		CHECK(!model[i].line || model[i].edge);
		CHECK(!model[i].edge || model[i].raised == model[i].taken);
	}
	check_wakes();
}

static void start_model(void)
{
	u32 i;

	memset(model, 0, sizeof(model));
	for (i = 0; i < NR_INSTANCES; i++) {
		model[i].enable = true;
		model[i].prio = 0xa0;
		model[i].active_on = NOBODY;
		model[i].again_on = NOBODY;
		model[i].target = i < NR_VCPUS * 32 ? (u8)(i / 32) : 0;
		model[i].edge = i < NR_VCPUS * 32 ? i % 32 < 16 : i % 2 != 0;
	}
	/* Odd SPIs are edges. */
	for (i = 2; i < SIM_NR_IRQS / 16; i++)
		sim_write(&sim.vcpu[0], DIST_BASE + GIC_ICFGR + 4 * i, 4, 0x88888888U);
}

void test_random(struct sim **running, u64 seed, u32 steps)
{
	u64 edges = 0;
	u32 i;

	state = seed;
	total_taken = 0;
	*running = &sim;
	sim_create(&sim, NR_VCPUS);
	start_model();
	for (i = 0; i < steps; i++) {
		snprintf(sim_where, sizeof(sim_where), "random, %u list registers, step %u",
			 vgic_nr_lr, i);
		step();
		if (i % 16 == 0)
			check_wakes();
		if (i % 1000 == 999)
			drain();
	}
	drain();
	for (i = 0; i < NR_INSTANCES; i++)
		edges += model[i].edge ? model[i].taken : 0;
	sim_destroy(&sim);
	printf("random, %2u list registers: %u steps, %llu interrupts taken, %llu of them edges\n",
	       vgic_nr_lr, steps, (unsigned long long)total_taken, (unsigned long long)edges);
}
