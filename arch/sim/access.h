/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One aligned 64-bit load or store by a CPU or a device: through the tables, judged
 * by the shadow.
 */
#ifndef SIM_ACCESS_H
#define SIM_ACCESS_H

#include "core/types.h"

/* As a value to store: a word tagged by whoever stores it. */
#define ACCESS_AUTO 0xa5a5a5a55a5a5a5aULL

struct access {
	u64 address; /* in the space of whoever accesses; aligned down to 8 */
	u64 value; /* stored, or loaded */
	bool write;
	bool cacheable;
};

/* By the world that runs on the CPU. False: a stage 2 fault. */
bool access_cpu(u32 cpu, struct access *access);

/* By a stream. False: the SMMU aborted it. */
bool access_device(u32 stream, struct access *access);

/* Map a stream goes through, and CV_NR_MAPS when it is cut off. */
u32 smmu_stream_map(u32 stream);

#endif
