/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the d_* and g_* functions of core/descriptor.h are, and so that its C
 * functions are them. Apart from the header, because nobody else needs to look
 * into the bits: proofs over core/ use the axioms there (proof/cbmc/descriptor.c).
 */
#include "core/descriptor.h"

/*@ axiomatic DescriptorDefinition {
      axiom d_pfn_is: \forall u64 d; d_pfn(d) == ((d & DESC_ADDR_MASK) >> CV_PAGE_SHIFT);
      axiom d_attr_is: \forall u64 d;
        d_attr(d) == (d & (u64)(~(DESC_ADDR_MASK | DESC_VALID | DESC_TABLE)));
      axiom d_page_is: \forall u64 p, a;
        d_page(p, a) == ((u64)(p << CV_PAGE_SHIFT) | a | DESC_TABLE | DESC_VALID);
      axiom d_block_is: \forall u64 p, a;
        d_block(p, a) == ((u64)(p << CV_PAGE_SHIFT) | a | DESC_VALID);
      axiom d_link_is: \forall u64 p;
        d_link(p) == ((u64)(p << CV_PAGE_SHIFT) | DESC_TABLE | DESC_VALID);
      axiom d_valid_is: \forall u64 d; d_valid(d) <==> (d & DESC_VALID) != 0;
      axiom d_table_is: \forall u64 d;
        d_table(d) <==> (d & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
      axiom block_is: \forall u64 d;
        (d_valid(d) && !d_table(d)) <==> (d & (DESC_VALID | DESC_TABLE)) == DESC_VALID;
      axiom g_index_0: \forall u64 g; g_index(g, 0) == ((u32)(g >> 27) & 511);
      axiom g_index_1: \forall u64 g; g_index(g, 1) == ((u32)(g >> 18) & 511);
      axiom g_index_2: \forall u64 g; g_index(g, 2) == ((u32)(g >> 9) & 511);
      axiom g_index_3: \forall u64 g; g_index(g, 3) == ((u32)(g >> 0) & 511);
      axiom g_offset_1: \forall u64 g; g - g_offset(g, 1) == (u64)((g >> 18) << 18);
      axiom g_offset_2: \forall u64 g; g - g_offset(g, 2) == (u64)((g >> 9) << 9);
      axiom g_offset_3: \forall u64 g; g - g_offset(g, 3) == (u64)((g >> 0) << 0);
    }
 */
