/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the controller remembers. Interrupts come in banks of 32, one bit each in every word, as
 * in the registers; bank 0 (SGIs and PPIs) is there once a vCPU, the others (SPIs) once a VM.
 */
#ifndef CV_VGIC_STATE_H
#define CV_VGIC_STATE_H

#include "vgic_env.h"

#define VGIC_BANK_IRQS 32U
#define VGIC_SPI_BANKS 31U
#define VGIC_MIN_IRQS 64U
#define VGIC_MAX_IRQS 1024U
#define VGIC_DEFAULT_IRQS 256U
/* 1020 to 1023 are no interrupts (IHI 0069, 2.2). */
#define VGIC_SPI_LIMIT 1020U
#define VGIC_NR_SGIS 16U

#define VGIC_FRAME_SIZE 0x10000ULL
#define VGIC_REDIST_SIZE (2 * VGIC_FRAME_SIZE)
#define VGIC_MAX_REGIONS CV_MAX_VCPUS
/* No address of a VM is near it. */
#define VGIC_UNSET (~(VGIC_FRAME_SIZE - 1))

/* GICD_CTLR (12.9.4), one Security state. */
#define VGIC_CTLR_GRP0 0x1U
#define VGIC_CTLR_GRP1 0x2U

#define VGIC_NO_CPU 0xffU

struct vgic_bank {
	u32 group; /* 1: Group 1 */
	u32 enable;
	u32 edge; /* 1: edge-triggered */
	u32 line; /* what the device drives */
	u32 latch; /* pending whatever the line: an edge, an SGI, or set by software */
	u32 active;
	u32 loaded; /* in a list register of a vCPU that runs, which has newer state */
	u8 prio[VGIC_BANK_IRQS];
};

/* Where an SPI goes. */
struct vgic_route {
	u32 affinity; /* Aff3.Aff2.Aff1.Aff0 of GICD_IROUTER */
	u8 target; /* the vCPU which has that affinity; VGIC_NO_CPU: none can */
	u8 holder; /* the vCPU on which it is active or loaded, or VGIC_NO_CPU */
};

/* A list register while the vCPU runs. */
struct vgic_slot {
	u16 intid;
	bool latched; /* its latch went into the pending bit */
};

struct vgic_vcpu {
	struct cv_vcpu *vcpu;
	u8 id;
	u8 frame; /* redistributors are in the order in which vCPUs joined */
	bool attention; /* there may be something for the list registers; read without the lock */
	atomic_t hold; /* others who want it out of the guest, see vgic_lock_halted() */
	u32 nr_loaded; /* slots in use: the vCPU runs, or is about to */
	u32 nr_written; /* list registers of the run page that are not 0 */
	struct vgic_slot slot[CV_RUN_NR_LR];
	struct vgic_bank bank;
};

/* Consecutive redistributors. */
struct vgic_region {
	u64 base;
	u32 count;
	u32 first; /* frame */
};

struct vgic {
	raw_spinlock_t lock; /* guards all that is not fixed before `ready` */
	bool ready;
	bool legacy_region; /* the one region is as long as there are vCPUs */
	u32 nr_irqs; /* 0: not said yet */
	u32 nr_cpus;
	u32 nr_regions;
	u64 dist_base;
	u64 present; /* a bit for each vCPU id */
	u32 ctlr;
	u32 busy; /* banks of SPIs of which something may be pending or active */
	struct vgic_vcpu *cpu[CV_MAX_VCPUS]; /* by id */
	struct vgic_vcpu *frame[CV_MAX_VCPUS];
	struct vgic_region region[VGIC_MAX_REGIONS];
	struct vgic_bank spi[VGIC_SPI_BANKS];
	struct vgic_route route[VGIC_SPI_BANKS * VGIC_BANK_IRQS];
};

/* Bank n; n is 0: that of a vCPU. */
static inline struct vgic_bank *vgic_bank(struct vgic *vgic, struct vgic_vcpu *c, u32 n)
{
	return n == 0 ? &c->bank : &vgic->spi[n - 1];
}

static inline struct vgic_route *vgic_route(struct vgic *vgic, u32 intid)
{
	return &vgic->route[intid - VGIC_BANK_IRQS];
}

/* An affinity that no vCPU has: the interrupt goes nowhere. There is no 1 of N. Locks: lock. */
static inline void vgic_route_set(struct vgic_route *route, u32 affinity)
{
	u32 id = (affinity >> 8 & 0xffU) * 16 + (affinity & 0xfU);

	WRITE_ONCE(route->affinity, affinity);
	route->target = affinity & 0xffff00f0U || id >= CV_MAX_VCPUS ? VGIC_NO_CPU : (u8)id;
}

/* The vCPU that an SPI concerns: the one which is at it, else the one it is routed to. */
static inline u8 vgic_owner(struct vgic *vgic, u32 intid)
{
	const struct vgic_route *route = vgic_route(vgic, intid);

	return route->holder != VGIC_NO_CPU ? route->holder : route->target;
}

static inline u32 vgic_pending(const struct vgic_bank *bank)
{
	return bank->latch | (bank->line & ~bank->edge);
}

/* Pending, and nothing in the distributor keeps it from the vCPU. */
static inline u32 vgic_ready(const struct vgic *vgic, const struct vgic_bank *bank)
{
	u32 group0 = vgic->ctlr & VGIC_CTLR_GRP0 ? ~bank->group : 0;
	u32 group1 = vgic->ctlr & VGIC_CTLR_GRP1 ? bank->group : 0;

	return vgic_pending(bank) & bank->enable & (group0 | group1);
}

/*
 * Interrupts `mask` of a bank have changed: note it for the vCPUs that should look at them, and
 * return a bit for each. vgic_kick() them after the lock is dropped. Locks: lock.
 */
u64 vgic_wake(struct vgic *vgic, struct vgic_vcpu *c, u32 n, u32 mask);
/* All of them must look at everything. Locks: lock. */
u64 vgic_wake_all(struct vgic *vgic);
/* Locks: none. */
void vgic_kick(struct vgic *vgic, u64 cpus);

/*
 * Take the lock with none of `mask` of a bank in a list register: vCPUs that hold one are stopped,
 * so that what the bank says is the whole truth, and go on after vgic_unlock_halted().
 */
struct vgic_halt {
	u64 cpus;
	unsigned long flags;
};

void vgic_lock_halted(struct vgic *vgic, struct vgic_vcpu *c, u32 n, u32 mask,
		      struct vgic_halt *halt);
void vgic_unlock_halted(struct vgic *vgic, const struct vgic_halt *halt);

#endif
