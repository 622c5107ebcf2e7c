/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/lock.h"

#include "core/machine.h"
#include "corevisor/limits.h"

struct ticket_lock {
	u32 next;
	u32 serving;
};

/*@ ghost u32 held_dma;
    u32 held_vm;
    u32 held_page;
    u32 held_map;
    u32 held_id; */

static struct ticket_lock dma_lock;
static struct ticket_lock vm_locks[CV_MAX_VMS + 1];
static struct ticket_lock page_lock;
static struct ticket_lock map_lock;
static struct ticket_lock id_lock;

/* The acquire load orders the critical section after the previous holder's. */
static void ticket_take(struct ticket_lock *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1U, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		machine_relax();
}

/* Only the holder writes `serving`. */
static void ticket_drop(struct ticket_lock *lock)
{
	u32 serving = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	__atomic_store_n(&lock->serving, serving + 1U, __ATOMIC_RELEASE);
}

void lock_dma(void)
{
	ticket_take(&dma_lock);
	machine_lock_taken(LOCK_DMA, 0);
}

void unlock_dma(void)
{
	machine_lock_dropped(LOCK_DMA, 0);
	ticket_drop(&dma_lock);
}

void lock_vm(u32 vm)
{
	ticket_take(&vm_locks[vm]);
	machine_lock_taken(LOCK_VM, vm);
}

void unlock_vm(u32 vm)
{
	machine_lock_dropped(LOCK_VM, vm);
	ticket_drop(&vm_locks[vm]);
}

void lock_page(u64 pfn)
{
	(void)pfn;
	ticket_take(&page_lock);
	machine_lock_taken(LOCK_PAGE, 0);
}

void unlock_page(u64 pfn)
{
	(void)pfn;
	machine_lock_dropped(LOCK_PAGE, 0);
	ticket_drop(&page_lock);
}

void lock_map(void)
{
	ticket_take(&map_lock);
	machine_lock_taken(LOCK_MAP, 0);
}

void unlock_map(void)
{
	machine_lock_dropped(LOCK_MAP, 0);
	ticket_drop(&map_lock);
}

void lock_id(void)
{
	ticket_take(&id_lock);
	machine_lock_taken(LOCK_ID, 0);
}

void unlock_id(void)
{
	machine_lock_dropped(LOCK_ID, 0);
	ticket_drop(&id_lock);
}
