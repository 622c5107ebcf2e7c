/* SPDX-License-Identifier: BSD-3-Clause */
/* A device that is a VM's: it works for the VM, and the host can touch neither end of it. */
#include "host.h"

#include "corevisor/run.h"

#define EDU_OF_VM 0x30U /* 00:06.0, which is its stream ID too */
#define EDU_OF_HOST 0x08U
#define NVME_OF_VM 0x38U /* 00:07.0 */
#define CONTEXT 3ULL
#define HOST_CONTEXT 1ULL
#define EDU_IPA 0x10000000ULL
#define DMA_GFN 0x10ULL /* of the VM's RAM: two pages */
#define BAR0 0x10U
#define GONE 0xffffffffU

extern char guest_code[];

static u64 bar, pages[2];

static s64 call3(u32 id, u64 a, u64 b, u64 c)
{
	return (s64)hypercall(id, a, b, c, 0, 0, 0);
}

static void check(s64 error, const char *what)
{
	if (error != 0)
		print("DMA-MEANS BROKEN %s: error %x\n", what, (u64)-error);
}

/* Give it the device's registers and two pages the device may reach; load it. */
static void set_up(u64 vm)
{
	u64 other = new_page();

	bar = pci_enable(EDU_OF_VM, 0);
	check(call3((u32)CV_CALL_DMA_ALLOC, CONTEXT, vm, 0), "DMA_ALLOC");
	result("claim-early", call3((u32)CV_CALL_MAP_IO, vm, EDU_IPA, bar) == CV_EPERM,
	       "registers of a device that is the host's");
	check(call3((u32)CV_CALL_DMA_ATTACH, CONTEXT, EDU_OF_VM, 0), "DMA_ATTACH");
	result("claim-other",
	       call3((u32)CV_CALL_MAP_IO, vm, EDU_IPA, config(EDU_OF_HOST, BAR0, 4)) == CV_EPERM,
	       "registers of another device");
	check(call3((u32)CV_CALL_MAP_IO, vm, EDU_IPA, bar), "MAP_IO");
	for (u64 i = 0; i < 2; i++) {
		pages[i] = new_page();
		check(call3((u32)CV_CALL_DMA_ASSIGN, CONTEXT, pages[i] / PAGE,
			    VM_GFN + DMA_GFN + i),
		      "DMA_ASSIGN");
		check(call3((u32)CV_CALL_DMA_MAP, CONTEXT, (VM_GFN + DMA_GFN + i) * PAGE, pages[i]),
		      "DMA_MAP");
	}
	result("context-steal", call3((u32)CV_CALL_DMA_MAP, CONTEXT, other, other) < 0,
	       "a page of the host in the VM's context");
	for (u64 i = 0; i < PAGE; i += 8)
		put(other + i, 8, get((u64)guest_code + i, 8));
	vm_add_page(vm, other);
	for (u32 i = 1; i < 4; i++)
		vm_add_image(vm, new_page());
	check(vm_verify(vm), "VERIFY_VM");
}

/* Run the VM until it reports. */
static u64 run(u64 vm)
{
	for (u32 i = 0; i < 1000; i++) {
		if (call3((u32)CV_CALL_VCPU_RUN, vm, 0, 0) != 0)
			break;
		if (get(run_page + CV_RUN_EXIT, 8) == CV_EXIT_MMIO_WRITE)
			return get(run_page + CV_RUN_ARG2, 8);
	}
	print("DMA-MEANS BROKEN the VM: exit %x %x\n", get(run_page + CV_RUN_EXIT, 8),
	      get(run_page + CV_RUN_ARG0, 8));
	return 0;
}

static void attack(void)
{
	u64 page = new_page();

	last_abort = 0;
	put(bar + 0x80, 8, page);
	result("assigned-registers", last_abort != 0, "the device's registers");
	config_set(EDU_OF_VM, BAR0, 4, bar + 0x1000000);
	config_set(EDU_OF_VM, 4, 2, 0);
	result("assigned-config", config(EDU_OF_VM, BAR0, 4) == bar && config(EDU_OF_VM, 4, 2) != 0,
	       "its BAR and command register");
	config_set(EDU_OF_HOST, BAR0, 4, bar);
	result("assigned-overlap", config(EDU_OF_HOST, BAR0, 4) != bar,
	       "another device's BAR laid over it");
	result("assigned-stream",
	       call3((u32)CV_CALL_DMA_ATTACH, HOST_CONTEXT, EDU_OF_VM, 0) < 0 &&
		       call3((u32)CV_CALL_DMA_DETACH, CONTEXT, EDU_OF_VM, 0) < 0,
	       "its stream");
	fill(page, EVIL);
	edu_load(page);
	target("edu-write-assigned", pages[0], "evil", "the page the VM's device reads");
	edu_store(pages[0]);
}

static void end(u64 vm)
{
	check(call3((u32)CV_CALL_POWEROFF_VM, vm, 0, 0), "POWEROFF_VM");
	result("reclaim-early", call3((u32)CV_CALL_RECLAIM, vm, pages[1] / PAGE, 0) == CV_EBUSY,
	       "a page its device still reaches");
	check(call3((u32)CV_CALL_DMA_DETACH, CONTEXT, EDU_OF_VM, 0), "DMA_DETACH");
	result("assigned-after", config(EDU_OF_VM, 0, 4) == GONE, "the device when the VM is off");
	check(call3((u32)CV_CALL_DMA_FREE, CONTEXT, 0, 0), "DMA_FREE");
	check(call3((u32)CV_CALL_RECLAIM, vm, pages[1] / PAGE, 0), "RECLAIM");
	result("assigned-wiped", get(pages[1], 8) == 0 && get(pages[1] + PAGE - 8, 8) == 0,
	       "what its device had written, reclaimed");
}

/* A device that can be reset is, before its VM's memory goes back: QEMU tells (dma-test.py). */
static void give_and_take_nvme(void)
{
	u64 vm = vm_make();

	check(call3((u32)CV_CALL_DMA_ALLOC, CONTEXT, vm, 0), "DMA_ALLOC");
	check(call3((u32)CV_CALL_DMA_ATTACH, CONTEXT, NVME_OF_VM, 0), "DMA_ATTACH");
	check(call3((u32)CV_CALL_POWEROFF_VM, vm, 0, 0), "POWEROFF_VM");
	working("nvme, still the VM's", config(NVME_OF_VM, 0, 4) != GONE);
	check(call3((u32)CV_CALL_DMA_DETACH, CONTEXT, NVME_OF_VM, 0), "DMA_DETACH");
	target("assigned-reset", 0, "reset", "an nvme when the VM is off");
	result("assigned-gone", config(NVME_OF_VM, 0, 4) == GONE, "and nobody's");
	check(call3((u32)CV_CALL_DMA_FREE, CONTEXT, 0, 0), "DMA_FREE");
}

void attack_assigned(void)
{
	u64 vm = vm_make();

	set_up(vm);
	working("the VM's device, in the VM", run(vm) == 1);
	attack();
	working("the VM's device, after the attacks", run(vm) == 1);
	end(vm);
	give_and_take_nvme();
}
