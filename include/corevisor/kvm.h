/* SPDX-License-Identifier: BSD-3-Clause */
/* What corevisor.ko adds to the KVM API of Linux. */
#ifndef COREVISOR_KVM_H
#define COREVISOR_KVM_H

#include <linux/kvm.h>

/*
 * KVM_ENABLE_CAP on a VM, before its first KVM_RUN: args[0] is the address of a struct
 * cv_manifest (corevisor/manifest.h). A VM that is not what the manifest says does not start:
 * its first KVM_RUN fails with EKEYREJECTED. EBUSY: it has started; EFAULT.
 */
#define KVM_CAP_COREVISOR_MANIFEST 0x43560001
/* KVM_CHECK_EXTENSION: the two ioctls below are there. */
#define KVM_CAP_COREVISOR_SNAPSHOT 0x43560002

enum cv_record_kind {
	CV_RECORD_END = 0, /* for user space; whatever it holds */
	CV_RECORD_HEAD = 1, /* struct cv_snapshot_head; `number`: pages to come, as a hint */
	CV_RECORD_PAGE = 2, /* of gfn `number`, encrypted; its tag */
	CV_RECORD_VCPU = 3, /* vCPU `number`, encrypted; `answer`: see below */
	CV_RECORD_TAIL = 4, /* struct cv_snapshot_tail */
	CV_RECORD_GIC = 5, /* the host's: interrupts of bank `number` */
};

/* One record of a snapshot (corevisor/snapshot.h), on its way through the host. */
struct cv_record {
	__u32 kind;
	__u32 zero;
	__u64 number;
	__u64 tag[2];
	/* What a vCPU that waits for a device will read: CV_RUN_DATA of its run page. */
	__u64 answer;
	__u8 data[4096];
};

/*
 * On a VM that has run: its next record. The first call powers it off for ever; at the end
 * CV_RECORD_END, again and again. EBUSY: a vCPU is in KVM_RUN. EBADFD: it has never run, or
 * what it had is gone.
 */
#define KVM_COREVISOR_SAVE _IOR(KVMIO, 0xf0, struct cv_record)
/*
 * On a VM that has not run, with its memory, vCPUs and vGIC in place as they were in the one
 * saved: the next record, in the order they came. When all have been taken the VM can run.
 * EKEYREJECTED: not authentic, or not the next; EBADMSG: makes no sense; after any error but
 * EFAULT and EINTR the VM is dead.
 */
#define KVM_COREVISOR_LOAD _IOW(KVMIO, 0xf1, struct cv_record)

#endif
