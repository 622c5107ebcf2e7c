/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest that measures: each operation some times, the fewest ticks of CNTVCT_EL0 that one took
 * (under -icount a tick is an instruction); of pages, where a fault may serve several, the mean.
 * MMU off, interrupts masked: an interrupt is what ICC_IAR1_EL1 says. Tells a word a measurement, in the order of the table in vmbench.c.
 */
#include "guest.h"
#include "test/vmbench/vmbench.h"

	.section .rodata
	.balign	4096
	.global	guest_image, guest_image_end, guest_measure, guest_first

	.macro	load reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #(((\value) >> 16) & 0xffff), lsl #16
	.endm

	.macro	hypercall id
	load	w0, \id
	hvc	#0
	.endm

	/* X19 the routine, X20 how often, X17 what measuring takes. */
	.macro	measure routine, times
	adr	x19, \routine
	mov	x20, #\times
	bl	least
	str	x23, [x28]
	.endm

	.macro	average routine, times
	adr	x19, \routine
	mov	x20, #\times
	bl	mean
	str	x23, [x28]
	.endm

guest_image:
	/* Creation to first exit. */
guest_first:
	load	w28, GUEST_MMIO
	str	xzr, [x28]
	hypercall 0x84000008

guest_measure:
	load	w28, GUEST_MMIO
	load	w27, GUEST_GICD
	adrp	x25, guest_image_end
	mov	x17, #0
	adr	x19, nothing
	mov	x20, #64
	bl	least
	mov	x17, x23
	measure	call_psci_version, 64
	measure	read_id, 64
	measure	read_gicd, 64
	measure	read_mmio, 64
	load	w25, GUEST_POPULATED
	mov	x26, #4096
	average	touch, GUEST_PAGES
	load	w25, GUEST_FRESH
	average	touch, GUEST_PAGES
	load	w25, GUEST_HUGE
	average	touch, GUEST_PAGES
	load	w25, GUEST_POPULATED
	measure	share_unshare, 64
	bl	gic_up
	bl	second_up
	measure	ping, 64
	hypercall 0x84000008

least:
	mov	x29, x30
	mov	x23, #-1
1:	isb
	mrs	x21, cntvct_el0
	blr	x19
	isb
	mrs	x22, cntvct_el0
	sub	x22, x22, x21
	sub	x22, x22, x17
	cmp	x22, x23
	csel	x23, x22, x23, lo
	subs	x20, x20, #1
	b.ne	1b
	ret	x29

mean:
	mov	x29, x30
	mov	x24, x20
	isb
	mrs	x21, cntvct_el0
1:	blr	x19
	subs	x20, x20, #1
	b.ne	1b
	isb
	mrs	x22, cntvct_el0
	sub	x22, x22, x21
	udiv	x23, x22, x24
	ret	x29

nothing:
	ret

call_psci_version:
	hypercall 0x84000000
	ret

read_id:
	mrs	x0, id_aa64pfr0_el1
	ret

	/* GICD_ISENABLER1 */
read_gicd:
	ldr	w0, [x27, #0x104]
	ret

read_mmio:
	ldr	w0, [x28, #4]
	ret

touch:
	str	xzr, [x25]
	add	x25, x25, x26
	ret

share_unshare:
	mov	x1, x25
	hypercall 0xc6002000
	mov	x1, x25
	hypercall 0xc6002001
	ret

	/* This CPU's interface and its redistributor's SGIs; GICD_CTLR: ARE, Group 1. X0: its number. */
gic_up:
	mov	x0, #0
gic_cpu_up:
	load	w1, (GUEST_GICR + 0x10000)
	add	x1, x1, x0, lsl #17
	mov	w2, #-1
	str	w2, [x1, #0x80]
	mov	w2, #0xffff
	str	w2, [x1, #0x100]
	mov	w2, #0x12
	str	w2, [x27]
	mov	x2, #0xff
	msr	s3_0_c4_c6_0, x2 /* ICC_PMR_EL1 */
	mov	x2, #1
	msr	s3_0_c12_c12_7, x2 /* ICC_IGRPEN1_EL1 */
	isb
	ret

	/* vCPU 1 answers to each SGI with one. */
second_up:
	mov	x29, x30
	mov	x1, #1
	adr	x2, second
	mov	x3, #0
	hypercall 0xc4000003
	bl	await
	ret	x29

second:
	load	w27, GUEST_GICD
	mov	x0, #1
	bl	gic_cpu_up
1:	load	w0, 0x01000001
	msr	s3_0_c12_c11_5, x0 /* ICC_SGI1R_EL1: SGI 1 to vCPU 0 */
	isb
	bl	await
	b	1b

	/* There and back. */
ping:
	mov	x18, x30
	load	w0, 0x01000002
	msr	s3_0_c12_c11_5, x0
	isb
	bl	await
	ret	x18

await:
	mrs	x0, s3_0_c12_c12_0 /* ICC_IAR1_EL1 */
	cmp	x0, #1023
	b.ne	1f
	wfi
	b	await
1:	msr	s3_0_c12_c12_1, x0 /* ICC_EOIR1_EL1 */
	isb
	ret
	.balign	4096
guest_image_end:
