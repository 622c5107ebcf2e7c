/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exceptions taken to EL2 (D1.3.6 "Exception vectors"), and the way back.
 *
 * Each handler returns the context of the vCPU that this CPU is to go on with, or 0 for
 * the host.
 *
 * While the host runs, SP_EL2 is the top of this CPU's stack; on entry its general registers go
 * right below, as struct regs. They stay there while a VM runs, whose registers go to its
 * context: a VM has vectors of its own.
 */
#include "asm.h"
#include "layout.h"

	.macro	save_regs
	sub	sp, sp, #REGS_SIZE
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
	stp	x20, x21, [sp, #16 * 10]
	stp	x22, x23, [sp, #16 * 11]
	stp	x24, x25, [sp, #16 * 12]
	stp	x26, x27, [sp, #16 * 13]
	stp	x28, x29, [sp, #16 * 14]
	str	x30, [sp, #16 * 15]
	.endm

/* An exception of the host. */
	.macro	host handler
	.balign	0x80
	save_regs
	mov	x0, sp
	bl	\handler
	cbz	x0, return_to_host
	b	return_to_vm
	.endm

/* An exception of a VM. */
	.macro	vm handler
	.balign	0x80
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #PERCPU_VM]
	stp	x2, x3, [x0, #16 * 1]
	stp	x4, x5, [x0, #16 * 2]
	stp	x6, x7, [x0, #16 * 3]
	stp	x8, x9, [x0, #16 * 4]
	stp	x10, x11, [x0, #16 * 5]
	stp	x12, x13, [x0, #16 * 6]
	stp	x14, x15, [x0, #16 * 7]
	stp	x16, x17, [x0, #16 * 8]
	stp	x18, x19, [x0, #16 * 9]
	stp	x20, x21, [x0, #16 * 10]
	stp	x22, x23, [x0, #16 * 11]
	stp	x24, x25, [x0, #16 * 12]
	stp	x26, x27, [x0, #16 * 13]
	stp	x28, x29, [x0, #16 * 14]
	ldp	x2, x3, [sp], #16
	mrs	x4, elr_el2
	mrs	x5, spsr_el2
	stp	x2, x3, [x0]
	stp	x30, x4, [x0, #16 * 15]
	str	x5, [x0, #CONTEXT_PSTATE]
	bl	\handler
	cbnz	x0, return_to_vm
	b	return_to_host
	.endm

/*
 * An exception at EL2: a bug of the core, and the end of it. The stack may be
 * what is broken, so the host's SP_EL0 and TPIDR_EL0 are given up to move to another one.
 */
	.macro	fatal kind
	.balign	0x80
	msr	tpidr_el0, x1
	mov	x1, #(\kind + 1)
	b	fatal_entry
	.endm

	.if	CONTEXT_PC != 8 * 31
	.error	"X30 and the PC of a context are a pair"
	.endif

	.section .vectors, "ax"
	.balign	0x800
	.global	vectors
vectors:
	fatal	0
	fatal	1
	fatal	2
	fatal	3
	fatal	4
	fatal	5
	fatal	6
	fatal	7
	host	trap_sync
	host	trap_irq
	host	trap_irq
	host	trap_serror
	fatal	12
	fatal	13
	fatal	14
	fatal	15

	.balign	0x800
	.global	vm_vectors
vm_vectors:
	fatal	0
	fatal	1
	fatal	2
	fatal	3
	fatal	4
	fatal	5
	fatal	6
	fatal	7
	vm	vm_exit_sync
	vm	vm_exit_irq
	vm	vm_exit_irq
	vm	vm_exit_serror
	fatal	12
	fatal	13
	fatal	14
	fatal	15

/* x0: context of the vCPU. */
return_to_vm:
	ldp	x30, x4, [x0, #16 * 15]
	ldr	x5, [x0, #CONTEXT_PSTATE]
	msr	elr_el2, x4
	msr	spsr_el2, x5
	ldp	x2, x3, [x0, #16 * 1]
	ldp	x4, x5, [x0, #16 * 2]
	ldp	x6, x7, [x0, #16 * 3]
	ldp	x8, x9, [x0, #16 * 4]
	ldp	x10, x11, [x0, #16 * 5]
	ldp	x12, x13, [x0, #16 * 6]
	ldp	x14, x15, [x0, #16 * 7]
	ldp	x16, x17, [x0, #16 * 8]
	ldp	x18, x19, [x0, #16 * 9]
	ldp	x20, x21, [x0, #16 * 10]
	ldp	x22, x23, [x0, #16 * 11]
	ldp	x24, x25, [x0, #16 * 12]
	ldp	x26, x27, [x0, #16 * 13]
	ldp	x28, x29, [x0, #16 * 14]
	ldp	x0, x1, [x0]
	eret
	dsb	nsh
	isb

return_to_host:
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
	add	sp, sp, #REGS_SIZE
	eret
	/* Nothing after an ERET may be executed speculatively (DDI 0487 E2.1). */
	dsb	nsh
	isb

/* x1: vector number. The first CPU to come prints; a second would find its stack in use. */
fatal_entry:
	msr	sp_el0, x0
	ADDRESS(x0, fatal_taken)
1:	ldaxr	w2, [x0]
	cbnz	w2, .
	stlxr	w2, w1, [x0]
	cbnz	w2, 1b
	mov	x0, sp
	ADDRESS(x2, fatal_stack_top)
	mov	sp, x2
	mrs	x2, esr_el2
	mrs	x3, elr_el2
	mrs	x4, far_el2
	bl	trap_fatal
	b	.

/* Start the host: x0 its X0, x1 top of this CPU's stack; ELR_EL2 and SPSR_EL2 are set. */
FUNCTION(enter_host)
	mov	sp, x1
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	mov	x\n, xzr
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, xzr
	.endr
	eret
	dsb	nsh
	isb
END_FUNCTION(enter_host)

	.bss
	.balign	16
fatal_taken:
	.skip	16
	.skip	STACK_SIZE
fatal_stack_top:
