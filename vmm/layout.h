/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's address space, and where in its memory kernel, device tree and
 * initrd go. The RAM begins at 1 GB; the devices lie below.
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_GICD_BASE UINT64_C(0x08000000)
#define LAYOUT_GICD_SIZE UINT64_C(0x00010000)
#define LAYOUT_GICR_BASE UINT64_C(0x080a0000)
#define LAYOUT_GICR_SIZE UINT64_C(0x00020000) /* a CPU */
#define LAYOUT_UART_BASE UINT64_C(0x09000000)
#define LAYOUT_UART_SIZE UINT64_C(0x00001000)
#define LAYOUT_UART_SPI 1U
#define LAYOUT_RAM_BASE UINT64_C(0x40000000)
/* A VM has 40 bits of address where nothing else is asked of KVM. */
#define LAYOUT_RAM_LIMIT (UINT64_C(1) << 40)
#define LAYOUT_MAX_CPUS 64U

#define LAYOUT_FDT_SIZE UINT64_C(0x10000)

struct layout {
	uint64_t kernel;
	uint64_t fdt;
	uint64_t initrd; /* 0: none */
};

enum layout_problem { LAYOUT_BAD_KERNEL = 1, LAYOUT_BAD_INITRD };

/*
 * Check that these bytes are a kernel, and place everything. The sizes are those of
 * the files. 0, or which of them does not do, and in `why` a sentence about it.
 */
int layout_plan(struct layout *layout, const uint8_t *kernel, uint64_t kernel_size,
		uint64_t initrd_size, uint64_t memory, char *why, size_t why_size);

#endif
