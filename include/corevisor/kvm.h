/* SPDX-License-Identifier: BSD-3-Clause */
/* What corevisor.ko adds to the KVM API of Linux. */
#ifndef COREVISOR_KVM_H
#define COREVISOR_KVM_H

/*
 * KVM_ENABLE_CAP on a VM, before its first KVM_RUN: args[0] is the address of a struct
 * cv_manifest (corevisor/manifest.h). A VM that is not what the manifest says does not start:
 * its first KVM_RUN fails with EKEYREJECTED. EBUSY: it has started; EFAULT.
 */
#define KVM_CAP_COREVISOR_MANIFEST 0x43560001

#endif
