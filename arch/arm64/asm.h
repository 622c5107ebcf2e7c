/* SPDX-License-Identifier: BSD-3-Clause */
/* What the assembly files share. */
#ifndef ARM64_ASM_H
#define ARM64_ASM_H

	.macro	function name
	.balign	16
	.global	\name
	.type	\name, %function
\name:
	.endm

	.macro	end_function name
	.size	\name, . - \name
	.endm

/* Load the physical (MMU off) or virtual (on) address of a symbol. */
	.macro	address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

/* The address a symbol is linked at, whatever the MMU does. */
	.macro	link_address reg, symbol
	ldr	\reg, =\symbol
	.endm

#endif
