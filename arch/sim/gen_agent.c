/* SPDX-License-Identifier: BSD-3-Clause */
/* What hosts, VMs and devices do besides. */
#include "arch/sim/access.h"
#include "arch/sim/cpu.h"
#include "arch/sim/gen.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "corevisor/run.h"

#define HOST_CONTEXT 48U

static u64 word_in(struct gen *g, u64 frame)
{
	return (frame << CV_PAGE_SHIFT) + 8U * gen_random(g, gen_random(g, 4) == 0U ? 512U : 4U);
}

static void access(struct gen *g, struct op *op, u64 address)
{
	bool write = gen_random(g, 2) == 0U;
	bool nc = gen_random(g, 16) == 0U;

	op->kind = write ? OP_STORE : OP_LOAD;
	op->a[0] = address;
	op->a[1] = write ? ACCESS_AUTO : nc;
	if (write)
		op->a[2] = nc;
}

void gen_device_op(struct gen *g, struct op *op)
{
	u64 frame = gen_any_frame(g);

	*op = gen_op(g, OP_DEV_LOAD, ACTOR_DEVICE);
	if (gen_random(g, 4) == 0U)
		frame += CV_SMMU_HOST_OFFSET;
	else if (gen_random(g, 4) == 0U)
		frame = 0x300U + gen_random(g, 2);
	op->a[0] = gen_random(g, sim.config.streams);
	op->a[1] = word_in(g, frame);
	op->a[2] = gen_random(g, 16) == 0U;
	if (gen_random(g, 2) == 0U) {
		op->kind = OP_DEV_STORE;
		op->a[3] = op->a[2];
		op->a[2] = ACCESS_AUTO;
	}
}

/* A gfn of the VM: often one that it has. */
static u64 vm_gfn(struct gen *g, u32 vm)
{
	const struct gen_plan *p = g->plan_of[vm] != 0U ? &g->plans[g->plan_of[vm] - 1U] : NULL;

	if (p && p->nr != 0U && gen_random(g, 16) != 0U)
		return p->frame[gen_random(g, p->nr)].gfn;
	if (p && p->block_pfn != 0U && gen_random(g, 2) == 0U)
		return 0x400U + gen_random(g, 512);
	return 0x100U + gen_random(g, 72);
}

static void gen_vm_call(struct gen *g, u32 vm, struct op *op)
{
	switch (gen_random(g, 40)) {
	case 0:
		op->kind = OP_GUEST_CPU_ON;
		op->a[0] = gen_random(g, 3);
		op->a[1] = 0x100000;
		break;
	case 1:
		op->kind = gen_random(g, 4) == 0U ? OP_GUEST_CPU_OFF : OP_GUEST_WFI;
		break;
	case 2:
		op->kind = gen_random(g, 16) == 0U ? OP_GUEST_SYSTEM_OFF : OP_GUEST_SGI;
		break;
	case 3:
		op->kind = OP_HVC;
		op->a[0] = gen_random(g, 2) == 0U ? gen_garbage(g)
						  : 0x84000000U + gen_random(g, 0x60);
		/* Ends of the VM are rarer. */
		if (op->a[0] == 0x84000008U || op->a[0] == 0x84000009U)
			op->a[0] = 0x84000000U;
		op->a[1] = gen_garbage(g);
		break;
	case 4:
		op->kind = OP_GUEST_MEASUREMENT;
		op->a[0] = gen_random(g, 3);
		break;
	case 5:
	case 6:
		op->kind = OP_GUEST_IRQ;
		break;
	default:
		op->kind = gen_random(g, 2) == 0U ? OP_GUEST_SHARE : OP_GUEST_UNSHARE;
		op->a[0] = vm_gfn(g, vm) | 7U;
		op->a[0] <<= CV_PAGE_SHIFT;
		break;
	}
}

void gen_vm_op(struct gen *g, u32 cpu, struct op *op)
{
	u32 vm = sim_cpus[cpu].vm;
	u64 r = gen_random(g, 100);

	*op = gen_op(g, OP_LOAD, cpu);
	if (r < 80U) {
		access(g, op, word_in(g, vm_gfn(g, vm)));
	} else if (r < 84U) {
		access(g, op, 0x9000000U + 8U * gen_random(g, 1024));
		if (op->kind == OP_STORE)
			op->a[1] = gen_random(g, 1000);
		op->a[op->kind == OP_STORE ? 3 : 2] = 1ULL << gen_random(g, 4);
		op->a[op->kind == OP_STORE ? 4 : 3] = gen_random(g, 32);
		op->a[op->kind == OP_STORE ? 5 : 4] = gen_random(g, 8) == 0U;
	} else if (r < 86U) {
		op->kind = OP_REGS;
		op->a[0] = gen_random(g, 1000);
	} else {
		gen_vm_call(g, vm, op);
	}
}

static void gen_host_dma(struct gen *g, struct op *op)
{
	u64 pfn = gen_random(g, 4) != 0U ? gen_free_frame(g) : gen_any_frame(g);

	op->kind = (u16)(OP_DMA_ALLOC + gen_random(g, 8));
	if (gen_random(g, 2) == 0U)
		op->kind = OP_DMA_MAP;
	op->a[0] = gen_random(g, 16) == 0U ? gen_random(g, 66) : HOST_CONTEXT + gen_random(g, 8);
	op->a[1] = (pfn + CV_SMMU_HOST_OFFSET) << CV_PAGE_SHIFT;
	op->a[2] = pfn << CV_PAGE_SHIFT;
	if (op->kind == OP_DMA_ALLOC)
		op->a[1] = 0;
	if (op->kind == OP_DMA_ATTACH || op->kind == OP_DMA_DETACH)
		op->a[1] = gen_random(g, sim.config.streams + 1U);
	if (op->kind == OP_DMA_FREE && gen_random(g, 8) != 0U)
		op->kind = OP_DMA_UNMAP;
}

/* Calls that a plan would not make: wrong moment, wrong arguments. */
static void gen_wrong(struct gen *g, struct op *op)
{
	static const u8 harmless[] = {OP_SET_RAM,	OP_SET_ENTRY,	   OP_REGISTER_VCPU,
				      OP_SET_BOOT_INFO, OP_REMAP_VM_IMAGE, OP_VERIFY_VM,
				      OP_DONATE,	OP_MAP_IO,	   OP_VCPU_RUN,
				      OP_RECLAIM,	OP_DESTROY_VM,	   OP_DMA_ASSIGN,
				      OP_DMA_MAP,	OP_SAVE_PAGE,	   OP_SAVE_BEGIN,
				      OP_LOAD_BEGIN,	OP_LOAD_PAGE,	   OP_VM_INFO};

	op->kind = harmless[gen_random(g, sizeof(harmless))];
	if (gen_random(g, 8) == 0U)
		op->kind = (u16)gen_random(g, NR_HOST_CALLS);
	for (u32 i = 0; i < 5U; i++)
		op->a[i] = gen_garbage(g);
	op->a[5] = 0;
	if (op->kind == OP_POWEROFF_VM && gen_random(g, 16) != 0U)
		op->kind = OP_VM_INFO;
	/* VMs that no plan ends would pile up. */
	if (op->kind == OP_REGISTER_VM)
		op->kind = OP_INFO;
	if (gen_random(g, 2) == 0U)
		op->a[0] = 1U + gen_random(g, g->nr_plans);
	if (gen_random(g, 3) == 0U)
		op->a[1] = gen_any_frame(g);
	if (gen_random(g, 64) == 0U) {
		for (u32 i = OP_ARGS - 1U; i > 0U; i--)
			op->a[i] = op->a[i - 1U];
		op->a[0] = gen_random(g, 2) == 0U ? CV_HOST_CALL_BASE + op->kind : gen_garbage(g);
		if (op->kind == OP_POWEROFF_VM)
			op->a[0] = 0;
		op->kind = OP_HVC;
	}
}

static void gen_scribble(struct gen *g, struct op *op)
{
	static const u16 fields[] = {CV_RUN_DATA, CV_RUN_GIC_HCR, CV_RUN_LR(0), CV_RUN_LR(1),
				     CV_RUN_EXIT};

	op->kind = OP_RUNSET;
	op->a[0] = 1U + gen_random(g, g->nr_plans);
	op->a[1] = gen_random(g, 2);
	op->a[2] = fields[gen_random(g, 5)];
	op->a[3] = gen_random(g, 8) == 0U ? gen_garbage(g) : 0U;
	if (op->a[2] == CV_RUN_GIC_HCR)
		op->a[3] &= gen_random(g, 2) == 0U ? 0xaU : ~0ULL;
}

void gen_host_op(struct gen *g, u32 cpu, struct op *op)
{
	u64 r = gen_random(g, 100);

	*op = gen_op(g, OP_LOAD, cpu);
	if (r < 55U) {
		access(g, op, word_in(g, gen_any_frame(g)));
	} else if (r < 70U) {
		op->kind = OP_VCPU_RUN;
		op->a[0] = 1U + gen_random(g, g->nr_plans);
		op->a[1] = gen_random(g, 8) == 0U;
	} else if (r < 80U) {
		gen_host_dma(g, op);
	} else if (r < 92U) {
		gen_wrong(g, op);
	} else if (r < 97U) {
		gen_scribble(g, op);
	} else if (r < 98U) {
		op->kind = OP_REGS;
		op->a[0] = gen_random(g, 1000);
	} else {
		op->kind = OP_FAULT;
		op->a[0] = gen_random(g, 2) == 0U ? gen_garbage(g) : word_in(g, gen_any_frame(g));
	}
}
