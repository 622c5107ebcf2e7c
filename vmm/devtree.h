/* SPDX-License-Identifier: BSD-3-Clause */
/* The device tree that tells the guest what it has. */
#ifndef VMM_DEVTREE_H
#define VMM_DEVTREE_H

#include <stddef.h>
#include <stdint.h>

struct devtree {
	const char *bootargs;
	uint64_t memory; /* bytes */
	unsigned int cpus;
	uint64_t initrd; /* address; 0: none */
	uint64_t initrd_size;
};

/* Write it to `out`. 0, or a negative error of libfdt. */
int devtree_write(void *out, size_t size, const struct devtree *tree);

#endif
