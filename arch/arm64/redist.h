/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GIC redistributors (Arm IHI 0069). A redistributor reads and writes LPI tables in
 * memory, where its registers say: those (RD_base) are emulated, so that the tables are frames
 * of the host that stay the host's. What else it has (SGI_base) is the host's to drive.
 */
#ifndef ARM64_REDIST_H
#define ARM64_REDIST_H

#include "core/types.h"
#include "emulate.h"

/* Find the redistributors in a region. Boot only. Returns NULL, or what is wrong. */
const char *redist_init(u64 pa, u64 size);

/* Where the core has SGI_base of a CPU's redistributor; 0: it has none. */
u64 redist_sgi_base(u64 mpidr);

/* May the host drive the frame at `pa` itself? */
bool redist_host_frame(u64 pa);

/* Do an access of the host to another frame of a redistributor. Returns false if it is none. */
bool redist_access(struct access *access);

#endif
