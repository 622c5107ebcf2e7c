/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that agents write carry who wrote them, so that whoever reads one
 * can be judged by it alone, whatever the interleaving was:
 *
 *   63:58 magic | 57 private | 56:48 writer | 47:32 life | 31:16 gfn | 15:0 sequence
 *
 * writer: the host (0) or a VM; life: which VM of that id, see model_life().
 * A VM's word is private unless its gfn is one that VMs share in fuzzing.
 */
#ifndef SIM_TAG_H
#define SIM_TAG_H

#include "core/types.h"

#define TAG_MAGIC 0x2bULL
#define TAG_REGISTER_GFN 0xff00U /* "gfn" of a secret in a register */

/* gfns that fuzzed VMs share with the host; no other word of a VM may reach it. */
static inline bool tag_gfn_shareable(u64 gfn)
{
	return gfn % 8U == 7U;
}

static inline u64 tag_make(u32 writer, u32 life, bool secret, u64 gfn, u64 sequence)
{
	return (TAG_MAGIC << 58) | ((u64)secret << 57) | ((u64)(writer & 0x1ffU) << 48) |
	       ((u64)(life & 0xffffU) << 32) | ((gfn & 0xffffU) << 16) | (sequence & 0xffffU);
}

static inline bool tag_is(u64 word)
{
	return word >> 58 == TAG_MAGIC;
}

static inline bool tag_is_private(u64 word)
{
	return word >> 57 == ((TAG_MAGIC << 1) | 1U);
}

static inline u32 tag_writer(u64 word)
{
	return (u32)(word >> 48) & 0x1ffU;
}

static inline u32 tag_life(u64 word)
{
	return (u32)(word >> 32) & 0xffffU;
}

#endif
