/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a test VM has what: its RAM, with the image at its start, and the word it tells things by. */
#ifndef TEST_HOST_GUEST_H
#define TEST_HOST_GUEST_H

#define GUEST_RAM 0x80000000
#define GUEST_MMIO 0x09000000

#ifndef __ASSEMBLER__
extern char guest_image[], guest_image_end[];
extern char guest_off[], guest_reset[], guest_mmio[], guest_memory[], guest_spin[], guest_wfi[];
extern char guest_smp[], guest_measurement[], guest_share[];
#endif

#endif
