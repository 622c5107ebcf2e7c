/* SPDX-License-Identifier: BSD-3-Clause */
/* The host takes a frame back from a VM that is off. */
#include "proof/cbmc/ni/check.h"

static struct outcome operation(const struct args *x, u8 secret)
{
	struct outcome r = {0, 0};

	(void)secret;
	r.error = clear_vm_page(x->vm, x->pfn);
	return r;
}

static u32 actor(const struct world *w, const struct args *x)
{
	(void)w;
	(void)x;
	return CV_HOSTVISOR;
}

static u32 subject(const struct world *w, const struct args *x)
{
	(void)w;
	(void)x;
	return x->vm;
}

static bool declassified(const struct world *a, const struct world *b, const struct args *x, u32 v)
{
	(void)a;
	(void)b;
	(void)x;
	(void)v;
	return true;
}
