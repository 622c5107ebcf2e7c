/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual interrupts, and the virtual timer. */
#include "test.h"
#include "vm.h"

#define LR_PENDING (1ULL << 62)
#define LR_ACTIVE (1ULL << 63)
#define LR_STATE (3ULL << 62)
#define LR_HW (1ULL << 61)
#define LR_GROUP1 (1ULL << 60)
#define LR_PRIORITY(n) ((u64)(n) << 48)
#define LR_EOI (1ULL << 41)
#define LR(intid) (LR_PENDING | LR_GROUP1 | LR_PRIORITY(0xa0) | (intid))

static struct vm vm;

/* List registers that a host may not write. Refused, and the run page as it was. */
void test_list_registers(void)
{
	static const u64 forged[] = {
		LR(40) | LR_HW,	     LR(1020),
		LR(0xffffffff),	     LR(40) | 1ULL << 42,
		LR(40) | 1ULL << 47, LR(40) | 1ULL << 32,
		LR(40) | 1ULL << 56, LR(8192),
		LR(40) | 1ULL << 59,
	};

	vm_make(&vm, GUEST_SGI);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_SGI);
	for (u32 i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		run_set(&vm, 0, CV_RUN_LR(i % CV_RUN_NR_LR), forged[i]);
		CHECK_EQ(vm_step(&vm, 0), CV_EINVAL);
		CHECK_EQ(run_get(&vm, 0, CV_RUN_LR(i % CV_RUN_NR_LR)), forged[i]);
		run_set(&vm, 0, CV_RUN_LR(i % CV_RUN_NR_LR), 0);
	}
	run_set(&vm, 0, CV_RUN_LR(0), LR(40));
	run_set(&vm, 0, CV_RUN_LR(1), LR(40));
	CHECK_EQ(vm_step(&vm, 0), CV_EINVAL);
	run_set(&vm, 0, CV_RUN_LR(0), 0);
	run_set(&vm, 0, CV_RUN_LR(1), 0);
	for (u32 bit = 0; bit < 64; bit++) {
		if ((1ULL << bit & (CV_RUN_GIC_UIE | CV_RUN_GIC_NPIE)) != 0)
			continue;
		run_set(&vm, 0, CV_RUN_GIC_HCR, 1ULL << bit);
		CHECK_EQ(vm_step(&vm, 0), CV_EINVAL);
	}
	run_set(&vm, 0, CV_RUN_GIC_HCR, 0);
	vm_destroy(&vm);
}

/* The VM asks for an SGI; the host makes it one, and more. */
void test_sgi(void)
{
	vm_make(&vm, GUEST_SGI);
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(vm_run(&vm, 0), CV_EXIT_SGI);
		CHECK_EQ(run_get(&vm, 0, CV_RUN_ARG0), 5ULL << 24 | 1);
		/* The last one must have been handled. */
		CHECK_EQ(run_get(&vm, 0, CV_RUN_LR(1)) & LR_STATE, 0);
		run_set(&vm, 0, CV_RUN_LR(1), LR(5));
	}
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_WFI);
	/* Two at once; with UIE the VM comes back as soon as they are used up. */
	run_set(&vm, 0, CV_RUN_LR(0), LR(40));
	run_set(&vm, 0, CV_RUN_LR(2), LR(41));
	run_set(&vm, 0, CV_RUN_GIC_HCR, CV_RUN_GIC_UIE);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_INTERRUPT);
	run_set(&vm, 0, CV_RUN_GIC_HCR, 0);
	while (vm_run(&vm, 0) != CV_EXIT_MMIO_WRITE)
		;
	CHECK(vm.reported[3]);
	CHECK_EQ(run_get(&vm, 0, CV_RUN_LR(0)) & LR_STATE, 0);
	CHECK_EQ(run_get(&vm, 0, CV_RUN_LR(2)) & LR_STATE, 0);
	/* Masked by its PMR; it comes when that opens. A level interrupt tells of its end. */
	run_set(&vm, 0, CV_RUN_LR(3), LR(42) | LR_EOI);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_INTERRUPT);
	CHECK_EQ(run_get(&vm, 0, CV_RUN_LR(3)) & LR_STATE, 0);
	run_set(&vm, 0, CV_RUN_LR(3), 0);
	vm_finish(&vm);
	vm_destroy(&vm);
}

/*
 * What a host does for a vCPU's timer: after each exit it looks whether the deadline is past,
 * and if so, injects 27 with EOI.
 */
static void serve_timer(void)
{
	u64 lr = run_get(&vm, 0, CV_RUN_LR(0));

	if ((lr & LR_STATE) == 0) {
		bool fired = run_get(&vm, 0, CV_RUN_TIMER) <= reg_read(cntvct_el0);

		run_set(&vm, 0, CV_RUN_LR(0), fired ? LR(27) | LR_EOI : 0);
	}
}

void test_timer(void)
{
	u64 interrupts = 0, sleeps = 0;

	vm_make(&vm, GUEST_TIMER);
	while (!vm.done) {
		s64 reason = vm_run(&vm, 0);

		CHECK(reason > 0);
		if (reason <= 0)
			break;
		interrupts += reason == CV_EXIT_INTERRUPT ? 1 : 0;
		if (reason == CV_EXIT_WFI) {
			u64 deadline = run_get(&vm, 0, CV_RUN_TIMER);

			sleeps++;
			CHECK(deadline != ~0ULL);
			while (deadline != ~0ULL && reg_read(cntvct_el0) < deadline)
				;
		}
		serve_timer();
	}
	CHECK_EQ(vm.reports[REPORT_DONE], 0);
	CHECK_EQ(vm.reports[1], 6);
	CHECK(sleeps >= 3);
	/* One exit when it fires, one when the VM is done with it: no storm. */
	CHECK(interrupts >= 3 && interrupts <= 20);
	CHECK_EQ(run_get(&vm, 0, CV_RUN_TIMER), ~0ULL);
	vm_destroy(&vm);
	CHECK_EQ(irq_window(), 0);
}
