/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tiny guest with an arm64 Image header: it fills memory and registers with words that can be
 * computed again, then checks them, over and over, and says so: "tick 0000" and on, "BAD".
 * One vCPU, MMU off. The words are xorshift64 from SEED.
 */
#define UART		0x09000000
#define MEMORY		0x40200000
#define PAGES		16
#define SEED		0x9c1f3a526d0e4f4b

	.macro	load reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #(((\value) >> 16) & 0xffff), lsl #16
	movk	\reg, #(((\value) >> 32) & 0xffff), lsl #32
	movk	\reg, #(((\value) >> 48) & 0xffff), lsl #48
	.endm

	/* x9: the next word */
	.macro	next
	eor	x9, x9, x9, lsl #13
	eor	x9, x9, x9, lsr #7
	eor	x9, x9, x9, lsl #17
	.endm

	.text
	b	start
	.long	0
	.quad	0		/* text_offset */
	.quad	0x10000		/* image_size */
	.quad	0		/* flags: little-endian, page size not said */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	load	x20, UART
	mov	x21, #0		/* ticks */
	load	x28, SEED
	mov	x9, x28
	load	x10, MEMORY
	mov	x11, #(PAGES * 512)
1:	next
	str	x9, [x10], #8
	subs	x11, x11, #1
	b.ne	1b

check:
	load	x9, SEED
	cmp	x9, x28
	b.ne	bad
	load	x10, MEMORY
	mov	x11, #(PAGES * 512)
1:	next
	ldr	x12, [x10], #8
	cmp	x9, x12
	b.ne	bad
	subs	x11, x11, #1
	b.ne	1b

	adr	x0, tick
	bl	print
	mov	x1, #12		/* four hexadecimal digits */
2:	lsr	x2, x21, x1
	and	x2, x2, #15
	adr	x3, digits
	ldrb	w2, [x3, x2]
	str	w2, [x20]
	subs	x1, x1, #4
	b.pl	2b
	mov	w2, #'\n'
	str	w2, [x20]
	add	x21, x21, #1
	b	check

bad:
	adr	x0, wrong
	bl	print
	b	bad

print:
	ldrb	w1, [x0], #1
	cbz	w1, 3f
	str	w1, [x20]
	b	print
3:	ret

tick:	.asciz	"tick "
wrong:	.asciz	"BAD\n"
digits:	.ascii	"0123456789abcdef"
	.balign	8
