/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio (1.2): a device whose DMA is translated, ones whose DMA is not, and what else bypasses. */
#include <stdio.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/attack/dma.h"
#include "test/attack/kernel.h"

#define RNG_ID 0x10441af4U
#define RNG_ID_OLD 0x10051af4U
#define RNG_BAR 4U
#define COMMON 1U
#define NOTIFY 2U
#define CAP_VENDOR 9U
#define STATUS_OK 15U /* ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK */

/* Of QEMU's machine `virt`. */
#define ECAM 0x4010000000ULL
#define CONFIG_SIZE 4096ULL
#define SLOT_BYPASS 5U /* attack.sh puts them there */
#define SLOT_PORT 6U
#define BUS_SIZE (256U * CONFIG_SIZE)
#define MMIO_LAST 0x0a003e00ULL
#define FW_CFG 0x09020000ULL
#define FW_CFG_DMA 16U

struct rng {
	struct pci pci;
	uintptr_t common, notify;
	uint64_t desc, avail, used;
	uintptr_t rings[3];
};

/* The structure of a type, in the BAR. */
static uintptr_t structure(const struct pci *pci, uint32_t type)
{
	uint32_t at = pci_capability(pci, CAP_VENDOR, 0);

	while (at != 0 && pci_config(pci, at + 3, 1) != type)
		at = pci_capability(pci, CAP_VENDOR, at);
	if (at == 0)
		failed("the virtio device lacks structure %u", type);
	return pci->bar + pci_config(pci, at + 8, 4);
}

static void rng_open(struct rng *rng)
{
	uint64_t *pages[] = {&rng->desc, &rng->avail, &rng->used};

	if (!pci_find(&rng->pci, RNG_ID, 0))
		failed("there is no virtio device");
	pci_open(&rng->pci, RNG_BAR);
	rng->common = structure(&rng->pci, COMMON);
	rng->notify = structure(&rng->pci, NOTIFY);
	for (unsigned int i = 0; i < 3; i++) {
		*pages[i] = page_new(0);
		rng->rings[i] = (uintptr_t)frame_map(*pages[i] / FRAME, 1);
	}
}

static void rng_close(struct rng *rng)
{
	io_write(rng->common + 20, 1, 0);
	for (unsigned int i = 0; i < 3; i++)
		frame_unmap((void *)rng->rings[i], 1);
	page_free(rng->desc);
	page_free(rng->avail);
	page_free(rng->used);
}

/* Queue 0 at these places, and one buffer of a page in it. */
static void receive(struct rng *rng, uint64_t pa, uint64_t used)
{
	uintptr_t at = rng->common;

	io_write(at + 20, 1, 0);
	/* It looks as soon as it is ready: nothing yet. */
	io_write(rng->rings[1], 4, 0);
	io_write(rng->rings[2], 4, 0);
	io_write(at + 20, 1, 3);
	io_write(at + 8, 4, 1);
	io_write(at + 12, 4, 3); /* VERSION_1, ACCESS_PLATFORM */
	io_write(at + 20, 1, 11);
	io_write(at + 22, 2, 0);
	io_write(at + 24, 2, 1);
	io_write(at + 32, 8, rng->desc);
	io_write(at + 40, 8, rng->avail);
	io_write(at + 48, 8, used);
	io_write(at + 28, 2, 1);
	io_write(at + 20, 1, STATUS_OK);
	io_write(rng->rings[0], 8, pa);
	io_write(rng->rings[0] + 8, 8, FRAME | 2ULL << 32); /* length, WRITE */
	io_write(rng->rings[1], 4, 1ULL << 16);
	io_write(rng->notify, 2, 0);
	for (unsigned int i = 0; i < 300 && io_read(rng->rings[2] + 2, 2) == 0; i++)
		usleep(1000);
}

static bool all_zero(uint64_t pa)
{
	uintptr_t map = (uintptr_t)frame_map(pa / FRAME, 1);
	uint64_t any = 0;

	for (unsigned int i = 0; i < FRAME; i += 8)
		any |= io_read(map + i, 8);
	frame_unmap((void *)map, 1);
	return any == 0;
}

static void virtio_translated(void)
{
	uint64_t mine = page_new(0), core;
	struct victim victim;
	struct rng rng;

	dma_begin();
	rng_open(&rng);
	receive(&rng, mine, rng.used);
	if (all_zero(mine))
		failed("the device does not even fill a page of the host's");
	victim_new(&victim);
	receive(&rng, victim.zero[0], rng.used);
	expect_event(&rng.pci, true, victim.zero[0]);
	receive(&rng, mine, victim.zero[1]);
	expect_event(&rng.pci, true, victim.zero[1]);
	victim_check(&victim);
	victim_end(&victim);
	if (!dma_on_stock()) {
		core = core_image() + 0x2000;
		receive(&rng, core, rng.used);
		expect_event(&rng.pci, true, core);
		expect_unchanged(core);
	}
	rng_close(&rng);
	page_free(mine);
	blocked("a buffer, and the used ring, in a VM's page; a buffer in the core: unchanged");
}

/* Nothing is there, whatever is written: all ones. */
static void absent(uint64_t pa, const char *what)
{
	uintptr_t config = io_map(pa, 1);

	io_write(config + PCI_COMMAND, 2, PCI_MEMORY_AND_MASTER);
	io_write(config + PCI_BAR(RNG_BAR), 4, 0x10000000);
	for (unsigned int i = 0; i < 64; i += 4) {
		if (io_read(config + i, 4) != 0xffffffff)
			corrupted("%s has configuration space: %#llx", what,
				  (unsigned long long)io_read(config + i, 4));
	}
}

static void virtio_bypass(void)
{
	struct pci pci;

	if (pci_find(&pci, RNG_ID_OLD, 0))
		corrupted("the kernel has found the device without translation");
	absent(ECAM + SLOT_BYPASS * 8U * CONFIG_SIZE, "virtio without translation");
	blocked("virtio without translation: no configuration space, so no bus master");
}

/* A port, and behind it a device that could have the stream ID of another. */
static void bridge(void)
{
	absent(ECAM + SLOT_PORT * 8U * CONFIG_SIZE, "a root port");
	for (unsigned int bus = 1; bus < 4; bus++)
		absent(ECAM + bus * BUS_SIZE, "a device behind it");
	blocked("a root port, and the device behind it: no configuration space");
}

static void virtio_mmio(void)
{
	uintptr_t registers = io_map(MMIO_LAST, 1);

	if (!io_aborts(registers, 4))
		corrupted("the registers of a virtio-mmio device are there");
	blocked("a virtio-mmio device, whose DMA nothing translates: SIGBUS");
}

/* Its DMA register from the CPU; and a device that writes there. */
static void fw_cfg(void)
{
	uintptr_t registers = io_map(FW_CFG, 1);
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	for (unsigned int i = 0; i < 32; i += 8) {
		if (!io_aborts(registers + i, 4))
			corrupted("register %u of fw_cfg is there", i);
	}
	if (!io_aborts(registers + FW_CFG_DMA, 8))
		corrupted("the DMA register of fw_cfg is there");
	edu_write(&edu, FW_CFG);
	expect_event(&edu.pci, true, FW_CFG);
	blocked("its registers: SIGBUS; another device writes there: refused");
}

const struct attack attacks_virtio[] = {
	{"dma/virtio-translated", virtio_translated},
	{"dma/virtio-bypassing", virtio_bypass},
	{"dma/virtio-mmio", virtio_mmio},
	{"dma/behind-a-bridge", bridge},
	{"dma/fw-cfg", fw_cfg},
	{NULL, NULL},
};
