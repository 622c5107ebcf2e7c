/* SPDX-License-Identifier: BSD-3-Clause */
/* What the assembly files share. */
#ifndef ARM64_ASM_H
#define ARM64_ASM_H

/* clang-format off */
#define FUNCTION(name) .balign 16; .global name; .type name, %function; name:
#define END_FUNCTION(name) .size name, . - name

/* Load the physical (MMU off) or virtual (on) address of a symbol. */
#define ADDRESS(reg, symbol) adrp reg, symbol; add reg, reg, :lo12:symbol
/* The address a symbol is linked at, whatever the MMU does. */
#define LINK_ADDRESS(reg, symbol) ldr reg, =symbol
/* clang-format on */

#endif
