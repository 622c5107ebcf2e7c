/* SPDX-License-Identifier: BSD-3-Clause */
/* The host donates a frame to a VM. */
#include "proof/cbmc/ni/check.h"

static struct outcome operation(const struct args *x, u8 secret)
{
	struct outcome r = {0, 0};

	(void)secret;
	if (vms[x->vm].state == CV_VM_UNUSED)
		r.error = CV_ESTATE; /* as donate_to_vm(), its caller, has it */
	else
		r.error = assign_pfn_to_vm(x->vm, x->gfn, x->pfn);
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
