/* SPDX-License-Identifier: BSD-3-Clause */
/* What each call that succeeded means for who owns what. */
#include <string.h>

#include "arch/sim/access.h"
#include "arch/sim/cpu.h"
#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/model_state.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "arch/sim/tlb.h"
#include "arch/sim/vcpu_check.h"
#include "core/machine.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/run.h"

#define ULL(x) ((unsigned long long)(x))

struct claim {
	u64 gfn;
	u32 vm;
};

static struct claim claims[SIM_DEV_FRAMES];

u32 model_io_owner(u64 pfn)
{
	return pfn - SIM_DEV_VM_PFN < SIM_DEV_FRAMES ? claims[pfn - SIM_DEV_VM_PFN].vm : 0U;
}

static u64 frame_word(u64 pfn, u32 offset)
{
	u64 word;

	memcpy(&word, memory_frame(pfn) + offset, sizeof(word));
	return word;
}

void model_settle(u64 pfn, u32 vm, const u8 *content)
{
	static const u8 zero[CV_PAGE_SIZE];
	const u8 *want = content ? content : zero;
	const u8 *is = memory_frame(pfn);

	if (frame_owner(pfn) != vm)
		sim_violation("record", "frame 0x%llx was given to VM %u, its record says %u",
			      ULL(pfn), vm, frame_owner(pfn));
	if (memory_incoherent(pfn))
		sim_violation("not-cleaned",
			      "frame 0x%llx of VM %u: memory still holds other bytes", ULL(pfn),
			      vm);
	if (content)
		model_set_content(pfn, content);
	if (!content && !memory_touched(pfn))
		return;
	if (memcmp(is, want, CV_PAGE_SIZE) == 0)
		return;
	for (u32 i = 0; i < CV_PAGE_SIZE; i += 8U) {
		u64 w = frame_word(pfn, i);

		if (memcmp(is + i, want + i, 8) == 0)
			continue;
		if (!tag_is(w) || tag_writer(w) != vm || !model_is_own(vm, w))
			sim_violation("content", "frame 0x%llx, new to VM %u, has 0x%llx at 0x%x",
				      ULL(pfn), vm, ULL(w), i);
		model_set_word(pfn, i, w);
	}
}

static void donate(u32 vm, u64 gfn, u64 pfn)
{
	if (model_owner(pfn) == vm && model_gfn(pfn) == gfn)
		return;
	model_take(pfn, vm, gfn);
	model_settle(pfn, vm, NULL);
}

static void donate_block(const struct op *op)
{
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++)
		donate((u32)op->a[0], op->a[1] + i, op->a[2] + i);
}

static void reclaim(u32 vm, u64 pfn)
{
	if (vms[vm].state != CV_VM_POWEROFF)
		sim_violation("state", "reclaim from VM %u, which is not powered off", vm);
	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++) {
		if (dma_contexts[ctx].owner == vm)
			sim_violation("state", "reclaim from VM %u, which has DMA context %u", vm,
				      ctx);
	}
	if (model_owner(pfn) != vm)
		sim_violation("reclaimed", "frame 0x%llx of %u, as VM %u's", ULL(pfn),
			      model_owner(pfn), vm);
	model_give_back(pfn);
	if (memory_incoherent(pfn))
		sim_violation("not-cleaned", "frame 0x%llx is back with the host", ULL(pfn));
	model_check_public(pfn, "reclaim");
}

/* Nothing of a VM is left in a context that another may get. */
static void check_free_contexts(void)
{
	static const struct vcpu_context nothing;

	for (u32 slot = 0; slot < CV_MAX_VCPUS_TOTAL; slot++) {
		if (vcpus[slot].vm == 0U &&
		    memcmp(&vcpu_contexts[slot], &nothing, sizeof(nothing)) != 0)
			sim_violation("register-left", "context %u is free, but not wiped", slot);
	}
}

static void destroyed(u32 vm)
{
	struct model_vm *m = &model_vms[vm];

	if (m->frames != 0U)
		sim_violation("destroyed", "VM %u still has %llu frames", vm, ULL(m->frames));
	for (u32 i = 0; i < sim.config.cpus; i++) {
		if (sim_cpus[i].vm == vm)
			sim_violation("destroyed", "VM %u still runs on CPU %u", vm, i);
	}
	for (u32 i = 0; i < SIM_DEV_FRAMES; i++) {
		if (claims[i].vm == vm)
			claims[i].vm = 0;
	}
	m->nr_regions = 0;
	m->nr_image = 0;
	m->nr_ram = 0;
	check_free_contexts();
}

static void claimed(u32 vm, u64 ipa, u64 pa)
{
	u64 i = (pa >> CV_PAGE_SHIFT) - SIM_DEV_VM_PFN;

	if (i >= SIM_DEV_FRAMES || claims[i].vm != 0U)
		sim_violation("claimed", "VM %u claims 0x%llx", vm, ULL(pa));
	claims[i].vm = vm;
	claims[i].gfn = ipa >> CV_PAGE_SHIFT;
}

static void assigned(const struct op *op)
{
	u32 owner = dma_contexts[op->a[0]].owner;

	if (owner >= 1U && owner <= CV_MAX_VMS)
		donate(owner, op->a[2], op->a[1]);
}

/* A vCPU runs: its VM may. */
static void entered(u32 vm)
{
	if (point_undisturbed() && (model_vms[vm].off || vms[vm].state != CV_VM_VERIFIED))
		sim_violation("state", "VM %u runs, in state %u%s", vm, vms[vm].state,
			      model_vms[vm].off ? ", after it was powered off" : "");
}

/* No device goes through a context that is free. */
static void freed(u32 ctx)
{
	for (u32 s = 0; s < sim.config.streams; s++) {
		if (smmu_stream_map(s) == MAP_DMA(ctx) && dma_contexts[ctx].owner == CV_INVALID_ID)
			sim_violation("stream", "stream %u goes through context %u, which is free",
				      s, ctx);
	}
}

static void forget_vcpu(u32 vm, u64 vcpu)
{
	u32 slot = vcpu_slots[vm * CV_MAX_VCPUS + vcpu];

	if (slot != 0U)
		vcpu_check_forget(slot - 1U);
}

/* A VM keeps its devices, and what they reach, as long as it lives. */
static void check_devices(const struct op *op, u32 owner)
{
	if (owner >= 1U && owner <= CV_MAX_VMS && vms[owner].state != CV_VM_POWEROFF &&
	    (op->kind == OP_DMA_DETACH || vms[owner].state != CV_VM_READY ||
	     vms[owner].verifying != 0U))
		sim_violation("state", "%s from VM %u in state %u", op_info[op->kind].name, owner,
			      vms[owner].state);
}

/* Nothing that has been measured changes afterwards. */
static void check_loading(const struct op *op)
{
	u32 owner = (u32)op->a[0];

	switch (op->kind) {
	case OP_DMA_ASSIGN:
	case OP_DMA_MAP:
	case OP_DMA_ATTACH:
		owner = dma_contexts[op->a[0]].owner;
		break;
	case OP_DMA_ALLOC:
		owner = (u32)op->a[1];
		break;
	case OP_SET_RAM:
	case OP_SET_ENTRY:
	case OP_REGISTER_VCPU:
	case OP_SET_BOOT_INFO:
	case OP_REMAP_VM_IMAGE:
	case OP_SET_MANIFEST:
	case OP_MAP_IO:
		break;
	case OP_DMA_UNMAP:
	case OP_DMA_DETACH:
		check_devices(op, dma_contexts[op->a[0]].owner);
		return;
	default:
		return;
	}
	if (owner >= 1U && owner <= CV_MAX_VMS &&
	    (vms[owner].state != CV_VM_READY || vms[owner].verifying != 0U))
		sim_violation("state", "%s of VM %u, which is not being loaded",
			      op_info[op->kind].name, owner);
}

static void other_call(const struct op *op, const u64 value[3])
{
	switch (op->kind) {
	case OP_SET_BOOT_INFO:
		model_announced((u32)op->a[0], op->a[1], value[0]);
		break;
	case OP_REMAP_VM_IMAGE:
		model_add_image((u32)op->a[0], op->a[1], op->a[2]);
		break;
	case OP_SET_RAM:
		model_declared((u32)op->a[0], op->a[1], op->a[2]);
		break;
	case OP_SET_MANIFEST:
		model_set_manifest((u32)op->a[0], op->a[1]);
		break;
	case OP_POWEROFF_VM:
		model_vms[op->a[0]].off = true;
		break;
	case OP_VCPU_RUN:
		entered((u32)op->a[0]);
		break;
	case OP_DMA_FREE:
		freed((u32)op->a[0]);
		break;
	default:
		model_snapshot_call(op, value);
		break;
	}
}

void model_host_call(const struct op *op, const u64 value[3])
{
	u32 vm = (u32)op->a[0];

	check_loading(op);
	switch (op->kind) {
	case OP_REGISTER_VM:
		model_registered((u32)value[0]);
		break;
	case OP_REGISTER_VCPU:
	case OP_LOAD_VCPU:
		forget_vcpu(vm, op->a[1]);
		break;
	case OP_VERIFY_VM:
		model_take_image(vm, value[0] == 0U);
		break;
	case OP_DONATE:
		donate(vm, op->a[1], op->a[2]);
		break;
	case OP_DONATE_BLOCK:
		donate_block(op);
		break;
	case OP_MAP_IO:
		claimed(vm, op->a[1], op->a[2]);
		break;
	case OP_RECLAIM:
		reclaim(vm, op->a[1]);
		break;
	case OP_DESTROY_VM:
		destroyed(vm);
		break;
	case OP_DMA_ASSIGN:
		assigned(op);
		break;
	default:
		other_call(op, value);
		break;
	}
}

void model_guest_call(u32 vm, const struct op *op)
{
	u64 pfn = model_find(vm, op->a[0] >> CV_PAGE_SHIFT);

	if (op->kind == OP_GUEST_SYSTEM_OFF || op->kind == OP_GUEST_SYSTEM_RESET)
		model_vms[vm].off = true;
	if (op->kind != OP_GUEST_SHARE && op->kind != OP_GUEST_UNSHARE)
		return;
	if (pfn == 0U)
		sim_violation("share", "VM %u, address 0x%llx: nothing there", vm, ULL(op->a[0]));
	if (op->kind == OP_GUEST_SHARE) {
		model_frames[pfn].share++;
	} else {
		if (model_frames[pfn].share == 0U)
			sim_violation("share", "VM %u, 0x%llx is not shared", vm, ULL(op->a[0]));
		model_frames[pfn].share--;
	}
	if (model_frames[pfn].share != frame_count(pfn))
		sim_violation("share", "frame 0x%llx of VM %u: shared %u times, count %u", ULL(pfn),
			      vm, model_share(pfn), frame_count(pfn));
	if (model_frames[pfn].share == 0U && memory_incoherent(pfn))
		sim_violation("not-cleaned", "frame 0x%llx of VM %u is private again", ULL(pfn),
			      vm);
}

void model_check_run_page(u32 vm, u32 vcpu, u64 pfn)
{
	if (pfn == 0U || !sim_is_ram(pfn))
		return;
	for (u32 i = 0; i < CV_RUN_SIZE; i += 8U) {
		u64 w = memory_load(pfn, i, true);

		if (tag_is_private(w))
			sim_violation("register-leak",
				      "run page of VM %u, vCPU %u has 0x%llx at 0x%x", vm, vcpu,
				      ULL(w), i);
	}
}
