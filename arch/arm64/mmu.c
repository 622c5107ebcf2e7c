/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage 1 tables of EL2: 4 KB granule, 48 bits, four levels (Arm ARM D8.2,
 * D8.3). The tables come from a fixed array in the image; the code works on it at
 * its physical address before the MMU is on (early_map), and at its virtual
 * address after, because all it does with addresses is relative to the PC.
 */
#include "mmu.h"

#include "sysreg.h"

#define NR_TABLES 128U
#define ENTRIES 512U

#define S1_VALID 0x1ULL
#define S1_TABLE 0x2ULL /* also: page, at level 3 */
#define S1_AF (1ULL << 10)
#define S1_SH_INNER (3ULL << 8)
#define S1_AP_RO (1ULL << 7)
#define S1_AP1 (1ULL << 6) /* RES1 in a regime with one privilege level (D8.4.1) */
#define S1_ATTR_DEVICE (1ULL << 2) /* MAIR attribute 1 */
#define S1_XN (1ULL << 54)
#define S1_ADDR 0x0000fffffffff000ULL

struct s1_table {
	u64 e[ENTRIES];
};

/* In the early area: cleared before the MMU is on, and coherent with it off. */
__attribute__((section(".early"), aligned(4096))) static struct s1_table tables[NR_TABLES];
__attribute__((section(".early"))) static u32 nr_used;
__attribute__((section(".early"))) u64 image_pa;

extern char _image_start[], _text_end[], _rodata_end[], _image_end[];

u64 image_to_pa(const void *p)
{
	return (u64)p - (u64)_image_start + image_pa;
}

u64 mmu_root(void)
{
	return image_to_pa(&tables[0]);
}

static u64 kind_attributes(enum mmu_kind kind)
{
	u64 base = S1_VALID | S1_AF | S1_SH_INNER;

	switch (kind) {
	case MMU_CODE:
		return base | S1_AP_RO | S1_AP1;
	case MMU_CONST:
		return base | S1_AP_RO | S1_AP1 | S1_XN;
	case MMU_DEVICE:
		return base | S1_AP1 | S1_XN | S1_ATTR_DEVICE;
	case MMU_DATA:
	default:
		return base | S1_AP1 | S1_XN;
	}
}

/* The table that entry *e points to; a new one if there is none. */
static struct s1_table *next_table(u64 *e)
{
	if (*e == 0) {
		if (nr_used == NR_TABLES)
			return NULL;
		*e = image_to_pa(&tables[nr_used]) | S1_TABLE | S1_VALID;
		nr_used++;
	}
	return &tables[((*e & S1_ADDR) - image_to_pa(&tables[0])) / sizeof(struct s1_table)];
}

/* Can a leaf of `level` map pa at va? */
static bool leaf_fits(u64 va, u64 pa, u64 size, u32 level)
{
	u64 span = 1ULL << (39U - 9U * level);

	return level > 0 && ((va | pa) & (span - 1U)) == 0 && size >= span;
}

/*
 * Map the start of [va, va + size) by one leaf. Returns how much of it is mapped
 * now, 0 if the tables are used up. What a block of the first map covers already stays.
 */
static u64 map_leaf(u64 va, u64 pa, u64 size, u64 attributes)
{
	struct s1_table *table = &tables[0];

	for (u32 level = 0;; level++) {
		u64 span = 1ULL << (39U - 9U * level);
		u64 *e = &table->e[(va / span) & (ENTRIES - 1U)];
		bool block = level < 3 && (*e & (S1_TABLE | S1_VALID)) == S1_VALID;

		if (block)
			return span - (va & (span - 1U));
		if (leaf_fits(va, pa, size, level) && (*e == 0 || level == 3)) {
			*e = pa | attributes | (level == 3 ? S1_TABLE : 0);
			return span;
		}
		table = next_table(e);
		if (table == NULL)
			return 0;
	}
}

bool mmu_map(u64 va, u64 pa, u64 size, enum mmu_kind kind)
{
	u64 attributes = kind_attributes(kind);

	for (u64 done = 0; done < size;) {
		u64 step = map_leaf(va + done, pa + done, size - done, attributes);

		if (step == 0)
			return false;
		done += step;
	}
	/* New entries are seen by walks of this CPU from here on (D8.2.6). */
	__asm__ volatile("dsb ishst; isb" : : : "memory");
	return true;
}

/* The level 2 entry for va, or NULL. */
static u64 *level2_entry(u64 va)
{
	struct s1_table *table = &tables[0];

	for (u32 level = 0; level < 2 && table != NULL; level++)
		table = next_table(&table->e[(va >> (39U - 9U * level)) & (ENTRIES - 1U)]);
	return table == NULL ? NULL : &table->e[(va >> 21) & (ENTRIES - 1U)];
}

bool mmu_map_alike(u64 va, u64 like)
{
	const u64 *from = level2_entry(like);
	u64 *to = level2_entry(va);

	if (from == NULL || to == NULL)
		return false;
	*to = *from;
	__asm__ volatile("dsb ishst; isb" : : : "memory");
	return true;
}

u64 early_map(u64 pa, u64 fdt)
{
	const u64 *fdt_offset = (const u64 *)(pa + HEADER_FDT_OFFSET);
	u64 text = (u64)(_text_end - _image_start);
	u64 rodata = (u64)(_rodata_end - _image_start);
	u64 end = (u64)(_image_end - _image_start);
	u64 first = fdt & ~(FDT_SLOT - 1ULL);

	image_pa = pa;
	nr_used = 1;
	mmu_map(VA_IMAGE, pa, text, MMU_CODE);
	mmu_map(VA_IMAGE + text, pa + text, rodata - text, MMU_CONST);
	mmu_map(VA_IMAGE + rodata, pa + rodata, end - rodata, MMU_DATA);
	mmu_map(pa, pa, 4096, MMU_CODE);
	if (fdt < LINEAR_LIMIT)
		mmu_map(VA_LINEAR + first, first, 2ULL * FDT_SLOT, MMU_DATA);
	/* The slot is the image's own, but not within its map. */
	if (*fdt_offset != 0)
		mmu_map(VA_LINEAR + pa + *fdt_offset, pa + *fdt_offset, FDT_SLOT, MMU_DATA);
	return image_to_pa(&tables[0]);
}
