/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bare-metal host: arm64 Image header, start of each CPU, exception vectors, and the call
 * of the core that watches all registers. The MMU stays off.
 */
#define STACK_SIZE 0x4000

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
	mov	x19, x0
	adr	x20, _start
	adrp	x0, _rela_start
	add	x0, x0, :lo12:_rela_start
	adrp	x1, _rela_end
	add	x1, x1, :lo12:_rela_end
1:	cmp	x0, x1
	b.hs	2f
	ldp	x2, x3, [x0]		/* R_AARCH64_RELATIVE: r_offset, r_info, r_addend */
	ldr	x4, [x0, #16]
	add	x0, x0, #24
	cmp	w3, #1027
	b.ne	1b
	add	x4, x4, x20
	str	x4, [x20, x2]
	b	1b
2:	adrp	x0, _bss_start
	add	x0, x0, :lo12:_bss_start
	adrp	x1, _bss_end
	add	x1, x1, :lo12:_bss_end
3:	cmp	x0, x1
	b.hs	4f
	stp	xzr, xzr, [x0], #16
	b	3b
4:	mov	x0, #0
	bl	setup_cpu
	mov	x0, x19
	bl	main
	b	.

/* x0: index of the CPU. */
	.global	secondary_start
secondary_start:
	mov	x19, x0
	bl	setup_cpu
	mov	x0, x19
	bl	secondary_main
	b	.

setup_cpu:
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	mov	x2, #STACK_SIZE
	add	x0, x0, #1
	madd	x1, x0, x2, x1
	mov	sp, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	mov	x1, #(3 << 20)		/* CPACR_EL1.FPEN */
	msr	cpacr_el1, x1
	isb
	ret

	.macro	vector handler
	.balign	0x80
	sub	sp, sp, #256
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
vectors:
	.rept	4
	.balign	0x80
	b	.
	.endr
	vector	host_sync
	vector	host_irq
	vector	host_irq
	.rept	9
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
	add	sp, sp, #256
	eret

/*
 * call(id, a1, a2, a3, a4, a5, u64 out[4]): HVC with a pattern in X7 to X29 that must be there
 * afterwards. Returns X0; out: X1 to X3, then a mask of the registers that changed.
 */
	.global	call
call:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x6, [sp, #96]
	mov	w0, w0
	.irp	n, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	movz	x\n, #0xa5a5, lsl #48
	movk	x\n, #\n
	.endr
	hvc	#0
	mov	x6, #0
	.irp	n, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	movz	x5, #0xa5a5, lsl #48
	movk	x5, #\n
	cmp	x5, x\n
	b.eq	1f
	mov	x5, #1
	lsl	x5, x5, #\n
	orr	x6, x6, x5
1:
	.endr
	ldr	x5, [sp, #96]
	cbz	x5, 2f
	stp	x1, x2, [x5]
	stp	x3, x6, [x5, #16]
2:	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

/* hvc_plain(id, a1, a2, a3): for measuring. */
	.global	hvc_plain
hvc_plain:
	mov	w0, w0
	hvc	#0
	ret

/* hvc_none(id, a1, a2, a3): what is about it. */
	.global	hvc_none
hvc_none:
	mov	w0, w0
	ret

/* smc(id, a1, a2, a3) */
	.global	smc
smc:
	mov	w0, w0
	smc	#0
	ret

/* fp_fill(seed), fp_check(seed): V0 to V31 = seed + n in each half; returns how many differ. */
	.arch	armv8.2-a+sve
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

/* The same for Z0 to Z31 and P0 to P7, FFR: sve_fill(seed), sve_check(seed, buffer). */
	.global	sve_fill
sve_fill:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	add	x1, x0, #\n
	index	z\n\().d, x1, #1
	.endr
	ptrue	p0.b, vl3
	wrffr	p0.b
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	whilelo	p\n\().b, xzr, x0
	.endr
	ptrue	p5.h
	ret

	.global	sve_check
sve_check:
	mov	x3, #0
	ptrue	p8.h
	rdffr	p9.b
	ptrue	p10.b, vl3
	ptrue	p11.b
	eor	p8.b, p11/z, p8.b, p5.b
	eor	p9.b, p11/z, p9.b, p10.b
	orrs	p8.b, p11/z, p8.b, p9.b
	cinc	x3, x3, ne
	ptrue	p1.d
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	add	x1, x0, #\n
	index	z31.d, x1, #1
	cmpne	p12.d, p1/z, z31.d, z\n\().d
	cinc	x3, x3, ne
	.endr
	mov	x0, x3
	ret

	.bss
	.balign	16
stacks:
	.skip	4 * STACK_SIZE
