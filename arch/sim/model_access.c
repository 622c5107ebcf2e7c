/* SPDX-License-Identifier: BSD-3-Clause */
/* May this access be made, and may it see what it saw? */
#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/model_state.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "core/machine.h"
#include "core/page.h"
#include "core/state.h"

#define ULL(x) ((unsigned long long)(x))

static _Noreturn void report(const char *kind, const struct model_access *a, const char *why)
{
	sim_violation(kind, "%s %u%s %s gfn 0x%llx+0x%x, frame 0x%llx of %u, value 0x%llx: %s",
		      a->who == CV_HOSTVISOR ? "host" : "VM", a->who, a->device ? "'s device" : "",
		      a->write ? "stores to" : "loads from", ULL(a->gfn), a->offset, ULL(a->to.pfn),
		      model_owner(a->to.pfn), ULL(a->value), why);
}

/* Is it where that principal, or its device, should have it? */
static bool placed(const struct model_access *a, u64 gfn)
{
	if (a->who != CV_HOSTVISOR)
		return a->gfn == gfn;
	if (a->device && !a->default_context)
		return a->gfn == a->to.pfn + CV_SMMU_HOST_OFFSET;
	return a->gfn == a->to.pfn;
}

static void check_device_frame(const struct model_access *a)
{
	u32 claimed = model_io_owner(a->to.pfn);
	enum machine_device kind = machine_device(a->to.pfn);

	if (sim.threaded)
		claimed = a->who;
	if (a->device || kind == MACHINE_DEVICE_NONE || claimed != a->who ||
	    (a->who == CV_HOSTVISOR && a->gfn != a->to.pfn))
		report("device-access", a, "not theirs");
}

/* A host, or a device of it, must see no secret whatever happens. */
static void check_word(const struct model_access *a)
{
	u64 w = a->value;

	if (a->write || w == 0U)
		return;
	if (a->who == CV_HOSTVISOR) {
		if (tag_is_private(w))
			report("secret-read", a, "a VM's private word");
		return;
	}
	if (tag_is(w) && tag_writer(w) == a->who && model_is_own(a->who, w))
		return;
	if (tag_is_private(w) && !model_is_own(a->who, w))
		report("secret-read", a, "another VM's private word");
}

/* By words alone: nothing of a foreign writer where only the VM writes. */
static void check_parallel(const struct model_access *a)
{
	u64 w = a->value;

	check_word(a);
	if (a->write || a->who == CV_HOSTVISOR || w == 0U || tag_gfn_shareable(a->gfn) ||
	    model_is_own(a->who, w))
		return;
	for (u32 r = 0; r < CV_MAX_BOOT_REGIONS; r++) {
		const struct boot_region *b = &boot_regions[a->who * CV_MAX_BOOT_REGIONS + r];

		if (a->gfn - b->gfn < b->frames)
			return;
	}
	report("foreign-word", a, "not written by the VM");
}

/* The core's record has moved on, the call has not returned: both count. */
static bool in_transit(u64 pfn)
{
	return frame_owner(pfn) != model_owner(pfn) ||
	       (model_owner(pfn) != CV_HOSTVISOR &&
		(frame_count(pfn) == 0U) != (model_share(pfn) == 0U));
}

static void check_transit(const struct model_access *a)
{
	u64 pfn = a->to.pfn;
	u32 owner = frame_owner(pfn);

	check_word(a);
	if (a->who == CV_HOSTVISOR && owner != CV_HOSTVISOR && frame_count(pfn) == 0U &&
	    model_share(pfn) == 0U)
		report("host-access", a, "while the frame changes hands");
	if (a->who != CV_HOSTVISOR && (owner != a->who || frame_gfn(pfn) != a->gfn))
		report("vm-access", a, "while the frame changes hands");
	if (a->write && model_owner(pfn) == owner && owner != CV_HOSTVISOR)
		model_set_word(pfn, a->offset, a->value);
}

/* A shared frame of a VM that is off may be on its way back. */
static bool being_wiped(const struct model_access *a, u32 owner)
{
	return a->who != owner && a->value == 0U && model_vms[owner].off;
}

static void check_owned(const struct model_access *a)
{
	u64 pfn = a->to.pfn;
	u32 owner = model_owner(pfn);

	if (owner == CV_COREVISOR)
		report("core-access", a, "the core's own memory");
	if (owner != a->who && !(a->who == CV_HOSTVISOR && model_share(pfn) != 0U))
		report(a->who == CV_HOSTVISOR ? "host-access" : "vm-access", a, "not theirs");
	if (!placed(a, model_gfn(pfn)))
		report("misplaced", a, "not at this gfn");
	if (owner == CV_HOSTVISOR) {
		check_word(a);
		return;
	}
	if (a->write)
		model_set_word(pfn, a->offset, a->value);
	else if (a->value != model_word(pfn, a->offset) && !memory_incoherent(pfn) &&
		 !being_wiped(a, owner))
		report("changed", a, "not what was stored there last");
}

void model_access(const struct model_access *access)
{
	u64 pfn = access->to.pfn;

	if (!sim_is_ram(pfn))
		check_device_frame(access);
	else if (sim.threaded)
		check_parallel(access);
	else if (in_transit(pfn))
		check_transit(access);
	else
		check_owned(access);
}
