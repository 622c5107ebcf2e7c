/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices that are a VM's: two more edus, each good for one attack (doc/platforms.md). */
#include <stdio.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/limits.h"
#include "test/attack/attack.h"
#include "test/attack/dma.h"
#include "test/attack/kernel.h"

#define CONTEXT 21ULL
#define HOST_CONTEXT 22ULL
#define EDU_IPA 0x0a000000ULL
#define FROM_GFN (BASE_GFN + 0x40)
#define TO_GFN (BASE_GFN + 0x41)
#define EDU_IDENTITY 0x010000edU
#define WORD 0x766d2d7365637265ULL
#define PLANT 0xbadc0ffee0ddf00dULL

struct assigned {
	struct raw_vm vm;
	struct pci pci;
	uint64_t pages[2]; /* at FROM_GFN and TO_GFN */
};

static void must(int64_t result, const char *what)
{
	if (result != CV_OK)
		failed("%s returned %lld", what, (long long)result);
}

static void assign(struct assigned *a, unsigned int nth)
{
	struct raw_vm *vm = &a->vm;

	if (!pci_find(&a->pci, EDU_ID, nth))
		failed("there is no edu device number %u", nth);
	pci_open(&a->pci, 0);
	raw_register(vm, GUEST_COMMANDS, 1);
	must(hvc(CV_CALL_DMA_ALLOC, CONTEXT, vm->id, 0, 0, 0), "DMA_ALLOC");
	refused(hvc(CV_CALL_MAP_IO, vm->id, EDU_IPA, a->pci.bar_pa, 0, 0),
		"registers of a device that is not the VM's");
	must(hvc(CV_CALL_DMA_ATTACH, CONTEXT, a->pci.devfn, 0, 0, 0), "DMA_ATTACH");
	must(hvc(CV_CALL_MAP_IO, vm->id, EDU_IPA, a->pci.bar_pa, 0, 0), "MAP_IO");
	for (unsigned int i = 0; i < 2; i++) {
		a->pages[i] = page_new(0);
		vm->frames[vm->nr_frames++] = (struct raw_frame){FROM_GFN + i, a->pages[i] / FRAME};
		must(hvc(CV_CALL_DMA_ASSIGN, CONTEXT, a->pages[i] / FRAME, FROM_GFN + i, 0, 0),
		     "DMA_ASSIGN");
		must(hvc(CV_CALL_DMA_MAP, CONTEXT, (FROM_GFN + i) * FRAME, a->pages[i], 0, 0),
		     "DMA_MAP");
	}
	raw_announce(vm);
	must(raw_verify(vm), "VERIFY_VM");
}

/* The VM has its device move a page: a store of its own for each register. */
static void vm_starts(struct raw_vm *vm, uint64_t address, bool to_memory)
{
	raw_store(vm, EDU_IPA + EDU_SOURCE, to_memory ? EDU_BUFFER : address);
	raw_store(vm, EDU_IPA + EDU_TARGET, to_memory ? address : EDU_BUFFER);
	raw_store(vm, EDU_IPA + EDU_COUNT, FRAME);
	raw_store(vm, EDU_IPA + EDU_COMMAND, EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0));
}

static void vm_moves(struct raw_vm *vm, uint64_t address, bool to_memory)
{
	vm_starts(vm, address, to_memory);
	for (unsigned int i = 0; raw_load(vm, EDU_IPA + EDU_COMMAND) & EDU_RUN; i++) {
		if (i == 2000)
			failed("the VM's device does not come to an end");
		usleep(1000);
	}
}

/* From one page of the VM's to the other, by way of its device. */
static bool vm_carries(struct raw_vm *vm, uint64_t word)
{
	raw_store(vm, FROM_GFN * FRAME, word);
	raw_store(vm, FROM_GFN * FRAME + FRAME - 8, word);
	vm_moves(vm, FROM_GFN * FRAME, false);
	vm_moves(vm, TO_GFN * FRAME, true);
	return raw_load(vm, TO_GFN * FRAME) == word &&
	       raw_load(vm, TO_GFN * FRAME + FRAME - 8) == word &&
	       raw_differ(vm, TO_GFN * FRAME, 0) == 2;
}

/* Its configuration: nothing of it can be changed, and no BAR laid over its. */
static void attack_config(const struct assigned *a, const struct edu *edu)
{
	uint32_t host_bar = pci_config(&edu->pci, PCI_BAR(0), 4);

	pci_set_config(&a->pci, PCI_BAR(0), 4, (uint32_t)a->pci.bar_pa + 0x1000000);
	pci_set_config(&a->pci, PCI_COMMAND, 2, 0);
	if ((pci_config(&a->pci, PCI_BAR(0), 4) & ~15U) != a->pci.bar_pa ||
	    (pci_config(&a->pci, PCI_COMMAND, 2) & PCI_MEMORY_AND_MASTER) == 0)
		corrupted("the device's configuration has changed");
	pci_set_config(&edu->pci, PCI_BAR(0), 4, (uint32_t)a->pci.bar_pa);
	if (pci_config(&edu->pci, PCI_BAR(0), 4) != host_bar)
		corrupted("another device's BAR lies over the VM's");
}

static void attack_calls(const struct assigned *a)
{
	uint64_t mine = page_new(0), iova = mine + CV_SMMU_HOST_OFFSET * FRAME;

	must(hvc(CV_CALL_DMA_ALLOC, HOST_CONTEXT, CV_HOSTVISOR, 0, 0, 0), "DMA_ALLOC");
	must(hvc(CV_CALL_DMA_MAP, HOST_CONTEXT, iova, mine, 0, 0), "DMA_MAP");
	refused(hvc(CV_CALL_DMA_ATTACH, HOST_CONTEXT, a->pci.devfn, 0, 0, 0),
		"its stream to a context of the host's");
	refused(hvc(CV_CALL_DMA_DETACH, CONTEXT, a->pci.devfn, 0, 0, 0), "taking its stream away");
	refused(hvc(CV_CALL_DMA_DETACH, HOST_CONTEXT, a->pci.devfn, 0, 0, 0),
		"taking its stream away by another context");
	refused(hvc(CV_CALL_DMA_MAP, CONTEXT, mine, mine, 0, 0), "a page of the host's for it");
	refused(hvc(CV_CALL_DMA_UNMAP, CONTEXT, FROM_GFN * FRAME, 0, 0, 0), "taking its page away");
	refused(hvc(CV_CALL_DMA_FREE, CONTEXT, 0, 0, 0, 0), "its context");
	refused(hvc(CV_CALL_DMA_MAP, HOST_CONTEXT, a->pages[0] + CV_SMMU_HOST_OFFSET * FRAME,
		    a->pages[0], 0, 0),
		"its page in a context of the host's");
	must(hvc(CV_CALL_DMA_FREE, HOST_CONTEXT, 0, 0, 0, 0), "DMA_FREE");
	page_free(mine);
}

static void detach_and_end(struct assigned *a)
{
	(void)hvc(CV_CALL_POWEROFF_VM, a->vm.id, 0, 0, 0, 0);
	must(hvc(CV_CALL_DMA_DETACH, CONTEXT, a->pci.devfn, 0, 0, 0), "DMA_DETACH");
	must(hvc(CV_CALL_DMA_FREE, CONTEXT, 0, 0, 0, 0), "DMA_FREE");
	raw_end(&a->vm);
}

static void vms_device(void)
{
	struct assigned a;
	struct edu edu;
	uint64_t seen;

	dma_begin();
	edu_open(&edu);
	assign(&a, 1);
	if (!vm_carries(&a.vm, WORD))
		failed("the VM's device does not work in the VM");
	if (!io_aborts(a.pci.bar + EDU_COMMAND, 8))
		corrupted("the host reaches the device's registers");
	attack_config(&a, &edu);
	attack_calls(&a);
	edu_write(&edu, a.pages[0]);
	expect_event(&edu.pci, true, a.pages[0]);
	seen = edu_read(&edu, a.pages[1]);
	page_must_be_zero(seen, "what the VM's device has written");
	expect_event(&edu.pci, false, a.pages[1]);
	edu_write(&edu, a.pci.bar_pa);
	expect_event(&edu.pci, true, a.pci.bar_pa);
	if (raw_load(&a.vm, FROM_GFN * FRAME) != WORD ||
	    raw_differ(&a.vm, FROM_GFN * FRAME, 0) != 2)
		corrupted("what the VM's device reads has changed");
	if (!vm_carries(&a.vm, ~WORD))
		corrupted("the VM's device does not work any more");
	page_free(seen);
	detach_and_end(&a);
	blocked("its registers, configuration, stream, pages, from all sides: it works on in the VM");
}

static void read_identity(void *argument)
{
	if (io_read(*(uintptr_t *)argument, 4) == EDU_IDENTITY)
		leak("the device answers the host, with all that it holds");
}

/* Its last transfer is under way when the VM is off and its memory goes back. */
static void vm_off(void)
{
	struct assigned a;
	uint64_t page;

	dma_begin();
	assign(&a, 2);
	if (!vm_carries(&a.vm, WORD))
		failed("the VM's device does not work in the VM");
	page = a.pages[1];
	vm_starts(&a.vm, TO_GFN * FRAME, true);
	(void)hvc(CV_CALL_POWEROFF_VM, a.vm.id, 0, 0, 0, 0);
	refused(hvc(CV_CALL_RECLAIM, a.vm.id, page / FRAME, 0, 0, 0), "memory its device reaches");
	refused(hvc(CV_CALL_DMA_FREE, CONTEXT, 0, 0, 0, 0), "the context of its device");
	must(hvc(CV_CALL_DMA_DETACH, CONTEXT, a.pci.devfn, 0, 0, 0), "DMA_DETACH");
	must(hvc(CV_CALL_DMA_FREE, CONTEXT, 0, 0, 0, 0), "DMA_FREE");
	must(hvc(CV_CALL_RECLAIM, a.vm.id, page / FRAME, 0, 0, 0), "RECLAIM");
	page_must_be_zero(page, "memory that comes back");
	frame_fill(page / FRAME, PLANT);
	usleep(300000);
	if (page_holds(page, WORD))
		corrupted("the device has written to memory that is the host's again");
	raw_end(&a.vm);
	(void)survives(read_identity, &a.pci.bar);
	pci_set_config(&a.pci, PCI_COMMAND, 2, PCI_MEMORY_AND_MASTER);
	if (pci_config(&a.pci, 0, 4) != 0xffffffff)
		leak("the device has configuration space");
	(void)survives(read_identity, &a.pci.bar);
	blocked("off while its device writes: memory comes back after the stream is cut, wiped; "
		"the device answers nobody");
}

const struct attack attacks_assigned[] = {
	{"dma/stream-of-a-vm", vms_device},
	{"dma/vm-off-in-flight", vm_off},
	{NULL, NULL},
};
