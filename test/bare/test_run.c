/* SPDX-License-Identifier: BSD-3-Clause */
/* Running vCPUs: calls, exits, what is refused, the end. */
#include "test.h"
#include "vm.h"

static struct vm vm;

/* PSCI and SMCCC by either conduit; calls of the host are not a VM's. */
void test_calls(void)
{
	u64 out[4];

	vm_make(&vm, GUEST_CALLS);
	vm_finish(&vm);
	for (u64 part = 0; part < 2; part++) {
		CHECK_EQ(call(CV_CALL_VM_MEASUREMENT, vm.id, part, 0, 0, 0, out), CV_OK);
		for (u32 i = 0; i < 3; i++)
			CHECK_EQ(vm.reports[1 + part * 3 + i], out[i]);
	}
	vm_destroy(&vm);
}

/* Each kind of exit leaves the VM's registers alone, and shows none of them. */
void test_registers(void)
{
	static const s64 exits[] = {CV_EXIT_WFI, CV_EXIT_WFI, CV_EXIT_WFI, CV_EXIT_SGI};
	u32 n = 0;

	vm_make(&vm, GUEST_REGS);
	while (!vm.done) {
		s64 reason = vm_run(&vm, 0);

		CHECK(reason > 0);
		if (reason <= 0)
			break;
		if (reason != CV_EXIT_WFI && reason != CV_EXIT_SGI)
			continue;
		CHECK(n < 4 && reason == exits[n]);
		if (reason == CV_EXIT_SGI)
			CHECK_EQ(run_get(&vm, 0, CV_RUN_ARG0), 1ULL << 24 | 1);
		n++;
	}
	CHECK_EQ(n, 4);
	CHECK_EQ(vm.reports[REPORT_DONE], 0);
	CHECK_EQ(vm.nr_stores, 1);
	CHECK_EQ(vm.stores[0], 0x1234);
	CHECK_EQ(vm.nr_loads, 1);
	/* The page it stored to is its own: the host may not look. */
	CHECK(vm_frame(&vm, GUEST_BASE / CV_PAGE_SIZE + 0x801) != 0);
	vm_destroy(&vm);
}

/* Loads and stores of all sizes; only the register named changes. */
void test_mmio(void)
{
	static const u64 loads[] = {8, 4, 4, 2, 2, 2, 1, 1, 8};
	static const u64 sizes[] = {8, 4, 2, 1, 8};
	static const u64 values[] = {0x8877665544332211, 0x44332211, 0x2211, 0x11, 0};

	vm_make(&vm, GUEST_MMIO);
	vm.answer = 0xf8f7f6f5f4f3f2f1;
	vm_finish(&vm);
	CHECK_EQ(vm.nr_loads, 9);
	for (u32 i = 0; i < 9; i++)
		CHECK_EQ(vm.load_sizes[i], loads[i]);
	CHECK_EQ(vm.nr_stores, 5);
	for (u32 i = 0; i < 5; i++) {
		CHECK_EQ(vm.stores[i], values[i]);
		CHECK_EQ(vm.store_sizes[i], sizes[i]);
	}
	vm_destroy(&vm);
}

static s64 run(u64 id, u64 vcpu)
{
	return (s64)call(CV_CALL_VCPU_RUN, id, vcpu, 0, 0, 0, NULL);
}

static volatile s64 second_result;

static void run_second(u64 unused)
{
	(void)unused;
	irq_window();
	second_result = vm_step(&vm, 0);
	irq_window();
}

/* Until GUEST_SPIN really runs, on another CPU. */
static void wait_spinning(void)
{
	volatile u64 *count = frame(vm_frame(&vm, GUEST_BASE / CV_PAGE_SIZE + 0x800));
	u64 before = *count;

	while (*count == before)
		;
}

/* VCPU_RUN of what cannot run. */
void test_refused(void)
{
	CHECK_EQ(run(0, 0), CV_EINVAL);
	CHECK_EQ(run(CV_MAX_VMS + 1, 0), CV_EINVAL);
	CHECK_EQ(run(~0ULL, 0), CV_EINVAL);
	CHECK_EQ(run(7, 0), CV_ESTATE);
	vm_load(&vm, GUEST_SPIN);
	vm_add_vcpu(&vm, 1);
	CHECK_EQ(run(vm.id, 0), CV_ESTATE);
	vm_verify(&vm);
	CHECK_EQ(run(vm.id, 1), CV_ESTATE); /* not powered on */
	CHECK_EQ(run(vm.id, 2), CV_ENOENT);
	CHECK_EQ(run(vm.id, CV_MAX_VCPUS), CV_ENOENT);
	CHECK_EQ(run(vm.id, ~0ULL), CV_ENOENT);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_MMIO_WRITE);
	/* It spins on CPU 1: not here too, and not to be taken apart. */
	job_start(1, run_second, 0);
	wait_spinning();
	CHECK_EQ(run(vm.id, 0), CV_EBUSY);
	gic_kick(1);
	job_wait(1);
	CHECK_EQ(second_result, CV_EXIT_INTERRUPT);
	vm_destroy(&vm);
	CHECK_EQ(run(vm.id, 0), CV_ESTATE);
}

/* Off in the middle of a run, from another CPU; its memory comes back while it still runs. */
void test_power_off(void)
{
	u64 pfn;

	vm_make(&vm, GUEST_SPIN);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_MMIO_WRITE);
	job_start(1, run_second, 0);
	wait_spinning();
	CHECK(!job_done(1));
	CHECK_EQ(call(CV_CALL_DESTROY_VM, vm.id, 0, 0, 0, 0, NULL), CV_ESTATE);
	CHECK_EQ(call(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_DESTROY_VM, vm.id, 0, 0, 0, 0, NULL), CV_EBUSY);
	/* Its code goes: the next fetch faults, and the fault ends the run. */
	pfn = vm_frame(&vm, GUEST_BASE / CV_PAGE_SIZE);
	for (u32 i = 0; i < vm.nr_frames; i++)
		CHECK_EQ(call(CV_CALL_RECLAIM, vm.id, vm.pfn[i], 0, 0, 0, NULL), CV_OK);
	job_wait(1);
	CHECK_EQ(second_result, CV_EXIT_POWEROFF);
	CHECK_EQ(*(volatile u64 *)frame(pfn), 0);
	CHECK_EQ(run(vm.id, 0), CV_ESTATE);
	vm.nr_frames = 0;
	vm_destroy(&vm);
	/* The same with a kick by the host alone. */
	vm_make(&vm, GUEST_SPIN);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_MMIO_WRITE);
	job_start(1, run_second, 0);
	wait_spinning();
	CHECK_EQ(call(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0, NULL), CV_OK);
	gic_kick(1);
	job_wait(1);
	CHECK_EQ(second_result, CV_EXIT_POWEROFF);
	vm_destroy(&vm);
}

/* The VM's own SYSTEM_OFF. */
void test_system_off(void)
{
	vm_make(&vm, GUEST_SYSTEM_OFF);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_SYSTEM_OFF);
	CHECK_EQ(run(vm.id, 0), CV_ESTATE);
	vm_destroy(&vm);
}

static volatile bool second_stop;
static volatile u32 second_ons;

/* vCPU 17 on CPU 1, as often as the first vCPU turns it on. */
static void run_vcpu_17(u64 unused)
{
	(void)unused;
	while (!second_stop) {
		s64 reason = vm_run(&vm, 17);

		CHECK(reason > 0 || reason == CV_ESTATE);
	}
}

/* A second vCPU on a second CPU: on, off, and on again. */
void test_smp(void)
{
	second_stop = false;
	second_ons = 0;
	vm_load(&vm, GUEST_SMP);
	vm_add_vcpu(&vm, 17);
	vm_verify(&vm);
	/* All memory it uses, so that its vCPUs do not want the same frame at the same time. */
	for (u32 i = 0; i < 64; i++)
		CHECK_EQ(vm_donate(&vm, vm.gfn[vm.nr_frames - 1] + 1), CV_OK);
	job_start(1, run_vcpu_17, 0);
	while (!vm.done) {
		s64 reason = vm_run(&vm, 0);

		CHECK(reason > 0);
		if (reason <= 0)
			break;
		if (reason == CV_EXIT_CPU_ON) {
			CHECK_EQ(run_get(&vm, 0, CV_RUN_ARG0), 17);
			second_ons++;
		}
	}
	second_stop = true;
	gic_kick(1);
	job_wait(1);
	CHECK_EQ(second_ons, 2);
	CHECK_EQ(vm.reports[REPORT_DONE], 0);
	CHECK_EQ(vm.reports[1], 1ULL << 31);
	CHECK_EQ(vm.reports[0x10], 1ULL << 31 | 0x101);
	vm_destroy(&vm);
}

/*
 * As many VMs as there are VMIDs for; each of those at the ends runs, beside the host, and is
 * not mixed up with it.
 */
void test_ids(void)
{
	u64 mmfr1 = reg_read(id_aa64mmfr1_el1), limit = (mmfr1 >> 4 & 0xf) == 2 ? 256 : 255;
	u64 ids[CV_MAX_VMS + 1], n = 0, out[4];

	/* The next ids are the lowest free ones from somewhere on: take them all but two. */
	while (n + 2 < limit && call(CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, out) == CV_OK)
		ids[n++] = out[0];
	CHECK_EQ(n, limit - 2);
	for (u32 i = 0; i < 2; i++) {
		vm_make(&vm, i == 0 ? GUEST_WALK : GUEST_MEMORY);
		CHECK(vm.id >= 1 && vm.id <= limit);
		vm_finish(&vm);
		vm_destroy(&vm);
	}
	while (call(CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, out) == CV_OK && n < CV_MAX_VMS)
		ids[n++] = out[0];
	CHECK_EQ(n, limit);
	CHECK_EQ(call(CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, out), CV_ENOSPC);
	for (u32 i = 0; i < n; i++) {
		CHECK_EQ(call(CV_CALL_POWEROFF_VM, ids[i], 0, 0, 0, 0, NULL), CV_OK);
		CHECK_EQ(call(CV_CALL_DESTROY_VM, ids[i], 0, 0, 0, 0, NULL), CV_OK);
	}
}
