/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM's life, one call after the other. */
#include "arch/sim/gen.h"
#include "arch/sim/model.h"
#include "arch/sim/sim.h"
#include "corevisor/error.h"
#include "corevisor/run.h"

#define RAM_GFN 0x100ULL
#define RAM_FRAMES 0x800ULL
#define BLOCK_GFN 0x400ULL
#define MAX_FAILS 12U
/* What `used` says of frames that are no VM's. */
#define USED_OTHER 0xfffeU

static void begin(struct gen *g, struct gen_plan *p)
{
	p->stage = GEN_REGISTER;
	p->at = p->fails = p->nr = 0;
	p->vm = 0;
	p->image = 1U + (u32)gen_random(g, 4);
	p->vcpus = 1U + (u32)gen_random(g, 2);
	p->io = gen_random(g, 4) == 0U;
	p->context = gen_random(g, 4) == 0U ? (u32)gen_random(g, 40) : GEN_NO_CONTEXT;
	p->manifest = gen_random(g, 60) == 0U;
	p->signed_badly = gen_random(g, 3) == 0U;
	p->block = gen_random(g, 12) == 0U;
	p->block_next = p->block_pfn = 0;
	p->repair = 0;
	p->save = gen_random(g, 3) == 0U;
	p->life = 50U + (u32)gen_random(g, 400);
	p->load = g->snapshot.full && !g->snapshot.taken;
	if (p->load) {
		g->snapshot.taken = true;
		p->vcpus = g->snapshot.vcpus;
	}
}

static void add(struct gen *g, struct gen_plan *p, u64 pfn, u64 gfn)
{
	if (p->nr < GEN_PLAN_FRAMES) {
		p->frame[p->nr].pfn = pfn;
		p->frame[p->nr++].gfn = gfn;
	}
	gen_mark(g, pfn, p->vm);
}

static void set(struct op *op, enum op_kind kind, u64 a0, u64 a1, u64 a2)
{
	op->kind = (u16)kind;
	op->a[0] = a0;
	op->a[1] = a1;
	op->a[2] = a2;
}

static u64 image_address(void)
{
	return RAM_GFN << CV_PAGE_SHIFT;
}

static void next_verifying(struct gen *g, struct gen_plan *p, struct op *op)
{
	switch (p->stage) {
	case GEN_MANIFEST:
		p->run[1] = gen_free_frame(g);
		set(op, OP_MANIFEST, p->vm, p->run[1],
		    p->signed_badly ? 1U + gen_random(g, 3) : 0U);
		break;
	case GEN_SET_MANIFEST:
		set(op, OP_SET_MANIFEST, p->vm, p->run[1], 0);
		break;
	default:
		set(op, OP_VERIFY_VM, p->vm, 0, 0);
		break;
	}
}

static void next_loading(struct gen *g, struct gen_plan *p, struct op *op)
{
	u32 i = p->at;

	switch (p->stage) {
	case GEN_RAM:
		set(op, OP_SET_RAM, p->vm, RAM_GFN, RAM_FRAMES);
		break;
	case GEN_ENTRY:
		set(op, OP_SET_ENTRY, p->vm, image_address(), i);
		break;
	case GEN_VCPU:
	case GEN_LOAD_REGISTER:
		p->run[i] = gen_free_frame(g);
		set(op, OP_REGISTER_VCPU, p->vm, i, p->run[i]);
		break;
	case GEN_REGION:
		set(op, OP_SET_BOOT_INFO, p->vm, image_address(), p->image * CV_PAGE_SIZE);
		break;
	case GEN_IO:
		set(op, OP_MAP_IO, p->vm, 0x9000000,
		    (SIM_DEV_VM_PFN + gen_random(g, SIM_DEV_FRAMES)) << CV_PAGE_SHIFT);
		break;
	case GEN_FILL:
		p->frame[GEN_PLAN_FRAMES - 1U].pfn = gen_free_frame(g);
		set(op, OP_FILL, p->frame[GEN_PLAN_FRAMES - 1U].pfn, 4, 0xa5a5a5a55a5a5a5aULL);
		break;
	case GEN_REMAP:
		set(op, OP_REMAP_VM_IMAGE, p->vm, p->frame[GEN_PLAN_FRAMES - 1U].pfn, 0);
		break;
	default:
		next_verifying(g, p, op);
		break;
	}
}

static void next_dma(struct gen *g, struct gen_plan *p, struct op *op)
{
	u64 gfn = RAM_GFN + 0x200U + p->at;

	switch (p->stage) {
	case GEN_DMA_ALLOC:
		set(op, OP_DMA_ALLOC, p->context, p->vm, 0);
		break;
	case GEN_DMA_ASSIGN:
		set(op, OP_DMA_ASSIGN, p->context, gen_free_frame(g), gfn);
		break;
	case GEN_DMA_MAP:
		set(op, OP_DMA_MAP, p->context, gfn << CV_PAGE_SHIFT,
		    p->nr != 0U ? p->frame[p->nr - 1U].pfn << CV_PAGE_SHIFT : 0U);
		break;
	case GEN_DMA_ATTACH:
		set(op, OP_DMA_ATTACH, p->context, gen_random(g, sim.config.streams), 0);
		break;
	case GEN_DMA_DETACH:
		set(op, OP_DMA_DETACH, p->context, p->at, 0);
		break;
	default:
		set(op, OP_DMA_FREE, p->context, 0, 0);
		break;
	}
}

static u64 keep(struct gen *g, u64 *where)
{
	/* Where nobody else writes. */
	*where = g->quiet++ < 1024U ? g->hot_base + g->hot + g->quiet : gen_free_frame(g);
	if (g->quiet >= 1024U)
		g->quiet = 0;
	return *where;
}

static void next_snapshot(struct gen *g, struct gen_plan *p, struct op *op)
{
	struct gen_snapshot *s = &g->snapshot;
	u32 i = p->at;

	switch (p->stage) {
	case GEN_SAVE_BEGIN:
		set(op, OP_SAVE_BEGIN, p->vm, keep(g, &s->head), 0);
		break;
	case GEN_SAVE_PAGE:
		s->page[i].gfn = p->frame[i].gfn;
		set(op, OP_SAVE_PAGE, p->vm, p->frame[i].pfn, keep(g, &s->page[i].pfn));
		/* Out of, or into, what is not the host's to name. */
		if (gen_random(g, 16) == 0U)
			op->a[1U + gen_random(g, 2)] = gen_vm_frame(g);
		break;
	case GEN_SAVE_VCPU:
		set(op, OP_SAVE_VCPU, p->vm, i, keep(g, &s->vcpu[i]));
		break;
	case GEN_SAVE_END:
		set(op, OP_SAVE_END, p->vm, keep(g, &s->tail), 0);
		break;
	case GEN_LOAD_BEGIN:
		set(op, OP_LOAD_BEGIN, p->vm,
		    s->older != 0U && gen_random(g, 2) == 0U ? s->older : s->head, 0);
		break;
	case GEN_LOAD_PAGE:
		set(op, OP_LOAD_PAGE, p->vm, s->page[i].pfn, s->page[i].gfn);
		op->a[5] = s->page[i].pfn;
		break;
	case GEN_LOAD_VCPU:
		set(op, OP_LOAD_VCPU, p->vm, i, s->vcpu[i]);
		break;
	default:
		set(op, OP_LOAD_END, p->vm, s->tail, 0);
		break;
	}
}

static void next_live(struct gen *g, struct gen_plan *p, struct op *op)
{
	u64 gfn = RAM_GFN + 8U + gen_random(g, 64);

	static const u16 fields[] = {CV_RUN_GIC_HCR, CV_RUN_LR(0), CV_RUN_LR(1)};

	if (p->repair != 0U) {
		set(op, OP_RUNSET, p->vm, p->repair_vcpu, fields[--p->repair]);
		return;
	}
	if (p->block && p->block_next == 0U) {
		/* The host has been in it: its TLB entries must go. */
		p->block_next = gen_block(g);
		set(op, OP_LOAD, (p->block_next + gen_random(g, CV_BLOCK_FRAMES)) << CV_PAGE_SHIFT,
		    0, 0);
	} else if (p->block && p->block_pfn == 0U) {
		p->block_pfn = p->block_next;
		set(op, OP_DONATE_BLOCK, p->vm, BLOCK_GFN, p->block_pfn);
	} else if (p->nr < 24U && gen_random(g, 3) == 0U) {
		set(op, OP_DONATE, p->vm, gfn, gen_free_frame(g));
	} else if (gen_random(g, 32) == 0U) {
		set(op, gen_random(g, 2) == 0U ? OP_VM_MEASUREMENT : OP_VCPU_INFO, p->vm, 0, 0);
	} else {
		set(op, OP_VCPU_RUN, p->vm, gen_random(g, p->vcpus), 0);
	}
}

static u64 frame_to_reclaim(struct gen_plan *p)
{
	if (!sim.threaded)
		return model_some_frame(p->vm);
	return p->nr != 0U ? p->frame[p->nr - 1U].pfn : 0U;
}

static void next_end(struct gen *g, struct gen_plan *p, struct op *op)
{
	u64 pfn = p->stage == GEN_RECLAIM ? frame_to_reclaim(p) : 0U;

	(void)g;
	if (p->stage == GEN_RECLAIM && pfn == 0U)
		p->stage = GEN_DESTROY;
	if (p->stage == GEN_OFF)
		set(op, OP_POWEROFF_VM, p->vm, 0, 0);
	else if (p->stage == GEN_RECLAIM)
		set(op, OP_RECLAIM, p->vm, pfn, 0);
	else
		set(op, OP_DESTROY_VM, p->vm, 0, 0);
}

void gen_plan_next(struct gen *g, struct gen_plan *p, struct op *op)
{
	if (p->vm == 0U && p->life == 0U)
		begin(g, p);
	if (p->stage == GEN_REGISTER) {
		set(op, OP_REGISTER_VM, 0, 0, 0);
	} else if (p->stage == GEN_LIVE) {
		next_live(g, p, op);
	} else if ((p->stage >= GEN_DMA_ALLOC && p->stage <= GEN_DMA_ATTACH) ||
		   p->stage == GEN_DMA_DETACH || p->stage == GEN_DMA_FREE) {
		next_dma(g, p, op);
	} else if ((p->stage >= GEN_SAVE_BEGIN && p->stage <= GEN_SAVE_END) ||
		   p->stage == GEN_LOAD_BEGIN ||
		   (p->stage >= GEN_LOAD_PAGE && p->stage <= GEN_LOAD_END)) {
		next_snapshot(g, p, op);
	} else if (p->stage >= GEN_OFF) {
		next_end(g, p, op);
	} else {
		next_loading(g, p, op);
	}
}

static void sort_frames(struct gen_plan *p)
{
	for (u32 i = 1; i < p->nr; i++) {
		struct gen_frame f = p->frame[i];
		u32 at = i;

		for (; at > 0U && p->frame[at - 1U].gfn > f.gfn; at--)
			p->frame[at] = p->frame[at - 1U];
		p->frame[at] = f;
	}
}

static void go(struct gen_plan *p, u32 stage)
{
	p->stage = stage;
	p->at = 0;
	p->fails = 0;
}

/* What comes after a stage, and which are left out. */
static void advance(struct gen *g, struct gen_plan *p)
{
	u32 next = p->stage + 1U;

	if (next == GEN_RAM && p->load)
		next = GEN_LOAD_BEGIN;
	if (next == GEN_IO && !p->io)
		next = GEN_DMA_ALLOC;
	if (next == GEN_DMA_ALLOC && p->context == GEN_NO_CONTEXT)
		next = GEN_FILL;
	if (next == GEN_MANIFEST && !p->manifest)
		next = GEN_VERIFY;
	if (next == GEN_LOAD_BEGIN && !p->load)
		next = GEN_LIVE;
	if (next == GEN_DMA_DETACH && p->context == GEN_NO_CONTEXT)
		next = GEN_SAVE_BEGIN;
	if (next == GEN_SAVE_BEGIN && (!p->save || g->snapshot.full || p->block_pfn != 0U ||
				       p->nr == 0U || p->nr > 32U || p->io))
		next = GEN_RECLAIM;
	if (next == GEN_SAVE_BEGIN)
		sort_frames(p);
	go(p, next);
}

/* Is the stage done after so many successes? */
static bool stage_done(struct gen *g, struct gen_plan *p, const struct result *r)
{
	switch (p->stage) {
	case GEN_VCPU:
	case GEN_LOAD_REGISTER:
	case GEN_LOAD_VCPU:
	case GEN_SAVE_VCPU:
		return p->at >= p->vcpus;
	case GEN_LOAD_PAGE:
		return p->at >= g->snapshot.nr;
	case GEN_SAVE_PAGE:
		return p->at >= p->nr;
	case GEN_VERIFY:
		return r->value[0] == 0U;
	case GEN_DMA_DETACH:
		return p->at >= sim.config.streams;
	case GEN_RECLAIM:
		return false;
	default:
		return true;
	}
}

/* Now and then it is saved once more; the head of the first is kept, to be refused. */
static void saved(struct gen *g, struct gen_plan *p)
{
	struct gen_snapshot *s = &g->snapshot;

	s->full = true;
	if (s->older != 0U || gen_random(g, 2) == 0U)
		return;
	s->full = false;
	s->older = s->head;
	gen_mark(g, s->tail, 0);
	gen_mark(g, s->vcpu[0], 0);
	gen_mark(g, s->vcpu[1], 0);
	for (u32 i = 0; i < p->nr; i++)
		gen_mark(g, s->page[i].pfn, 0);
	p->stage = GEN_SAVE_BEGIN - 1U;
}

static void succeeded_load_save(struct gen *g, struct gen_plan *p, const struct op *op)
{
	struct gen_snapshot *s = &g->snapshot;

	switch (op->kind) {
	case OP_LOAD_PAGE:
		add(g, p, op->a[1], op->a[2]);
		break;
	case OP_LOAD_END:
		s->full = s->taken = false;
		gen_mark(g, s->head, 0);
		if (s->older != 0U)
			gen_mark(g, s->older, 0);
		s->older = 0;
		gen_mark(g, s->tail, 0);
		gen_mark(g, s->vcpu[0], 0);
		gen_mark(g, s->vcpu[1], 0);
		break;
	case OP_SAVE_BEGIN:
		gen_mark(g, op->a[1], USED_OTHER);
		s->nr = p->nr;
		s->vcpus = p->vcpus;
		break;
	case OP_SAVE_PAGE:
	case OP_SAVE_VCPU:
		gen_mark(g, op->a[2], USED_OTHER);
		break;
	case OP_SAVE_END:
		gen_mark(g, op->a[1], USED_OTHER);
		saved(g, p);
		break;
	default:
		break;
	}
}

/* Now and then all that is left at once, while its vCPUs have not yet noticed. */
static void hurry(struct gen *g, struct gen_plan *p)
{
	if (g->cpu != GEN_ALL_CPUS || p->nr >= 16U || gen_random(g, 2) != 0U)
		return;
	g->hurry = p->nr + 6U;
	g->hurried = p;
}

static void succeeded(struct gen *g, struct gen_plan *p, const struct op *op,
		      const struct result *r)
{
	switch (op->kind) {
	case OP_REGISTER_VM:
		p->vm = (u32)r->value[0];
		g->plan_of[p->vm] = (u16)(p - g->plans + 1);
		break;
	case OP_REGISTER_VCPU:
		gen_mark(g, op->a[2], USED_OTHER);
		break;
	case OP_REMAP_VM_IMAGE:
		add(g, p, op->a[1], RAM_GFN + p->nr);
		if (p->nr < p->image)
			p->stage = GEN_FILL - 1U;
		break;
	case OP_DONATE:
		add(g, p, op->a[2], op->a[1]);
		break;
	case OP_DMA_ASSIGN:
		add(g, p, op->a[1], op->a[2]);
		break;
	case OP_POWEROFF_VM:
		hurry(g, p);
		break;
	case OP_RECLAIM:
		gen_mark(g, op->a[1], 0);
		if (p->nr != 0U)
			p->nr--;
		break;
	case OP_DESTROY_VM:
		gen_mark(g, p->run[0], 0);
		gen_mark(g, p->run[1], 0);
		g->plan_of[p->vm] = 0;
		break;
	default:
		succeeded_load_save(g, p, op);
		break;
	}
}

/* The VM is no more: somebody else has destroyed it. */
static void gone(struct gen *g, struct gen_plan *p)
{
	gen_mark(g, p->run[0], 0);
	gen_mark(g, p->run[1], 0);
	g->plan_of[p->vm] = 0;
	begin(g, p);
}

static void failed(struct gen *g, struct gen_plan *p, s64 error)
{
	bool loading = p->stage >= GEN_LOAD_BEGIN && p->stage <= GEN_LOAD_END;

	if (p->stage == GEN_DMA_DETACH || p->stage == GEN_IO || p->stage == GEN_DMA_ATTACH) {
		if (p->stage != GEN_DMA_DETACH || ++p->at >= sim.config.streams)
			advance(g, p);
		return;
	}
	if (p->stage == GEN_OFF && error == CV_ESTATE) {
		gone(g, p);
		return;
	}
	if (++p->fails < MAX_FAILS)
		return;
	if (loading)
		g->snapshot.full = g->snapshot.taken = false;
	if (p->stage == GEN_REGISTER || p->stage == GEN_DESTROY) {
		p->fails = 0;
		if (p->stage == GEN_DESTROY)
			go(p, GEN_OFF);
	} else if (p->stage < GEN_OFF) {
		go(p, GEN_OFF);
	} else if (p->stage < GEN_RECLAIM) {
		go(p, GEN_RECLAIM);
	} else {
		go(p, GEN_OFF);
		if (sim.threaded && p->nr != 0U)
			p->nr--;
	}
}

void gen_plan_result(struct gen *g, struct gen_plan *p, const struct op *op, const struct result *r)
{
	if (p->stage == GEN_LIVE) {
		if (op->kind == OP_VCPU_RUN && r->error == CV_EINVAL) {
			p->repair = 3;
			p->repair_vcpu = op->a[1];
		}
		if (r->outcome == OUT_OK)
			succeeded(g, p, op, r);
		if (p->life > 0U && --p->life == 0U)
			go(p, GEN_OFF);
		return;
	}
	if (r->outcome != OUT_OK) {
		failed(g, p, r->error);
		return;
	}
	p->fails = 0;
	p->at++;
	succeeded(g, p, op, r);
	if (p->stage == GEN_DESTROY) {
		begin(g, p);
		return;
	}
	if (stage_done(g, p, r))
		advance(g, p);
}
