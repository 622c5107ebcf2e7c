/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams and contexts: what a VM's device may reach, the host cannot change. */
#include "host.h"

#define STREAM_EDU 0x08ULL
#define STREAM_NONE 0x60ULL
#define HOST_CONTEXT 1ULL
#define VM_CONTEXT 2ULL

static s64 dma(u32 id, u64 context, u64 a, u64 b)
{
	return (s64)hypercall(id, context, a, b, 0, 0, 0);
}

/* The host confines edu: it reaches one page, at one IOVA. */
static void attack_context(void)
{
	u64 in = new_page(), out = new_page(), page = new_page();
	u64 iova = (in / PAGE + CV_SMMU_HOST_OFFSET) * PAGE;

	fill(page, EVIL);
	edu_load(page);
	if (dma((u32)CV_CALL_DMA_ALLOC, HOST_CONTEXT, CV_HOSTVISOR, 0) != 0 ||
	    dma((u32)CV_CALL_DMA_MAP, HOST_CONTEXT, iova, in) != 0 ||
	    dma((u32)CV_CALL_DMA_ATTACH, HOST_CONTEXT, STREAM_EDU, 0) != 0)
		print("DMA-MEANS BROKEN no context\n");
	edu_store(out);
	result("context-other", !holds(out, EVIL), "a page its context does not map");
	edu_store(iova);
	working("a context of the host's", holds(in, EVIL));
	fill(in, 0);
	dma((u32)CV_CALL_DMA_UNMAP, HOST_CONTEXT, iova, 0);
	edu_store(iova);
	result("context-unmapped", !holds(in, EVIL), "unmapped, IOTLB warm");
	dma((u32)CV_CALL_DMA_DETACH, HOST_CONTEXT, STREAM_EDU, 0);
	edu_store(out);
	working("the default context again", holds(out, EVIL));
}

/* A stream that is a VM's stays so. */
static void attack_vm_stream(void)
{
	u64 vm = vm_make(), image[4];

	dma((u32)CV_CALL_DMA_ALLOC, VM_CONTEXT, vm, 0);
	if (dma((u32)CV_CALL_DMA_ATTACH, VM_CONTEXT, STREAM_NONE, 0) != 0)
		print("DMA-MEANS BROKEN no context\n");
	for (u32 i = 0; i < 4; i++) {
		image[i] = new_page();
		vm_add_image(vm, image[i]);
	}
	if (vm_verify(vm) != 0)
		print("DMA-MEANS BROKEN no VM\n");
	result("stream-detach", dma((u32)CV_CALL_DMA_DETACH, VM_CONTEXT, STREAM_NONE, 0) < 0,
	       "of a VM that is VERIFIED");
	result("stream-attach", dma((u32)CV_CALL_DMA_ATTACH, HOST_CONTEXT, STREAM_NONE, 0) < 0,
	       "to the host's context");
	result("stream-map", dma((u32)CV_CALL_DMA_MAP, VM_CONTEXT, 0x40000ULL * PAGE, image[0]) < 0,
	       "a VM's frame into its context, too late");
	result("context-map", dma((u32)CV_CALL_DMA_MAP, HOST_CONTEXT, image[0], image[0]) < 0,
	       "a VM's frame into the host's context");
	result("context-free", dma((u32)CV_CALL_DMA_FREE, VM_CONTEXT, 0, 0) < 0, "of the VM");
}

void attack_streams(void)
{
	attack_context();
	attack_vm_stream();
}
