/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shadow: who owns each frame and what it holds, worked out from the calls that
 * succeeded and the stores that were made, never from the core's own state. Every access
 * is compared with it.
 *
 * While CPUs run in parallel there is no such order of events; accesses are
 * then judged by the words alone (tag.h).
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "arch/sim/op.h"
#include "arch/sim/tlb.h"
#include "core/types.h"

void model_init(void);

/* A principal makes this access: is it one it may make? Reports a violation if not. */
struct model_access {
	u32 who; /* the host or a VM */
	bool device; /* a device of theirs */
	bool default_context;
	bool write;
	u64 gfn;
	u32 offset;
	u64 value; /* written, or what the load gave */
	struct translation to;
};
void model_access(const struct model_access *access);

/* Follow a call of the host, or of a VM, that succeeded. */
void model_host_call(const struct op *op, const u64 value[3]);
void model_guest_call(u32 vm, const struct op *op);

/* A VM stopped: nothing of its secrets may be in its run page. */
void model_check_run_page(u32 vm, u32 vcpu, u64 pfn);

/* Is it in the RAM that was declared for the VM? */
bool model_in_ram(u32 vm, u64 gfn);

/* Which VM of that id it is, counted from 1. 0 for the host. */
u32 model_life(u32 vm);

/* Is this tagged word this VM's own? */
bool model_is_own(u32 vm, u64 word);

/* Under a VM's lock: has a life begun? */
void model_vm_unlocked(u32 vm);

/* Who owns a frame: CV_INVALID_ID outside RAM. Its gfn, how often it is shared. */
u32 model_owner(u64 pfn);
u64 model_gfn(u64 pfn);
u32 model_share(u64 pfn);

/* The frame that a VM has at a gfn, or 0. */
u64 model_find(u32 vm, u64 gfn);

/* A VM's frame, the next after `after` in some order, 0 to begin with; 0: none left. */
u64 model_some_frame(u32 vm);
u64 model_vm_frames(u32 vm);

/* The VM that has claimed a device frame, or 0. */
u32 model_io_owner(u64 pfn);

/* LOAD_PAGE says that the page is not authentic. */
void model_page_refused(const struct op *op);

/* Tag of the page that SAVE_PAGE put into that frame of the host last, and its gfn. */
bool model_blob(u64 pfn, u64 *gfn, u64 tag[2]);

#endif
