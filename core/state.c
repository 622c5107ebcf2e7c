/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/state.h"

/*
 * The machine backs this one only as far as its RAM reaches: linker scripts
 * place it by its section.
 */
__attribute__((section(".bss.frames"))) struct frame frames[CV_MAX_FRAMES];
u64 nr_frames;

struct vm_info vms[CV_MAX_VMS + 1];
struct ram_range ram_ranges[(CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES];
struct boot_region boot_regions[(CV_MAX_VMS + 1) * CV_MAX_BOOT_REGIONS];
struct vm_measure vm_measures[CV_MAX_VMS + 1];
struct snapshot snapshots[CV_MAX_VMS + 1];
struct snapshot_key snapshot_keys[CV_MAX_VMS + 1];
struct lineage lineages[CV_MAX_LINEAGES];

struct vcpu vcpus[CV_MAX_VCPUS_TOTAL];
struct vcpu_context vcpu_contexts[CV_MAX_VCPUS_TOTAL];
u16 vcpu_slots[(CV_MAX_VMS + 1) * CV_MAX_VCPUS];

struct dma_context dma_contexts[CV_MAX_DMA_CONTEXTS];
u16 stream_contexts[CV_MAX_STREAMS];
struct io_claim io_claims[CV_MAX_IO_CLAIMS];

u8 vm_id_taken[CV_MAX_VMS + 1];
u32 next_vmid = 1;
struct cpu_state cpus[CV_MAX_CPUS];
u8 bounce_buffer[CV_PAGE_SIZE];
