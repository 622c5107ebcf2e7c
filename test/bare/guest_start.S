/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest: start of each vCPU, exception vectors. */
	.section .head, "ax"
	.global	guest_start
/* x0: what to do. A CPU that PSCI turns on comes to guest_secondary, x0: its number. */
guest_start:
	mov	x19, x0
	mov	x0, #0
	bl	setup
	mov	x0, x19
	bl	guest_main
	b	.
	.global	guest_secondary
guest_secondary:
	mov	x19, x0
	bl	setup
	mov	x0, x19
	bl	guest_second
	b	.

setup:
	ldr	x1, =guest_stacks
	add	x0, x0, #1
	add	x1, x1, x0, lsl #13
	mov	sp, x1
	ldr	x1, =guest_vectors
	msr	vbar_el1, x1
	mov	x1, #(3 << 20)
	msr	cpacr_el1, x1
	isb
	ret
	.ltorg

	.macro	vector handler
	.balign	0x80
	sub	sp, sp, #192
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #16 * 9]
	stp	x29, x30, [sp, #16 * 10]
	bl	\handler
	b	vector_return
	.endm

	.text
	.balign	0x800
guest_vectors:
	.rept	4
	.balign	0x80
	b	.
	.endr
	vector	guest_sync
	vector	guest_irq
	vector	guest_irq
	vector	guest_serror
	.rept	8
	.balign	0x80
	b	.
	.endr

vector_return:
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
	ldp	x29, x30, [sp, #16 * 10]
	add	sp, sp, #192
	eret

	.bss
	.balign	16
guest_stacks:
	.skip	20 * 0x2000
