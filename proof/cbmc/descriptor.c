/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The axioms of core/descriptor.h, each an assertion of the same name and range
 * about the C functions themselves. Run: cbmc -I . -I include FILE.
 */
#include "core/descriptor.h"

/* No body: any value. */
u64 nondet_u64(void);

#define PFN_LIMIT 0x1000000000ULL
#define CHECK(name, condition) __CPROVER_assert(condition, name)

static bool attr_ok(u64 a)
{
	return (a & (DESC_ADDR_MASK | DESC_VALID | DESC_TABLE)) == 0;
}

static u64 prefix(u64 g, u32 l)
{
	return g >> (TABLE_BITS * (4U - l));
}

static u64 offset(u64 g, u32 l)
{
	return g - level_base(g, l);
}

static void check_index(u64 g)
{
	for (u32 l = 0; l <= 3; l++)
		CHECK("index_range", table_index(g, l) < 512);
	__CPROVER_assume(g < PFN_LIMIT);
	CHECK("prefix_0", prefix(g, 0) == 0);
	CHECK("prefix_1", prefix(g, 1) == prefix(g, 0) * 512 + table_index(g, 0));
	CHECK("prefix_1", prefix(g, 1) == g / 134217728);
	CHECK("prefix_2", prefix(g, 2) == prefix(g, 1) * 512 + table_index(g, 1));
	CHECK("prefix_2", prefix(g, 2) == g / 262144);
	CHECK("prefix_3", prefix(g, 3) == prefix(g, 2) * 512 + table_index(g, 2));
	CHECK("prefix_3", prefix(g, 3) == g / 512);
	CHECK("prefix_4", prefix(g, 4) == prefix(g, 3) * 512 + table_index(g, 3));
	CHECK("prefix_4", prefix(g, 4) == g);
	CHECK("offset_1", offset(g, 1) == table_index(g, 2) * 512 + offset(g, 2));
	CHECK("offset_2", offset(g, 2) == table_index(g, 3) && offset(g, 2) == g % 512);
	CHECK("offset_3", offset(g, 3) == 0);
	for (u32 l = 1; l <= 3; l++)
		CHECK("offset_range", offset(g, l) <= g);
}

static void check_any(u64 d)
{
	CHECK("zero_valid", !desc_is_valid(0));
	CHECK("table_valid", !desc_is_table(d) || desc_is_valid(d));
	CHECK("attr_memory", attr_ok(DESC_ATTR_MEMORY));
	CHECK("attr_device", attr_ok(DESC_ATTR_DEVICE));
	CHECK("pfn_range", desc_pfn(d) < PFN_LIMIT);
	CHECK("attr_of", attr_ok(desc_attr(d)));
	CHECK("page_is", !desc_is_table(d) || desc_page(desc_pfn(d), desc_attr(d)) == d);
	CHECK("is_block", desc_is_block(d) == (desc_is_valid(d) && !desc_is_table(d)));
	CHECK("frames", level_frames(0) == 134217728 && level_frames(1) == 262144 &&
				level_frames(2) == 512 && level_frames(3) == 1);
}

int main(void)
{
	u64 p = nondet_u64(), a = nondet_u64();

	check_index(nondet_u64());
	check_any(nondet_u64());
	__CPROVER_assume(p < PFN_LIMIT && attr_ok(a));
	/* page_range, block_range, link_range, attr_range: the type of the functions is u64. */
	CHECK("page_table", desc_is_table(desc_page(p, a)));
	CHECK("page_pfn", desc_pfn(desc_page(p, a)) == p);
	CHECK("page_attr", desc_attr(desc_page(p, a)) == a);
	CHECK("block_valid", desc_is_valid(desc_block(p, a)) && !desc_is_table(desc_block(p, a)));
	CHECK("block_pfn", desc_pfn(desc_block(p, a)) == p);
	CHECK("block_attr", desc_attr(desc_block(p, a)) == a);
	CHECK("link_table", desc_is_table(desc_table(p)));
	CHECK("link_pfn", desc_pfn(desc_table(p)) == p);
	return 0;
}
