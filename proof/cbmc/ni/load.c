/* SPDX-License-Identifier: BSD-3-Clause */
/* The host, a VM, or a device of either reads. What a VM reads in a shared frame is input. */
#include "proof/cbmc/ni/check.h"

static struct outcome operation(const struct args *x, u8 secret)
{
	struct outcome r = {0, 0};

	(void)secret;
	__CPROVER_assume(x->gfn < NI_GFNS);
	if (!map_load(x->map, x->gfn, &r.value))
		r.error = CV_EPERM;
	return r;
}

static u32 actor(const struct world *w, const struct args *x)
{
	(void)w;
	(void)x;
	return x->map == MAP_DMA_DEFAULT ? CV_HOSTVISOR
	       : x->map > CV_COREVISOR	 ? w->dma[x->map - MAP_DMA(0)].owner
					 : x->map;
}

static u32 subject(const struct world *w, const struct args *x)
{
	(void)w;
	(void)x;
	return CV_INVALID_ID;
}

/* Does a VM read a frame that it shares, and the same there in both worlds? */
static bool reads_shared(const struct world *w, const struct args *x)
{
	__CPROVER_assume(x->gfn < NI_GFNS);
	return W_COUNT(w, leaf_pfn(w->map[x->map * NI_GFNS + x->gfn])) > 0;
}

static bool reads_same(const struct world *a, const struct world *b, const struct args *x)
{
	u64 pa = leaf_pfn(a->map[x->map * NI_GFNS + x->gfn]);
	u64 pb = leaf_pfn(b->map[x->map * NI_GFNS + x->gfn]);

	return pa >= nr_frames || pb >= nr_frames || a->content[pa] == b->content[pb];
}

static bool declassified(const struct world *a, const struct world *b, const struct args *x, u32 v)
{
	(void)a;
	(void)b;
	(void)x;
	(void)v;
	return v == CV_HOSTVISOR || !reads_shared(a, x) || actor(a, x) != v || reads_same(a, b, x);
}
