/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated machine as a whole: what it is made of, and how anything
 * in it reports that a promise of the core has been broken.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "core/types.h"
#include "corevisor/limits.h"

/* RAM begins where QEMU's virt machine has it: 1 GB. */
#define SIM_RAM_PFN 0x40000ULL
/* Frames between two banks. */
#define SIM_HOLE_FRAMES 0x8000ULL
/* Device frames: those the host drives, those a VM may claim. The rest is nothing. */
#define SIM_DEV_HOST_PFN 0x9000ULL
#define SIM_DEV_VM_PFN 0xa000ULL
#define SIM_DEV_FRAMES 64ULL
/* Records of the log that survives a reboot, at most. */
#define SIM_MAX_STORE 256U

struct sim_config {
	u64 ram; /* bytes, all banks together */
	u32 cpus;
	u32 banks; /* 1 or 2 */
	u32 ipa_bits;
	u32 tables; /* of the pool; 0: what the RAM asks for */
	u32 streams;
	u32 store; /* records of the log that survives a reboot; 0: there is none */
};

struct sim_bank {
	u64 pfn;
	u64 frames;
	u64 first; /* frames in the banks before */
};

struct sim_machine {
	struct sim_config config;
	struct sim_bank bank[2];
	u32 nr_banks;
	u64 top; /* first frame above RAM */
	u64 image_pfn, image_frames; /* the core's image */
	u64 records_pfn, records_frames; /* its ownership records */
	u64 pool_pfn, pool_frames; /* its tables */
	u64 free_pfn; /* first frame of the host, 2 MB aligned */
	bool up; /* core_init() has returned */
	bool threaded; /* CPUs run in parallel */
};

extern struct sim_machine sim;

/* The limits of a configuration: NULL, or what is wrong with it. */
const char *sim_config_check(const struct sim_config *config);

/* A machine of that shape, with the core booted. Exits 2 when the core refuses it. */
void sim_boot(const struct sim_config *config);

/*
 * What a reboot is to one that has no VMs: the core forgets which snapshots it has seen, and reads
 * its log. False if there are VMs.
 */
bool sim_reboot(void);

/* A pool that covers a RAM size. */
u32 sim_pool_frames(const struct sim_config *config);

static inline bool sim_is_ram(u64 pfn)
{
	for (u32 i = 0; i < sim.nr_banks; i++) {
		if (pfn - sim.bank[i].pfn < sim.bank[i].frames)
			return true;
	}
	return false;
}

/* A frame of RAM that the core keeps. */
static inline bool sim_is_core(u64 pfn)
{
	return pfn >= sim.image_pfn && pfn < sim.pool_pfn + sim.pool_frames;
}

/*
 * A promise has been broken: `kind` is a short fixed name, the rest says where.
 * Does not return: whoever runs the simulator has said what happens then.
 */
_Noreturn void sim_violation(const char *kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
extern void (*sim_on_violation)(const char *kind, const char *detail);

#endif
