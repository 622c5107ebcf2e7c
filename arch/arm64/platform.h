/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine as its device tree describes it, and what the core changes in
 * the tree before the host sees it. Boot only.
 */
#ifndef ARM64_PLATFORM_H
#define ARM64_PLATFORM_H

#include "core/init.h"
#include "core/types.h"
#include "corevisor/limits.h"

#define MAX_AVOID 32U

/* A range of bytes of physical address space. */
struct range {
	u64 base;
	u64 size;
};

/*
 * chosen: where /chosen is in the loader's tree. uart: PL011, or 0.
 * ram: banks, in ascending order, disjoint. avoid: parts of RAM somebody uses at boot.
 */
struct platform {
	int chosen;
	struct range ram[CORE_MAX_BANKS];
	struct range avoid[MAX_AVOID];
	u32 nr_ram;
	u32 nr_avoid;
	u32 nr_cpus;
	bool psci; /* 0.2 or later, by SMC */
	u64 uart;
	u64 mpidr[CV_MAX_CPUS];
};

extern struct platform platform;

/*
 * A node, and the one above it (-1: it is the root), for which libfdt would search from the start
 * of the tree.
 */
struct tree_node {
	const void *fdt;
	int offset;
	int parent;
	int depth;
};

/* The root; from a node to the next in the order of the tree, false if there is none. */
struct tree_node platform_root(const void *fdt);
bool platform_next(struct tree_node *node);

/*
 * Entry `index` of a node's `reg`, as the CPUs see it. Returns false if there is none, or a bus
 * above does not translate it.
 */
bool platform_reg(const struct tree_node *node, int index, struct range *out);

/* Read what the rest needs first: where /chosen is, and the console. */
void platform_open(const void *fdt);

/*
 * Read the rest of the tree into `platform`. Returns NULL, or what is wrong with it; that names
 * a node where it can.
 */
const char *platform_read(const void *fdt, u64 fdt_pa);

/* Value of an option on the host's command line ("name=value"), "" if not there. */
void platform_option(const void *fdt, const char *name, char *value, u32 size);

/* The seed the boot loader left in /chosen, its size in *size; NULL if there is none. */
const void *platform_seed(const void *fdt, u32 *size);

/* The same, to overwrite. */
void *platform_seed_writable(void *fdt, u32 *size);

/*
 * Tell the host: `kept` ranges of RAM are not there, and its timer is the physical one. Returns
 * NULL, or what failed.
 */
const char *platform_edit(void *fdt, const struct range *kept, u32 nr_kept);

/* Bytes of RAM in all banks. */
u64 platform_ram_bytes(void);

/* Does a range meet any of `n` others? */
bool range_meets(struct range r, const struct range *others, u32 n);

#endif
