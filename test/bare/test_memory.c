/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of VMs, from the host's side and theirs. */
#include "test.h"
#include "vm.h"

/* The host's data abort for what is not its own: an alignment fault, at EL1. */
#define ESR_DENIED 0x96000021ULL
#define ESR_WNR 0x40ULL

static struct vm vm;

static void measurement(const struct vm *v, u64 digest[8])
{
	for (u64 part = 0; part < 2; part++)
		CHECK_EQ(call(CV_CALL_VM_MEASUREMENT, v->id, part, 0, 0, 0, &digest[4 * part]),
			 CV_OK);
	digest[3] = digest[7] = 0;
}

/* The same VM measures the same; another entry register, or vCPU, does not. */
void test_measurement(void)
{
	u64 first[8], same[8], other[8];
	bool differs = false;

	vm_make(&vm, GUEST_CALLS);
	measurement(&vm, first);
	vm_destroy(&vm);
	vm_make(&vm, GUEST_CALLS);
	measurement(&vm, same);
	vm_destroy(&vm);
	vm_make(&vm, GUEST_REGS);
	measurement(&vm, other);
	vm_destroy(&vm);
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(same[i], first[i]);
		differs = differs || other[i] != first[i];
	}
	CHECK(differs && first[0] != 0);
}

static void denied(u64 address)
{
	u64 value;

	CHECK_EQ(try_read(address, &value), ESR_DENIED);
	CHECK_EQ(try_write(address, 1), ESR_DENIED | ESR_WNR);
}

/* A page of the VM: closed, shared, closed again. */
void test_share(void)
{
	u64 pfn, address, value;

	vm_make(&vm, GUEST_SHARE);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_MMIO_WRITE);
	pfn = vm_frame(&vm, vm.reports[1] >> CV_PAGE_SHIFT);
	address = pfn << CV_PAGE_SHIFT;
	CHECK(pfn != 0);
	denied(address);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_MMIO_WRITE);
	CHECK(vm.reported[2]);
	CHECK_EQ(try_read(address, &value), 0);
	CHECK_EQ(value, 0x1111);
	CHECK_EQ(try_write(address + 8, 0x2222), 0);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_MMIO_WRITE);
	CHECK(vm.reported[3]);
	denied(address);
	denied(vm_frame(&vm, GUEST_BASE / CV_PAGE_SIZE) << CV_PAGE_SHIFT);
	vm_finish(&vm);
	vm_destroy(&vm);
	CHECK_EQ(try_read(address, &value), 0);
}

/* Donated frames are empty for the VM, reclaimed ones for the host (vm_destroy looks). */
void test_reclaim(void)
{
	u64 frames;

	vm_make(&vm, GUEST_MEMORY);
	vm_finish(&vm);
	frames = vm.nr_frames;
	CHECK(frames >= 32);
	CHECK_EQ(call(CV_CALL_RECLAIM, vm.id, vm.pfn[0], 0, 0, 0, NULL), CV_ESTATE);
	denied(vm.pfn[frames - 1] << CV_PAGE_SHIFT);
	vm_destroy(&vm);
}

/* Stage 2 faults on stage 1 walks. */
void test_walk(void)
{
	vm_make(&vm, GUEST_WALK);
	vm_finish(&vm);
	vm_destroy(&vm);
}

/* Two vCPUs in turns on one CPU. */
void test_tlb(void)
{
	vm_load(&vm, GUEST_TLB);
	vm_add_vcpu(&vm, 1);
	vm_verify(&vm);
	CHECK_EQ(vm_run(&vm, 0), CV_EXIT_CPU_ON);
	for (u32 i = 0; i < 20 && vm.nr_stores == 0; i++) {
		bool done = vm.done;

		CHECK(vm_run(&vm, 0) > 0);
		CHECK(vm_run(&vm, 1) > 0);
		if (done)
			break;
	}
	CHECK(vm.done);
	CHECK_EQ(vm.reports[REPORT_DONE], 0);
	vm_destroy(&vm);
}

void test_faults(void)
{
	vm_make(&vm, GUEST_FAULTS);
	vm_finish(&vm);
	vm_destroy(&vm);
}
