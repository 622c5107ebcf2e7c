/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Noninterference of one operation, by running it in two worlds (self-composition). A file that
 * includes this defines what is called, by whom, and what is declassified; doc/noninterference.md
 * says it all in words.
 *
 * The observer: VM 1 (VM 2 is another), or, with OBSERVER_HOST, the host. With VACUITY, two assertions must fail:
 * the operation has succeeded in worlds that differ in content, once about the observer and once not.
 */
#ifndef PROOF_CBMC_NI_CHECK_H
#define PROOF_CBMC_NI_CHECK_H

#include "proof/cbmc/ni/state.h"

/* The arguments, the same in both worlds; values that are in range are checked by callers. */
struct args {
	u32 vm; /* a VM */
	u32 ctx; /* a DMA context */
	u32 map; /* whose map an access goes through */
	u64 pfn, gfn, addr, pte;
};

struct outcome {
	int error;
	u8 value; /* of a load */
};

/* The operation. `secret`: a value that differs between the worlds unless it is the observer's. */
static struct outcome operation(const struct args *x, u8 secret);
/* Who asks for it (CV_HOSTVISOR or a VM), and the VM that it is about, or CV_INVALID_ID. */
static u32 actor(const struct world *w, const struct args *x);
static u32 subject(const struct world *w, const struct args *x);
/* What the two runs may assume because it is declassified; v: the observer. */
static bool declassified(const struct world *a, const struct world *b, const struct args *x, u32 v);

/* A place in the state, any one: what holds there holds everywhere. */
struct witness {
	u32 pfn, gfn, map, ctx, vm, claim;
};

static bool in_range(const struct witness *x)
{
	return (x->pfn < nr_frames) & (x->gfn < NI_GFNS) & (x->map < CV_NR_MAPS) &
	       (x->ctx < CV_MAX_DMA_CONTEXTS) & (x->vm < NR_VMS) & (x->claim < CV_MAX_IO_CLAIMS);
}

/* Is this map walked for v: its CPUs', or a device's of v? */
static bool map_is_for(const struct world *w, u32 map, u32 v)
{
	bool is = (map == v) | ((v == CV_HOSTVISOR) & (map == MAP_DMA_DEFAULT));

	for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++)
		is |= (map == MAP_DMA(c)) & (w->dma[c].owner == v);
	return is;
}

/* Can v read the witness's frame where the witness's map has it? */
static bool reaches(const struct world *w, u32 v, const struct witness *x)
{
	u32 i = x->map * NI_GFNS + x->gfn;

	return map_is_for(w, x->map, v) & (w->map[i] != 0) & (leaf_pfn(w->map[i]) == x->pfn) &
	       (W_OWNER(w, x->pfn) != CV_INVALID_ID);
}

static bool same_leaf_at(const struct world *a, const struct world *b, const struct witness *x)
{
	u32 i = x->map * NI_GFNS + x->gfn;

	return (a->map[i] == b->map[i]) & (a->depth[i] == b->depth[i]);
}

static bool same_vm_at(const struct world *a, const struct world *b, u32 v)
{
	return (a->vm_state[v] == b->vm_state[v]) & (a->vm_frames[v] == b->vm_frames[v]) &
	       (a->vm_verifying[v] == b->vm_verifying[v]) &
	       (a->vm_reclaimed[v] == b->vm_reclaimed[v]) &
	       (a->vm_snapshot[v] == b->vm_snapshot[v]);
}

static bool same_claim_at(const struct world *a, const struct world *b, u32 i)
{
	return (a->claims[i].vm == b->claims[i].vm) & (a->claims[i].pfn == b->claims[i].pfn) &
	       (a->claims[i].gfn == b->claims[i].gfn);
}

/* Can anybody but v read or write the witness's frame where the witness's map has it? */
static bool others_reach(const struct world *w, u32 v, const struct witness *x)
{
	u32 i = x->map * NI_GFNS + x->gfn;

	return !map_is_for(w, x->map, v) & (x->map != MAP_CORE) & (w->map[i] != 0) &
	       (leaf_pfn(w->map[i]) == x->pfn);
}

/* VM v at the witness: its frames, map, devices. What it shares is not only its own. */
static bool vm_sees_same(const struct world *a, const struct world *b, u32 v,
			 const struct witness *x)
{
	u32 p = x->pfn, c = x->ctx, i = x->claim;
	bool own = W_OWNER(a, p) == v;
	bool shared = own & (W_COUNT(a, p) > 0);
	bool content = a->content[p] == b->content[p];
	bool frame = (own == (W_OWNER(b, p) == v)) &
		     (!own | ((W_GFN(a, p) == W_GFN(b, p)) & (W_COUNT(a, p) == W_COUNT(b, p)))) &
		     (!own | shared | content) &
		     (shared | content | (!reaches(a, v, x) & !reaches(b, v, x)));
	bool device = ((a->dma[c].owner == v) == (b->dma[c].owner == v)) &
		      (((a->claims[i].vm != v) & (b->claims[i].vm != v)) | same_claim_at(a, b, i));

	return frame & device & same_vm_at(a, b, v) &
	       (!map_is_for(a, x->map, v) | same_leaf_at(a, b, x));
}

/* The host knows every record, map and state (it has set up all of them); content is the rest. */
static bool host_sees_same(const struct world *a, const struct world *b, const struct witness *x)
{
	u32 p = x->pfn, c = x->ctx, owner = W_OWNER(a, p);
	bool record = (owner == W_OWNER(b, p)) & (W_COUNT(a, p) == W_COUNT(b, p)) &
		      (W_GFN(a, p) == W_GFN(b, p));
	bool visible = (owner == CV_HOSTVISOR) | ((owner != CV_INVALID_ID) & (W_COUNT(a, p) > 0)) |
		       reaches(a, CV_HOSTVISOR, x) | reaches(b, CV_HOSTVISOR, x);

	return record & (!visible | (a->content[p] == b->content[p])) & same_leaf_at(a, b, x) &
	       (a->dma[c].owner == b->dma[c].owner) & same_claim_at(a, b, x->claim) &
	       same_vm_at(a, b, x->vm) & (a->tables_free == b->tables_free) &
	       (a->vcpu_state == b->vcpu_state) & (a->vcpu_run_pfn == b->vcpu_run_pfn);
}

static bool sees_same(const struct world *a, const struct world *b, u32 v, const struct witness *x)
{
	return v == CV_HOSTVISOR ? host_sees_same(a, b, x) : vm_sees_same(a, b, v, x);
}

/* Before the operation: everywhere. Frames that are reached are owned, by the invariants. */
static void assume_sees_same(const struct world *a, struct world *b, u32 v)
{
	if (v == CV_HOSTVISOR) {
		struct world other = *b;

		*b = *a;
		for (u32 p = 0; p < CV_MAX_FRAMES; p++) {
			u32 owner = W_OWNER(a, p);
			bool visible = (owner == CV_HOSTVISOR) |
				       ((owner != CV_INVALID_ID) & (W_COUNT(a, p) > 0));

			b->content[p] = visible ? a->content[p] : other.content[p];
		}
		return;
	}
	for (u32 p = 0; p < CV_MAX_FRAMES; p++) {
		bool own = W_OWNER(a, p) == v;

		__CPROVER_assume(own == (W_OWNER(b, p) == v));
		__CPROVER_assume(!own |
				 ((W_GFN(a, p) == W_GFN(b, p)) & (W_COUNT(a, p) == W_COUNT(b, p))));
		__CPROVER_assume(!own | (W_COUNT(a, p) > 0) | (a->content[p] == b->content[p]));
	}
	for (u32 g = 0; g < NI_GFNS; g++) {
		b->map[v * NI_GFNS + g] = a->map[v * NI_GFNS + g];
		b->depth[v * NI_GFNS + g] = a->depth[v * NI_GFNS + g];
		for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) {
			struct witness x = {0, g, MAP_DMA(c), c, 0, 0};

			__CPROVER_assume((a->dma[c].owner == v) == (b->dma[c].owner == v));
			__CPROVER_assume((a->dma[c].owner != v) | same_leaf_at(a, b, &x));
		}
	}
	__CPROVER_assume(same_vm_at(a, b, v));
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++)
		__CPROVER_assume(((a->claims[i].vm != v) & (b->claims[i].vm != v)) |
				 same_claim_at(a, b, i));
}

static bool content_differs(const struct world *a, const struct world *b)
{
	bool differ = false;

	for (u32 p = 1; p < CV_MAX_FRAMES; p++) {
		differ |= (p < nr_frames) & (a->content[p] != b->content[p]);
	}
	return differ;
}

static void check_result(struct outcome ra, struct outcome rb, u32 who, u32 about, u32 v)
{
	if (who == v) {
		/* Whether a table frame is left depends on everybody; the host sees how many are. */
		if (v == CV_HOSTVISOR || (ra.error != CV_ENOMEM && rb.error != CV_ENOMEM)) {
			__CPROVER_assert(ra.error == rb.error, "the observer gets the same answer");
			__CPROVER_assert(ra.value == rb.value, "the observer reads the same value");
		}
	}
	/* Whether a VM is served, by the host or from the pool, is declassified. */
	if (v != CV_HOSTVISOR && (who == v || about == v))
		__CPROVER_assume(ra.error == rb.error);
}

int main(void)
{
	struct world a, b;
	struct args x;
	struct witness at;
	u64 frames_of_ram;
	u8 secret_a, secret_b;
	struct outcome ra, rb;
	u32 v, who, about;
	bool differ;

	__CPROVER_assume(frames_of_ram > 1 && frames_of_ram <= CV_MAX_FRAMES);
	nr_frames = frames_of_ram;
	table_geometry.gfn_limit = NI_GFNS;
	for (u64 p = 0; p < NI_GFNS; p++) {
		enum machine_device kind;

		devices[p] = kind;
	}
	__CPROVER_assume(x.vm >= 1 && x.vm <= CV_MAX_VMS && x.ctx < CV_MAX_DMA_CONTEXTS);
	__CPROVER_assume(x.map < CV_NR_MAPS);
#ifdef OBSERVER_HOST
	v = CV_HOSTVISOR;
#else
	v = 1; /* ids are numbers only: what holds for one holds for the other */
#endif
	__CPROVER_assume(world_invariants(&a));
	assume_sees_same(&a, &b, v);
	__CPROVER_assume(world_invariants(&b));
	who = actor(&a, &x);
	about = subject(&a, &x);
	/* Who it is may be hidden, but whether it is the observer is not. */
	__CPROVER_assume(who <= CV_MAX_VMS && actor(&b, &x) <= CV_MAX_VMS);
	__CPROVER_assert((who == v) == (actor(&b, &x) == v), "the observer knows its devices");
	__CPROVER_assert((about == v) == (subject(&b, &x) == v), "the observer knows its devices");
	/* What others have in hand may differ: from the host, VMs keep secrets, and the reverse. */
	__CPROVER_assume(who != v || secret_a == secret_b);
	__CPROVER_assume(declassified(&a, &b, &x, v));
	differ = content_differs(&a, &b);

	world_enter(&a);
	ra = operation(&x, secret_a);
	world_leave(&a);
	world_enter(&b);
	rb = operation(&x, secret_b);
	world_leave(&b);

	check_result(ra, rb, who, about, v);
	__CPROVER_assume(in_range(&at));
	__CPROVER_assert(sees_same(&a, &b, v, &at), "the observer sees the same");
	/* So that the next load or store, of it or of somebody else, is in its own frames only. */
	if (v != CV_HOSTVISOR) {
		__CPROVER_assert((W_OWNER(&a, at.pfn) != v) | (W_COUNT(&a, at.pfn) > 0) |
					 !others_reach(&a, v, &at),
				 "nobody else reaches the observer's frames");
		__CPROVER_assert((W_OWNER(&a, at.pfn) == v) | !reaches(&a, v, &at),
				 "the observer reaches its own frames only");
	}
#ifdef VACUITY
	differ &= (ra.error == CV_OK) & (rb.error == CV_OK);
	__CPROVER_assert(!differ | (who == v) | (about == v), "reachable: about others");
	__CPROVER_assert(!differ | ((who != v) & (about != v)), "reachable: about the observer");
#endif
	(void)differ;
	return 0;
}

#endif
