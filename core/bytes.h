/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte strings of fixed size: keys, digests, tags. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include "core/types.h"

/*@ requires to: \valid(to + (0 .. size - 1));
    requires from: \valid_read(from + (0 .. size - 1));
    requires apart: \separated(to + (0 .. size - 1), from + (0 .. size - 1));
    terminates \true; exits \false;
    assigns to[0 .. size - 1];
    ensures copied: \forall integer k; 0 <= k < size ==> to[k] == from[k]; */
static inline void bytes_copy(u8 *to, const u8 *from, u32 size)
{
	/*@ loop invariant 0 <= i <= size;
	    loop invariant \forall integer k; 0 <= k < i ==> to[k] == from[k];
	    loop assigns i, to[0 .. size - 1];
	    loop variant size - i; */
	for (u32 i = 0; i < size; i++)
		to[i] = from[i];
}

/*@ requires to: \valid(to + (0 .. size - 1));
    terminates \true; exits \false;
    assigns to[0 .. size - 1];
    ensures cleared: \forall integer k; 0 <= k < size ==> to[k] == 0; */
static inline void bytes_clear(u8 *to, u32 size)
{
	/*@ loop invariant 0 <= i <= size;
	    loop invariant \forall integer k; 0 <= k < i ==> to[k] == 0;
	    loop assigns i, to[0 .. size - 1];
	    loop variant size - i; */
	for (u32 i = 0; i < size; i++)
		to[i] = 0;
}

/* Wipe a secret: stores that no compiler may leave out. */
/*@ requires to: \valid(to + (0 .. size - 1));
    terminates \true; exits \false;
    assigns to[0 .. size - 1]; */
static inline void bytes_wipe(u8 *to, u32 size)
{
	/*@ loop invariant 0 <= i <= size;
	    loop assigns i, to[0 .. size - 1];
	    loop variant size - i; */
	for (u32 i = 0; i < size; i++)
		((volatile u8 *)to)[i] = 0;
}

/* In a time that does not depend on where they differ. */
/*@ requires a: \valid_read(a + (0 .. size - 1));
    requires b: \valid_read(b + (0 .. size - 1));
    terminates \true; exits \false;
    assigns \nothing;
    ensures equal: \result <==> \forall integer k; 0 <= k < size ==> a[k] == b[k]; */
static inline bool bytes_equal(const u8 *a, const u8 *b, u32 size)
{
	u32 differ = 0;

	/*@ loop invariant 0 <= differ <= i <= size;
	    loop invariant differ == 0 <==> \forall integer k; 0 <= k < i ==> a[k] == b[k];
	    loop assigns i, differ;
	    loop variant size - i; */
	for (u32 i = 0; i < size; i++)
		differ += a[i] != b[i];
	return differ == 0;
}

/* Eight bytes of a string as a little-endian number. */
/*@ requires \valid_read(bytes + (0 .. 7));
    terminates \true; exits \false;
    assigns \nothing; */
static inline u64 bytes_word(const u8 *bytes)
{
	u64 word = 0;

	/*@ loop invariant 0 <= i <= 8;
	    loop assigns i, word;
	    loop variant 8 - i; */
	for (u32 i = 0; i < 8; i++)
		word |= (u64)bytes[i] << (8 * i);
	return word;
}

/*@ requires \valid(bytes + (0 .. 7));
    terminates \true; exits \false;
    assigns bytes[0 .. 7];
    ensures set: \forall integer k; 0 <= k < 8 ==> bytes[k] == (u8)(word >> (8 * k)); */
static inline void bytes_set_word(u8 *bytes, u64 word)
{
	/*@ loop invariant 0 <= i <= 8;
	    loop invariant \forall integer k; 0 <= k < i ==> bytes[k] == (u8)(word >> (8 * k));
	    loop assigns i, bytes[0 .. 7];
	    loop variant 8 - i; */
	for (u32 i = 0; i < 8; i++)
		bytes[i] = (u8)(word >> (8 * i));
}

/* The same for `nr` of them, one after the other. */
/*@ requires bytes: \valid_read(bytes + (0 .. 8 * nr - 1));
    requires words: \valid(words + (0 .. nr - 1));
    requires range: nr <= 0x10000;
    terminates \true; exits \false;
    assigns words[0 .. nr - 1]; */
static inline void bytes_words(const u8 *bytes, u64 *words, u32 nr)
{
	/*@ loop invariant 0 <= i <= nr;
	    loop assigns i, words[0 .. nr - 1];
	    loop variant nr - i; */
	for (u32 i = 0; i < nr; i++)
		words[i] = bytes_word(bytes + 8 * i);
}

/*@ requires bytes: \valid(bytes + (0 .. 8 * nr - 1));
    requires words: \valid_read(words + (0 .. nr - 1));
    requires range: nr <= 0x10000;
    terminates \true; exits \false;
    assigns bytes[0 .. 8 * nr - 1]; */
static inline void bytes_set_words(u8 *bytes, const u64 *words, u32 nr)
{
	/*@ loop invariant 0 <= i <= nr;
	    loop assigns i, bytes[0 .. 8 * nr - 1];
	    loop variant nr - i; */
	for (u32 i = 0; i < nr; i++)
		bytes_set_word(bytes + 8 * i, words[i]);
}

#endif
