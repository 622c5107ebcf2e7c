/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core's locks, and the only order in which they may be taken: a CPU that
 * holds one takes only locks further down this list.
 *
 *   LOCK_DMA    owners of DMA contexts, streams
 *   LOCK_VM     one a VM: its vm_info, its vCPUs' states, its image and RAM ranges
 *   LOCK_PAGE   ownership records, device claims, the bounce buffer
 *   LOCK_MAP    translation tables and their pool
 *   LOCK_ID     which VM ids and vCPU contexts are taken
 *
 * Ticket locks: first come, first served, so no CPU starves another.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "core/types.h"

enum lock_rank {
	LOCK_DMA = 0,
	LOCK_VM = 1,
	LOCK_PAGE = 2,
	LOCK_MAP = 3,
	LOCK_ID = 4,
};

void lock_dma(void);
void unlock_dma(void);

/* vm: a VM id, 1 to CV_MAX_VMS. No CPU holds two VMs' locks. */
void lock_vm(u32 vm);
void unlock_vm(u32 vm);

/* Ownership records. One lock for all of them today; the frame is for sharding. */
void lock_page(u64 pfn);
void unlock_page(u64 pfn);

void lock_map(void);
void unlock_map(void);

void lock_id(void);
void unlock_id(void);

#endif
