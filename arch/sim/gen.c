/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/gen.h"

#include <string.h>

#include "arch/sim/access.h"
#include "arch/sim/cpu.h"
#include "arch/sim/model.h"
#include "arch/sim/sim.h"

u64 gen_random(struct gen *g, u64 limit)
{
	u64 x = g->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return limit == 0U ? x : x % limit;
}

void gen_init(struct gen *g, u64 seed, u32 vms, u32 cpu)
{
	u64 room = sim.bank[0].pfn + sim.bank[0].frames - sim.free_pfn;
	u64 hot = vms * 48U < 4096U ? 4096U : vms * 48U;

	memset(g, 0, sizeof(*g));
	g->state = seed;
	g->cpu = cpu;
	g->nr_plans = vms < CV_MAX_VMS ? vms : CV_MAX_VMS;
	g->hot_base = sim.free_pfn;
	room = room > 8192U ? room - 8192U : room / 2U;
	g->hot = (u32)(hot < room ? hot : room);
	if (g->hot > GEN_MAX_HOT)
		g->hot = GEN_MAX_HOT;
}

void gen_mark(struct gen *g, u64 pfn, u32 what)
{
	if (pfn - g->hot_base < g->hot)
		g->used[pfn - g->hot_base] = (u16)what;
}

u64 gen_free_frame(struct gen *g)
{
	u64 pfn = g->hot_base;

	for (u32 i = 0; i < 16U; i++) {
		u64 h = gen_random(g, g->hot);

		pfn = g->hot_base + h;
		if (g->used[h] == 0U && (sim.threaded || model_owner(pfn) == CV_HOSTVISOR))
			break;
	}
	return pfn;
}

/* One of the blocks that VMs get. */
u64 gen_block(struct gen *g)
{
	return (g->hot_base + g->hot + 2048U + CV_BLOCK_FRAMES * gen_random(g, 4)) & ~511ULL;
}

/* Somebody's, sometimes from far away. */
u64 gen_any_frame(struct gen *g)
{
	switch (gen_random(g, 32)) {
	case 0:
		return sim.image_pfn + gen_random(g, sim.pool_frames + 1024U);
	case 1:
		return SIM_DEV_HOST_PFN + gen_random(g, SIM_DEV_FRAMES + 4U);
	case 2:
		return SIM_DEV_VM_PFN + gen_random(g, SIM_DEV_FRAMES + 4U);
	case 4:
		return gen_block(g) + gen_random(g, CV_BLOCK_FRAMES);
	case 3:
		return sim.bank[0].pfn + gen_random(g, sim.bank[0].frames);
	default:
		return g->hot_base + gen_random(g, g->hot);
	}
}

u64 gen_garbage(struct gen *g)
{
	switch (gen_random(g, 10)) {
	case 0:
		return gen_random(g, 0);
	case 1:
		return 1ULL << gen_random(g, 64);
	case 2:
		return (1ULL << gen_random(g, 64)) - 1U;
	case 3:
		return gen_any_frame(g) << CV_PAGE_SHIFT;
	case 4:
		return (gen_any_frame(g) + CV_SMMU_HOST_OFFSET) << CV_PAGE_SHIFT;
	case 5:
		return gen_any_frame(g);
	case 6:
		return gen_any_frame(g) & ~511ULL;
	default:
		return gen_random(g, 300);
	}
}

struct gen_plan *gen_some_plan(struct gen *g)
{
	struct gen_plan *p = &g->plans[gen_random(g, g->nr_plans)];

	for (u32 i = 0; i < 4U && (p->vm == 0U || p->stage < GEN_LIVE); i++)
		p = &g->plans[gen_random(g, g->nr_plans)];
	return p;
}

u64 gen_some_vm(struct gen *g)
{
	u32 vm = gen_some_plan(g)->vm;

	return vm == 0U || gen_random(g, 8) == 0U ? 1U + gen_random(g, g->nr_plans) : vm;
}

u64 gen_vm_frame(struct gen *g)
{
	struct gen_plan *p = gen_some_plan(g);

	return p->nr != 0U ? p->frame[gen_random(g, p->nr)].pfn : gen_any_frame(g);
}

struct op gen_op(struct gen *g, enum op_kind kind, u32 actor)
{
	struct op op = {.kind = (u16)kind, .actor = (u16)actor, .at = -1};

	(void)g;
	return op;
}

/* A page of a VM's image, while it is being verified. */
static u64 image_frame(struct gen *g, u64 vm)
{
	const struct gen_plan *p;

	if (vm == 0U || vm > CV_MAX_VMS || g->plan_of[vm] == 0U)
		return 0;
	p = &g->plans[g->plan_of[vm] - 1U];
	return p->nr != 0U ? p->frame[gen_random(g, p->nr < 4U ? p->nr : 4U)].pfn : 0U;
}

/* Inside the operation, at some point: accesses to what it is about, or anything. */
static void gen_nested(struct gen *g, const struct op *outer, struct op *op)
{
	u32 cpu = (u32)gen_random(g, sim.config.cpus);
	u64 about = outer->a[gen_random(g, 3)];

	if (outer->kind == OP_VERIFY_VM && sim_is_ram(image_frame(g, outer->a[0])))
		about = image_frame(g, outer->a[0]);
	if (outer->kind == OP_VCPU_RUN && gen_random(g, 2) == 0U) {
		*op = gen_op(g, OP_RUNSET, cpu);
		gen_scribble(g, op, outer->a[0], outer->a[1]);
	} else if (gen_random(g, 3) == 0U)
		gen_device_op(g, op);
	else if (sim_cpus[cpu].vm != CV_HOSTVISOR)
		gen_vm_op(g, cpu, op);
	else
		gen_host_op(g, cpu, op);
	if (sim_is_ram(about) && (outer->kind == OP_VERIFY_VM || gen_random(g, 2) == 0U)) {
		if (op->kind == OP_DEV_LOAD || op->kind == OP_DEV_STORE)
			op->a[1] = about << CV_PAGE_SHIFT;
		else if (op->kind == OP_LOAD || op->kind == OP_STORE)
			op->a[0] = about << CV_PAGE_SHIFT;
	}
	op->at = (int)gen_random(g, gen_random(g, 4) == 0U ? 200U : 24U);
}

void gen_next(struct gen *g, struct step *step)
{
	u32 cpu = g->cpu == GEN_ALL_CPUS ? (u32)gen_random(g, sim.config.cpus) : g->cpu;
	u32 often;

	while (g->hurry != 0U && sim_cpus[cpu].vm != CV_HOSTVISOR && g->hurry-- != 0U)
		cpu = (u32)gen_random(g, sim.config.cpus);
	g->plan = NULL;
	step->nr_nested = 0;
	if (g->hurry != 0U && sim_cpus[cpu].vm == CV_HOSTVISOR) {
		g->hurry--;
		g->plan = g->hurried;
		step->op = gen_op(g, OP_INFO, cpu);
		gen_plan_next(g, g->plan, &step->op);
		return;
	}
	if (gen_random(g, 10) == 0U)
		gen_device_op(g, &step->op);
	else if (sim_cpus[cpu].vm != CV_HOSTVISOR)
		gen_vm_op(g, cpu, &step->op);
	else if (gen_random(g, 100) < 40U) {
		g->plan = &g->plans[gen_random(g, g->nr_plans)];
		step->op = gen_op(g, OP_INFO, cpu);
		gen_plan_next(g, g->plan, &step->op);
	} else
		gen_host_op(g, cpu, &step->op);
	/* Between a check and its use is where VERIFY_VM is worth most. */
	often = step->op.kind == OP_VERIFY_VM ? 2U : 12U;
	if (g->cpu != GEN_ALL_CPUS || gen_random(g, often) != 0U ||
	    op_info[step->op.kind].actor == BY_DEVICE)
		return;
	for (u64 n = gen_random(g, STEP_NESTED) + 1U; n > 0U; n--)
		gen_nested(g, &step->op, &step->nested[step->nr_nested++]);
}

void gen_result(struct gen *g, const struct step *step, const struct result *result)
{
	if (g->plan)
		gen_plan_result(g, g->plan, &step->op, result);
}
