/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host without an operating system: an arm64 Linux Image (booting.rst) that runs
 * at EL1 with the MMU off, wherever it is loaded. Each CPU has a stack, and TPIDR_EL1 points
 * to its struct cpu (host.h).
 */
	.section .head, "ax"
	.global	_start
_start:
	b	entry
	.long	0
	.quad	0				/* text_offset */
	.quad	_image_size
	.quad	0xa				/* flags: 4 KB pages, any 2 MB boundary */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/* x0: device tree. */
entry:
	mov	x19, x0
	adrp	x0, _bss_start
	add	x0, x0, :lo12:_bss_start
	adrp	x1, _bss_end
	add	x1, x1, :lo12:_bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	mov	x0, xzr
	bl	set_up
	mov	x0, #(3 << 20)			/* CPACR_EL1.FPEN */
	msr	cpacr_el1, x0
	isb
	mov	x0, x19
	bl	host_main
	b	.

/* x0: the index of this CPU. */
	.global	secondary_entry
secondary_entry:
	mov	x19, x0
	bl	set_up
	mov	x0, x19
	bl	host_secondary
	b	.

/* x0: CPU index. Sets the stack, TPIDR_EL1 and the vectors. */
set_up:
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	add	x2, x0, #1
	add	x1, x1, x2, lsl #14
	mov	sp, x1
	adrp	x1, cpus
	add	x1, x1, :lo12:cpus
	add	x1, x1, x0, lsl #6
	msr	tpidr_el1, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	ret

/* An access that the CPU's `guard` allows to fail is skipped and counted. */
sync_handler:
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el1
	ldr	x1, [x0]
	cbz	x1, unexpected
	cmp	x1, #2
	ldr	x1, [x0, #8]
	add	x1, x1, #1
	str	x1, [x0, #8]
	mrs	x1, esr_el1
	str	x1, [x0, #16]
	mrs	x1, elr_el1
	add	x1, x1, #4
	csel	x1, x30, x1, eq			/* a fetch: back to the caller */
	msr	elr_el1, x1
	ldp	x0, x1, [sp], #16
	eret

unexpected:
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	bl	host_unexpected
	b	.

	.balign	0x800
vectors:
	.rept	4
	.balign	0x80
	b	unexpected
	.endr
	.balign	0x80
	b	sync_handler
	.rept	11
	.balign	0x80
	b	unexpected
	.endr

/* u64 call(u64 x[8]): HVC, or SMC, with these in X0 to X7; they become the result. */
	.macro	call name, insn
	.global	\name
\name:
	str	x0, [sp, #-16]!
	mov	x8, x0
	ldp	x0, x1, [x8]
	ldp	x2, x3, [x8, #16]
	ldp	x4, x5, [x8, #32]
	ldp	x6, x7, [x8, #48]
	\insn	#0
	ldr	x8, [sp], #16
	stp	x0, x1, [x8]
	stp	x2, x3, [x8, #16]
	ret
	.endm

	call	do_hvc, hvc
	call	do_smc, smc

/* u64 guarded_load(u64 address), void guarded_store(u64 address, u64 value): host.h. */
	.global	guarded_load
guarded_load:
	mrs	x2, tpidr_el1
	mov	x1, #1
	str	x1, [x2]
	mov	x1, x0
	mov	x0, xzr
	ldr	x0, [x1]
	str	xzr, [x2]
	ret

	.global	guarded_store
guarded_store:
	mrs	x2, tpidr_el1
	mov	x3, #1
	str	x3, [x2]
	str	x1, [x0]
	str	xzr, [x2]
	ret

	/* Accesses of other kinds, alike. */
	.macro	guarded name, guard, insns:vararg
	.global	\name
\name:
	mrs	x2, tpidr_el1
	mov	x3, #\guard
	str	x3, [x2]
	\insns
	str	xzr, [x2]
	ret
	.endm

	guarded	guarded_pair, 1, ldp x3, x4, [x0]
	guarded	guarded_exclusive, 1, ldxr x3, [x0]
	guarded	guarded_byte, 1, strb w1, [x0]
	guarded	guarded_vector, 1, ld1 {v0.16b}, [x0]

	.global	guarded_fetch
guarded_fetch:
	stp	x29, x30, [sp, #-16]!
	mrs	x2, tpidr_el1
	mov	x3, #2
	str	x3, [x2]
	blr	x0
	mrs	x2, tpidr_el1
	str	xzr, [x2]
	ldp	x29, x30, [sp], #16
	ret

/* A CPU that walks tables in the core's memory: x0 = their address. It never comes back. */
	.global	hopeless_entry
hopeless_entry:
	msr	ttbr0_el1, x0
	msr	ttbr1_el1, x0
	mov	x1, #25
	msr	tcr_el1, x1
	isb
	mrs	x1, sctlr_el1
	orr	x1, x1, #1
	msr	sctlr_el1, x1
	isb
	b	.

/* One bit of the GIC's CPU interface: interrupts of group 1 of any priority are signalled. */
	.global	gic_cpu_on
gic_cpu_on:
	mov	x0, #7
	msr	s3_0_c12_c12_5, x0		/* ICC_SRE_EL1 */
	isb
	mov	x0, #0xff
	msr	s3_0_c4_c6_0, x0		/* ICC_PMR_EL1 */
	mov	x0, #1
	msr	s3_0_c12_c12_7, x0		/* ICC_IGRPEN1_EL1 */
	isb
	ret

/* void timer_start(u64 ticks): CNTP fires then. timer_stop: it does not. */
	.global	timer_start
timer_start:
	msr	cntp_tval_el0, x0
	mov	x0, #1
	msr	cntp_ctl_el0, x0
	isb
	ret

	.global	timer_stop
timer_stop:
	msr	cntp_ctl_el0, xzr
	isb
	ret

	.global	counter
counter:
	isb
	mrs	x0, cntpct_el0
	ret

/*
 * What VMs run: calls of VMs, PSCI, loads and stores, at addresses in and around its RAM, made from
 * its counter. It never ends by itself.
 */
	.balign	8
	.global	guest_code, guest_code_end
guest_code:
	mrs	x9, cntvct_el0
	movz	x10, #0x7f4a, lsl #16
	movk	x10, #0x7c15
	mul	x9, x9, x10
	eor	x9, x9, x9, lsr #29
	ubfx	x11, x9, #4, #24		/* up to 16 MB from the start of RAM, */
	and	x11, x11, #~7
	movz	x12, #0x4000, lsl #16
	add	x12, x12, x11
	and	x1, x12, #~0xfff
	ubfx	x13, x9, #40, #3
	movz	w0, #0xc600, lsl #16		/* SHARE, UNSHARE, MEASUREMENT and what is none */
	movk	w0, #0x2000
	and	x14, x13, #3
	add	w0, w0, w14
	hvc	#0
	cbnz	x13, 1f
	movz	w0, #0xc400, lsl #16		/* PSCI: seven calls from CPU_SUSPEND on */
	ubfx	x14, x9, #50, #3
	add	w0, w0, w14
	cmp	x14, #2
	b.eq	1f				/* but not CPU_OFF */
	mov	x1, #1
	mov	x2, x12
	hvc	#0
1:	tbz	x9, #60, 2f
	str	x9, [x12]
	b	guest_code
2:	ldr	x14, [x12]
	b	guest_code
guest_code_end:

	.global	this_cpu
this_cpu:
	mrs	x0, tpidr_el1
	ret

	.global	relax
relax:
	yield
	ret

	.bss
	.balign	16
stacks:
	.skip	0x4000 * 8
