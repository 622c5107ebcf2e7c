/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A function of bus 0 has a stream ID that nobody can change. Behind a bridge the host
 * gives bus numbers, so a device could take the stream ID of another: bridges are left out, and
 * with them what is behind them, or is plugged in there later. Virtio devices say
 * whether their DMA is translated (Virtio 1.2, 6: VIRTIO_F_ACCESS_PLATFORM).
 */
#include "pci.h"

#include "console.h"
#include "io.h"

#define FUNCTIONS 256U
#define FUNCTION_SIZE 0x1000ULL
#define BUS_SIZE (FUNCTIONS * FUNCTION_SIZE)

/* Configuration space. */
#define VENDOR 0x00U
#define DEVICE 0x02U
#define COMMAND 0x04U
#define STATUS 0x06U
#define STATUS_CAPABILITIES (1U << 4)
#define HEADER_TYPE 0x0eU
#define HEADER_TYPE_MASK 0x7fU
#define CAPABILITIES 0x34U
#define CAP_VENDOR 0x09U
#define EXTENDED_CAPABILITIES 0x100U
#define EXT_CAP_SRIOV 0x10U
#define NONE 0xffffU
/* Longest list of capabilities there is room for. */
#define MAX_CAPS 64U

/* Virtio over PCI (4.1.4): what a vendor capability holds, and the common configuration. */
#define VIRTIO_VENDOR 0x1af4U
#define VIRTIO_FIRST 0x1000U
#define VIRTIO_LAST 0x107fU
#define VIRTIO_CFG_TYPE 3U
#define VIRTIO_COMMON 1U
#define VIRTIO_PCI_CFG 5U
#define VIRTIO_BAR 4U
#define VIRTIO_OFFSET 8U
#define VIRTIO_LENGTH 12U
#define VIRTIO_DATA 16U
#define FEATURE_SELECT 0U
#define FEATURE 4U
#define FEATURES_HIGH 1U
#define ACCESS_PLATFORM (1U << (33 - 32))

static struct {
	u64 pa;
	u64 size;
	u64 va;
	bool allowed[FUNCTIONS];
} pci;

static u32 config_read(u32 function, u32 offset, u32 size)
{
	return (u32)io_read(pci.va + function * FUNCTION_SIZE + offset, size);
}

static void config_write(u32 function, u32 offset, u32 size, u32 value)
{
	io_write(pci.va + function * FUNCTION_SIZE + offset, size, value);
}

/* The virtio capability of a type, 0 if there is none. */
static u32 virtio_cap(u32 function, u32 type)
{
	u32 at = config_read(function, CAPABILITIES, 1) & ~3U;

	if ((config_read(function, STATUS, 2) & STATUS_CAPABILITIES) == 0)
		return 0;
	for (u32 i = 0; at != 0 && i < MAX_CAPS; i++) {
		if (config_read(function, at, 1) == CAP_VENDOR &&
		    config_read(function, at + VIRTIO_CFG_TYPE, 1) == type)
			return at;
		at = config_read(function, at + 1, 1) & ~3U;
	}
	return 0;
}

/* Through the window that configuration space has on the BARs, which have no address yet. */
static void virtio_select(u32 function, u32 window, u32 common, u32 reg)
{
	config_write(function, window + VIRTIO_BAR, 1,
		     config_read(function, common + VIRTIO_BAR, 1));
	config_write(function, window + VIRTIO_OFFSET, 4,
		     config_read(function, common + VIRTIO_OFFSET, 4) + reg);
	config_write(function, window + VIRTIO_LENGTH, 4, 4);
}

/* Does a virtio device offer, and so insist on, translated DMA? */
static bool virtio_translates(u32 function)
{
	u32 common = virtio_cap(function, VIRTIO_COMMON);
	u32 window = virtio_cap(function, VIRTIO_PCI_CFG);

	if (common == 0 || window == 0)
		return false;
	virtio_select(function, window, common, FEATURE_SELECT);
	config_write(function, window + VIRTIO_DATA, 4, FEATURES_HIGH);
	virtio_select(function, window, common, FEATURE);
	return (config_read(function, window + VIRTIO_DATA, 4) & ACCESS_PLATFORM) != 0;
}

static bool has_sriov(u32 function)
{
	u32 at = EXTENDED_CAPABILITIES;

	for (u32 i = 0; at >= EXTENDED_CAPABILITIES && i < MAX_CAPS; i++) {
		u32 header = config_read(function, at, 4);

		if ((header & 0xffff) == EXT_CAP_SRIOV)
			return true;
		at = (header >> 20) & ~3U;
	}
	return false;
}

/* Why the host must not have this function; NULL: it may. */
static const char *objection(u32 function)
{
	u32 device = config_read(function, DEVICE, 2);

	if ((config_read(function, HEADER_TYPE, 1) & HEADER_TYPE_MASK) != 0)
		return "a bridge, and what is behind it has no stream ID of its own";
	if (config_read(function, VENDOR, 2) != VIRTIO_VENDOR || device < VIRTIO_FIRST ||
	    device > VIRTIO_LAST)
		return NULL;
	if (!virtio_translates(function))
		return "its DMA bypasses the SMMU (QEMU: add disable-legacy=on,iommu_platform=on)";
	/* Its virtual functions cannot be asked. */
	return has_sriov(function) ? "virtio with virtual functions" : NULL;
}

const char *pci_init(u64 pa, u64 size)
{
	if (pci.size != 0)
		return "more than one PCI host bridge";
	if (size < BUS_SIZE)
		return "configuration space smaller than a bus";
	pci.va = io_map(pa, BUS_SIZE);
	if (pci.va == 0)
		return "no room in the core's map for PCI";
	pci.pa = pa;
	pci.size = size;
	for (u32 f = 0; f < FUNCTIONS; f++) {
		const char *why;

		if (config_read(f, VENDOR, 2) == NONE)
			continue;
		why = objection(f);
		pci.allowed[f] = why == NULL;
		if (why == NULL)
			continue;
		config_write(f, COMMAND, 2, 0);
		log_line(LOG_WARN, "PCI device %u.%u (%x) is cut off: %s", f >> 3, f & 7,
			 (u64)config_read(f, VENDOR, 4), why);
	}
	return NULL;
}

bool pci_host_frame(u64 pa)
{
	u64 function = (pa - pci.pa) / FUNCTION_SIZE;

	return pa >= pci.pa && function < FUNCTIONS && pci.allowed[function];
}

bool pci_access(struct access *access)
{
	if (access->pa - pci.pa >= pci.size)
		return false;
	access->value = ~0ULL;
	return true;
}
