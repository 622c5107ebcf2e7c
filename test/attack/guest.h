/* SPDX-License-Identifier: BSD-3-Clause */
/* The tiny guest that attacks are tried on: what it does, and where. Also for assembly. */
#ifndef TEST_ATTACK_GUEST_H
#define TEST_ATTACK_GUEST_H

#define GUEST_BASE 0x40000000
#define GUEST_FRAMES 1024
/* Offsets into its memory. The first two pages are its image. */
#define GUEST_SECRET 0x1000 /* a page full of the secret of test/guest/secret.h */
#define GUEST_SCRATCH 0x2000
#define GUEST_MODE 0x800 /* in GUEST_SCRATCH: what X0 was */
#define GUEST_COUNT 0xc00 /* in GUEST_SCRATCH: turns of GUEST_SPIN */
#define GUEST_FRESH 0x10000 /* two pages that GUEST_EXITS touches */

/* Not RAM. The guest asks with reads, and tells with writes. */
#define GUEST_DEVICE 0x09000000
#define GUEST_ASK 0x08 /* read: the next word of a command */
#define GUEST_TELL 0x10 /* write: a result */
#define GUEST_VERDICT 0x18 /* write: 0 if every register kept its secret */

/* X0 at the start: what to do. */
#define GUEST_EXITS 1 /* all registers full of the secret: one exit of each kind */
#define GUEST_REGISTERS 2 /* tell each register as it was at the start, then power off */
#define GUEST_COMMANDS 3 /* do what is asked */
#define GUEST_SPIN 4 /* full of the secret, for ever */
#define GUEST_EXITS_NO_WFI 5 /* where nobody would end the waiting */

/* Commands, and the words that follow. Each is answered with the words in brackets. */
#define GUEST_LOAD 1 /* address [value] */
#define GUEST_STORE 2 /* address, value [0] */
#define GUEST_CALL 3 /* x0, x1, x2, x3 for an HVC [x0, x1] */
#define GUEST_WAIT 4 /* turns of a loop [the word it was given] */
#define GUEST_OFF 5
#define GUEST_DIFFER 6 /* address of a page, value [how many of its words are another] */

#endif
