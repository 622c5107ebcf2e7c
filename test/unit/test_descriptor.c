/* SPDX-License-Identifier: BSD-3-Clause */
/* core/descriptor.h against the bit positions of the Arm ARM, D8.3. */
#include "core/descriptor.h"
#include "test/unit/unit.h"

static const u64 pfns[] = {0, 1, 0x1ff, 0x200, 0x3ffff, 0x40000, 0xfffffffffULL, 0xabcdef123ULL};
#define NR_PFNS (sizeof(pfns) / sizeof(pfns[0]))

static u64 bits(u64 value, u32 high, u32 low)
{
	return (value >> low) & ((2ULL << (high - low)) - 1);
}

static void check_attributes(void)
{
	unit_case("attributes");
	CHECK_EQ(bits(DESC_ATTR_MEMORY, 5, 2), 0xf);
	CHECK_EQ(bits(DESC_ATTR_MEMORY, 7, 6), 3);
	CHECK_EQ(bits(DESC_ATTR_MEMORY, 9, 8), 3);
	CHECK_EQ(bits(DESC_ATTR_MEMORY, 10, 10), 1);
	CHECK_EQ(bits(DESC_ATTR_MEMORY, 54, 53), 0);
	CHECK_EQ(bits(DESC_ATTR_DEVICE, 5, 2), 1);
	CHECK_EQ(bits(DESC_ATTR_DEVICE, 7, 6), 3);
	CHECK_EQ(bits(DESC_ATTR_DEVICE, 10, 10), 1);
	CHECK_EQ(bits(DESC_ATTR_DEVICE, 54, 53), 2);
}

static void check_frame(u64 pfn, u64 attr)
{
	u64 page = desc_page(pfn, attr);
	u64 block = desc_block(pfn, attr);
	u64 table = desc_table(pfn);

	unit_case("frame %#llx, attributes %#llx", (unsigned long long)pfn,
		  (unsigned long long)attr);
	CHECK_EQ(bits(page, 1, 0), 3);
	CHECK_EQ(bits(block, 1, 0), 1);
	CHECK_EQ(bits(table, 1, 0), 3);
	CHECK_EQ(bits(page, 47, 12), pfn);
	CHECK_EQ(desc_pfn(page), pfn);
	CHECK_EQ(desc_pfn(block), pfn);
	CHECK_EQ(desc_pfn(table), pfn);
	CHECK_EQ(desc_attr(page), attr);
	CHECK_EQ(desc_attr(block), attr);
	CHECK_EQ(desc_attr(table), 0);
	CHECK(desc_is_valid(page) && desc_is_valid(block) && desc_is_valid(table));
	CHECK(desc_is_block(block) && !desc_is_block(table) && !desc_is_block(page));
	CHECK(desc_is_table(table) && !desc_is_table(block));
}

static void check_indices(void)
{
	unit_case("indices");
	for (u32 i = 0; i < 1000; i++) {
		u64 gfn = unit_random() >> 28;
		u64 rebuilt = 0;

		for (u32 level = 0; level <= 3; level++)
			rebuilt = rebuilt << 9 | table_index(gfn, level);
		CHECK_EQ(rebuilt, gfn);
		CHECK_EQ(table_index(gfn, 3), gfn % 512);
		CHECK_EQ(table_index(gfn, 0), bits(gfn, 35, 27));
	}
	CHECK_EQ(level_frames(3), 1);
	CHECK_EQ(level_frames(2), 512);
	CHECK_EQ(level_frames(1), 512 * 512);
}

void test_descriptor(void)
{
	check_attributes();
	for (u32 i = 0; i < NR_PFNS; i++) {
		check_frame(pfns[i], DESC_ATTR_MEMORY);
		check_frame(pfns[i], DESC_ATTR_DEVICE);
	}
	check_indices();
	unit_case("zero maps nothing");
	CHECK(!desc_is_valid(0) && !desc_is_table(0) && !desc_is_block(0));
	CHECK(!desc_is_valid(DESC_TABLE));
	CHECK(!desc_is_block(DESC_TABLE));
	CHECK(!desc_is_table(DESC_TABLE));
}
