/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/guest.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/lock.h"
#include "core/mem.h"
#include "core/psci.h"
#include "core/result.h"
#include "core/run.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/limits.h"

/* SMCCC (DEN0028, 7). */
#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_VERSION_1_2 0x10002
/* TRNG (DEN0098, 2). */
#define TRNG_VERSION 0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND64 0xc4000053U
#define TRNG_VERSION_1_0 0x10000
#define TRNG_INVALID_PARAMETERS (-2)
#define TRNG_MAX_BITS 192U

/* The frame that the VM has at an IPA, or 0. Locks: map. */
/*@ requires vm: is_vm(vm);
    requires geometry: geometry;
    requires tables: tables;
    terminates \true; exits \false; assigns \nothing; */
static u64 vm_frame_at(u32 vm, u64 ipa)
{
	u64 gfn = ipa / CV_PAGE_SIZE;

	if (ipa % CV_PAGE_SIZE != 0 || gfn >= table_geometry.gfn_limit)
		return 0;
	return desc_pfn(map_get(vm, gfn));
}

/* Grant the frame at an IPA to the host, or take the grant back. */
/*@ requires vm: is_vm(vm);
    ENTRY_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static int change_share(u32 vm, u64 ipa, bool grant)
{
	u64 pfn;
	int error = CV_ENOENT;

	lock_page(0);
	lock_map();
	pfn = vm_frame_at(vm, ipa);
	/*@ assert lists: list_in_map; */
	/*@ ghost l: ; */
	if (pfn != 0)
		error = grant ? grant_vm_page(vm, pfn) : revoke_vm_page(vm, pfn);
	/*@ assert kept: \forall integer v, r, g; is_region(v, r) &&
	      list_base(v) + r_list(v, r) + r_remapped(v, r) <= g <
	        list_base(v) + r_list(v, r) + r_frames(v, r) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), l) &&
	      \at(map_of(MAP_CORE, g), l) == 0; */
	/*@ assert core: \forall integer g; in_map(MAP_CORE, g) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), l) &&
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), l); */
	unlock_map();
	unlock_page(0);
	return error;
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result call_share(u32 vm, u32 slot, u64 ipa, u64 a2, u64 a3)
{
	(void)slot, (void)a2, (void)a3;
	return guest_answer(change_share(vm, ipa, true));
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result call_unshare(u32 vm, u32 slot, u64 ipa, u64 a2, u64 a3)
{
	(void)slot, (void)a2, (void)a3;
	return guest_answer(change_share(vm, ipa, false));
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result call_measurement(u32 vm, u32 slot, u64 part, u64 a2, u64 a3)
{
	struct guest_result result = guest_answer(CV_OK);

	(void)slot, (void)a2, (void)a3;
	if (part > 1)
		return guest_answer(CV_EINVAL);
	lock_vm(vm);
	/*@ loop invariant 0 <= i <= 3;
	    loop assigns i, result.x[0 .. 3];
	    loop variant 3 - i; */
	for (u32 i = 0; i < 3; i++)
		result.x[i + 1] = bytes_word(&vm_measures[vm].digest[24 * part + 8 * i]);
	unlock_vm(vm);
	return result;
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result smccc_version(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)vm, (void)slot, (void)a1, (void)a2, (void)a3;
	return guest_answer(SMCCC_VERSION_1_2);
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result smccc_features(u32 vm, u32 slot, u64 id, u64 a2, u64 a3)
{
	bool known = (u32)id == SMCCC_VERSION || (u32)id == SMCCC_ARCH_FEATURES;

	(void)vm, (void)slot, (void)a2, (void)a3;
	return guest_answer(known ? CV_OK : CV_NOT_SUPPORTED);
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result vendor_uid(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	struct guest_result result = {{CV_UID_0, CV_UID_1, CV_UID_2, CV_UID_3}, 0, 0};

	(void)vm, (void)slot, (void)a1, (void)a2, (void)a3;
	return result;
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result trng_version(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)vm, (void)slot, (void)a1, (void)a2, (void)a3;
	return guest_answer(TRNG_VERSION_1_0);
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result trng_features(u32 vm, u32 slot, u64 id, u64 a2, u64 a3)
{
	bool known = ((u32)id >= TRNG_VERSION && (u32)id <= TRNG_GET_UUID) || (u32)id == TRNG_RND64;

	(void)vm, (void)slot, (void)a2, (void)a3;
	return guest_answer(known ? CV_OK : CV_NOT_SUPPORTED);
}

/* Bits x1 of entropy, from the low end of X3, then X2, then X1 (DEN0098, 2.5). */
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result trng_rnd64(u32 vm, u32 slot, u64 bits, u64 a2, u64 a3)
{
	struct guest_result result = guest_answer(0);
	u8 entropy[24];

	(void)vm, (void)slot, (void)a2, (void)a3;
	if (bits == 0 || bits > TRNG_MAX_BITS)
		return guest_answer(TRNG_INVALID_PARAMETERS);
	crypto_random(entropy, sizeof(entropy));
	/*@ loop invariant 0 <= i <= 3;
	    loop assigns i, result.x[0 .. 3];
	    loop variant 3 - i; */
	for (u32 i = 0; i < 3; i++) {
		u64 left = bits > 64 * i ? bits - 64 * i : 0;
		u64 word = bytes_word(&entropy[8 * i]);

		if (left < 64)
			word &= (1ULL << left) - 1U;
		result.x[3 - i] = word;
	}
	return result;
}

/* Every call: number and handler. A number that is there twice does not compile. */
/* clang-format off */
#define GUEST_CALLS(X) \
	X(SMCCC_VERSION, smccc_version) \
	X(SMCCC_ARCH_FEATURES, smccc_features) \
	X(CV_UID_CALL, vendor_uid) \
	X(PSCI_VERSION, psci_version) \
	X(PSCI_CPU_SUSPEND_32, psci_cpu_suspend) \
	X(PSCI_CPU_OFF, psci_cpu_off) \
	X(PSCI_CPU_ON_32, psci_cpu_on_32) \
	X(PSCI_AFFINITY_INFO_32, psci_affinity_info) \
	X(PSCI_MIGRATE_INFO_TYPE, psci_migrate_info_type) \
	X(PSCI_SYSTEM_OFF, psci_system_off) \
	X(PSCI_SYSTEM_RESET, psci_system_reset) \
	X(PSCI_FEATURES, psci_features) \
	X(PSCI_CPU_SUSPEND_64, psci_cpu_suspend) \
	X(PSCI_CPU_ON_64, psci_cpu_on) \
	X(PSCI_AFFINITY_INFO_64, psci_affinity_info) \
	X(TRNG_VERSION, trng_version) \
	X(TRNG_FEATURES, trng_features) \
	X(TRNG_GET_UUID, vendor_uid) \
	X(TRNG_RND64, trng_rnd64) \
	X((u32)CV_GUEST_SHARE, call_share) \
	X((u32)CV_GUEST_UNSHARE, call_unshare) \
	X((u32)CV_GUEST_MEASUREMENT, call_measurement)

#define GUEST_CASE(number, handler) \
	case number: \
		result = handler(vm, slot, a1, a2, a3); \
		break;
/* clang-format on */

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static struct guest_result dispatch(u32 vm, u32 slot)
{
	struct guest_result result = guest_answer(CV_NOT_SUPPORTED);
	u64 a1 = vcpu_contexts[slot].x[1];
	u64 a2 = vcpu_contexts[slot].x[2];
	u64 a3 = vcpu_contexts[slot].x[3];

	switch ((u32)vcpu_contexts[slot].x[0]) {
		GUEST_CALLS(GUEST_CASE)
	default:
		break;
	}
	return result;
}

void guest_call(u32 vm, u32 slot)
{
	struct guest_result result = dispatch(vm, slot);

	/*@ loop invariant 0 <= i <= 4;
	    loop assigns i, vcpu_contexts[slot];
	    loop variant 4 - i; */
	for (u32 i = 0; i < 4; i++)
		vcpu_contexts[slot].x[i] = result.x[i];
	if (result.exit != 0)
		vcpu_exit(result.exit, result.arg, 0, 0);
}
