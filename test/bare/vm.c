/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm.h"

#define GUEST_GFN ((u64)GUEST_BASE >> CV_PAGE_SHIFT)
/* What is in a frame before it is donated. */
#define DIRT 0xd5

extern char guest_image[], guest_image_end[];

u64 run_get(const struct vm *vm, u64 vcpu, u32 offset)
{
	return *(volatile u64 *)((char *)frame(vm->run[vcpu]) + offset);
}

void run_set(const struct vm *vm, u64 vcpu, u32 offset, u64 value)
{
	*(volatile u64 *)((char *)frame(vm->run[vcpu]) + offset) = value;
}

static void remember(struct vm *vm, u64 gfn, u64 pfn)
{
	CHECK(vm->nr_frames < VM_MAX_FRAMES);
	vm->gfn[vm->nr_frames] = gfn;
	vm->pfn[vm->nr_frames++] = pfn;
}

u64 vm_frame(const struct vm *vm, u64 gfn)
{
	for (u32 i = 0; i < vm->nr_frames; i++) {
		if (vm->gfn[i] == gfn)
			return vm->pfn[i];
	}
	return 0;
}

void vm_add_vcpu(struct vm *vm, u64 vcpu)
{
	vm->run[vcpu] = frame_new();
	fill(frame(vm->run[vcpu]), 0, CV_PAGE_SIZE);
	CHECK_EQ(call(CV_CALL_REGISTER_VCPU, vm->id, vcpu, vm->run[vcpu], 0, 0, NULL), CV_OK);
}

static void load_image(struct vm *vm)
{
	u64 size = (u64)(guest_image_end - guest_image), out[4];

	CHECK_EQ(call(CV_CALL_SET_BOOT_INFO, vm->id, GUEST_BASE, size, 0, 0, out), CV_OK);
	for (u64 at = 0; at < size; at += CV_PAGE_SIZE) {
		u64 pfn = frame_new();

		copy(frame(pfn), guest_image + at, CV_PAGE_SIZE);
		CHECK_EQ(call(CV_CALL_REMAP_VM_IMAGE, vm->id, pfn, out[0], 0, 0, NULL), CV_OK);
		remember(vm, GUEST_GFN + (at >> CV_PAGE_SHIFT), pfn);
	}
}

void vm_load(struct vm *vm, u64 what)
{
	u64 out[4];

	fill(vm, 0, sizeof(*vm));
	CHECK_EQ(call(CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, out), CV_OK);
	vm->id = out[0];
	vm->answer = 0x8877665544332211;
	CHECK_EQ(call(CV_CALL_SET_RAM, vm->id, GUEST_GFN, GUEST_FRAMES, 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_SET_ENTRY, vm->id, GUEST_BASE, what, 0, 0, NULL), CV_OK);
	vm_add_vcpu(vm, 0);
	load_image(vm);
}

void vm_verify(struct vm *vm)
{
	u64 out[4] = {1};
	u64 error = CV_OK;

	while (error == CV_OK && out[0] != 0)
		error = call(CV_CALL_VERIFY_VM, vm->id, 0, 0, 0, 0, out);
	CHECK_EQ(error, CV_OK);
}

void vm_make(struct vm *vm, u64 what)
{
	vm_load(vm, what);
	vm_verify(vm);
}

s64 vm_donate(struct vm *vm, u64 gfn)
{
	u64 pfn = frame_new();
	s64 error;

	fill(frame(pfn), DIRT, CV_PAGE_SIZE);
	error = (s64)call(CV_CALL_DONATE, vm->id, gfn, pfn, 0, 0, NULL);
	if (error == CV_OK)
		remember(vm, gfn, pfn);
	return error;
}

/* No secret of the guest, whole or half, and nothing beyond what the ABI says. */
static void search_run_page(struct vm *vm, u64 vcpu)
{
	const u32 *word = frame(vm->run[vcpu]);

	for (u32 i = 0; i < CV_PAGE_SIZE / 4; i++) {
		CHECK(((const volatile u32 *)word)[i] != SECRET);
		if (i >= CV_RUN_SIZE / 4)
			CHECK_EQ(((const volatile u32 *)word)[i], 0);
	}
}

s64 vm_step(struct vm *vm, u64 vcpu)
{
	u64 out[4];
	s64 error = (s64)call(CV_CALL_VCPU_RUN, vm->id, vcpu, 0, 0, 0, out);

	CHECK_EQ(out[3], 0); /* registers that changed */
	CHECK_EQ(out[0] | out[1] | out[2], 0);
	if (error != CV_OK)
		return error;
	vm->exits++;
	search_run_page(vm, vcpu);
	return (s64)run_get(vm, vcpu, CV_RUN_EXIT);
}

/* A store: to a report, or the device. Returns true if the guest is done. */
static bool take_store(struct vm *vm, u64 address, u64 size, u64 value)
{
	if (address >= REPORT && address < REPORT_END) {
		u64 n = (address - REPORT) / 8;

		vm->reports[n] = value;
		vm->reported[n] = true;
		if (n == 0x1f2)
			print("  guest, line %d: %x, not %x\n", vm->reports[0x1f0],
			      vm->reports[0x1f1], value);
		return n == REPORT_DONE;
	}
	CHECK_EQ(address, DEVICE);
	vm->stores[vm->nr_stores % 8] = value;
	vm->store_sizes[vm->nr_stores++ % 8] = size;
	return false;
}

static void take_load(struct vm *vm, u64 vcpu, u64 address, u64 size)
{
	CHECK_EQ(address & ~0xfULL, DEVICE);
	vm->load_sizes[vm->nr_loads++ % 16] = size;
	run_set(vm, vcpu, CV_RUN_DATA, vm->answer);
}

s64 vm_run(struct vm *vm, u64 vcpu)
{
	for (;;) {
		s64 reason = vm_step(vm, vcpu);
		u64 a0 = run_get(vm, vcpu, CV_RUN_ARG0), a1 = run_get(vm, vcpu, CV_RUN_ARG1);

		switch (reason) {
		case CV_EXIT_INTERRUPT:
			irq_window();
			return reason;
		case CV_EXIT_MEMORY:
			CHECK_EQ(vm_donate(vm, a0), CV_OK);
			break;
		case CV_EXIT_MMIO_READ:
			take_load(vm, vcpu, a0, a1);
			break;
		case CV_EXIT_MMIO_WRITE:
			vm->done = take_store(vm, a0, a1, run_get(vm, vcpu, CV_RUN_ARG2));
			if (vm->done)
				return RUN_DONE;
			if (a0 < REPORT_END)
				return reason;
			break;
		default:
			return reason;
		}
	}
}

void vm_finish(struct vm *vm)
{
	for (u32 i = 0; i < 10000 && !vm->done; i++) {
		s64 reason = vm_run(vm, 0);

		CHECK(reason > 0 && reason != CV_EXIT_POWEROFF);
		if (reason <= 0 || reason == CV_EXIT_POWEROFF)
			return;
	}
	CHECK(vm->done);
	CHECK_EQ(vm->reports[REPORT_DONE], 0);
}

void vm_destroy(struct vm *vm)
{
	(void)call(CV_CALL_POWEROFF_VM, vm->id, 0, 0, 0, 0, NULL);
	for (u32 i = 0; i < vm->nr_frames; i++) {
		const volatile u64 *p = frame(vm->pfn[i]);

		CHECK_EQ(call(CV_CALL_RECLAIM, vm->id, vm->pfn[i], 0, 0, 0, NULL), CV_OK);
		for (u32 n = 0; n < CV_PAGE_SIZE / 8; n++)
			CHECK_EQ(p[n], 0);
	}
	CHECK_EQ(call(CV_CALL_DESTROY_VM, vm->id, 0, 0, 0, 0, NULL), CV_OK);
}
