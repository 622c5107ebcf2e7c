/* SPDX-License-Identifier: BSD-3-Clause */
/* Which snapshot of a VM is the newest: noted, refused, full, and after a reboot. */
#include <string.h>

#include "core/rollback.h"
#include "core/state.h"
#include "corevisor/error.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

static struct lineage lineage(u64 id, u64 generation)
{
	return (struct lineage){.id_low = id, .id_high = ~id, .generation = generation};
}

static void older_is_stale(void)
{
	unit_case("older, the same, newer");
	world_boot();
	CHECK_EQ(rollback_check(lineage(7, 0)), 0);
	CHECK_EQ(rollback_check(lineage(7, 100)), 0);
	CHECK_EQ(rollback_note(lineage(7, 5)), 0);
	world_snapshot();
	CHECK_EQ(rollback_check(lineage(7, 4)), CV_ESTALE);
	CHECK_EQ(rollback_check(lineage(7, 5)), 0);
	CHECK_EQ(rollback_check(lineage(7, 6)), 0);
	CHECK_EQ(rollback_note(lineage(7, 4)), CV_ESTALE);
	CHECK_EQ(rollback_note(lineage(7, 5)), 0);
	CHECK_EQ(rollback_advance(lineage(7, 4)), CV_ESTALE);
	CHECK_EQ(rollback_advance(lineage(8, ~0ULL)), CV_ESTALE);
	/* Half an id is another VM's. */
	CHECK_EQ(rollback_check((struct lineage){7, 0, 1}), 0);
	CHECK_EQ(rollback_check((struct lineage){0, ~7ULL, 1}), 0);
	world_check_unchanged();
	CHECK_EQ(rollback_advance(lineage(7, 5)), 0);
	CHECK_EQ(rollback_check(lineage(7, 5)), CV_ESTALE);
	CHECK_EQ(rollback_note(lineage(7, 9)), 0);
	CHECK_EQ(rollback_check(lineage(7, 8)), CV_ESTALE);
}

static void full(void)
{
	unit_case("as many VMs as can be remembered");
	world_boot();
	for (u64 id = 1; id <= CV_MAX_LINEAGES; id++)
		CHECK_EQ(rollback_note(lineage(id, 2)), 0);
	world_snapshot();
	CHECK_EQ(rollback_check(lineage(99999, 1)), CV_ENOSPC);
	CHECK_EQ(rollback_note(lineage(99999, 1)), CV_ENOSPC);
	CHECK_EQ(rollback_advance(lineage(99999, 1)), CV_ENOSPC);
	CHECK_EQ(rollback_check(lineage(CV_MAX_LINEAGES, 1)), CV_ESTALE);
	CHECK_EQ(rollback_check(lineage(CV_MAX_LINEAGES, 2)), 0);
	world_check_unchanged();
	CHECK_EQ(rollback_note(lineage(CV_MAX_LINEAGES, 3)), 0);
	CHECK_EQ(rollback_check(lineage(CV_MAX_LINEAGES, 2)), CV_ESTALE);
}

static void without_store(void)
{
	unit_case("a reboot without a store");
	world_boot();
	CHECK_EQ(rollback_note(lineage(7, 5)), 0);
	world_boot();
	CHECK_EQ(rollback_check(lineage(7, 4)), 0);
}

static void with_store(void)
{
	unit_case("a reboot with a store");
	machine_store_max = 3;
	world_boot();
	CHECK_EQ(rollback_note(lineage(7, 5)), 0);
	CHECK_EQ(rollback_note(lineage(9, 1)), 0);
	/* What is known already costs no record. */
	CHECK_EQ(rollback_note(lineage(7, 5)), 0);
	CHECK_EQ(machine_store_nr, 2);
	CHECK_EQ(rollback_note(lineage(7, 6)), 0);
	world_snapshot();
	CHECK_EQ(rollback_note(lineage(7, 7)), CV_ENOSPC);
	CHECK_EQ(rollback_check(lineage(7, 5)), CV_ESTALE);
	world_check_unchanged();
	world_boot();
	CHECK_EQ(rollback_check(lineage(7, 5)), CV_ESTALE);
	CHECK_EQ(rollback_check(lineage(7, 6)), 0);
	CHECK_EQ(rollback_check(lineage(9, 0)), CV_ESTALE);
	CHECK_EQ(rollback_check(lineage(9, 1)), 0);
}

/* Torn and older records say nothing; more than fit are no reason to forget some. */
static void odd_stores(void)
{
	unit_case("a store with odd records");
	machine_store_max = MACHINE_MAX_STORE;
	machine_store[0] = lineage(7, 5);
	machine_store[1] = lineage(7, 0);
	machine_store[2] = lineage(7, 3);
	machine_store_nr = 3;
	world_boot();
	CHECK_EQ(rollback_check(lineage(7, 4)), CV_ESTALE);
	CHECK_EQ(rollback_check(lineage(7, 5)), 0);
	for (u64 id = 100; id < 100 + CV_MAX_LINEAGES - 1; id++)
		lineages[id - 99] = lineage(id, 1);
	CHECK_EQ(rollback_init(), 0);
	machine_store[1] = lineage(8, 1);
	CHECK_EQ(rollback_init(), CV_ENOSPC);
}

void test_rollback(void)
{
	older_is_stale();
	full();
	without_store();
	with_store();
	machine_store_nr = 0;
	odd_stores();
	machine_store_nr = 0;
	machine_store_max = 0;
}
