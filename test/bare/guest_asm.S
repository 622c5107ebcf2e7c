/* SPDX-License-Identifier: BSD-3-Clause */
/* Instructions that exit, with all registers known before and looked at after. */

/*
 * name(block): X0 to X30 from block, the instruction, X0 to X30 to block + 256. SP points to the
 * block meanwhile, so nothing may be taken to EL1.
 */
	.macro	around name, instruction:vararg
	.global	\name
\name:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x1, sp
	str	x1, [x0, #512]
	mov	sp, x0
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	ldr	x30, [sp, #16 * 15]
	\instruction
	stp	x0, x1, [sp, #256 + 16 * 0]
	stp	x2, x3, [sp, #256 + 16 * 1]
	stp	x4, x5, [sp, #256 + 16 * 2]
	stp	x6, x7, [sp, #256 + 16 * 3]
	stp	x8, x9, [sp, #256 + 16 * 4]
	stp	x10, x11, [sp, #256 + 16 * 5]
	stp	x12, x13, [sp, #256 + 16 * 6]
	stp	x14, x15, [sp, #256 + 16 * 7]
	stp	x16, x17, [sp, #256 + 16 * 8]
	stp	x18, x19, [sp, #256 + 16 * 9]
	stp	x20, x21, [sp, #256 + 16 * 10]
	stp	x22, x23, [sp, #256 + 16 * 11]
	stp	x24, x25, [sp, #256 + 16 * 12]
	stp	x26, x27, [sp, #256 + 16 * 13]
	stp	x28, x29, [sp, #256 + 16 * 14]
	str	x30, [sp, #256 + 16 * 15]
	ldr	x1, [sp, #512]
	mov	sp, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
	.endm

	around	around_hvc, hvc #0
	around	around_smc, smc #0
	around	around_wfi, wfi
	around	around_ldr, ldr x3, [x2]
	around	around_ldr_w, ldr w3, [x2]
	around	around_ldrsw, ldrsw x3, [x2]
	around	around_ldrh, ldrh w3, [x2]
	around	around_ldrsh, ldrsh x3, [x2]
	around	around_ldrsh_w, ldrsh w3, [x2]
	around	around_ldrb, ldrb w3, [x2]
	around	around_ldrsb, ldrsb x3, [x2]
	around	around_ldr_zr, ldr xzr, [x2]
	around	around_str, str x3, [x2]
	around	around_str_w, str w3, [x2]
	around	around_strh, strh w3, [x2]
	around	around_strb, strb w3, [x2]
	around	around_str_zr, str xzr, [x2]
	around	around_sgi, msr s3_0_c12_c11_5, x3
	around	around_id, mrs x3, id_aa64pfr0_el1

/* The same as the host's, in start.S. */
	.global	fp_fill
fp_fill:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	add	x1, x0, #\n
	dup	v\n\().2d, x1
	.endr
	ret

	.global	fp_check
fp_check:
	mov	x3, #0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	add	x1, x0, #\n
	umov	x2, v\n\().d[0]
	cmp	x1, x2
	cinc	x3, x3, ne
	umov	x2, v\n\().d[1]
	cmp	x1, x2
	cinc	x3, x3, ne
	.endr
	mov	x0, x3
	ret

/* How many halves of V0 to V31 are not zero. */
	.global	fp_nonzero
fp_nonzero:
	mov	x3, #0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	umov	x2, v\n\().d[0]
	cmp	x2, #0
	cinc	x3, x3, ne
	umov	x2, v\n\().d[1]
	cmp	x2, #0
	cinc	x3, x3, ne
	.endr
	mov	x0, x3
	ret

/* hvc4(x0, x1, x2, x3, u64 out[4]), smc4: all four results. */
	.global	hvc4
hvc4:
	mov	w0, w0
	hvc	#0
	stp	x0, x1, [x4]
	stp	x2, x3, [x4, #16]
	ret
	.global	smc4
smc4:
	mov	w0, w0
	smc	#0
	stp	x0, x1, [x4]
	stp	x2, x3, [x4, #16]
	ret

/* Instructions measured in a loop of n: what(n, argument). */
	.macro	repeat name, instruction:vararg
	.global	\name
\name:
	mov	x9, x0
	mov	x10, x1
	isb
	mrs	x11, cntvct_el0
1:	\instruction
	subs	x9, x9, #1
	b.ne	1b
	isb
	mrs	x0, cntvct_el0
	sub	x0, x0, x11
	ret
	.endm

	repeat	repeat_nothing, nop
	repeat	repeat_id, mrs x0, id_aa64pfr0_el1
	repeat	repeat_write, str x9, [x10]
	repeat	repeat_read, ldr x0, [x10]
	/* A load from a fresh page each. */
	.macro	touch
	ldr	x0, [x10]
	add	x10, x10, #4096
	.endm
	repeat	repeat_touch, touch

	.global	repeat_hvc
repeat_hvc:
	mov	x9, x0
	mov	x10, x1
	isb
	mrs	x11, cntvct_el0
1:	mov	x0, x10
	hvc	#0
	subs	x9, x9, #1
	b.ne	1b
	isb
	mrs	x0, cntvct_el0
	sub	x0, x0, x11
	ret

/* share and unshare of the page at x1: repeat_share(n, page, share id, unshare id). */
	.global	repeat_share
repeat_share:
	mov	x9, x0
	mov	x10, x1
	mov	w12, w2
	mov	w13, w3
	isb
	mrs	x11, cntvct_el0
1:	mov	x0, x12
	mov	x1, x10
	hvc	#0
	mov	x0, x13
	mov	x1, x10
	hvc	#0
	subs	x9, x9, #1
	b.ne	1b
	isb
	mrs	x0, cntvct_el0
	sub	x0, x0, x11
	ret
