/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupts of a VM that does not run, in and out, a bank of 32 at a time. */
#ifndef COREVISOR_VGIC_SNAPSHOT_H
#define COREVISOR_VGIC_SNAPSHOT_H

#include "vgic_env.h"

struct cv_vm;

/* Banks of SPIs have numbers from 1 on, as in vgic_state.h; those of vCPUs this + the vCPU's id. */
#define VGIC_SNAPSHOT_VCPU 0x100U

struct vgic_snapshot {
	u32 ctlr;
	u32 group, enable, edge, line, latch, active;
	u8 prio[32];
	u32 affinity[32];
	u8 holder[32]; /* where an SPI is active: a vCPU, or 0xff */
};

/* 0, or -ENOENT: there is no such bank. */
int vgic_save(struct cv_vm *vm, u64 number, struct vgic_snapshot *out);
int vgic_load(struct cv_vm *vm, u64 number, const struct vgic_snapshot *in);

#endif
