/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bounds of the noninterference checks: include/corevisor/limits.h, but small. This
 * directory comes first on the include path, so core/ is compiled as it is, with these numbers.
 */
#ifndef PROOF_CBMC_NI_LIMITS_H
#define PROOF_CBMC_NI_LIMITS_H

#include "../../../../../include/corevisor/limits.h"

#undef CV_MAX_VMS
#define CV_MAX_VMS 2U
#undef CV_MAX_FRAMES
#define CV_MAX_FRAMES 4ULL
#undef CV_BLOCK_FRAMES
#define CV_BLOCK_FRAMES 2ULL
#undef CV_SMMU_HOST_OFFSET
#define CV_SMMU_HOST_OFFSET 4ULL
#undef CV_MAX_DMA_CONTEXTS
#define CV_MAX_DMA_CONTEXTS 2U
#undef CV_MAX_STREAMS
#define CV_MAX_STREAMS 1U
#undef CV_MAX_IO_CLAIMS
#define CV_MAX_IO_CLAIMS 1U
#undef CV_MAX_VCPUS_TOTAL
#define CV_MAX_VCPUS_TOTAL 1U
#undef CV_MAX_VCPUS
#define CV_MAX_VCPUS 1U
#undef CV_MAX_CPUS
#define CV_MAX_CPUS 1U
#undef CV_MAX_RAM_RANGES
#define CV_MAX_RAM_RANGES 1U
#undef CV_MAX_BOOT_REGIONS
#define CV_MAX_BOOT_REGIONS 1U
/* How often a VM may share a frame: so small that the refusal is met. */
#undef CV_MAX_SHARE_COUNT
#define CV_MAX_SHARE_COUNT 2U

/* Input frames of a map: RAM, the same again at the offset; what is not RAM is device space. */
#define NI_GFNS 8U
/* Frames under one entry of a level 1 table. */
#define NI_LARGE 4U

#endif
