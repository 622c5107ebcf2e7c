/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sizes and limits of Corevisor that its callers may rely on. Everything
 * here is a compile-time constant of the core; the INFO call reports the
 * values of the core that runs.
 */
#ifndef COREVISOR_LIMITS_H
#define COREVISOR_LIMITS_H

/* The translation granule. Frame numbers count 4 KB frames. */
#define CV_PAGE_SHIFT 12
#define CV_PAGE_SIZE 4096ULL
/* A level 2 block: 2 MB. */
#define CV_BLOCK_FRAMES 512ULL

/*
 * Principals. VM ids are 1 to CV_MAX_VMS; the host and the core sit at the
 * two ends, and CV_INVALID_ID is nobody: it never equals a valid id.
 */
#define CV_HOSTVISOR 0U
#define CV_MAX_VMS 256U
#define CV_COREVISOR (CV_MAX_VMS + 1U)
#define CV_INVALID_ID 0xffffU

#define CV_MAX_CPUS 64U
/* vCPU ids of one VM are 0 to CV_MAX_VCPUS - 1. */
#define CV_MAX_VCPUS 64U
/* vCPU contexts of all VMs together. */
#define CV_MAX_VCPUS_TOTAL 1024U
/* RAM ranges a VM may declare, image regions it may be loaded from. */
#define CV_MAX_RAM_RANGES 8U
#define CV_MAX_BOOT_REGIONS 16U
/* Frames of image that one VM may be loaded from: 1 GB. */
#define CV_MAX_IMAGE_FRAMES (1ULL << 18)
/* How often a VM may grant one frame to the host. */
#define CV_MAX_SHARE_COUNT 100U
/* DMA contexts and SMMU streams the core can tell apart. */
#define CV_MAX_DMA_CONTEXTS 64U
#define CV_MAX_STREAMS 1024U
/* Device frames that VMs may have claimed at one time. */
#define CV_MAX_IO_CLAIMS 256U
/* VMs, of all that were ever saved or restored here, whose newest snapshot is remembered. */
#define CV_MAX_LINEAGES 4096U

/*
 * Physical address space the ownership records can cover: 256 GB. What lies
 * above is device space.
 */
#define CV_MAX_FRAMES (1ULL << 26)
/*
 * A DMA context of the host maps a frame at IOVA frame pfn + this and
 * nowhere else (SMMU_HOST_OFFSET of the seed, whose value is 10^9; this one
 * fits a 40-bit IOVA and still keeps clear of every frame number).
 */
#define CV_SMMU_HOST_OFFSET (1ULL << 27)

#endif
