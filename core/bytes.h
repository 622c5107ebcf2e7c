/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte strings of fixed size: keys, digests, tags. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include "core/types.h"

static inline void bytes_copy(u8 *to, const u8 *from, u32 size)
{
	for (u32 i = 0; i < size; i++)
		to[i] = from[i];
}

static inline void bytes_clear(u8 *to, u32 size)
{
	for (u32 i = 0; i < size; i++)
		to[i] = 0;
}

/* Wipe a secret: stores that no compiler may leave out. */
static inline void bytes_wipe(u8 *to, u32 size)
{
	for (u32 i = 0; i < size; i++)
		((volatile u8 *)to)[i] = 0;
}

/* In a time that does not depend on where they differ. */
static inline bool bytes_equal(const u8 *a, const u8 *b, u32 size)
{
	u32 differ = 0;

	for (u32 i = 0; i < size; i++)
		differ |= (u32)(a[i] ^ b[i]);
	return differ == 0;
}

/* Eight bytes of a string as a little-endian number. */
static inline u64 bytes_word(const u8 *bytes)
{
	u64 word = 0;

	for (u32 i = 0; i < 8; i++)
		word |= (u64)bytes[i] << (8 * i);
	return word;
}

static inline void bytes_set_word(u8 *bytes, u64 word)
{
	for (u32 i = 0; i < 8; i++)
		bytes[i] = (u8)(word >> (8 * i));
}

#endif
