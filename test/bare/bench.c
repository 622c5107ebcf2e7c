/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of instructions: under -icount shift=0 with a 1 GHz counter, a tick is one. */
#include "vm.h"

#define ROUNDS 100

static struct vm vm;

/* n runs of which each ends at a store or load that is answered at once. */
static void serve_quickly(void)
{
	for (;;) {
		s64 reason;

		if (hvc_plain(CV_CALL_VCPU_RUN, vm.id, 0, 0) != CV_OK)
			return;
		reason = (s64)run_get(&vm, 0, CV_RUN_EXIT);
		if (reason == CV_EXIT_MEMORY) {
			if (vm_donate(&vm, run_get(&vm, 0, CV_RUN_ARG0)) != CV_OK)
				return;
		} else if (reason == CV_EXIT_MMIO_WRITE) {
			u64 address = run_get(&vm, 0, CV_RUN_ARG0);

			if (address < REPORT_END)
				vm.reports[(address - REPORT) / 8] = run_get(&vm, 0, CV_RUN_ARG2);
			if (address == REPORT + 8 * REPORT_DONE)
				return;
		}
	}
}

static void line(const char *what, u64 n)
{
	print("BENCH %s %d\n", what, n);
}

/* A donation as the host sees it: the call alone. */
static void donations(void)
{
	u64 start, gfn = GUEST_BASE / CV_PAGE_SIZE + 0xc00;
	u64 pfn[ROUNDS];

	for (u32 i = 0; i < ROUNDS; i++)
		pfn[i] = frame_new();
	start = ticks();
	for (u32 i = 0; i < ROUNDS; i++)
		(void)hvc_plain(CV_CALL_DONATE, vm.id, gfn + i, pfn[i]);
	line("donate-4k", (ticks() - start) / ROUNDS);
}

void bench(void)
{
	u64 start = ticks(), loop;

	for (u32 i = 0; i < ROUNDS; i++)
		(void)hvc_none(CV_UID_CALL, 0, 0, 0);
	loop = ticks() - start;
	start = ticks();
	for (u32 i = 0; i < ROUNDS; i++)
		(void)hvc_plain(CV_UID_CALL, 0, 0, 0);
	/* With the HVC itself, without the loop. */
	line("host-call", (ticks() - start - loop) / ROUNDS);
	vm_make(&vm, GUEST_BENCH);
	serve_quickly();
	loop = vm.reports[0x10] / ROUNDS;
	line("loop", loop);
	line("vm-call-psci-version", vm.reports[0x11] / ROUNDS - loop);
	line("vm-call-smccc-version", vm.reports[0x12] / ROUNDS - loop);
	line("id-register", vm.reports[0x13] / ROUNDS - loop);
	line("mmio-write", vm.reports[0x14] / ROUNDS - loop);
	line("mmio-read", vm.reports[0x15] / ROUNDS - loop);
	line("share-unshare", vm.reports[0x16] / ROUNDS - loop);
	line("fault-4k", vm.reports[0x17] / ROUNDS - loop);
	line("mmio-write-fp", vm.reports[0x18] / ROUNDS - loop);
	donations();
}
