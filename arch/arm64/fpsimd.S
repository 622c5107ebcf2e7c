/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FP/SIMD and SVE registers to and from memory: the only code of the core that touches them.
 * The compiler does not (-mgeneral-regs-only), so they stay as they are until fp.c asks.
 */
#include "asm.h"

	.arch	armv8.2-a+sve
	.altmacro

	.macro	q_pair op, a, b
	\op	q\a, q\b, [x0, #16 * \a]
	.endm

	.macro	all_q op
	.set	n, 0
	.rept	16
	q_pair	\op, %n, %(n + 1)
	.set	n, n + 2
	.endr
	.endm

	.macro	z op, n
	\op	z\n, [x0, #\n, mul vl]
	.endm

	.macro	p op, n
	\op	p\n, [x2, #\n, mul vl]
	.endm

	/* Z0 to Z31, then P0 to P15; x2: where those are. */
	.macro	all_z op
	.set	n, 0
	.rept	32
	z	\op, %n
	.set	n, n + 1
	.endr
	addvl	x2, x0, #31
	addvl	x2, x2, #1
	.endm

	.macro	all_p op
	.set	n, 0
	.rept	16
	p	\op, %n
	.set	n, n + 1
	.endr
	.endm

/* x0: 32 x 16 bytes, then FPCR and FPSR. */
FUNCTION(fp_save)
	all_q	stp
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #512]
	str	x2, [x0, #520]
	ret
END_FUNCTION(fp_save)

FUNCTION(fp_load)
	all_q	ldp
	ldr	x1, [x0, #512]
	ldr	x2, [x0, #520]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
END_FUNCTION(fp_load)

/* x0: 32 vectors, 16 predicates, FFR; x1: is there an FFR? */
FUNCTION(sve_save)
	all_z	str
	all_p	str
	cbz	x1, 1f
	rdffr	p0.b
	str	p0, [x2, #16, mul vl]
	ldr	p0, [x2]
1:	ret
END_FUNCTION(sve_save)

FUNCTION(sve_load)
	all_z	ldr
	cbz	x1, 1f
	ldr	p0, [x2, #16, mul vl]
	wrffr	p0.b
1:	all_p	ldr
	ret
END_FUNCTION(sve_load)
