/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/rollback.h"

#include "core/machine.h"
#include "corevisor/error.h"

/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> i < CV_MAX_LINEAGES && is_lineage(i, lineage.id_low, lineage.id_high); */
static bool is_same(u32 i, struct lineage lineage)
{
	return i < CV_MAX_LINEAGES && lineages[i].generation != 0 &&
	       lineages[i].id_low == lineage.id_low && lineages[i].id_high == lineage.id_high;
}

/* Is a newer snapshot known? */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> is_stale(lineage.id_low, lineage.id_high, lineage.generation); */
static bool newer_is_known(struct lineage lineage)
{
	/*@ loop invariant 0 <= i <= CV_MAX_LINEAGES;
	    loop invariant \forall integer k; 0 <= k < i &&
	      is_lineage(k, lineage.id_low, lineage.id_high) ==>
	      lineages[k].generation <= lineage.generation;
	    loop assigns i;
	    loop variant CV_MAX_LINEAGES - i; */
	for (u32 i = 0; i < CV_MAX_LINEAGES; i++) {
		if (is_same(i, lineage) && lineages[i].generation > lineage.generation)
			return true;
	}
	return false;
}

/* The element of a lineage, or a free one; CV_MAX_LINEAGES: neither. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <= CV_MAX_LINEAGES;
    ensures \result < CV_MAX_LINEAGES ==> lineages[\result].generation == 0 ||
      is_lineage(\result, lineage.id_low, lineage.id_high); */
static u32 place_of(struct lineage lineage)
{
	/*@ loop invariant 0 <= i <= CV_MAX_LINEAGES;
	    loop assigns i;
	    loop variant CV_MAX_LINEAGES - i; */
	for (u32 i = 0; i < CV_MAX_LINEAGES; i++) {
		if (lineages[i].generation == 0 || is_same(i, lineage))
			return i;
	}
	return CV_MAX_LINEAGES;
}

int rollback_check(struct lineage lineage)
{
	if (newer_is_known(lineage))
		return CV_ESTALE;
	return place_of(lineage) == CV_MAX_LINEAGES ? CV_ENOSPC : CV_OK;
}

int rollback_note(struct lineage lineage)
{
	u32 i = place_of(lineage);

	if (newer_is_known(lineage))
		return CV_ESTALE;
	if (i == CV_MAX_LINEAGES)
		return CV_ENOSPC;
	if (lineages[i].generation == lineage.generation)
		return CV_OK;
	/* First where it stays: a crash in between forgets nothing. */
	if (!machine_store_append(lineage))
		return CV_ENOSPC;
	lineages[i] = lineage;
	return CV_OK;
}

int rollback_advance(struct lineage lineage)
{
	struct lineage next = lineage;

	/* The last number there is has no next one. */
	if (newer_is_known(lineage) || lineage.generation == ~0ULL)
		return CV_ESTALE;
	next.generation++;
	return rollback_note(next);
}

int rollback_init(void)
{
	u32 size = machine_store_size();

	/*@ loop invariant 0 <= n <= size;
	    loop invariant \forall integer i; 0 <= i < CV_MAX_LINEAGES &&
	      \at(lineages[i].generation, Pre) != 0 ==> lineages[i].generation != 0;
	    loop invariant lineages_kept{Pre, Here};
	    loop assigns n, lineages[0 .. CV_MAX_LINEAGES - 1];
	    loop variant size - n; */
	for (u32 n = 0; n < size; n++) {
		struct lineage lineage = machine_store_read(n);
		u32 i = place_of(lineage);

		if (lineage.generation == 0)
			continue;
		if (i == CV_MAX_LINEAGES)
			return CV_ENOSPC;
		if (lineages[i].generation < lineage.generation)
			lineages[i] = lineage;
	}
	return CV_OK;
}
