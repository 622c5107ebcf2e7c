/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PSCI 1.1 for VMs (DEN0022F, 5). The core decides which vCPU is on and where
 * it starts; the host only learns that a vCPU may be run.
 *
 * Every function: vm and slot are the caller's; a1 to a3 its X1 to X3, any
 * values; locks held: none, may take vm.
 */
#ifndef CORE_PSCI_H
#define CORE_PSCI_H

#include "core/lock.h"
#include "core/result.h"
#include "core/types.h"

#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND_32 0x84000001U
#define PSCI_CPU_SUSPEND_64 0xc4000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON_32 0x84000003U
#define PSCI_CPU_ON_64 0xc4000003U
#define PSCI_AFFINITY_INFO_32 0x84000004U
#define PSCI_AFFINITY_INFO_64 0xc4000004U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_FEATURES 0x8400000aU

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_version(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_features(u32 vm, u32 slot, u64 id, u64 a2, u64 a3);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_migrate_info_type(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3);
/* MPIDR of the target, entry point (IPA), context id. */
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_cpu_on(u32 vm, u32 slot, u64 mpidr, u64 entry, u64 context);
/* The SMC32 form: only the low halves count. */
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_cpu_on_32(u32 vm, u32 slot, u64 mpidr, u64 entry, u64 context);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_cpu_off(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_cpu_suspend(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_affinity_info(u32 vm, u32 slot, u64 mpidr, u64 level, u64 a3);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_system_off(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3);
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
struct guest_result psci_system_reset(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3);

#endif
