/* SPDX-License-Identifier: BSD-3-Clause */
/* The VMs that run beside the attack, under cvm: found in sysfs and in /proc. */
#ifndef TEST_ATTACK_LIVE_H
#define TEST_ATTACK_LIVE_H

#include <stdint.h>
#include <sys/types.h>

#define LIVE_MAX 4

struct live_vm {
	uint64_t id;
	pid_t pid;
	uint64_t address; /* of its memory, in the VMM, and how long that is */
	uint64_t pages;
};

/* How many there are. Fails the attack if there is none. */
unsigned int live_vms(struct live_vm *vms);

/* Stop the VMMs, so that their VMs do not grow; let them go on (also if there is none). */
void live_freeze(void);
void live_thaw(void);

/* Frames of the VMs that run, from all over the RAM; at most `most`. Fails if there is none. */
unsigned int live_frames(uint64_t *pfns, unsigned int most);
/* How many they own together, by their own account. */
uint64_t live_frames_owned(const struct live_vm *vms, unsigned int n);

#endif
