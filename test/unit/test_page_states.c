/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every (page state x primitive) pair, in every state of the VM that the primitive acts for:
 * the result, and the whole state after it. What is expected is written down from the
 * design's table, not from the code.
 */
#include <string.h>

#include "core/boot.h"
#include "core/dma.h"
#include "core/mem.h"
#include "core/save.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

/* What a frame can be. `own`: of the VM that the primitive acts for, `other`: of another. */
enum kind {
	ZERO,
	DEVICE_NONE,
	DEVICE_HOST,
	DEVICE_FREE,
	DEVICE_OWN,
	DEVICE_OTHER,
	CORE,
	HOST,
	HOST_UNMAPPED,
	HOST_DMA,
	HOST_RUN,
	HOST_IMAGE,
	OWN_PLACED,
	OWN_MAPPED,
	OWN_SHARED,
	OWN_SHARED_MAX,
	OWN_BLOCK,
	OTHER,
	OTHER_SHARED,
	BEYOND,
	OUT_OF_MAP,
	HUGE,
	NR_KINDS,
};

static const char *const kind_names[NR_KINDS] = {
	"frame 0",	    "no device",      "host's device",	 "free device",
	"own device",	    "other's device", "core's",		 "host's",
	"host's, unmapped", "DMA-mapped",     "run page",	 "image page",
	"own, placed",	    "own, mapped",    "own, shared",	 "own, shared by 100",
	"own, in a block",  "other's",	      "other's, shared", "beyond RAM",
	"beyond the map",   "2^52 - 1",
};

enum vm_phase {
	PHASE_READY,
	PHASE_VERIFYING,
	PHASE_VERIFIED,
	PHASE_POWEROFF,
	NR_PHASES,
};

static const char *const phase_names[NR_PHASES] = {"READY", "verifying", "VERIFIED", "POWEROFF"};

/* The fixture. */
static u32 own;
static u32 other;
static u64 kind_pfn[NR_KINDS];
static enum vm_phase phase;
static bool own_context; /* the VM has DMA context OWN_CTX */

#define HOST_CTX 0U
#define OWN_CTX 1U
#define FREE_CTX 2U
#define BLOCK_OWN HOST_BLOCK(2)
#define BLOCK_FREE HOST_BLOCK(3)
#define IO_GFN 0x1000ULL

/* Frames of the mixed block. */
#define MIXED(n) (HOST_BLOCK(0) + (n))

static void choose_frames(void)
{
	kind_pfn[ZERO] = 0;
	kind_pfn[DEVICE_NONE] = DEVICE_KEPT_PFN;
	kind_pfn[DEVICE_HOST] = DEVICE_HOST_PFN;
	kind_pfn[DEVICE_FREE] = DEVICE_FREE_PFN + 2;
	kind_pfn[DEVICE_OWN] = DEVICE_FREE_PFN;
	kind_pfn[DEVICE_OTHER] = DEVICE_FREE_PFN + 1;
	kind_pfn[CORE] = RAM_PFN + 1500;
	kind_pfn[HOST] = MIXED(13);
	kind_pfn[HOST_UNMAPPED] = MIXED(14);
	kind_pfn[HOST_DMA] = MIXED(12);
	kind_pfn[HOST_RUN] = MIXED(2);
	kind_pfn[HOST_IMAGE] = MIXED(1);
	kind_pfn[OWN_PLACED] = MIXED(11);
	kind_pfn[OWN_MAPPED] = MIXED(8);
	kind_pfn[OWN_SHARED] = MIXED(9);
	kind_pfn[OWN_SHARED_MAX] = MIXED(10);
	kind_pfn[OWN_BLOCK] = BLOCK_OWN + 77;
	kind_pfn[OTHER] = MIXED(5);
	kind_pfn[OTHER_SHARED] = MIXED(6);
	kind_pfn[BEYOND] = END_PFN + 5;
	kind_pfn[OUT_OF_MAP] = 1ULL << 28;
	kind_pfn[HUGE] = (1ULL << 52) - 1;
}

/* Where a frame of the mixed block is for its VM; of a block, 512 further. */
static u64 own_gfn(enum kind kind)
{
	if (kind == OWN_BLOCK)
		return VM_GFN + 512 + 77;
	if (kind == HOST_IMAGE)
		return VM_GFN;
	return VM_GFN + (kind_pfn[kind] - HOST_BLOCK(0));
}

static void donate(u32 vm, u64 pfn)
{
	CHECK_EQ(donate_to_vm(vm, VM_GFN + (pfn - HOST_BLOCK(0)), pfn, 3), 0);
}

/* A frame that was a VM's: the host's again, and not in its map. */
static void make_unmapped(void)
{
	int vm = gen_vmid();

	CHECK(vm > 0);
	CHECK_EQ(register_kvm((u32)vm), 0);
	CHECK_EQ(vm_set_ram((u32)vm, VM_GFN, VM_FRAMES), 0);
	donate((u32)vm, kind_pfn[HOST_UNMAPPED]);
	CHECK_EQ(set_vm_poweroff((u32)vm), 0);
	CHECK_EQ(clear_vm_page((u32)vm, kind_pfn[HOST_UNMAPPED]), 0);
	CHECK_EQ(destroy_vm((u32)vm), 0);
}

static void make_frames(void)
{
	make_unmapped();
	donate(other, kind_pfn[OTHER]);
	donate(other, kind_pfn[OTHER_SHARED]);
	CHECK_EQ(grant_vm_page(other, kind_pfn[OTHER_SHARED]), 0);
	donate(own, kind_pfn[OWN_MAPPED]);
	donate(own, kind_pfn[OWN_SHARED]);
	donate(own, kind_pfn[OWN_SHARED_MAX]);
	CHECK_EQ(donate_to_vm(own, VM_GFN + 512, BLOCK_OWN, 2), 0);
	CHECK_EQ(assign_pfn_to_vm(own, own_gfn(OWN_PLACED), kind_pfn[OWN_PLACED]), 0);
	CHECK_EQ(grant_vm_page(own, kind_pfn[OWN_SHARED]), 0);
	for (u32 i = 0; i < CV_MAX_SHARE_COUNT; i++)
		CHECK_EQ(grant_vm_page(own, kind_pfn[OWN_SHARED_MAX]), 0);
	CHECK_EQ(map_host(kind_pfn[OWN_SHARED] << 12), 0);
	CHECK_EQ(map_host(kind_pfn[DEVICE_HOST] << 12), 0);
	CHECK_EQ(map_host(kind_pfn[DEVICE_FREE] << 12), 0);
	CHECK_EQ(alloc_smmu_pgd(HOST_CTX, CV_HOSTVISOR), 0);
	CHECK_EQ(smmu_map_page(HOST_CTX, (kind_pfn[HOST_DMA] + CV_SMMU_HOST_OFFSET) << 12,
			       kind_pfn[HOST_DMA] << 12),
		 0);
}

static void fixture(enum vm_phase new_phase, bool context)
{
	phase = new_phase;
	own_context = context;
	world_boot();
	choose_frames();
	own = world_vm(kind_pfn[HOST_IMAGE], kind_pfn[HOST_RUN]);
	other = world_vm(MIXED(3), MIXED(4));
	CHECK_EQ(map_io(own, IO_GFN << 12, kind_pfn[DEVICE_OWN] << 12), 0);
	CHECK_EQ(map_io(other, IO_GFN << 12, kind_pfn[DEVICE_OTHER] << 12), 0);
	CHECK_EQ(world_verify(other), 0);
	make_frames();
	if (context)
		CHECK_EQ(alloc_smmu_pgd(OWN_CTX, own), 0);
	if (phase == PHASE_VERIFYING)
		CHECK_EQ(verify_vm(own), 2);
	if (phase >= PHASE_VERIFIED)
		CHECK_EQ(world_verify(own), 0);
	if (phase == PHASE_POWEROFF)
		CHECK_EQ(set_vm_poweroff(own), 0);
}

/* Once verified, the image page is the VM's. */
static bool is_own(enum kind kind)
{
	return (kind >= OWN_PLACED && kind <= OWN_BLOCK) ||
	       (kind == HOST_IMAGE && phase >= PHASE_VERIFIED);
}

static bool is_host(enum kind kind)
{
	return kind >= HOST && kind <= HOST_IMAGE && !is_own(kind);
}

static bool is_device(enum kind kind)
{
	return kind >= DEVICE_NONE && kind <= DEVICE_OTHER;
}

/* What the donation of a frame that is not the VM's gives. */
static int donation_error(enum kind kind)
{
	if (!is_host(kind))
		return CV_EPERM;
	return kind == HOST_DMA || kind == HOST_RUN ? CV_EBUSY : CV_OK;
}

/* The result; then the state: what is wanted, or, after an error, no change. */
static void check_result(s64 got, s64 want)
{
	CHECK_EQ(got, want);
	if (want < 0)
		world_check_unchanged();
	else
		world_check();
}

static u64 page_of(u64 pfn)
{
	return desc_page(pfn, DESC_ATTR_MEMORY);
}

static void do_map_host(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	if (kind == ZERO || kind == OUT_OF_MAP || kind == HUGE)
		want = CV_EINVAL;
	else if (kind == DEVICE_NONE || kind == DEVICE_OWN || kind == DEVICE_OTHER ||
		 kind == CORE || kind == OTHER || kind == BEYOND)
		want = CV_EPERM;
	else if (is_own(kind) && kind != OWN_SHARED && kind != OWN_SHARED_MAX)
		want = CV_EPERM;
	if (want == CV_OK)
		want_leaf(MAP_HOST, pfn,
			  desc_page(pfn, is_device(kind) ? DESC_ATTR_DEVICE : DESC_ATTR_MEMORY));
	check_result(map_host(pfn << 12 | 0x123), want);
}

static void do_assign(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = is_own(kind) ? CV_EEXIST : donation_error(kind);

	if (want == CV_OK)
		want_taken(pfn, own, VM_GFN + 100);
	check_result(assign_pfn_to_vm(own, VM_GFN + 100, pfn), want);
	CHECK_EQ(machine_log.clears, want == CV_OK ? 1 : 0);
}

/* At the gfn that the VM has it at already. */
static void do_assign_again(enum kind kind)
{
	if (is_own(kind))
		check_result(assign_pfn_to_vm(own, own_gfn(kind), kind_pfn[kind]), CV_OK);
	CHECK_EQ(machine_log.clears, 0);
}

static void do_assign_bad_gfn(enum kind kind)
{
	check_result(assign_pfn_to_vm(own, 1ULL << 28, kind_pfn[kind]), CV_EINVAL);
}

/* The block around a frame: only the one that is all the host's can be taken. */
static void do_assign_block(enum kind kind)
{
	u64 first = kind_pfn[kind] & ~511ULL;
	int got;

	world_snapshot();
	got = assign_block_to_vm(own, VM_GFN + 1024, first);
	/* The mixed block has frames of every kind: which comes first does not matter. */
	CHECK(got == CV_EPERM || (got == CV_EBUSY && first == HOST_BLOCK(0)));
	world_check_unchanged();
	CHECK_EQ(assign_block_to_vm(own, VM_GFN + 1024, first + 1), CV_EINVAL);
	CHECK_EQ(assign_block_to_vm(own, VM_GFN + 1025, first), CV_EINVAL);
	CHECK_EQ(assign_block_to_vm(own, 1ULL << 28, first), CV_EINVAL);
	world_check_unchanged();
}

static int donate_result(enum kind kind, u64 gfn)
{
	if (phase == PHASE_POWEROFF)
		return CV_ESTATE;
	if (is_own(kind))
		return kind == OWN_PLACED && gfn == own_gfn(kind) ? CV_OK : CV_EEXIST;
	return donation_error(kind);
}

static void do_donate(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = donate_result(kind, VM_GFN + 100);

	if (want == CV_OK) {
		want_taken(pfn, own, VM_GFN + 100);
		want_leaf(own, VM_GFN + 100, page_of(pfn));
	}
	memset(is_host(kind) ? machine_frame(pfn) : machine_frame(MIXED(13)), 0x77, 4096);
	check_result(donate_to_vm(own, VM_GFN + 100, pfn, 3), want);
	if (want == CV_OK)
		CHECK(machine_frame(pfn)[0] == 0 && machine_frame(pfn)[4095] == 0);
}

static void do_donate_again(enum kind kind)
{
	int want = donate_result(kind, own_gfn(kind));

	if (!is_own(kind))
		return;
	if (want == CV_OK)
		want_leaf(own, own_gfn(kind), page_of(kind_pfn[kind]));
	check_result(donate_to_vm(own, own_gfn(kind), kind_pfn[kind], 3), want);
}

/* Where something else is, outside RAM, and far outside. */
static void do_donate_bad_gfn(enum kind kind)
{
	int state = phase == PHASE_POWEROFF ? CV_ESTATE : CV_OK;
	u64 pfn = kind_pfn[kind];

	check_result(donate_to_vm(own, own_gfn(OWN_BLOCK) + 1, pfn, 3), state ? state : CV_EEXIST);
	check_result(donate_to_vm(own, IO_GFN, pfn, 3), state ? state : CV_EINVAL);
	check_result(donate_to_vm(own, VM_GFN - 1, pfn, 3), state ? state : CV_EINVAL);
	check_result(donate_to_vm(own, VM_GFN + VM_FRAMES, pfn, 3), state ? state : CV_EINVAL);
	check_result(donate_to_vm(own, ~0ULL, pfn, 3), state ? state : CV_EINVAL);
	check_result(donate_to_vm(own, VM_GFN + VM_FRAMES - 256, pfn, 2),
		     state ? state : CV_EINVAL);
}

static void do_donate_block(enum kind kind)
{
	u64 first = kind_pfn[kind] & ~511ULL;
	int got = donate_to_vm(own, VM_GFN + 1024, first, 2);

	if (phase == PHASE_POWEROFF)
		CHECK_EQ(got, CV_ESTATE);
	else
		CHECK(got == CV_EPERM || (got == CV_EBUSY && first == HOST_BLOCK(0)));
	world_check_unchanged();
}

static int map_result(enum kind kind, u64 gfn)
{
	if (!is_own(kind) || gfn != own_gfn(kind))
		return CV_EPERM;
	return kind == OWN_PLACED ? CV_OK : CV_EEXIST;
}

static void do_map_pfn(enum kind kind)
{
	u64 gfn = own_gfn(is_own(kind) ? kind : OWN_MAPPED);
	u64 pte = page_of(kind_pfn[kind]);
	int want = map_result(kind, gfn);

	check_result(map_pfn_vm(own, (gfn + 1) << 12, pte, 3), CV_EPERM);
	check_result(map_pfn_vm(own, gfn << 12, pte, 1), CV_EINVAL);
	check_result(map_pfn_vm(own, gfn << 12, pte, 0), CV_EINVAL);
	check_result(map_pfn_vm(own, gfn << 12, pte, 4), CV_EINVAL);
	check_result(map_pfn_vm(own, 1ULL << 40, pte, 3), CV_EINVAL);
	check_result(map_pfn_vm(own, (VM_GFN + 1) << 12, pte, 2), CV_EINVAL);
	check_result(map_pfn_vm(own, VM_GFN << 12, page_of(kind_pfn[kind] & ~511ULL), 2), CV_EPERM);
	if (want == CV_OK)
		want_leaf(own, gfn, pte);
	/* Attributes in the descriptor do not matter. */
	check_result(map_pfn_vm(own, gfn << 12, pte & ~DESC_ATTR_MEMORY, 3), want);
}

static void do_clear(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	if (!is_own(kind))
		want = CV_EPERM;
	else if (phase != PHASE_POWEROFF)
		want = CV_ESTATE;
	else if (own_context)
		want = CV_EBUSY;
	if (want == CV_OK) {
		memset(machine_frame(pfn), 0x99, 4096);
		want_returned(pfn);
		WANT(vms[own].reclaimed) = 1;
		want_leaf(own, own_gfn(kind), 0);
		for (u64 i = 0; kind == OWN_BLOCK && i < 512; i++)
			want_leaf(own, VM_GFN + 512 + i, 0);
	}
	check_result(clear_vm_page(own, pfn), want);
	CHECK_EQ(machine_log.clears, want == CV_OK ? 1 : 0);
	if (want == CV_OK)
		CHECK(machine_frame(pfn)[0] == 0 && machine_frame(pfn)[4095] == 0);
}

static void do_map_io(enum kind kind)
{
	u64 gfn = IO_GFN + 7;
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	if (phase != PHASE_READY)
		want = CV_ESTATE;
	else if (kind == ZERO || kind == OUT_OF_MAP || kind == HUGE)
		want = CV_EINVAL;
	else if (kind != DEVICE_FREE)
		want = CV_EPERM;
	check_result(map_io(own, gfn << 12, pfn << 12 | 8), CV_EINVAL);
	check_result(map_io(own, (gfn << 12) + 1, pfn << 12), CV_EINVAL);
	check_result(map_io(own, (VM_GFN + 3) << 12, pfn << 12),
		     phase == PHASE_READY ? CV_EINVAL : CV_ESTATE);
	check_result(map_io(own, 1ULL << 40, pfn << 12),
		     phase == PHASE_READY ? CV_EINVAL : CV_ESTATE);
	check_result(map_io(own, IO_GFN << 12, pfn << 12), want == CV_OK ? CV_EEXIST : want);
	if (want == CV_OK) {
		want_leaf(MAP_HOST, pfn, 0);
		want_leaf(own, gfn, desc_page(pfn, DESC_ATTR_DEVICE));
		WANT(io_claims[2].vm) = own;
		WANT(io_claims[2].pfn) = pfn;
		WANT(io_claims[2].gfn) = gfn;
	}
	check_result(map_io(own, gfn << 12, pfn << 12), want);
}

static void do_grant(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	if (!is_own(kind))
		want = CV_EPERM;
	else if (kind == OWN_SHARED_MAX)
		want = CV_EBUSY;
	if (want == CV_OK) {
		WANT(frames[pfn].count)++;
		want_leaf(MAP_DMA_DEFAULT, pfn, page_of(pfn));
	}
	check_result(grant_vm_page(own, pfn), want);
}

static void do_revoke(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	if (!is_own(kind))
		want = CV_EPERM;
	else if (kind != OWN_SHARED && kind != OWN_SHARED_MAX)
		want = CV_ENOENT;
	if (want == CV_OK)
		WANT(frames[pfn].count)--;
	if (want == CV_OK && kind == OWN_SHARED) {
		want_leaf(MAP_HOST, pfn, 0);
		want_leaf(MAP_DMA_DEFAULT, pfn, 0);
	}
	check_result(revoke_vm_page(own, pfn), want);
}

static void do_remap_image(enum kind kind)
{
	u64 place = (own - 1) * CV_MAX_IMAGE_FRAMES + 1;
	u64 pfn = kind_pfn[kind];
	int want = donation_error(kind);

	if (phase != PHASE_READY) {
		check_result(remap_vm_image(own, pfn, 0), CV_ESTATE);
		return;
	}
	CHECK_EQ(set_boot_info(own, (VM_GFN + 200) << 12, 4096), 1);
	world_snapshot();
	check_result(remap_vm_image(own, pfn, 0), CV_ENOSPC);
	check_result(remap_vm_image(own, pfn, 2), CV_EINVAL);
	check_result(remap_vm_image(own, pfn, ~0ULL), CV_EINVAL);
	if (want == CV_OK) {
		want_leaf(MAP_CORE, place, page_of(pfn));
		WANT(boot_regions[own * CV_MAX_BOOT_REGIONS + 1].remapped) = 1;
	}
	check_result(remap_vm_image(own, pfn, 1), want);
}

static void do_register_vcpu(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	if (phase != PHASE_READY)
		want = CV_ESTATE;
	else if (!is_host(kind))
		want = CV_EPERM;
	check_result(register_vcpu(own, 0, pfn), phase == PHASE_READY ? CV_EEXIST : CV_ESTATE);
	check_result(register_vcpu(own, CV_MAX_VCPUS, pfn),
		     phase == PHASE_READY ? CV_EINVAL : CV_ESTATE);
	if (want == CV_OK) {
		WANT(frames[pfn].count)++;
		WANT(vms[own].nr_vcpus) = 2;
		/* The two vCPUs 0 have contexts 0 and 1. */
		WANT(vcpu_slots[own * CV_MAX_VCPUS + 63]) = 3;
		WANT(vcpus[2].vm) = (u16)own;
		WANT(vcpus[2].id) = 63;
		WANT(vcpus[2].state) = CV_VCPU_READY;
		WANT(vcpus[2].fresh) = 1;
		WANT(vcpus[2].run_pfn) = pfn;
	}
	check_result(register_vcpu(own, 63, pfn), want);
}

static void do_set_manifest(enum kind kind)
{
	int want = CV_EINVAL;

	if (phase != PHASE_READY)
		want = CV_ESTATE;
	else if (!is_host(kind))
		want = CV_EPERM;
	check_result(set_manifest(own, kind_pfn[kind]), want);
}

static void do_smmu_assign(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	int want = CV_OK;

	check_result(smmu_assign_page(HOST_CTX, pfn, VM_GFN + 100), CV_EPERM);
	check_result(smmu_assign_page(FREE_CTX, pfn, VM_GFN + 100), CV_EPERM);
	if (!own_context)
		return;
	if (phase != PHASE_READY)
		want = CV_ESTATE;
	else if (is_own(kind))
		want = CV_EEXIST;
	else
		want = donation_error(kind);
	if (want == CV_OK) {
		want_taken(pfn, own, VM_GFN + 100);
		want_leaf(own, VM_GFN + 100, page_of(pfn));
	}
	check_result(smmu_assign_page(OWN_CTX, pfn, VM_GFN + 100), want);
}

static void do_smmu_map_host(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	u64 iova = (pfn + CV_SMMU_HOST_OFFSET) << 12;
	int want = CV_EPERM;

	if (is_host(kind))
		want = kind == HOST_DMA ? CV_EEXIST : CV_OK;
	else if (iova >> 40 != 0)
		want = CV_EINVAL;
	check_result(smmu_map_page(FREE_CTX, iova, page_of(pfn)), CV_EPERM);
	check_result(smmu_map_page(HOST_CTX, iova + 1, page_of(pfn)), CV_EINVAL);
	check_result(smmu_map_page(HOST_CTX, 1ULL << 40, page_of(pfn)), CV_EINVAL);
	check_result(smmu_map_page(HOST_CTX, CV_SMMU_HOST_OFFSET << 12, page_of(pfn)), CV_EPERM);
	check_result(smmu_map_page(HOST_CTX, VM_GFN << 12, page_of(pfn)), CV_EPERM);
	if (want == CV_OK) {
		want_leaf(MAP_DMA(HOST_CTX), pfn + CV_SMMU_HOST_OFFSET, page_of(pfn));
		WANT(frames[pfn].count)++;
	}
	check_result(smmu_map_page(HOST_CTX, iova, page_of(pfn)), want);
}

static void do_smmu_map_own(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	u64 gfn = own_gfn(is_own(kind) ? kind : OWN_MAPPED);
	int want = is_own(kind) ? CV_OK : CV_EPERM;

	if (!own_context)
		return;
	if (phase != PHASE_READY)
		want = CV_ESTATE;
	check_result(smmu_map_page(OWN_CTX, (gfn + 1) << 12, page_of(pfn)),
		     phase == PHASE_READY ? CV_EPERM : CV_ESTATE);
	if (want == CV_OK)
		want_leaf(MAP_DMA(OWN_CTX), gfn, page_of(pfn));
	check_result(smmu_map_page(OWN_CTX, gfn << 12, page_of(pfn)), want);
}

static void do_smmu_clear(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	u64 gfn = (pfn + CV_SMMU_HOST_OFFSET) % (1ULL << 52);
	int want = CV_ENOENT;

	if (gfn >= 1ULL << 28)
		want = CV_EINVAL;
	else if (kind == HOST_DMA)
		want = CV_OK;
	check_result(smmu_clear(FREE_CTX, gfn << 12), CV_EPERM);
	check_result(smmu_clear(HOST_CTX, (gfn << 12) + 8), CV_EINVAL);
	if (want == CV_OK) {
		want_leaf(MAP_DMA(HOST_CTX), gfn, 0);
		WANT(frames[pfn].count)--;
	}
	check_result(smmu_clear(HOST_CTX, gfn << 12), want);
}

/* A page of the VM to a frame of each kind, and a frame of each kind to the host. */
static void do_save(enum kind kind)
{
	u64 pfn = kind_pfn[kind];
	u64 out = MIXED(20);
	struct saved_page page;

	if (phase != PHASE_POWEROFF) {
		CHECK_EQ(save_encrypt_buf(own, pfn, out).error, CV_ESTATE);
		CHECK_EQ(save_begin(own, pfn), CV_ESTATE);
		world_check_unchanged();
		return;
	}
	if (!is_host(kind)) {
		CHECK_EQ(save_begin(own, pfn), CV_EPERM);
		world_check_unchanged();
	}
	CHECK_EQ(save_begin(own, out), 0);
	world_snapshot();
	page = save_encrypt_buf(own, kind_pfn[OWN_MAPPED], pfn);
	CHECK_EQ(page.error, is_host(kind) ? CV_OK : CV_EPERM);
	if (!is_host(kind))
		world_check_unchanged();
	CHECK_EQ(save_begin(own, out), 0);
	world_snapshot();
	page = save_encrypt_buf(own, pfn, out);
	CHECK_EQ(page.error, is_own(kind) ? CV_OK : CV_EPERM);
	CHECK_EQ(page.gfn, is_own(kind) ? own_gfn(kind) : 0);
	if (is_own(kind)) {
		WANT(snapshots[own].next_gfn) = page.gfn + 1;
		WANT(snapshots[own].pages)++;
		WANT(snapshots[own].sequence)++;
		world_check();
		CHECK_EQ(save_encrypt_buf(own, pfn, out).error, CV_EINVAL);
	} else {
		world_check_unchanged();
	}
}

static void do_load(enum kind kind)
{
	int error = donation_error(kind);
	int vm = gen_vmid();

	/* A load under way, into a third VM. */
	CHECK_EQ(register_kvm((u32)vm), 0);
	CHECK_EQ(vm_set_ram((u32)vm, VM_GFN, VM_FRAMES), 0);
	world_snapshot();
	check_result(load_decrypt_buf((u32)vm, kind_pfn[kind], VM_GFN, 1, 2), CV_ESTATE);
	check_result(load_end((u32)vm, kind_pfn[kind]), CV_ESTATE);
	snapshots[vm].phase = SNAPSHOT_LOADING;
	snapshots[vm].pages_total = 1;
	world_snapshot();
	if (is_own(kind))
		error = CV_EPERM;
	check_result(load_decrypt_buf((u32)vm, kind_pfn[kind], VM_GFN, 1, 2),
		     error == CV_OK ? CV_EAUTH : error);
	check_result(load_decrypt_buf((u32)vm, kind_pfn[kind], VM_GFN - 1, 1, 2),
		     error == CV_OK ? CV_EINVAL : error);
	snapshots[vm].pages_total = 0;
	world_snapshot();
	check_result(load_end((u32)vm, kind_pfn[kind]), is_host(kind) ? CV_EAUTH : CV_EPERM);
}

static void do_load_begin(enum kind kind)
{
	int vm = gen_vmid();

	CHECK_EQ(register_kvm((u32)vm), 0);
	world_snapshot();
	check_result(load_begin((u32)vm, kind_pfn[kind]), is_host(kind) ? CV_EINVAL : CV_EPERM);
	check_result(load_begin(own, kind_pfn[kind]), CV_ESTATE);
}

static const struct primitive {
	const char *name;
	void (*run)(enum kind kind);
} primitives[] = {
	{"map_host", do_map_host},
	{"assign_pfn_to_vm", do_assign},
	{"assign_pfn_to_vm, same gfn", do_assign_again},
	{"assign_pfn_to_vm, bad gfn", do_assign_bad_gfn},
	{"assign_block_to_vm", do_assign_block},
	{"donate_to_vm", do_donate},
	{"donate_to_vm, same gfn", do_donate_again},
	{"donate_to_vm, bad gfn", do_donate_bad_gfn},
	{"donate_to_vm, block", do_donate_block},
	{"map_pfn_vm", do_map_pfn},
	{"clear_vm_page", do_clear},
	{"map_io", do_map_io},
	{"grant_vm_page", do_grant},
	{"revoke_vm_page", do_revoke},
	{"remap_vm_image", do_remap_image},
	{"register_vcpu", do_register_vcpu},
	{"set_manifest", do_set_manifest},
	{"smmu_assign_page", do_smmu_assign},
	{"smmu_map_page, host's", do_smmu_map_host},
	{"smmu_map_page, VM's", do_smmu_map_own},
	{"smmu_clear", do_smmu_clear},
	{"save_encrypt_buf", do_save},
	{"load_decrypt_buf", do_load},
	{"load_begin", do_load_begin},
};

#define NR_PRIMITIVES (sizeof(primitives) / sizeof(primitives[0]))

static void run_pair(u32 primitive, enum kind kind)
{
	/* A snapshot's key and nonces are random; the state is compared without them. */
	fixture(phase, own_context);
	unit_case("%s: %s, VM %s%s", primitives[primitive].name, kind_names[kind],
		  phase_names[phase], own_context ? " with DMA" : "");
	world_snapshot();
	primitives[primitive].run(kind);
}

/* Whole blocks that may be taken, mapped and given back. */
static void whole_blocks(void)
{
	unit_case("a block of the host");
	fixture(PHASE_VERIFIED, false);
	world_snapshot();
	for (u64 i = 0; i < 512; i++)
		want_taken(BLOCK_FREE + i, own, VM_GFN + 1024 + i);
	check_result(assign_block_to_vm(own, VM_GFN + 1024, BLOCK_FREE), CV_OK);
	CHECK_EQ(machine_log.clears, 512);
	for (u64 i = 0; i < 512; i++)
		want_leaf(own, VM_GFN + 1024 + i, page_of(BLOCK_FREE + i));
	check_result(map_pfn_vm(own, (VM_GFN + 1024) << 12, page_of(BLOCK_FREE), 2), CV_OK);
	CHECK_EQ(map_level(own, VM_GFN + 1024), 2);
	world_snapshot();
	check_result(map_pfn_vm(own, (VM_GFN + 1024) << 12, page_of(BLOCK_FREE), 2), CV_EEXIST);

	CHECK_EQ(set_vm_poweroff(own), 0);
	world_snapshot();
	WANT(vms[own].reclaimed) = 1;
	for (u64 i = 0; i < 512; i++) {
		want_returned(BLOCK_FREE + i);
		want_leaf(own, VM_GFN + 1024 + i, 0);
	}
	for (u64 i = 0; i < 512; i++)
		CHECK_EQ(clear_vm_page(own, BLOCK_FREE + i), 0);
	world_check();
	/* One fault brings the whole block back. */
	for (u64 i = 0; i < 512; i++)
		want_leaf(MAP_HOST, BLOCK_FREE + i, page_of(BLOCK_FREE + i));
	CHECK_EQ(map_host((BLOCK_FREE + 100) << 12), 0);
	world_check();
	CHECK_EQ(map_level(MAP_HOST, BLOCK_FREE), 2);
}

void test_page_states(void)
{
	for (u32 context = 0; context < 2; context++) {
		own_context = context != 0;
		for (phase = PHASE_READY; phase < NR_PHASES; phase++) {
			for (u32 p = 0; p < NR_PRIMITIVES; p++) {
				for (enum kind kind = 0; kind < NR_KINDS; kind++)
					run_pair(p, kind);
			}
		}
	}
	whole_blocks();
}
