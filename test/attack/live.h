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
	uint64_t address; /* of its memory, in the VMM */
	uint64_t frames;
};

/* How many there are. Fails the attack if there is none. */
unsigned int live_vms(struct live_vm *vms);

/* The frame behind page `index` of its memory; 0: none there. */
uint64_t live_pfn(const struct live_vm *vm, uint64_t index);

/* Pages of it that the host cannot read, so they are the VM's; at most `most`. */
unsigned int live_protected(const struct live_vm *vm, uint64_t *pfns, uint64_t *indexes,
			    unsigned int most);

#endif
