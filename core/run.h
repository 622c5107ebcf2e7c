/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entering a vCPU, leaving it, and what crosses the run page on the way.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/lock.h"
#include "core/types.h"

/*
 * Enter a vCPU on this CPU: take from its run page the answer to its last exit and its list
 * registers, each field read once. Locks held: none; takes vm. vm is a VM id, vcpu any number.
 * CV_ESTATE, CV_ENOENT, CV_EBUSY: as set_vcpu_active. CV_EINVAL: a list register or control
 * bit the host may not set.
 * After 0: cpus[this CPU] names the VM and the machine is in its world.
 */
/*@ requires vm: is_vm(vm);
    ENTRY_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> cpus[this_cpu].vm == vm &&
      vcpus[cpus[this_cpu].slot].id == vcpu && vcpus[cpus[this_cpu].slot].state == CV_VCPU_ACTIVE;
    ensures refused: \result != 0 ==> same_cpu{Pre, Post}; */
int vcpu_run(u32 vm, u64 vcpu);

/*
 * Back to the host: the vCPU of this CPU is put away and its run page says why
 * (enum cv_exit, arguments). Locks held: none; takes vm.
 */
/*@ requires vcpu: cpus[this_cpu].vm != CV_HOSTVISOR;
    ENTRY_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES
    ensures host: cpus[this_cpu].vm == CV_HOSTVISOR && cpus[this_cpu].slot == NO_SLOT; */
void vcpu_exit(u64 reason, u64 arg0, u64 arg1, u64 arg2);

#endif
