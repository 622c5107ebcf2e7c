/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM takes back a shared frame: what the host has left in it is its input. */
#include "proof/cbmc/ni/check.h"

static struct outcome operation(const struct args *x, u8 secret)
{
	struct outcome r = {0, 0};

	(void)secret;
	r.error = revoke_vm_page(x->vm, x->pfn);
	return r;
}

static u32 actor(const struct world *w, const struct args *x)
{
	(void)w;
	(void)x;
	return x->vm;
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
	return v != x->vm || W_OWNER(a, x->pfn) != x->vm ||
	       a->content[x->pfn] == b->content[x->pfn];
}
