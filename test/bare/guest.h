/* SPDX-License-Identifier: BSD-3-Clause */
/* What the guest and the bare-metal host that runs it agree on. Included by assembly too. */
#ifndef BARE_GUEST_H
#define BARE_GUEST_H

/* Where the guest lies, and its RAM. */
#define GUEST_BASE 0x40000000
#define GUEST_FRAMES 0x1000
/* Its device: a store at REPORT + 8 * n says that number n has this value. */
#define REPORT 0x09000000
#define REPORT_END 0x09001000
#define REPORT_DONE 0x1ff /* n: the guest's function has returned; number of errors */
/* Another, emulated by the test itself. */
#define DEVICE 0x0a000000

/* The upper half of every secret word. */
#define SECRET 0x5ec7e75e

/* X0 of vCPU 0: what it does. */
#define GUEST_CALLS 1
#define GUEST_REGS 2
#define GUEST_SYSREGS 3
#define GUEST_FP 4
#define GUEST_FP_FRESH 5
#define GUEST_MMIO 6
#define GUEST_SMP 7
#define GUEST_SGI 8
#define GUEST_TIMER 9
#define GUEST_SHARE 10
#define GUEST_IDREGS 11
#define GUEST_ABSENT 12
#define GUEST_SPIN 13
#define GUEST_MEMORY 14
#define GUEST_WALK 15
#define GUEST_TLB 16
#define GUEST_BENCH 17
#define GUEST_FAULTS 18
#define GUEST_SYSTEM_OFF 19

#endif
