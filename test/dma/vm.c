/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#define VM_FRAMES 64
#define IMAGE_FRAMES 4

static u64 region;
u64 run_page;

u64 vm_make(void)
{
	u64 vm = 0;
	s64 error = (s64)hypercall((u32)CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, &vm);

	run_page = new_page();
	if (error == 0)
		error = (s64)hypercall((u32)CV_CALL_SET_RAM, vm, VM_GFN, VM_FRAMES, 0, 0, 0);
	if (error == 0)
		error = (s64)hypercall((u32)CV_CALL_SET_ENTRY, vm, VM_GFN * PAGE, 0, 0, 0, 0);
	if (error == 0)
		error = (s64)hypercall((u32)CV_CALL_REGISTER_VCPU, vm, 0, run_page / PAGE, 0, 0, 0);
	if (error == 0)
		error = (s64)hypercall((u32)CV_CALL_SET_BOOT_INFO, vm, VM_GFN * PAGE,
				       IMAGE_FRAMES * PAGE, 0, 0, &region);
	if (error != 0)
		print("DMA-MEANS BROKEN no VM: error %x\n", (u64)-error);
	return vm;
}

void vm_add_page(u64 vm, u64 pa)
{
	hypercall((u32)CV_CALL_REMAP_VM_IMAGE, vm, pa / PAGE, region, 0, 0, 0);
}

void vm_add_image(u64 vm, u64 pa)
{
	fill(pa, SECRET);
	vm_add_page(vm, pa);
}

s64 vm_verify(u64 vm)
{
	u64 left = 1;
	s64 error = 0;

	while (error == 0 && left != 0)
		error = (s64)hypercall((u32)CV_CALL_VERIFY_VM, vm, 0, 0, 0, 0, &left);
	return error;
}

s64 vm_donate(u64 vm, u64 gfn, u64 pa)
{
	return (s64)hypercall((u32)CV_CALL_DONATE, vm, VM_GFN + gfn, pa / PAGE, 0, 0, 0);
}
