/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The VM that a device is given to: it fills a page, has edu carry it to another page of its
 * own, and writes 1 to REPORT if it arrived; each later run compares the pages again. MMU off.
 */
#define EDU 0x10000000
#define REPORT 0x20000000
#define FROM 0x40010000
#define TO 0x40011000
#define BUFFER 0x40000
#define SECRET_LOW 0x73656372
#define SOURCE 0x80
#define TARGET 0x88
#define COUNT 0x90
#define COMMAND 0x98

	.section .rodata
	.balign	4096
	.global	guest_code, guest_code_end
guest_code:
	ldr	x1, =FROM
	ldr	x2, =SECRET_LOW
	mov	x3, #512
1:	str	x2, [x1], #8
	subs	x3, x3, #1
	b.ne	1b
	ldr	x0, =EDU
	mov	x1, #4096
	str	x1, [x0, #COUNT]
	ldr	x1, =FROM
	str	x1, [x0, #SOURCE]
	mov	x1, #BUFFER
	str	x1, [x0, #TARGET]
	mov	x1, #1
	str	x1, [x0, #COMMAND]
2:	ldr	x1, [x0, #COMMAND]
	tbnz	x1, #0, 2b
	mov	x1, #BUFFER
	str	x1, [x0, #SOURCE]
	ldr	x1, =TO
	str	x1, [x0, #TARGET]
	mov	x1, #3
	str	x1, [x0, #COMMAND]
3:	ldr	x1, [x0, #COMMAND]
	tbnz	x1, #0, 3b
4:	ldr	x1, =TO
	mov	x3, #512
	mov	x4, #1
5:	ldr	x5, [x1], #8
	cmp	x5, x2
	csel	x4, x4, xzr, eq
	subs	x3, x3, #1
	b.ne	5b
	ldr	x0, =REPORT
	str	x4, [x0]
	b	4b
	.ltorg
	.balign	4096
guest_code_end:
