/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All state that CPUs share, as global arrays indexed by number, with the lock
 * that guards each. (The translation tables are in core/table.h.)
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "core/crypto.h"
#include "core/types.h"
#include "core/vcpu_context.h"
#include "corevisor/limits.h"
#include "corevisor/state.h"

/*
 * The ownership record of a frame, indexed by frame number. Lock: page.
 * owner: CV_HOSTVISOR, a VM id, CV_COREVISOR, or CV_INVALID_ID (not RAM, and frame 0).
 * count: of a VM's frame, how often the VM granted it to the host; of a host's
 *        frame, in how many DMA contexts of the host it is mapped, plus one for each vCPU it
 *        is the run page of, and for each other thing outside memory that uses it (the GIC's
 *        LPI tables); else 0.
 * gfn:   of a VM's frame, where the VM has it; of a host's, pfn + CV_SMMU_HOST_OFFSET.
 *        40 bits.
 */
struct frame {
	u32 gfn_low;
	u16 owner;
	u8 gfn_high;
	u8 count;
};

/* gfn = gfn_high * GFN_HIGH_UNIT + gfn_low. */
#define GFN_HIGH_UNIT 0x100000000ULL

STATIC_ASSERT(frame_record_is_8_bytes, sizeof(struct frame) == 8);

/* A count never exceeds this, whoever the owner is. */
#define FRAME_MAX_COUNT 200U

extern struct frame frames[CV_MAX_FRAMES];
/* Frames the records cover, set at boot; above is device space. */
extern u64 nr_frames;

/* How far a snapshot of a VM, in or out, has come. */
enum snapshot_phase {
	SNAPSHOT_NONE,
	SNAPSHOT_SAVING,
	SNAPSHOT_LOADING,
};

/* One VM, indexed by id; [0] is not used. Lock: vm, but nr_frames: page. */
struct vm_info {
	u32 state; /* enum cv_vm_state */
	u32 nr_ram; /* RAM ranges declared */
	u32 nr_regions; /* image regions announced */
	u32 nr_vcpus; /* vCPUs registered */
	u64 image_frames; /* sum of the sizes of its image regions */
	u64 verify_region; /* verify_vm: region and page to take next */
	u64 verify_page;
	u64 entry_pc; /* first registers of vCPU 0 */
	u64 entry_x0;
	u64 nr_frames; /* frames whose owner it is */
	u64 counter_offset; /* CNTVOFF_EL2 of its vCPUs; while it is loaded: 0 - its counter */
	u8 entry_set;
	u8 verifying; /* verify_vm has begun: the layout is fixed */
	u8 verified; /* it has been VERIFIED: a snapshot of it may be taken */
	u8 reclaimed; /* it has lost a frame: no snapshot of it would be complete */
	u8 has_manifest;
	u8 reserved[3];
};

extern struct vm_info vms[CV_MAX_VMS + 1];

/* Range r of a VM is element vm * CV_MAX_RAM_RANGES + r. Lock: vm. */
struct ram_range {
	u64 gfn;
	u64 frames;
};

extern struct ram_range ram_ranges[(CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES];

/* Region r of a VM is element vm * CV_MAX_BOOT_REGIONS + r. Lock: vm. */
struct boot_region {
	u64 gfn; /* where its first page goes */
	u64 frames; /* its size */
	u64 remapped; /* how many of its pages have been named so far */
	u64 list; /* its first page's place in the VM's image list */
};

extern struct boot_region boot_regions[(CV_MAX_VMS + 1) * CV_MAX_BOOT_REGIONS];

/* What the core knows of a VM's measurement. Lock: vm. */
struct vm_measure {
	struct crypto_hash hash; /* while it is loaded */
	u8 digest[CRYPTO_HASH_SIZE]; /* once it is VERIFIED */
	u8 expected[CRYPTO_HASH_SIZE]; /* what its manifest says */
	u8 owner[CRYPTO_HASH_SIZE]; /* SHA-384 of the manifest's key; zero: none */
};

extern struct vm_measure vm_measures[CV_MAX_VMS + 1];

/* A VM across its snapshots: which it is, and the newest of them that is known. */
struct lineage {
	u64 id_low; /* random */
	u64 id_high;
	u64 generation; /* 1: its first snapshot; 0: none, or a free element */
};

/* Of all VMs that were saved or restored here. Lock: page. */
extern struct lineage lineages[CV_MAX_LINEAGES];

/* A snapshot under way. Lock: vm. */
struct snapshot {
	u32 phase; /* enum snapshot_phase */
	u32 vcpus; /* vCPUs done */
	u32 vcpus_total;
	u32 next_vcpu; /* vCPUs come in ascending order */
	u64 sequence; /* records done: the nonce of the next one */
	u64 pages; /* pages done */
	u64 pages_total;
	u64 next_gfn; /* pages come in ascending order */
	struct lineage lineage; /* the snapshot that the VM is of; stays when it is done */
};

extern struct snapshot snapshots[CV_MAX_VMS + 1];

/* Its key. Lock: vm. */
struct snapshot_key {
	u8 bytes[CRYPTO_KEY_SIZE];
};

extern struct snapshot_key snapshot_keys[CV_MAX_VMS + 1];

/* What a vCPU waits for from the host. */
enum vcpu_pending {
	PENDING_NONE,
	PENDING_MMIO_READ,
	PENDING_MMIO_WRITE,
};

/*
 * One vCPU context and its owner. Lock: vm; what makes it used or free, and whose it is (vm, id,
 * UNUSED or not, run_pfn): page too.
 */
struct vcpu {
	u16 vm; /* 0: free */
	u16 id;
	u8 state; /* enum cv_vcpu_state */
	u8 fresh; /* its context has never been given registers */
	u8 powered; /* PSCI: on */
	u8 pending; /* enum vcpu_pending */
	u8 mmio_reg; /* of the pending read: Xt (31: XZR), */
	u8 mmio_size; /* bytes, */
	u8 mmio_signed; /* sign-extended, */
	u8 mmio_64; /* to 64 bits */
	u32 reserved;
	u64 run_pfn; /* its run page */
};

extern struct vcpu vcpus[CV_MAX_VCPUS_TOTAL];
/* Belongs to the CPU that runs it while the vCPU is ACTIVE. */
extern struct vcpu_context vcpu_contexts[CV_MAX_VCPUS_TOTAL];

/* No vCPU context. */
#define NO_SLOT 0xffffU
/* Context of vCPU i of a VM: element vm * CV_MAX_VCPUS + i; 0 or context + 1. Lock: vm. */
extern u16 vcpu_slots[(CV_MAX_VMS + 1) * CV_MAX_VCPUS];

/* Owner of each DMA context, CV_INVALID_ID when free. Lock: DMA. */
struct dma_context {
	u32 owner;
	u32 nr_streams; /* streams attached */
};

extern struct dma_context dma_contexts[CV_MAX_DMA_CONTEXTS];

/* Context + 1 of each stream; 0: the default context. Lock: DMA. */
extern u16 stream_contexts[CV_MAX_STREAMS];

/* A device frame that a VM has claimed; vm 0: free. Lock: page. */
struct io_claim {
	u64 pfn;
	u64 gfn;
	u32 vm;
	u32 reserved;
};

extern struct io_claim io_claims[CV_MAX_IO_CLAIMS];

/* Is a VM id taken? [0] is not used. Lock: id. */
extern u8 vm_id_taken[CV_MAX_VMS + 1];
/* The id tried first by the next gen_vmid(). Lock: id. */
extern u32 next_vmid;

/*
 * What a CPU is doing. Only that CPU writes it.
 * vm: CV_HOSTVISOR while the host runs, else the VM; slot: the vCPU context, NO_SLOT for
 * the host.
 */
struct cpu_state {
	u32 vm;
	u32 slot;
};

extern struct cpu_state cpus[CV_MAX_CPUS];

/* A copy of a frame's bytes while the core works on them. Lock: page. */
extern u8 bounce_buffer[CV_PAGE_SIZE];

#endif
