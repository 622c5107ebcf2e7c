/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/attack/guest.h"

#define PSCI_CPU_ON	0xc4000003
#define PSCI_SYSTEM_OFF	0x84000008
#define PSCI_VERSION	0x84000000
#define ICC_SGI1R_EL1	S3_0_C12_C11_5

	.macro	mov64, reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #((\value) >> 16 & 0xffff), lsl #16
	movk	\reg, #((\value) >> 32 & 0xffff), lsl #32
	movk	\reg, #((\value) >> 48 & 0xffff), lsl #48
	.endm

	.text
start:
	cmp	x0, #GUEST_REGISTERS
	b.eq	registers
	cmp	x0, #GUEST_EXITS
	b.eq	exits
	cmp	x0, #GUEST_EXITS_NO_WFI
	b.eq	exits
	cmp	x0, #GUEST_COMMANDS
	b.eq	commands
	cmp	x0, #GUEST_SPIN
	b.eq	spin
	b	off

off:	mov64	x0, PSCI_SYSTEM_OFF
	hvc	#0
	b	.

/* Floating point for EL1: CPACR_EL1.FPEN. */
	.macro	fp_on, temp
	mov	\temp, #3 << 20
	msr	cpacr_el1, \temp
	isb
	.endm

/* The page of the secret. Uses x0 to x6. */
make_secret:
	mov64	x0, GUEST_BASE + GUEST_SECRET
	mov64	x4, 0x9e3779b97f4a7c15
	mov	x1, #0
1:	and	x2, x1, #7
	add	x2, x2, #1
	mul	x2, x2, x4
	eor	x2, x2, x2, lsr #30
	mov64	x5, 0xbf58476d1ce4e5b9
	mul	x2, x2, x5
	eor	x2, x2, x2, lsr #27
	mov64	x5, 0x94d049bb133111eb
	mul	x2, x2, x5
	eor	x2, x2, x2, lsr #31
	mov64	x6, 0x5bd1e995a3c59ac3
	eor	x2, x2, x6
	str	x2, [x0, x1, lsl #3]
	add	x1, x1, #1
	cmp	x1, #512
	b.ne	1b
	ret

/*
 * Registers x1 to x26, x29, x30, the stack pointer, some of EL1's and v0 to v31 hold words of the
 * secret. x0, x27 and x28 are for addresses.
 */
	.macro	fill
	mov64	x0, GUEST_BASE + GUEST_SECRET
	ldr	x1, [x0]
	mov	sp, x1
	msr	tpidr_el0, x1
	msr	tpidr_el1, x1
	msr	tpidrro_el0, x1
	msr	elr_el1, x1
	msr	sp_el0, x1
	ldp	x1, x2, [x0]
	ldp	x3, x4, [x0, #16]
	ldp	x5, x6, [x0, #32]
	ldp	x7, x8, [x0, #48]
	ldp	x9, x10, [x0]
	ldp	x11, x12, [x0, #16]
	ldp	x13, x14, [x0, #32]
	ldp	x15, x16, [x0, #48]
	ldp	x17, x18, [x0]
	ldp	x19, x20, [x0, #16]
	ldp	x21, x22, [x0, #32]
	ldp	x23, x24, [x0, #48]
	ldp	x25, x26, [x0]
	ldr	x29, [x0, #32]
	ldr	x30, [x0, #40]
	.irp	n, 0, 4, 8, 12, 16, 20, 24, 28
	ldr	q\n, [x0]
	.endr
	.irp	n, 1, 5, 9, 13, 17, 21, 25, 29
	ldr	q\n, [x0, #16]
	.endr
	.irp	n, 2, 6, 10, 14, 18, 22, 26, 30
	ldr	q\n, [x0, #32]
	.endr
	.irp	n, 3, 7, 11, 15, 19, 23, 27, 31
	ldr	q\n, [x0, #48]
	.endr
	.endm

	.macro	told, reg
	str	\reg, [x0, #GUEST_TELL]
	.endm

registers:
	mov64	x0, GUEST_DEVICE
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, \
		25, 26, 27, 28, 29, 30
	told	x\n
	.endr
	fp_on	x1
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
		24, 25, 26, 27, 28, 29, 30, 31
	umov	x1, v\n\().d[0]
	told	x1
	umov	x1, v\n\().d[1]
	told	x1
	.endr
	mov	x1, sp
	told	x1
	.irp	reg, tpidr_el0, tpidr_el1, tpidrro_el0, elr_el1, sp_el0, vbar_el1, ttbr0_el1, ttbr1_el1, \
		far_el1, par_el1, contextidr_el1, mair_el1
	mrs	x1, \reg
	told	x1
	.endr
	b	off

exits:
	mov64	x1, GUEST_BASE + GUEST_SCRATCH + GUEST_MODE
	str	x0, [x1]
	bl	make_secret
	fp_on	x0
	fill
	mov64	x28, GUEST_DEVICE
	mov64	x27, GUEST_BASE + GUEST_FRESH
	str	wzr, [x28]			/* a write to a device */
	ldr	x5, [x28, #GUEST_ASK]		/* a read */
	mov	x5, x13
	ldr	x6, [x27]			/* memory that is not there yet, read */
	mov	x6, x14
	str	xzr, [x27, #4096]		/* and written */
	mov64	x0, GUEST_BASE + GUEST_SCRATCH + GUEST_MODE
	ldr	x0, [x0]
	cmp	x0, #GUEST_EXITS
	b.ne	1f
	wfi
1:	msr	ICC_SGI1R_EL1, xzr
	mov64	x0, PSCI_VERSION		/* answered by the core */
	hvc	#0
	mov64	x0, PSCI_CPU_ON			/* the other vCPU; refused if there is none */
	mov	x1, #1
	mov64	x2, GUEST_BASE
	mov	x3, #GUEST_SPIN
	hvc	#0
	mov	x1, x9
	mov	x2, x10
	mov	x3, x11
	mov64	x0, 0x1000000			/* long enough for an interrupt */
1:	subs	x0, x0, #1
	b.ne	1b
	bl	verdict
	b	off

/* Tell whether every register is still what it was: by comparing with the secret's page. */
verdict:
	mov64	x0, GUEST_BASE + GUEST_SECRET
	ldr	x30, [x0, #40]			/* bl has changed it */
	mov64	x0, GUEST_BASE + GUEST_SCRATCH
	stp	x1, x2, [x0]
	stp	x3, x4, [x0, #16]
	stp	x5, x6, [x0, #32]
	stp	x7, x8, [x0, #48]
	stp	x9, x10, [x0, #64]
	stp	x11, x12, [x0, #80]
	stp	x13, x14, [x0, #96]
	stp	x15, x16, [x0, #112]
	stp	x17, x18, [x0, #128]
	stp	x19, x20, [x0, #144]
	stp	x21, x22, [x0, #160]
	stp	x23, x24, [x0, #176]
	stp	x25, x26, [x0, #192]
	mov64	x3, GUEST_BASE + GUEST_SECRET
	ldr	x4, [x3]
	mov	x6, #0				/* gathers what differs */
	.irp	reg, tpidr_el0, tpidr_el1, tpidrro_el0, elr_el1, sp_el0
	mrs	x1, \reg
	eor	x1, x1, x4
	orr	x6, x6, x1
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
		24, 25, 26, 27, 28, 29, 30, 31
	str	q\n, [x0, #256 + 16 * \n]
	.endr
	mov	x1, #0				/* x1 to x26 */
1:	ldr	x4, [x0, x1, lsl #3]
	ldr	x5, [x3, x1, lsl #3]
	eor	x4, x4, x5
	orr	x6, x6, x4
	add	x1, x1, #1
	cmp	x1, #26
	b.ne	1b
	mov	x1, #32				/* v0 to v31 */
2:	ldr	x4, [x0, x1, lsl #3]
	ldr	x5, [x3, x1, lsl #3]
	eor	x4, x4, x5
	orr	x6, x6, x4
	add	x1, x1, #1
	cmp	x1, #96
	b.ne	2b
	cmp	x6, #0
	cset	x6, ne
	mov64	x0, GUEST_DEVICE
	str	x6, [x0, #GUEST_VERDICT]
	b	off

spin:
	bl	make_secret
	fp_on	x0
	fill
	mov64	x28, GUEST_BASE + GUEST_SCRATCH + GUEST_COUNT
	mov	x0, #0
1:	add	x0, x0, #1
	str	x0, [x28]
	b	1b

/* The next word that the host gives. */
	.macro	asked, reg
	ldr	\reg, [x28, #GUEST_ASK]
	.endm

commands:
	bl	make_secret
	fp_on	x0
	mov64	x28, GUEST_DEVICE
	mov	x26, #0
next:	asked	x20
	cmp	x20, #GUEST_LOAD
	b.eq	load
	cmp	x20, #GUEST_STORE
	b.eq	store
	cmp	x20, #GUEST_CALL
	b.eq	call
	cmp	x20, #GUEST_WAIT
	b.eq	wait
	cmp	x20, #GUEST_DIFFER
	b.eq	differ
	b	off

load:	asked	x1
	ldr	x2, [x1]
	str	x2, [x28, #GUEST_TELL]
	b	next

store:	asked	x1
	asked	x2
	str	x2, [x1]
	str	xzr, [x28, #GUEST_TELL]
	b	next

call:	asked	x21
	asked	x22
	asked	x23
	asked	x24
	mov	x0, x21
	mov	x1, x22
	mov	x2, x23
	mov	x3, x24
	hvc	#0
	str	x0, [x28, #GUEST_TELL]
	str	x1, [x28, #GUEST_TELL]
	b	next

/* The word that was read last stays in x1 the while. */
wait:	asked	x1
	mov	x2, x1
1:	subs	x2, x2, #1
	b.ne	1b
	str	x1, [x28, #GUEST_TELL]
	b	next

differ:	asked	x1
	asked	x2
	mov	x3, #0
	add	x4, x1, #4096
1:	ldr	x5, [x1], #8
	cmp	x5, x2
	cinc	x3, x3, ne
	cmp	x1, x4
	b.ne	1b
	str	x3, [x28, #GUEST_TELL]
	b	next

	.balign	8192
