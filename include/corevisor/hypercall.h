/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Function ids (SMCCC DEN0028, fast SMC64 calls of the vendor-specific
 * hypervisor service). HVC from EL1: X0 = id, X1 to X6 = arguments; on return
 * X0 = result (0 or a negative cv_error), X1 to X3 = values.
 *
 * Each list entry is X(NAME, offset, number of arguments, values returned).
 * Offsets have no holes, and none is there twice: core/call.c would not compile.
 */
#ifndef COREVISOR_HYPERCALL_H
#define COREVISOR_HYPERCALL_H

#define CV_ABI_VERSION 0x00010000U

/* Vendor-specific hypervisor UID call, answered to everybody (DEN0028, 6.2). */
#define CV_UID_CALL 0x8600ff01U
/* UUID 9c1f3a52-6d0e-4f4b-8a57-2c61e0b7d413 in the four words of that call. */
#define CV_UID_0 0x523a1f9cU
#define CV_UID_1 0x4b4f0e6dU
#define CV_UID_2 0x612c578aU
#define CV_UID_3 0x13d4b7e0U

#define CV_HOST_CALL_BASE 0xc6001000U
#define CV_GUEST_CALL_BASE 0xc6002000U

/* clang-format off */
#define CV_HOST_CALLS(X) \
	/* () -> ABI version; frames covered | free tables << 32; IPA bits | streams << 32 */ \
	X(INFO, 0, 0, 3) \
	/* () -> vm */ \
	X(REGISTER_VM, 1, 0, 1) \
	/* (vm, gfn, frames): declare a RAM range */ \
	X(SET_RAM, 2, 3, 0) \
	/* (vm, pc, x0): first registers of vCPU 0 */ \
	X(SET_ENTRY, 3, 3, 0) \
	/* (vm, vcpu, run page pfn) */ \
	X(REGISTER_VCPU, 4, 3, 0) \
	/* (vm, address, size in bytes) -> region */ \
	X(SET_BOOT_INFO, 5, 3, 1) \
	/* (vm, pfn, region): the next page of a region */ \
	X(REMAP_VM_IMAGE, 6, 3, 0) \
	/* (vm, pfn): frame holding struct cv_manifest */ \
	X(SET_MANIFEST, 7, 2, 0) \
	/* (vm) -> frames still to do; repeat until 0 */ \
	X(VERIFY_VM, 8, 1, 1) \
	/* (vm, gfn, pfn): donate one frame */ \
	X(DONATE, 9, 3, 0) \
	/* (vm, gfn, pfn): donate 512 frames, both numbers 512-aligned */ \
	X(DONATE_BLOCK, 10, 3, 0) \
	/* (vm, IPA, PA): give a device frame to a VM */ \
	X(MAP_IO, 11, 3, 0) \
	/* (vm, vcpu): run it; why it stopped is in the run page */ \
	X(VCPU_RUN, 12, 2, 0) \
	/* (vm) */ \
	X(POWEROFF_VM, 13, 1, 0) \
	/* (vm, pfn): take a frame back, wiped */ \
	X(RECLAIM, 14, 2, 0) \
	/* (vm): everything reclaimed; the id is free again */ \
	X(DESTROY_VM, 15, 1, 0) \
	/* (context, vm or 0 for the host) */ \
	X(DMA_ALLOC, 16, 2, 0) \
	/* (context, pfn, gfn): donate a frame to the context's VM */ \
	X(DMA_ASSIGN, 17, 3, 0) \
	/* (context, IOVA, PA) */ \
	X(DMA_MAP, 18, 3, 0) \
	/* (context, IOVA) */ \
	X(DMA_UNMAP, 19, 2, 0) \
	/* (context, IOVA) -> PA; only of the host's contexts */ \
	X(DMA_LOOKUP, 20, 2, 1) \
	/* (context) */ \
	X(DMA_FREE, 21, 1, 0) \
	/* (context, stream) */ \
	X(DMA_ATTACH, 22, 2, 0) \
	/* (context, stream): back to the default context */ \
	X(DMA_DETACH, 23, 2, 0) \
	/* (vm, out pfn): header of a snapshot */ \
	X(SAVE_BEGIN, 24, 2, 0) \
	/* (vm, in pfn, out pfn) -> gfn, tag low, tag high; in ascending order of gfn */ \
	X(SAVE_PAGE, 25, 3, 3) \
	/* (vm, vcpu, out pfn); in ascending order of vcpu, after the pages */ \
	X(SAVE_VCPU, 26, 3, 0) \
	/* (vm, out pfn): trailer */ \
	X(SAVE_END, 27, 2, 0) \
	/* (vm, in pfn) */ \
	X(LOAD_BEGIN, 28, 2, 0) \
	/* (vm, in pfn, gfn, tag low, tag high): the frame becomes the VM's */ \
	X(LOAD_PAGE, 29, 5, 0) \
	/* (vm, vcpu, in pfn) */ \
	X(LOAD_VCPU, 30, 3, 0) \
	/* (vm, in pfn): complete; the VM is VERIFIED */ \
	X(LOAD_END, 31, 2, 0) \
	/* (vm) -> state, frames owned, vCPUs */ \
	X(VM_INFO, 32, 1, 3) \
	/* (vm, part 0 or 1) -> 24 bytes of the measurement of a VERIFIED VM */ \
	X(VM_MEASUREMENT, 33, 2, 3) \
	/* (vm, vcpu) -> state, powered on */ \
	X(VCPU_INFO, 34, 2, 2)

#define CV_GUEST_CALLS(X) \
	/* (IPA): let the host read and write this page too */ \
	X(SHARE, 0, 1, 0) \
	/* (IPA): undo one SHARE */ \
	X(UNSHARE, 1, 1, 0) \
	/* (part 0 or 1) -> 24 bytes of the measurement */ \
	X(MEASUREMENT, 2, 1, 3)
/* clang-format on */

#define CV_HOST_CALL_ID(name, offset, args, values) \
	CV_CALL_##name = (int)(CV_HOST_CALL_BASE + (offset)),
enum cv_host_call { CV_HOST_CALLS(CV_HOST_CALL_ID) };
#define CV_GUEST_CALL_ID(name, offset, args, values) \
	CV_GUEST_##name = (int)(CV_GUEST_CALL_BASE + (offset)),
enum cv_guest_call { CV_GUEST_CALLS(CV_GUEST_CALL_ID) };

#endif
