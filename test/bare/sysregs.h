/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers that both the guest and the host fill with patterns, and find again. */
#ifndef BARE_SYSREGS_H
#define BARE_SYSREGS_H

/* clang-format off */
/* With the MMU off none of them does anything. */
#define PLAIN_SYSREGS(X) \
	X(ttbr0_el1) X(ttbr1_el1) X(esr_el1) X(afsr0_el1) X(afsr1_el1) X(far_el1) X(mair_el1) \
	X(amair_el1) X(contextidr_el1) X(tpidr_el1) X(tpidr_el0) X(tpidrro_el0) X(elr_el1) \
	X(spsr_el1) X(sp_el0) X(cntv_cval_el0) X(csselr_el1) X(par_el1) X(tcr_el1)
/* The keys of pointer authentication. */
#define KEY_SYSREGS(X) \
	X(s3_0_c2_c1_0) X(s3_0_c2_c1_1) X(s3_0_c2_c1_2) X(s3_0_c2_c1_3) \
	X(s3_0_c2_c2_0) X(s3_0_c2_c2_1) X(s3_0_c2_c2_2) X(s3_0_c2_c2_3) \
	X(s3_0_c2_c3_0) X(s3_0_c2_c3_1)
/* clang-format on */
#define MAX_SYSREGS 32

#define HAS_KEYS(isar1, isar2) (((isar1)&0xff000ff0) != 0 || ((isar2)&0xff00) != 0)

#endif
