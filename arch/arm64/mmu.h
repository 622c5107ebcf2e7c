/* SPDX-License-Identifier: BSD-3-Clause */
/* The core's own address space: stage 1 of EL2. */
#ifndef ARM64_MMU_H
#define ARM64_MMU_H

#include "core/types.h"
#include "layout.h"

/* Nothing is both writable and executable. */
enum mmu_kind {
	MMU_CODE, /* read, execute */
	MMU_CONST, /* read */
	MMU_DATA, /* read, write */
	MMU_DEVICE, /* read, write; Device-nGnRE */
};

/*
 * Map [va, va + size) to pa, in the largest blocks that fit; all are multiples of
 * 4 KB, and what is mapped there already is mapped in the same way. Boot only, on
 * one CPU. Returns false when the tables are used up.
 */
bool mmu_map(u64 va, u64 pa, u64 size, enum mmu_kind kind);

/*
 * Map the 2 MB at va as those at `like` are, by the same table of 4 KB pages.
 * Both are 2 MB aligned.
 */
bool mmu_map_alike(u64 va, u64 like);

/* Physical address of the root table, for TTBR0_EL2. */
u64 mmu_root(void);

/*
 * Physical address of something in the image; image_pa is where the image was
 * loaded.
 */
extern u64 image_pa;
u64 image_to_pa(const void *p);

/*
 * The first map, built with the MMU off at physical address `pa` of the image:
 * the image, the code that turns the MMU on at its own address, the device tree
 * and the place it is copied to. Returns the root. It cannot run out of tables.
 */
u64 early_map(u64 pa, u64 fdt);

/* RAM outside the core through the linear map. */
static inline void *pa_to_va(u64 pa)
{
	return (void *)(VA_LINEAR + pa);
}

#endif
