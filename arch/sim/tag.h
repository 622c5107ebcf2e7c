/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that agents write carry who wrote them, so that whoever reads one
 * can be judged by it alone, whatever the interleaving was:
 *
 *   63:32 check | 31 private | 30:22 writer | 21:14 life | 13:6 gfn | 5:0 sequence
 *
 * check: a hash of the rest, so that ciphertext and random numbers, which the host may read,
 * look like a word of a VM once in 2^32. writer: the host (0) or a VM; life: which VM of that id,
 * see model_life(). A VM's word is private unless its gfn is one that VMs share in fuzzing.
 */
#ifndef SIM_TAG_H
#define SIM_TAG_H

#include "core/types.h"

#define TAG_REGISTER_GFN 0xf0U /* "gfn" of a secret in a register */
#define TAG_LIFE_MASK 0xffU

/* gfns that fuzzed VMs share with the host; no other word of a VM may reach it. */
static inline bool tag_gfn_shareable(u64 gfn)
{
	return gfn % 8U == 7U;
}

/* Mixes so that every bit of the word counts. */
static inline u64 tag_check(u32 word)
{
	u64 h = (word ^ 0x9e3779b9ULL) * 0xbf58476d1ce4e5b9ULL;

	return (h ^ (h >> 29)) * 0x94d049bb133111ebULL >> 32;
}

static inline u64 tag_make(u32 writer, u32 life, bool secret, u64 gfn, u64 sequence)
{
	u32 word = (u32)secret << 31 | (writer & 0x1ffU) << 22 | (life & TAG_LIFE_MASK) << 14 |
		   (u32)(gfn & 0xffU) << 6 | (u32)(sequence & 0x3fU);

	return tag_check(word) << 32 | word;
}

static inline bool tag_is(u64 word)
{
	return word >> 32 == tag_check((u32)word);
}

static inline bool tag_is_private(u64 word)
{
	return (word >> 31 & 1U) != 0U && tag_is(word);
}

static inline u32 tag_writer(u64 word)
{
	return (u32)(word >> 22) & 0x1ffU;
}

static inline u32 tag_life(u64 word)
{
	return (u32)(word >> 14) & TAG_LIFE_MASK;
}

#endif
