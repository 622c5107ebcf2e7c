/* SPDX-License-Identifier: BSD-3-Clause */
/* States of VMs and vCPUs, as the INFO calls report them. */
#ifndef COREVISOR_STATE_H
#define COREVISOR_STATE_H

/*
 * UNUSED -> READY (image being loaded) -> VERIFIED (may run) -> POWEROFF
 * (frames may be reclaimed) -> UNUSED (everything reclaimed; the id is free).
 * READY -> POWEROFF is possible too. The order of the values is the order of
 * a life.
 */
enum cv_vm_state {
	CV_VM_UNUSED = 0,
	CV_VM_READY = 1,
	CV_VM_VERIFIED = 2,
	CV_VM_POWEROFF = 3,
};

/* ACTIVE: some physical CPU is running it. */
enum cv_vcpu_state {
	CV_VCPU_UNUSED = 0,
	CV_VCPU_READY = 1,
	CV_VCPU_ACTIVE = 2,
};

#endif
