/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens before the machine is turned off or reset: a reset keeps RAM. */
#ifndef ARM64_SHUTDOWN_H
#define ARM64_SHUTDOWN_H

/*
 * Take every lock of the core, in their order (core/lock.h): no CPU is in the middle of
 * anything, and none begins.
 */
void lock_everything(void);
void unlock_everything(void);

/*
 * Stop all VMs, cut off all devices, wipe what VMs left in memory: their frames, their registers,
 * keys. For good: every other CPU that comes into the core waits there for ever.
 */
void shutdown_vms(void);

#endif
