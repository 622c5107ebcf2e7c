/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices whose registers the host may not touch: an access aborts. */
#include "host.h"

#define SMMU_CR0 0x09050020ULL
#define FW_CFG_DMA 0x09020010ULL
#define VIRTIO_MMIO_LAST 0x0a003e00ULL
#define FSC_ALIGNMENT 0x21U
#define PLATFORM_BUS 0x0c000000ULL

/* The core's abort, not one of an address where nothing is: see inject_host_abort(). */
static bool aborted(void)
{
	return (last_abort & 0x3f) == FSC_ALIGNMENT;
}

static bool write_aborts(u64 address, u32 size)
{
	last_abort = 0;
	put(address, size, 0);
	return aborted();
}

static bool read_aborts(u64 address)
{
	last_abort = 0;
	(void)get(address, 4);
	return aborted();
}

void attack_registers(void)
{
	result("smmu-registers", write_aborts(SMMU_CR0, 4) && read_aborts(SMMU_CR0), "CR0");
	result("fw-cfg-dma", write_aborts(FW_CFG_DMA, 8), "its DMA address register");
	result("virtio-mmio", read_aborts(VIRTIO_MMIO_LAST), "a device behind a transport");
	result("platform-bus", read_aborts(PLATFORM_BUS), "devices nobody knows");
}
