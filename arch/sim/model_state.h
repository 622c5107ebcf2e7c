/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the shadow, shared by model*.c only. */
#ifndef SIM_MODEL_STATE_H
#define SIM_MODEL_STATE_H

#include "arch/sim/op.h"
#include "core/crypto.h"
#include "core/types.h"
#include "corevisor/limits.h"

struct model_frame {
	u64 gfn : 40;
	u64 share : 8;
	u64 owner : 15; /* 0 is the host */
	u64 dirty : 1; /* its shadow content is not all zero */
};

/* A page of a VM's image that the host has named. */
struct model_image {
	u32 pfn;
	u32 taken;
	u64 gfn;
};

enum model_manifest {
	MODEL_MANIFEST_NONE,
	MODEL_MANIFEST_KNOWN,
	MODEL_MANIFEST_UNKNOWN, /* others wrote to it while it was read */
};

struct model_vm {
	u64 frames;
	u32 chunk;
	u32 life;
	u32 state; /* as the core had it when the VM's lock was dropped last */
	bool restored; /* from a snapshot */
	bool off; /* powered off */
	u32 nr_ram;
	u64 ram[CV_MAX_RAM_RANGES][2]; /* gfn, frames */
	u32 saving, saved; /* the snapshot of it, its pages so far */
	u32 loading, loaded; /* the snapshot that it is of (0: unknown), pages so far */
	u32 lineage, generation; /* which VM it is (0: unknown), and the snapshot that it is of */
	u32 manifest; /* enum model_manifest */
	u8 signed_digest[CRYPTO_HASH_SIZE];
	u8 signer[CRYPTO_HASH_SIZE];
	u32 nr_regions;
	u64 region_gfn[CV_MAX_BOOT_REGIONS];
	u64 region_next[CV_MAX_BOOT_REGIONS];
	struct model_image *image;
	u32 nr_image, room_image;
};

extern struct model_frame *model_frames;
extern u8 *model_content;
extern struct model_vm model_vms[CV_MAX_VMS + 1U];

/* A frame moves from the host to a VM, reading zero; and back. */
void model_take(u64 pfn, u32 vm, u64 gfn);
void model_give_back(u64 pfn);

/* See model_boot.c: calls that succeeded. */
void model_registered(u32 vm);
void model_declared(u32 vm, u64 gfn, u64 nr);
void model_announced(u32 vm, u64 address, u64 region);
void model_add_image(u32 vm, u64 pfn, u64 region);
void model_set_manifest(u32 vm, u64 pfn);
void model_take_image(u32 vm, bool verified);

/* See model_snapshot.c: a call about a snapshot that succeeded. */
void model_snapshot_call(const struct op *op, const u64 value[3]);

/* What the host can read in a frame is nobody's secret. */
void model_check_public(u64 pfn, const char *what);

/*
 * A frame has come to a VM. It reads `content` (NULL: zero), both through the cache and not;
 * or what the VM itself has already stored there.
 */
void model_settle(u64 pfn, u32 vm, const u8 *content);

u64 model_word(u64 pfn, u32 offset);
void model_set_word(u64 pfn, u32 offset, u64 value);
void model_set_content(u64 pfn, const u8 *bytes);

#endif
