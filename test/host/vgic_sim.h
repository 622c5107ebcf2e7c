/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM whose vCPUs are simulated up to what the controller under test can see of them: entering
 * and leaving, the list registers, acknowledge and end of interrupt, maintenance interrupts.
 */
#ifndef VGIC_SIM_H
#define VGIC_SIM_H

#include <stdio.h>

#include "host/linux/vgic.h"

#define DIST_BASE 0x08000000ULL
#define REDIST_BASE 0x080a0000ULL
#define SIM_NR_IRQS 96U
/* Five bits: no more can be nested. */
#define NR_PRIORITIES 32U

/* Registers, as their names in IHI 0069. */
#define GICD_CTLR 0x0U
#define GICD_TYPER 0x4U
#define GIC_IGROUPR 0x80U
#define GIC_ISENABLER 0x100U
#define GIC_ICENABLER 0x180U
#define GIC_ISPENDR 0x200U
#define GIC_ICPENDR 0x280U
#define GIC_ISACTIVER 0x300U
#define GIC_ICACTIVER 0x380U
#define GIC_IPRIORITYR 0x400U
#define GIC_ICFGR 0xc00U
#define GICD_IROUTER 0x6000U
#define SGI_FRAME 0x10000U

#define LR_PENDING (1ULL << 62)
#define LR_ACTIVE (1ULL << 63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_EOI (1ULL << 41)
#define LR_INTID(lr) ((u32)(lr))
#define LR_PRIO(lr) ((u32)((lr) >> 48) & 0xffU)

struct sim_vcpu {
	struct cv_vcpu v;
	u64 lr[CV_RUN_NR_LR];
	u64 entered[CV_RUN_NR_LR]; /* lr, as it was when the guest was entered */
	u64 hcr;
	bool in_guest;
	bool kicked; /* atomic */
	u32 entries;
	u32 depth; /* interrupts taken and not ended, the last is running */
	u32 taken[NR_PRIORITIES];
	u32 prio[NR_PRIORITIES];
};

struct sim {
	struct cv_vm vm;
	u32 nr_vcpus;
	struct sim_vcpu vcpu[16];
};

#define CHECK(cond)                                          \
	do {                                                 \
		if (!(cond))                                 \
			sim_fail(__FILE__, __LINE__, #cond); \
	} while (0)

void sim_fail(const char *file, int line, const char *what) __attribute__((noreturn));
/* Said when a check fails: what led there. */
extern char sim_where[128];

/* A VM with a controller, initialised; all interrupts Group 1, enabled at priority 0xa0, on. */
void sim_create(struct sim *sim, u32 nr_vcpus);
/* Without the registers written. */
void sim_create_reset(struct sim *sim, u32 nr_vcpus);
void sim_destroy(struct sim *sim);
long sim_attr(struct sim *sim, unsigned int cmd, u32 group, u64 attr, void *value);

/* As a vCPU that is not in the guest. */
u64 sim_read(struct sim_vcpu *s, u64 addr, u32 size);
void sim_write(struct sim_vcpu *s, u64 addr, u32 size, u64 value);
u64 sim_redist(const struct sim_vcpu *s);

void sim_enter(struct sim_vcpu *s);
void sim_exit(struct sim_vcpu *s);
/* The guest takes its most urgent interrupt: its INTID, or 1023. */
u32 sim_ack(struct sim_vcpu *s);
/* It ends the one it took last: the INTID. The vCPU may have left the guest then. */
u32 sim_eoi(struct sim_vcpu *s);
/* Is a maintenance interrupt asserted? */
bool sim_maintenance(const struct sim_vcpu *s);
bool sim_find_lr(const struct sim_vcpu *s, u32 intid, u64 *lr);

void test_random(struct sim **running, u64 seed, u32 steps);
void test_threads(u32 rounds);

#endif
