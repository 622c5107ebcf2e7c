/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The run page: one host frame a vCPU, through which the host learns why
 * VCPU_RUN returned and answers. Offsets in bytes; every field is 64 bits and
 * is read, or written, by the core exactly once a run.
 */
#ifndef COREVISOR_RUN_H
#define COREVISOR_RUN_H

/* Written by the core. */
#define CV_RUN_EXIT 0x000 /* enum cv_exit */
#define CV_RUN_ARG0 0x008 /* see enum cv_exit */
#define CV_RUN_ARG1 0x010
#define CV_RUN_ARG2 0x018
#define CV_RUN_ARG3 0x020
/*
 * CNTPCT_EL0 value at which the vCPU's virtual timer fires; all ones: it is not armed. When it
 * fires while the vCPU runs, the exit is a CV_EXIT_INTERRUPT (the core enables its PPI, 27); in a
 * run that begins with that interrupt in a list register, or after the deadline had passed at the
 * last exit, it stays disabled, so that the VM can handle it. So: when the deadline is past, put
 * 27 into a list register with EOI (bit 41), whose maintenance interrupt is the exit at which the
 * VM is done with it, and look at the new deadline.
 */
#define CV_RUN_TIMER 0x028
/* Read by the core when the last exit was a CV_EXIT_MMIO_READ: the value. */
#define CV_RUN_DATA 0x040
/* Read by the core: CV_RUN_GIC_* bits, ICH_HCR_EL2.{UIE,NPIE} (GICv3 IHI 0069, 12.4.5). */
#define CV_RUN_GIC_HCR 0x048
/* Read on entry, written on exit: ICH_LR<n>_EL2. A CPU with fewer of them runs no VM. */
#define CV_RUN_LR(n) (0x080 + 8 * (n))
#define CV_RUN_NR_LR 4
/* Bytes of the page that are used. */
#define CV_RUN_SIZE 0x100

#define CV_RUN_GIC_UIE (1ULL << 1)
#define CV_RUN_GIC_NPIE (1ULL << 3)

enum cv_exit {
	CV_EXIT_INTERRUPT = 1, /* a physical interrupt */
	CV_EXIT_MEMORY = 2, /* no frame at: gfn, write (1) or read (0) */
	CV_EXIT_MMIO_READ = 3, /* address, size in bytes; answer in CV_RUN_DATA */
	CV_EXIT_MMIO_WRITE = 4, /* address, size in bytes, value */
	CV_EXIT_WFI = 5,
	CV_EXIT_SGI = 6, /* ICC_SGI1R_EL1 value */
	CV_EXIT_CPU_ON = 7, /* vCPU that may now be run */
	CV_EXIT_CPU_OFF = 8,
	CV_EXIT_SYSTEM_OFF = 9,
	CV_EXIT_SYSTEM_RESET = 10,
	CV_EXIT_POWEROFF = 11, /* the VM has been powered off */
};

#endif
