/* SPDX-License-Identifier: BSD-3-Clause */
/* The tests, in the order they run. */
#ifndef BARE_TEST_H
#define BARE_TEST_H

/* clang-format off */
#define TESTS(X) \
	X(calls) X(registers) X(mmio) X(refused) X(list_registers) X(system_registers) X(fp) \
	X(sve) X(id_registers) X(absent) X(sgi) X(timer) X(smp) X(power_off) X(measurement) \
	X(share) X(reclaim) X(walk) X(tlb) X(faults) X(system_off) X(ids)
/* clang-format on */

#define DECLARE_TEST(name) void test_##name(void);
TESTS(DECLARE_TEST)

#endif
