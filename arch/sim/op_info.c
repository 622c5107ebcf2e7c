/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/op.h"
#include "corevisor/error.h"
#include "corevisor/run.h"

/* clang-format off */
#define CALL(NAME, name, required, args, values, text) \
	[OP_##NAME] = { name, BY_HOST, required, args, values, text }
#define A(...) { __VA_ARGS__ }
#define V(...) { __VA_ARGS__ }
#define NONE { 0 }

const struct op_info op_info[NR_OPS] = {
	CALL(INFO, "info", 0, NONE, V("version", "frames", "limits"), "version and limits"),
	CALL(REGISTER_VM, "register_vm", 0, NONE, V("vm"), "a new VM"),
	CALL(SET_RAM, "set_ram", 3, A("vm", "gfn", "frames"), NONE, "declare a RAM range"),
	CALL(SET_ENTRY, "set_entry", 2, A("vm", "pc", "x0"), NONE, "first registers of vCPU 0"),
	CALL(REGISTER_VCPU, "register_vcpu", 3, A("vm", "vcpu", "pfn"), NONE,
	     "a new vCPU with its run page"),
	CALL(SET_BOOT_INFO, "set_boot_info", 3, A("vm", "addr", "size"), V("region"),
	     "announce an image region"),
	CALL(REMAP_VM_IMAGE, "remap_vm_image", 3, A("vm", "pfn", "region"), NONE,
	     "name the next page of a region"),
	CALL(SET_MANIFEST, "set_manifest", 2, A("vm", "pfn"), NONE, "hand in a manifest"),
	CALL(VERIFY_VM, "verify_vm", 1, A("vm"), V("left"), "verify, step by step"),
	CALL(DONATE, "donate", 3, A("vm", "gfn", "pfn"), NONE, "donate a frame"),
	CALL(DONATE_BLOCK, "donate_block", 3, A("vm", "gfn", "pfn"), NONE, "donate 512 frames"),
	CALL(MAP_IO, "map_io", 3, A("vm", "ipa", "pa"), NONE, "give a device frame"),
	CALL(VCPU_RUN, "vcpu_run", 1, A("vm", "vcpu"), NONE, "enter a vCPU on this CPU; also: run"),
	CALL(POWEROFF_VM, "poweroff_vm", 1, A("vm"), NONE, "power a VM off"),
	CALL(RECLAIM, "reclaim", 2, A("vm", "pfn"), NONE, "take a frame back"),
	CALL(DESTROY_VM, "destroy_vm", 1, A("vm"), NONE, "free the VM's id"),
	CALL(DMA_ALLOC, "dma_alloc", 1, A("ctx", "vm"), NONE, "bind a DMA context"),
	CALL(DMA_ASSIGN, "dma_assign", 3, A("ctx", "pfn", "gfn"), NONE,
	     "donate a frame to the context's VM"),
	CALL(DMA_MAP, "dma_map", 3, A("ctx", "iova", "pa"), NONE, "map in a context"),
	CALL(DMA_UNMAP, "dma_unmap", 2, A("ctx", "iova"), NONE, "unmap"),
	CALL(DMA_LOOKUP, "dma_lookup", 2, A("ctx", "iova"), V("pa"), "look up"),
	CALL(DMA_FREE, "dma_free", 1, A("ctx"), NONE, "free a context"),
	CALL(DMA_ATTACH, "dma_attach", 2, A("ctx", "stream"), NONE, "attach a stream"),
	CALL(DMA_DETACH, "dma_detach", 2, A("ctx", "stream"), NONE,
	     "back to the default context"),
	CALL(SAVE_BEGIN, "save_begin", 2, A("vm", "out"), NONE, "header of a snapshot"),
	CALL(SAVE_PAGE, "save_page", 3, A("vm", "in", "out"), V("gfn", "tag_low", "tag_high"),
	     "encrypt a page"),
	CALL(SAVE_VCPU, "save_vcpu", 3, A("vm", "vcpu", "out"), NONE, "encrypt a vCPU"),
	CALL(SAVE_END, "save_end", 2, A("vm", "out"), NONE, "trailer"),
	CALL(LOAD_BEGIN, "load_begin", 2, A("vm", "in"), NONE, "start loading"),
	CALL(LOAD_PAGE, "load_page", 3, A("vm", "in", "gfn", "tag_low", "tag_high", "tagof"), NONE,
	     "decrypt a page; tagof: the tag of what save_page put into that frame"),
	CALL(LOAD_VCPU, "load_vcpu", 3, A("vm", "vcpu", "in"), NONE, "decrypt a vCPU"),
	CALL(LOAD_END, "load_end", 2, A("vm", "in"), NONE, "complete: VERIFIED"),
	CALL(VM_INFO, "vm_info", 1, A("vm"), V("state", "frames", "vcpus"), "about a VM"),
	CALL(VM_MEASUREMENT, "vm_measurement", 1, A("vm", "part"), V("m0", "m1", "m2"),
	     "24 bytes of the measurement"),
	CALL(VCPU_INFO, "vcpu_info", 2, A("vm", "vcpu"), V("state", "powered"), "about a vCPU"),

	[OP_HVC] = { "hvc", BY_CPU, 1, A("id", "a1", "a2", "a3", "a4", "a5", "a6"),
		     V("v1", "v2", "v3"), "any call with any arguments, by the world that runs" },
	[OP_LOAD] = { "load", BY_CPU, 1, A("addr", "nc", "size", "reg", "raw", "sext", "narrow"),
		      V("value"), "load 64 bits; nc=1: non-cacheable; the rest: of a VM's fault" },
	[OP_STORE] = { "store", BY_CPU, 1, A("addr", "value", "nc", "size", "reg", "raw"), NONE,
		       "store 64 bits; without value a word that names its writer" },
	[OP_REGS] = { "regs", BY_CPU, 0, A("seed"), NONE, "fill all registers; a VM's with secrets" },
	[OP_GETREG] = { "getreg", BY_CPU, 1, A("n"), V("value"), "read a general register" },
	[OP_SETREG] = { "setreg", BY_CPU, 2, A("n", "value"), NONE, "write it" },
	[OP_FILL] = { "fill", BY_HOST, 1, A("pfn", "words", "value"), NONE,
		      "write a frame's first words (512)" },
	[OP_COPY] = { "copy", BY_HOST, 2, A("from", "to"), NONE, "copy a frame" },
	[OP_RUNSET] = { "runset", BY_HOST, 4, A("vm", "vcpu", "field", "value"), NONE,
			"write a field (its offset) of a run page" },
	[OP_RUNGET] = { "runget", BY_HOST, 3, A("vm", "vcpu", "field"), V("value"), "read it" },
	[OP_MANIFEST] = { "manifest", BY_HOST, 2, A("vm", "pfn", "bad"), NONE,
			  "write a signed manifest for what the VM is now; bad=1: another measurement, "
			  "bad=2: a wrong signature" },
	[OP_FAULT] = { "fault", BY_HOST, 1, A("addr"), NONE, "a stage 2 fault of the host" },
	[OP_GUEST_SHARE] = { "share", BY_VM, 1, A("ipa"), NONE, "let the host access a page" },
	[OP_GUEST_UNSHARE] = { "unshare", BY_VM, 1, A("ipa"), NONE, "undo one share" },
	[OP_GUEST_MEASUREMENT] = { "measurement", BY_VM, 0, A("part"), V("m0", "m1", "m2"),
				"24 bytes of the VM's measurement" },
	[OP_GUEST_WFI] = { "wfi", BY_VM, 0, NONE, NONE, "wait for an interrupt" },
	[OP_GUEST_SGI] = { "sgi", BY_VM, 1, A("value"), NONE, "send an SGI" },
	[OP_GUEST_IRQ] = { "irq", BY_VM, 0, NONE, NONE, "a physical interrupt" },
	[OP_GUEST_CPU_ON] = { "cpu_on", BY_VM, 2, A("vcpu", "entry", "x0"), NONE, "PSCI CPU_ON" },
	[OP_GUEST_CPU_OFF] = { "cpu_off", BY_VM, 0, NONE, NONE, "PSCI CPU_OFF" },
	[OP_GUEST_SYSTEM_OFF] = { "system_off", BY_VM, 0, NONE, NONE, "PSCI SYSTEM_OFF" },
	[OP_GUEST_SYSTEM_RESET] = { "system_reset", BY_VM, 0, NONE, NONE, "PSCI SYSTEM_RESET" },

	[OP_DEV_LOAD] = { "load", BY_DEVICE, 2, A("stream", "iova", "nc"), V("value"),
			  "DMA read; nc=1: not coherent" },
	[OP_DEV_STORE] = { "store", BY_DEVICE, 2, A("stream", "iova", "value", "nc"), NONE, "DMA write" },

	[OP_DUMP] = { "dump", BY_NOBODY, 0, NONE, NONE, "print owners, maps and contexts" },
	[OP_CHECK] = { "check", BY_NOBODY, 0, NONE, NONE, "check every invariant everywhere" },
	[OP_FRAME] = { "frame", BY_NOBODY, 1, A("pfn"), V("owner", "count", "gfn"),
		       "the record of a frame" },
	[OP_MAP] = { "map", BY_NOBODY, 2, A("map", "gfn"), V("pfn", "level", "device"),
		     "what a map has at a gfn; level=0: nothing" },
	[OP_WORLD] = { "world", BY_CPU, 0, NONE, V("vm", "slot"), "what runs on the CPU" },
};
/* clang-format on */

const char *op_error_name(s64 error)
{
	static const char *const names[] = {"ok",	 "CV_NOT_SUPPORTED", "CV_EINVAL",
					    "CV_EPERM",	 "CV_ESTATE",	     "CV_EBUSY",
					    "CV_EEXIST", "CV_ENOENT",	     "CV_ENOMEM",
					    "CV_ENOSPC", "CV_EAUTH",	     "CV_ESTALE"};

	return error <= 0 && error >= CV_ESTALE ? names[-error] : 0;
}

const char *op_exit_name(u64 reason)
{
	static const char *const names[] = {"none",	  "interrupt",	"memory",	"mmio_read",
					    "mmio_write", "wfi",	"sgi",		"cpu_on",
					    "cpu_off",	  "system_off", "system_reset", "poweroff"};

	return reason <= CV_EXIT_POWEROFF ? names[reason] : "unknown";
}
