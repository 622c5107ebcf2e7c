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
		if (gen_random(g, 16) == 0U)
			op->a[0] = 0x9000U;
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
		if (op->kind == OP_LOAD) {
			op->a[5] = gen_random(g, 2);
			op->a[6] = gen_random(g, 2);
		}
	} else if (r < 86U) {
		op->kind = OP_REGS;
		op->a[0] = gen_random(g, 1000);
	} else {
		gen_vm_call(g, vm, op);
	}
}

/* A context of a VM, whatever state the VM is in. */
static void aim_at_vm(struct gen *g, struct op *op)
{
	const struct gen_plan *p = gen_some_plan(g);
	struct gen_frame frame = {0, 0};

	if (p->context == GEN_NO_CONTEXT || op->kind == OP_DMA_ALLOC)
		return;
	op->a[0] = p->context;
	if (p->nr != 0U)
		frame = p->frame[gen_random(g, p->nr)];
	if (op->kind == OP_DMA_MAP || op->kind == OP_DMA_UNMAP || op->kind == OP_DMA_LOOKUP) {
		op->a[1] = frame.gfn << CV_PAGE_SHIFT;
		op->a[2] = frame.pfn << CV_PAGE_SHIFT;
	}
}

static void gen_host_dma(struct gen *g, struct op *op)
{
	u64 pfn = gen_random(g, 4) != 0U ? gen_free_frame(g) : gen_any_frame(g);
	u64 iova = pfn;

	/* What it has mapped is found again more easily among few. */
	if (gen_random(g, 2) == 0U)
		iova = pfn = g->hot_base + gen_random(g, 64);
	op->kind = (u16)(OP_DMA_ALLOC + gen_random(g, 8));
	if (gen_random(g, 3) == 0U)
		op->kind = OP_DMA_MAP;
	op->a[0] = gen_random(g, 16) == 0U ? gen_random(g, 66) : HOST_CONTEXT + gen_random(g, 8);
	op->a[1] = (iova + CV_SMMU_HOST_OFFSET) << CV_PAGE_SHIFT;
	op->a[2] = pfn << CV_PAGE_SHIFT;
	if (op->kind == OP_DMA_ALLOC)
		op->a[1] = 0;
	if (op->kind == OP_DMA_ATTACH || op->kind == OP_DMA_DETACH)
		op->a[1] = gen_random(g, sim.config.streams + 1U);
	if (op->kind == OP_DMA_FREE && gen_random(g, 8) != 0U)
		op->kind = OP_DMA_UNMAP;
	if (gen_random(g, 4) == 0U)
		aim_at_vm(g, op);
}

/* Few would ever run if all were disturbed while they are loaded. */
static u64 grown_vm(struct gen *g)
{
	const struct gen_plan *p = gen_some_plan(g);

	return p->stage < GEN_LIVE && gen_random(g, 64) != 0U ? 0U : p->vm;
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
	if (gen_random(g, 4) != 0U)
		op->a[0] = grown_vm(g);
	if (gen_random(g, 2) == 0U)
		op->a[1] = gen_random(g, 2) == 0U ? gen_any_frame(g) : gen_vm_frame(g);
	if (gen_random(g, 4) == 0U)
		op->a[2] = gen_random(g, 2) == 0U ? gen_any_frame(g) : gen_vm_frame(g);
	if (gen_random(g, 64) == 0U) {
		for (u32 i = OP_ARGS - 1U; i > 0U; i--)
			op->a[i] = op->a[i - 1U];
		op->a[0] = gen_random(g, 2) == 0U ? CV_HOST_CALL_BASE + op->kind : gen_garbage(g);
		if (op->kind == OP_POWEROFF_VM)
			op->a[0] = 0;
		op->kind = OP_HVC;
	}
}

/* An interrupt, sometimes one that is not the host's to give. */
static u64 list_register(struct gen *g, u32 n)
{
	u64 lr = (1U + gen_random(g, 3)) << 62 | gen_random(g, 2) << 60 | (32U * n + 32U);

	if (gen_random(g, 4) != 0U)
		return lr + gen_random(g, 32);
	if (gen_random(g, 2) == 0U)
		return lr | 1ULL << (gen_random(g, 2) == 0U ? 61U : gen_random(g, 64));
	return gen_random(g, 2) == 0U ? gen_garbage(g) : lr | 1020U;
}

void gen_scribble(struct gen *g, struct op *op, u64 vm, u64 vcpu)
{
	u32 n = (u32)gen_random(g, 2);

	op->kind = OP_RUNSET;
	op->a[0] = vm;
	op->a[1] = vcpu;
	switch (gen_random(g, 8)) {
	case 0:
		op->a[2] = CV_RUN_GIC_HCR;
		op->a[3] = gen_random(g, 8) == 0U ? gen_garbage(g) : gen_random(g, 0) & 0xaU;
		break;
	case 1:
		op->a[2] = CV_RUN_EXIT;
		op->a[3] = gen_garbage(g);
		break;
	case 2:
	case 3:
		op->a[2] = CV_RUN_DATA;
		op->a[3] = gen_random(g, 0);
		break;
	default:
		op->a[2] = CV_RUN_LR(n);
		op->a[3] = gen_random(g, 2) == 0U ? 0U : list_register(g, n);
		break;
	}
}

void gen_host_op(struct gen *g, u32 cpu, struct op *op)
{
	u64 r = gen_random(g, 100);

	*op = gen_op(g, OP_LOAD, cpu);
	if (r < 55U) {
		access(g, op, word_in(g, gen_any_frame(g)));
	} else if (r < 70U) {
		op->kind = OP_VCPU_RUN;
		op->a[0] = gen_some_vm(g);
		op->a[1] = gen_random(g, 8) == 0U;
	} else if (r < 80U) {
		gen_host_dma(g, op);
	} else if (r < 92U) {
		gen_wrong(g, op);
	} else if (r < 97U) {
		gen_scribble(g, op, gen_some_vm(g), gen_random(g, 2));
	} else if (r < 98U) {
		op->kind = OP_REGS;
		op->a[0] = gen_random(g, 1000);
	} else {
		op->kind = OP_FAULT;
		op->a[0] = gen_random(g, 2) == 0U ? gen_garbage(g) : word_in(g, gen_any_frame(g));
	}
}
