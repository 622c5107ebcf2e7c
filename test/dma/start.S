/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hostile host of the DMA tests: bare metal at EL1, MMU off. Image header, stack,
 * vectors that step over an access that aborts.
 */
	.section .head, "ax"
	.global	_start
_start:
	b	entry
	.long	0
	.quad	0			/* text_offset */
	.quad	_image_size
	.quad	0xa			/* 4 KB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/* x0: the device tree. */
entry:
	adrp	x1, _image_end
	add	x1, x1, :lo12:_image_end
	mov	sp, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	bl	main
1:	wfi				/* until whoever looks at the memory ends it */
	b	1b

	.text
	.global	hypercall
/* hypercall(id, a1, ..., a5, u64 *x1): X0; X1 goes to *x1. */
hypercall:
	str	x6, [sp, #-16]!
	hvc	#0
	ldr	x6, [sp], #16
	cbz	x6, 1f
	str	x1, [x6]
1:	ret

	.balign	0x800
vectors:
	.rept	4
	.balign	0x80
	b	.
	.endr
	.balign	0x80
	/* An access that aborts is counted, and reads as what was in the register. */
	stp	x0, x1, [sp, #-16]!
	mrs	x0, esr_el1
	adrp	x1, last_abort
	str	x0, [x1, :lo12:last_abort]
	mrs	x0, elr_el1
	add	x0, x0, #4
	msr	elr_el1, x0
	ldp	x0, x1, [sp], #16
	eret
	.rept	11
	.balign	0x80
	b	.
	.endr

	.bss
	.balign	8
	.global	last_abort
last_abort:
	.quad	0
