/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The GIC's Interrupt Translation Service (Arm IHI 0069, chapter 5) reads and writes tables in
 * memory without an SMMU. The core owns those tables and the command queue, and copies the host's
 * commands after checking them; the host's driver sees registers that look as it wrote them.
 */
#ifndef ARM64_ITS_H
#define ARM64_ITS_H

#include "core/types.h"
#include "emulate.h"

/*
 * Take over the ITS at `pa`. Boot only. Returns NULL, or why the host must do without one. Then
 * its registers are in nobody's map, and it is off.
 */
const char *its_init(u64 pa, u64 size);

/* Where devices write their MSIs: GITS_TRANSLATER's frame. */
u64 its_doorbell(u64 pa);

/* Do an access of the host to the control frame. Returns false if it is none. */
bool its_access(struct access *access);

#endif
