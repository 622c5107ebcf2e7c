/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first instructions: of the boot CPU (_start), and of a CPU that PSCI turns
 * on or wakes (secondary_entry). Both get here with the MMU off.
 */
#include "asm.h"
#include "layout.h"

/* MAIR: attribute 0 Normal write-back, 1 Device-nGnRE (D19.2.103). */
#define MAIR_VALUE 0x04ff
/*
 * T0SZ 16, write-back inner-shareable walks, 4 KB granule (D19.2.139);
 * EL2: RES1 bits 31 and 23. EL1: EPD1. PS/IPS is added.
 */
#define TCR_COMMON ((16) | (1 << 8) | (1 << 10) | (3 << 12))
#define TCR_EL2_RES1 ((1 << 31) | (1 << 23))
#define TCR_EL1_EPD1 (1 << 23)
/* SCTLR_EL2: RES1 bits; then MMU, D-cache, SP alignment, I-cache, WXN (D19.2.119). */
#define SCTLR_EL2_OFF 0x30c50830
#define SCTLR_EL2_ON (SCTLR_EL2_OFF | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 12) | (1 << 19))
#define SCTLR_EL1_ON (0x30d00800 | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 12))
#define CPTR_EL2_NO_TRAPS 0x22ff
#define HCR_RW (1 << 31)

	.section .head, "ax"
	.global	_start
_start:
	b	entry
	.long	0
	.quad	0				/* text_offset */
	.quad	_image_size			/* image_size; the packer adds the host's */
	.quad	0xa				/* flags: 4 KB pages, any 2 MB boundary */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
	.ascii	"COREVISR"
	.long	HEADER_VERSION
	.long	0
	.quad	_image_size
	.quad	0				/* host_offset */
	.quad	0				/* host_size */
	.quad	0				/* fdt_offset */
	.quad	0x09000000			/* uart */
	.quad	0
	.skip	PLATFORM_KEY_SIZE

/*
 * x0: physical address of the device tree. Interrupts masked, MMU and data
 * cache off, the image clean to the point of coherency (booting.rst).
 */
entry:
	msr	daifset, #0xf
	mov	x19, x0
	adrp	x20, _start
	mrs	x21, currentel
	cmp	x21, #(2 << 2)
	b.ne	1f
	bl	reset_el2
	b	2f
1:	mov	x0, #(3 << 20)			/* CPACR_EL1.FPEN: libfdt uses NEON */
	msr	cpacr_el1, x0
	isb
2:	/*
	 * The early area is written with the MMU off, and read with it on: nothing of it may
	 * be in a cache before, or be allocated in between.
	 */
	ADDRESS(x0, _early_start)
	ADDRESS(x1, _early_end)
	bl	cache_invalidate
	ADDRESS(x0, _early_start)
	ADDRESS(x1, _early_end)
3:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	3b
	ADDRESS(x0, boot_stack_top)
	mov	sp, x0
	mov	x0, x20
	mov	x1, x19
	bl	early_map
	mov	x22, x0
	ADDRESS(x0, _early_start)
	ADDRESS(x1, _early_end)
	bl	cache_invalidate
	mov	x0, x22
	LINK_ADDRESS(x30, boot_high)
	cmp	x21, #(2 << 2)
	b.eq	mmu_on_el2
	b	mmu_on_el1

/* MMU and caches on, at the link address. */
boot_high:
	ADDRESS(x0, boot_stack_top)
	mov	sp, x0
	ADDRESS(x0, _bss_start)
	ADDRESS(x1, _bss_end)
1:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x1
	b.lo	1b
	ADDRESS(x0, vectors)
	cmp	x21, #(2 << 2)
	b.ne	2f
	msr	vbar_el2, x0
	isb
2:	mov	x29, xzr
	mov	x0, x20
	mov	x1, x19
	mov	x2, x21
	bl	boot_main
	b	.

/* x0: the index of this CPU, which the core gave to CPU_ON or CPU_SUSPEND. */
FUNCTION(secondary_entry)
	msr	daifset, #0xf
	mov	x19, x0
	mrs	x1, currentel
	cmp	x1, #(2 << 2)
	b.ne	.				/* firmware that breaks PSCI: nothing can be done */
	bl	reset_el2
	ADDRESS(x1, secondary_ttbr)
	ldr	x0, [x1]
	LINK_ADDRESS(x30, secondary_high)
	b	mmu_on_el2
secondary_high:
	ADDRESS(x0, vectors)
	msr	vbar_el2, x0
	isb
	ldr	x1, =VA_STACKS + STACK_SLOT
	mov	x2, #STACK_SLOT
	madd	x1, x19, x2, x1
	mov	sp, x1
	mov	x29, xzr
	mov	x0, x19
	bl	boot_secondary
	b	.
END_FUNCTION(secondary_entry)

/*
 * EL2 as this code needs it: no VHE layout, MMU off, FP not trapped. Firmware may
 * have left E2H set, which changes what the other registers mean, so that goes first.
 */
FUNCTION(reset_el2)
	mov	x0, #HCR_RW
	msr	hcr_el2, x0
	isb
	ldr	x0, =SCTLR_EL2_OFF
	msr	sctlr_el2, x0
	mov	x0, #CPTR_EL2_NO_TRAPS
	msr	cptr_el2, x0
	isb
	ret
END_FUNCTION(reset_el2)

/* Physical address size of the CPU, at most 48 bits, as PS and IPS encode it. */
	.macro	address_size reg, scratch
	mrs	\reg, id_aa64mmfr0_el1
	and	\reg, \reg, #0xf
	mov	\scratch, #5
	cmp	\reg, \scratch
	csel	\reg, \reg, \scratch, lo
	.endm

/* x0: root table; x30: where to go on. Clobbers x1, x2. */
mmu_on_el2:
	ldr	x1, =MAIR_VALUE
	msr	mair_el2, x1
	ldr	x1, =TCR_COMMON | TCR_EL2_RES1
	address_size x2, x3
	orr	x1, x1, x2, lsl #16
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR_EL2_ON
	msr	sctlr_el2, x1
	isb
	ret

/* The same at EL1, only to be able to say that EL2 is needed. */
mmu_on_el1:
	ldr	x1, =MAIR_VALUE
	msr	mair_el1, x1
	ldr	x1, =TCR_COMMON | TCR_EL1_EPD1
	address_size x2, x3
	orr	x1, x1, x2, lsl #32
	msr	tcr_el1, x1
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR_EL1_ON
	msr	sctlr_el1, x1
	isb
	ret

/* Invalidate [x0, x1) to the point of coherency, by VA (D7.5.9). Clobbers x2, x3. */
FUNCTION(cache_invalidate)
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
1:	dc	ivac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret
END_FUNCTION(cache_invalidate)

	.ltorg

	.data
	.balign	8
	/* Root table for CPUs that come later; read with the MMU off. */
	.global	secondary_ttbr
secondary_ttbr:
	.quad	0

	.section .early, "aw", %nobits
	.balign	4096
	.skip	STACK_SIZE
boot_stack_top:
