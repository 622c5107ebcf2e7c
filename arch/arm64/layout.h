/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where things lie: the core's virtual address space, and the header that
 * opens its image. Included by C, assembly, the linker script and the packer.
 *
 * All of it is translated by TTBR0_EL2 with 48 bits of virtual address. Physical addresses are
 * below 2^44, so the identity map of the code that turns the MMU on
 * never meets the rest.
 */
#ifndef ARM64_LAYOUT_H
#define ARM64_LAYOUT_H

/* Physical address P of RAM outside the core is at VA_LINEAR + P; P < 2^44. */
#define VA_LINEAR 0x100000000000
#define LINEAR_LIMIT 0x100000000000
/*
 * The image, and, within reach of ADRP (4 GB), the arrays that grow with
 * RAM and the stacks.
 */
#define VA_IMAGE 0x200000000000
#define VA_FRAMES (VA_IMAGE + 0x40000000)
#define VA_TABLES (VA_IMAGE + 0x80000000)
#define VA_STACKS (VA_IMAGE + 0xc0000000)
/* Device registers the core uses, a 2 MB window each. */
#define VA_DEVICES (VA_IMAGE + 0x100000000)

/*
 * A stack fills the upper half of its slot; the lower half is never mapped, so
 * an overflow faults, and bit 14 of SP tells which half it is in.
 */
#define STACK_SIZE 0x4000
#define STACK_SLOT 0x8000

/* Host Images, the core's carve-outs and its device tree are 2 MB aligned. */
#define CARVE_ALIGN 0x200000
/* A device tree is at most 2 MB (Linux Documentation/arch/arm64/booting.rst). */
#define FDT_SLOT 0x200000

/* Offsets in the image header: Linux's (booting.rst), then ours. */
#define HEADER_TEXT_OFFSET 8
#define HEADER_IMAGE_SIZE 16
#define HEADER_FLAGS 24
#define HEADER_MAGIC 56 /* "ARM\x64" */
#define HEADER_CORE_MAGIC 64 /* "COREVISR" */
#define HEADER_CORE_VERSION 72 /* of this layout */
#define HEADER_CORE_SIZE 80 /* memory the core needs from the image's start */
#define HEADER_HOST_OFFSET 88 /* of the host Image; filled in by corevisor-pack, as is */
#define HEADER_HOST_SIZE 96 /* its image_size, */
#define HEADER_FDT_OFFSET 104 /* the device tree slot */
#define HEADER_UART 112 /* PL011 for messages before a device tree is read; 0: none */

#define HEADER_PLATFORM_KEY 128 /* 32 bytes; all zero: none */
#define PLATFORM_KEY_SIZE 32

#define HEADER_VERSION 1

/* Registers of a trapped context on the stack: X0 to X30, padded to 16 bytes. */
#define REGS_SIZE 256

/* Offsets in struct percpu and struct vcpu_context that assembly uses. */
#define PERCPU_VM 0
#define CONTEXT_PC 248
#define CONTEXT_PSTATE 256

#endif
