/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which snapshot of a VM is the newest. A VM has a lineage, an id drawn at random, and each
 * snapshot of it the number of the one before plus one. Once a snapshot is complete, or has been
 * restored, no older one of its lineage is taken any more, and no copy that runs from an older one
 * is saved: until the next boot, or for good on a machine with a store (machine_store_append()).
 *
 * All functions need the page lock but rollback_init().
 */
#ifndef CORE_ROLLBACK_H
#define CORE_ROLLBACK_H

#include "core/lock.h"
#include "core/machine.h"
#include "core/state.h"
#include "core/types.h"
#include "corevisor/error.h"

/*@ predicate is_lineage{L}(integer i, integer low, integer high) = 0 <= i < CV_MAX_LINEAGES &&
      lineages[i].generation != 0 && lineages[i].id_low == low && lineages[i].id_high == high;
    // A snapshot with a higher number is known.
    predicate is_stale{L}(integer low, integer high, integer generation) = \exists integer i;
      is_lineage(i, low, high) && lineages[i].generation > generation;
    // This one or a newer one is.
    predicate is_known{L}(integer low, integer high, integer generation) = \exists integer i;
      is_lineage(i, low, high) && lineages[i].generation >= generation;
    predicate lineages_same{A, B} = \forall integer i; 0 <= i < CV_MAX_LINEAGES ==>
      \at(lineages[i], A) == \at(lineages[i], B);
    // What is known now and was not is in the store, too.
    predicate store_is_told{A, B} = lineages_same{A, B} ||
      \at(machine_stored, B) == (u64)(\at(machine_stored, A) + 1);
    // No snapshot that is known is ever forgotten.
    predicate lineages_kept{A, B} = \forall integer i; 0 <= i < CV_MAX_LINEAGES &&
      \at(lineages[i].generation, A) != 0 ==>
      \at(lineages[i].id_low, A) == \at(lineages[i].id_low, B) &&
      \at(lineages[i].id_high, A) == \at(lineages[i].id_high, B) &&
      \at(lineages[i].generation, A) <= \at(lineages[i].generation, B);
 */

/*
 * May this snapshot be restored, or a copy that runs from it be saved? CV_ESTALE: a newer one is
 * known. CV_ENOSPC: too many lineages are known to remember another. (A VM that was never saved
 * has no lineage yet: generation 0.)
 */
/*@ requires lock: held_page != 0;
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result == 0 || \result == CV_ESTALE || \result == CV_ENOSPC;
    ensures stale: \result == CV_ESTALE <==>
      is_stale(lineage.id_low, lineage.id_high, lineage.generation); */
int rollback_check(struct lineage lineage);

/*
 * This snapshot exists: older ones are refused from now on (generation 0: there are none).
 * CV_ESTALE, CV_ENOSPC (also: the store takes no more).
 */
/*@ requires lock: held_page != 0;
    terminates \true; exits \false; assigns lineages[0 .. CV_MAX_LINEAGES - 1], machine_stored;
    ensures result: \result == 0 || \result == CV_ESTALE || \result == CV_ENOSPC;
    ensures stale: \result == CV_ESTALE <==>
      is_stale{Pre}(lineage.id_low, lineage.id_high, lineage.generation);
    ensures known: \result == 0 && lineage.generation != 0 ==>
      is_known(lineage.id_low, lineage.id_high, lineage.generation);
    ensures kept: lineages_kept{Pre, Post};
    ensures stored: \result == 0 ==> store_is_told{Pre, Post};
    ensures refused: \result != 0 ==> lineages_same{Pre, Post}; */
int rollback_note(struct lineage lineage);

/*
 * The next snapshot of a VM that runs from this one exists. CV_ESTALE: another copy of the VM was
 * saved meanwhile. CV_ENOSPC.
 */
/*@ requires lock: held_page != 0;
    terminates \true; exits \false; assigns lineages[0 .. CV_MAX_LINEAGES - 1], machine_stored;
    ensures result: \result == 0 || \result == CV_ESTALE || \result == CV_ENOSPC;
    ensures newest: \result == 0 ==>
      !is_stale{Pre}(lineage.id_low, lineage.id_high, lineage.generation);
    ensures known: \result == 0 ==>
      is_known(lineage.id_low, lineage.id_high, lineage.generation + 1);
    ensures old: \result == 0 ==>
      is_stale(lineage.id_low, lineage.id_high, lineage.generation);
    ensures kept: lineages_kept{Pre, Post};
    ensures stored: \result == 0 ==> store_is_told{Pre, Post};
    ensures refused: \result != 0 ==> lineages_same{Pre, Post}; */
int rollback_advance(struct lineage lineage);

/* At boot: what the store has. CV_ENOSPC: more than fits. */
/*@ terminates \true; exits \false; assigns lineages[0 .. CV_MAX_LINEAGES - 1];
    ensures result: \result == 0 || \result == CV_ENOSPC;
    ensures kept: lineages_kept{Pre, Post}; */
int rollback_init(void);

#endif
