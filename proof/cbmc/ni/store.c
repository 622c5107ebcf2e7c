/* SPDX-License-Identifier: BSD-3-Clause */
/* The host, a VM, or a device of either writes: any secret, except in what VMs share. */
#include "proof/cbmc/ni/check.h"

/* Does the value go where not everybody may know it? */
static bool secret_allowed(const struct args *x)
{
	u64 desc = map_get(x->map, x->gfn);

	return desc != 0 && frame_count(desc_pfn(desc)) == 0;
}

static struct outcome operation(const struct args *x, u8 secret)
{
	struct outcome r = {0, 0};

	__CPROVER_assume(x->gfn < NI_GFNS);
	if (!map_store(x->map, x->gfn, secret_allowed(x) ? secret : (u8)x->pte))
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

static bool declassified(const struct world *a, const struct world *b, const struct args *x, u32 v)
{
	(void)a;
	(void)b;
	(void)x;
	(void)v;
	return true;
}
