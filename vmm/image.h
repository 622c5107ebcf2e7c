/* SPDX-License-Identifier: BSD-3-Clause */
/* What a VM starts from: its memory as it is written before the first run, and its entry. */
#ifndef VMM_IMAGE_H
#define VMM_IMAGE_H

#include <stdint.h>

struct image {
	uint8_t *ram; /* at LAYOUT_RAM_BASE of the guest */
	uint64_t ram_size;
	unsigned int nr_vcpus;
	uint64_t pc, x0; /* of vCPU 0 */
};

#endif
