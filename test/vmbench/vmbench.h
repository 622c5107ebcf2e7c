/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the guest that measures has what, beside test/host/guest.h. */
#ifndef TEST_VMBENCH_VMBENCH_H
#define TEST_VMBENCH_VMBENCH_H

#define GUEST_GICD 0x08000000
#define GUEST_GICR 0x080a0000

/* Memory that user space has written zeros to, that it has not touched, that is huge pages. */
#define GUEST_POPULATED 0x81000000
#define GUEST_FRESH 0x82000000
#define GUEST_HUGE 0x83000000
#define GUEST_PAGES 1024

#ifndef __ASSEMBLER__
extern const char guest_measure[], guest_first[];
#endif

#endif
