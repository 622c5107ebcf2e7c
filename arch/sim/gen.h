/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The adversary: what a hostile host, VM or device does next. It leads VMs through whole
 * lives, because that is where the deep states are, and disturbs them on the way.
 */
#ifndef SIM_GEN_H
#define SIM_GEN_H

#include "arch/sim/step.h"
#include "corevisor/limits.h"

#define GEN_PLAN_FRAMES 96U
#define GEN_MAX_HOT (1U << 16)
#define GEN_NO_CONTEXT 0xffffU

/* Where a VM's life has come to. */
enum gen_stage {
	GEN_REGISTER,
	GEN_RAM,
	GEN_ENTRY,
	GEN_VCPU,
	GEN_REGION,
	GEN_IO,
	GEN_DMA_ALLOC,
	GEN_DMA_ASSIGN,
	GEN_DMA_MAP,
	GEN_DMA_ATTACH,
	GEN_FILL,
	GEN_REMAP,
	GEN_MANIFEST,
	GEN_SET_MANIFEST,
	GEN_VERIFY,
	GEN_LOAD_BEGIN,
	GEN_LOAD_REGISTER,
	GEN_LOAD_PAGE,
	GEN_LOAD_VCPU,
	GEN_LOAD_END,
	GEN_LIVE,
	GEN_OFF,
	GEN_DMA_DETACH,
	GEN_DMA_FREE,
	GEN_SAVE_BEGIN,
	GEN_SAVE_PAGE,
	GEN_SAVE_VCPU,
	GEN_SAVE_END,
	GEN_RECLAIM,
	GEN_DESTROY,
};

struct gen_frame {
	u64 pfn, gfn;
};

struct gen_plan {
	u32 vm;
	u32 stage; /* enum gen_stage */
	u32 at; /* how far in the stage */
	u32 fails;
	u32 life; /* steps still to live */
	u32 image, vcpus, context;
	u32 repair; /* fields of a run page still to put in order */
	u64 repair_vcpu;
	bool io, manifest, block, save, load, signed_badly;
	u64 block_next; /* the block that it gets next; 0: none chosen */
	u64 block_pfn;
	u64 run[2];
	u32 nr;
	struct gen_frame frame[GEN_PLAN_FRAMES];
};

struct gen_snapshot {
	bool full, taken;
	u64 head, tail, vcpu[2];
	u32 nr, vcpus;
	struct gen_frame page[GEN_PLAN_FRAMES];
	u64 older; /* the head of an older one of the same VM; 0: none */
};

struct gen {
	u64 state; /* of the random numbers */
	u32 cpu; /* the only one, or NO_CPU: all */
	u32 nr_plans;
	u64 hot_base;
	u32 hot;
	u32 hurry; /* steps that only one plan takes: */
	struct gen_plan *hurried;
	u32 quiet; /* frames beyond the hot ones, for snapshots */
	struct gen_plan *plan; /* NULL: the operation was no step of one */
	struct gen_plan plans[CV_MAX_VMS];
	struct gen_snapshot snapshot;
	u16 used[GEN_MAX_HOT]; /* what it believes of each hot frame: 0 free, a VM, or other */
	u16 plan_of[CV_MAX_VMS + 1U]; /* index + 1 */
};

#define GEN_ALL_CPUS 0xffffffffU

void gen_init(struct gen *g, u64 seed, u32 vms, u32 cpu);

/* The next step, and what came of it. */
void gen_next(struct gen *g, struct step *step);
void gen_result(struct gen *g, const struct step *step, const struct result *result);

/* For gen*.c. */
u64 gen_random(struct gen *g, u64 limit);
u64 gen_free_frame(struct gen *g);
u64 gen_block(struct gen *g);
u64 gen_any_frame(struct gen *g);
u64 gen_garbage(struct gen *g);
void gen_mark(struct gen *g, u64 pfn, u32 what);
/* A plan whose VM is there, else any; its VM; a frame that some VM has. */
struct gen_plan *gen_some_plan(struct gen *g);
u64 gen_some_vm(struct gen *g);
u64 gen_vm_frame(struct gen *g);

/* The host writes into a run page what it may, or may not. */
void gen_scribble(struct gen *g, struct op *op, u64 vm, u64 vcpu);
struct op gen_op(struct gen *g, enum op_kind kind, u32 actor);
void gen_plan_next(struct gen *g, struct gen_plan *p, struct op *op);
void gen_plan_result(struct gen *g, struct gen_plan *p, const struct op *op,
		     const struct result *r);
void gen_vm_op(struct gen *g, u32 cpu, struct op *op);
void gen_host_op(struct gen *g, u32 cpu, struct op *op);
void gen_device_op(struct gen *g, struct op *op);

#endif
