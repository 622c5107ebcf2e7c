/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A boot loader of four instructions, for what QEMU's own would not do: hand over any device tree, at any
 * address, to an image at any other. LOADER_FDT, LOADER_IMAGE: addresses.
 */
	ldr	x0, =LOADER_FDT
	mov	x1, xzr
	ldr	x4, =LOADER_IMAGE
	br	x4
