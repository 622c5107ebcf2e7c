/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What host/linux/vgic*.c need of a kernel and of the rest of the module, in a process. The test
 * supplies cv_vcpu_kick() and vgic_shim_relax(), one turn of a spin loop.
 */
#ifndef VGIC_SHIM_H
#define VGIC_SHIM_H

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "corevisor/limits.h"
#include "corevisor/run.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define __user
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)

typedef struct {
	int counter;
} atomic_t;

#define atomic_set(a, v) __atomic_store_n(&(a)->counter, (v), __ATOMIC_SEQ_CST)
#define atomic_read(a) __atomic_load_n(&(a)->counter, __ATOMIC_SEQ_CST)
#define atomic_inc(a) ((void)__atomic_fetch_add(&(a)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_dec(a) ((void)__atomic_fetch_sub(&(a)->counter, 1, __ATOMIC_SEQ_CST))

static inline unsigned long __ffs(unsigned long word)
{
	return (unsigned long)__builtin_ctzl(word);
}

static inline unsigned long __ffs64(u64 word)
{
	return (unsigned long)__builtin_ctzll(word);
}

#define GFP_KERNEL_ACCOUNT 0
#define kzalloc(size, gfp) calloc(1, (size))
#define kvzalloc(size, gfp) calloc(1, (size))
#define kfree(p) free(p)
#define kvfree(p) free(p)

/* An address of user space that is not there. */
#define VGIC_SHIM_BAD_ADDR 8UL

static inline unsigned long copy_from_user(void *to, const void *from, unsigned long size)
{
	if ((uintptr_t)from == VGIC_SHIM_BAD_ADDR)
		return size;
	memcpy(to, from, size);
	return 0;
}

static inline unsigned long copy_to_user(void *to, const void *from, unsigned long size)
{
	if ((uintptr_t)to == VGIC_SHIM_BAD_ADDR)
		return size;
	memcpy(to, from, size);
	return 0;
}

typedef pthread_mutex_t raw_spinlock_t;

#define raw_spin_lock_init(l) pthread_mutex_init((l), NULL)
#define raw_spin_lock(l) ((void)pthread_mutex_lock(l))
#define raw_spin_unlock(l) ((void)pthread_mutex_unlock(l))
#define raw_spin_lock_irqsave(l, flags) ((flags) = 0, raw_spin_lock(l))
#define raw_spin_unlock_irqrestore(l, flags) ((void)(flags), raw_spin_unlock(l))
#define local_irq_save(flags) ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))

void vgic_shim_relax(void);
#define cpu_relax() vgic_shim_relax()

/* Of the KVM API for arm64 (Documentation/virt/kvm/devices/arm-vgic-v3.rst). */
#define KVM_DEV_ARM_VGIC_GRP_ADDR 0
#define KVM_DEV_ARM_VGIC_GRP_DIST_REGS 1
#define KVM_DEV_ARM_VGIC_GRP_NR_IRQS 3
#define KVM_DEV_ARM_VGIC_GRP_CTRL 4
#define KVM_DEV_ARM_VGIC_GRP_REDIST_REGS 5
#define KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS 6
#define KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO 7
#define KVM_DEV_ARM_VGIC_CTRL_INIT 0
#define KVM_VGIC_V3_ADDR_TYPE_DIST 2
#define KVM_VGIC_V3_ADDR_TYPE_REDIST 3
#define KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION 5

struct vgic;
struct vgic_vcpu;

enum { CV_PHASE_NEW, CV_PHASE_STARTED };

struct cv_vcpu {
	struct cv_vm *vm;
	u32 id;
	struct vgic_vcpu *vgic;
	void *test; /* the test's */
};

struct cv_vm {
	int phase;
	u32 ipa_bits;
	struct vgic *vgic;
	struct cv_vcpu *vcpus[CV_MAX_VCPUS];
};

static inline struct cv_vcpu *cv_vm_vcpu(struct cv_vm *vm, u32 id)
{
	return id < CV_MAX_VCPUS ? vm->vcpus[id] : NULL;
}

void cv_vcpu_kick(struct cv_vcpu *v);

#endif
