/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the controller needs of its surroundings: the kernel and the module, or, so that its
 * logic can be tested without either, test/host/vgic_shim.h.
 */
#ifndef CV_VGIC_ENV_H
#define CV_VGIC_ENV_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kvm.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <corevisor/limits.h>
#include <corevisor/run.h>
#include "corevisor.h"
#else
#include "test/host/vgic_shim.h"
#endif

#endif
