/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guests: what a vCPU of test VMs runs, with its MMU off. X0 is the argument. Position
 * independent; each begins at a label of its own in one image.
 */
#include "guest.h"

	.section .rodata
	.balign	4096
	.global	guest_image, guest_image_end

	.macro	psci id
	movz	w0, #(\id & 0xffff)
	movk	w0, #(\id >> 16), lsl #16
	hvc	#0
	.endm

	.macro	report reg
	mov	x9, #GUEST_MMIO
	str	\reg, [x9]
	.endm

guest_image:
	.global	guest_off
guest_off:
	psci	0x84000008

	.global	guest_reset
guest_reset:
	psci	0x84000009

	/* Tell 0xab, ask for a value, tell it plus one. */
	.global	guest_mmio
guest_mmio:
	mov	w1, #0xab
	report	w1
	ldr	w1, [x9, #4]
	add	w1, w1, #1
	report	w1
	b	guest_off

	/*
	 * X0 pages behind the image: tell the OR of all words in them, write to each word its
	 * address, tell how many do not hold it.
	 */
	.global	guest_memory
guest_memory:
	adrp	x10, guest_image_end
	add	x11, x10, x0, lsl #12
	mov	x1, #0
	mov	x12, x10
1:	ldr	x2, [x12], #8
	orr	x1, x1, x2
	cmp	x12, x11
	b.ne	1b
	report	x1
	mov	x12, x10
1:	str	x12, [x12], #8
	cmp	x12, x11
	b.ne	1b
	mov	x1, #0
	mov	x12, x10
1:	ldr	x2, [x12]
	cmp	x2, x12
	cinc	x1, x1, ne
	add	x12, x12, #8
	cmp	x12, x11
	b.ne	1b
	report	x1
	b	guest_off

	.global	guest_spin
guest_spin:
	report	xzr
1:	b	1b

	.global	guest_wfi
guest_wfi:
	report	xzr
1:	wfi
	b	1b

	/* Switch vCPU 1 on, wait for its word, tell it, tell whether it is off again. */
	.global	guest_smp
guest_smp:
	mov	x1, #1
	adr	x2, second
	mov	x3, #0x77
	movz	w0, #0x3
	movk	w0, #0xc400, lsl #16
	hvc	#0
	report	x0
	adrp	x10, guest_image_end
1:	ldar	x1, [x10]
	cbz	x1, 1b
	report	x1
1:	mov	x1, #1
	mov	x2, #0
	movz	w0, #0x4
	movk	w0, #0xc400, lsl #16
	hvc	#0
	cmp	x0, #1
	b.ne	1b
	report	x0
	b	guest_off
second:
	adrp	x10, guest_image_end
	stlr	x0, [x10]
	psci	0x84000002

	/* The measurement, six words. */
	.global	guest_measurement
guest_measurement:
	mov	x11, #0
1:	mov	x1, x11
	movz	w0, #0x2002
	movk	w0, #0xc600, lsl #16
	hvc	#0
	report	x1
	report	x2
	report	x3
	add	x11, x11, #1
	cmp	x11, #2
	b.ne	1b
	b	guest_off

	/* Share the page behind the image, write to it, tell, wait for a word in it, tell that. */
	.global	guest_share
guest_share:
	adrp	x10, guest_image_end
	mov	x1, #0x55
	str	x1, [x10]
	mov	x1, x10
	movz	w0, #0x2000
	movk	w0, #0xc600, lsl #16
	hvc	#0
	report	x0
	ldr	x1, [x10, #8]
	report	x1
	mov	x1, x10
	movz	w0, #0x2001
	movk	w0, #0xc600, lsl #16
	hvc	#0
	report	x0
	b	guest_off
	.balign	4096
guest_image_end:
