/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk (NVM Express 1.4), taken from the kernel's driver and driven from user space: data and
 * queues where they must not be.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/attack/dma.h"
#include "test/attack/kernel.h"

#define NVME_ID 0x00101b36U
#define CC 0x14U
#define CC_ENABLE (4U << 20 | 6U << 16 | 1U) /* entry sizes, enable */
#define CSTS 0x1cU
#define AQA 0x24U
#define ASQ 0x28U
#define ACQ 0x30U
#define DOORBELL(queue) (0x1000U + (queue)*8U) /* of the submission queue */
#define ENTRIES 64U
#define PATIENCE_MS 500U
#define NO_ANSWER 0xffffU

#define ADMIN_CREATE_SQ 1U
#define ADMIN_CREATE_CQ 5U
#define ADMIN_IDENTIFY 6U
#define IO_WRITE 1U
#define IO_READ 2U
#define BLOCK_SIZE 512U

struct queue {
	uint64_t submission, completion; /* physical addresses */
	uintptr_t commands, answers;
	unsigned int tail;
};

struct nvme {
	struct pci pci;
	struct queue queue[2]; /* admin, I/O */
};

static bool ready(const struct nvme *nvme, uint32_t value)
{
	for (unsigned int i = 0; i < PATIENCE_MS; i++) {
		if ((io_read(nvme->pci.bar + CSTS, 4) & 1) == value)
			return true;
		usleep(1000);
	}
	return false;
}

static void queue_new(struct queue *queue)
{
	queue->submission = page_new(0);
	queue->completion = page_new(0);
	queue->commands = (uintptr_t)frame_map(queue->submission / FRAME, 1);
	queue->answers = (uintptr_t)frame_map(queue->completion / FRAME, 1);
	queue->tail = 0;
}

static void queue_end(struct queue *queue)
{
	frame_unmap((void *)queue->commands, 1);
	frame_unmap((void *)queue->answers, 1);
	page_free(queue->submission);
	page_free(queue->completion);
}

/* Status of a command: 0 for success. */
static uint32_t command(struct nvme *nvme, unsigned int q, const uint64_t *words)
{
	struct queue *queue = &nvme->queue[q];
	uintptr_t answer = queue->answers + queue->tail * 16U;

	memcpy((void *)(queue->commands + queue->tail * 64U), words, 64);
	queue->tail++;
	io_write(nvme->pci.bar + DOORBELL(q), 4, queue->tail);
	for (unsigned int i = 0; i < PATIENCE_MS; i++) {
		uint32_t status = (uint32_t)io_read(answer + 14, 2);

		if (status & 1)
			return status >> 1;
		usleep(1000);
	}
	return NO_ANSWER;
}

static uint32_t identify(struct nvme *nvme, uint64_t pa)
{
	const uint64_t words[8] = {[0] = ADMIN_IDENTIFY, [3] = pa, [5] = 1 /* controller */};

	return command(nvme, 0, words);
}

static uint32_t create(struct nvme *nvme, uint32_t opcode, uint64_t pa, uint32_t id)
{
	const uint64_t words[8] = {
		[0] = opcode,
		[3] = pa,
		[5] = (uint64_t)(ENTRIES - 1) << 16 | id | 1ULL << 32 /* contiguous */ |
		      (opcode == ADMIN_CREATE_SQ ? (uint64_t)id << 48 : 0),
	};

	return command(nvme, 0, words);
}

/* A page to or from the start of the disk. */
static uint32_t transfer(struct nvme *nvme, uint32_t opcode, uint64_t pa)
{
	const uint64_t words[8] = {
		[0] = opcode | 1ULL << 32 /* name space */,
		[3] = pa,
		[6] = FRAME / BLOCK_SIZE - 1,
	};

	return command(nvme, 1, words);
}

static void start(struct nvme *nvme, uint64_t asq, uint64_t acq)
{
	uintptr_t at = nvme->pci.bar;

	io_write(at + CC, 4, 0);
	if (!ready(nvme, 0))
		failed("the disk does not stop");
	io_write(at + AQA, 4, (ENTRIES - 1) | (ENTRIES - 1) << 16);
	io_write(at + ASQ, 8, asq);
	io_write(at + ACQ, 8, acq);
	io_write(at + CC, 4, CC_ENABLE);
	if (!ready(nvme, 1))
		failed("the disk does not start");
}

/* It works on what is the host's, or the attack has failed. */
static void nvme_open(struct nvme *nvme)
{
	uint64_t mine = page_new(EVIL), back = page_new(0);

	if (!pci_find(&nvme->pci, NVME_ID, 0))
		failed("there is no disk");
	pci_open(&nvme->pci, 0);
	queue_new(&nvme->queue[0]);
	queue_new(&nvme->queue[1]);
	start(nvme, nvme->queue[0].submission, nvme->queue[0].completion);
	if (create(nvme, ADMIN_CREATE_CQ, nvme->queue[1].completion, 1) != 0 ||
	    create(nvme, ADMIN_CREATE_SQ, nvme->queue[1].submission, 1) != 0)
		failed("the disk makes no queues");
	if (transfer(nvme, IO_WRITE, mine) != 0 || transfer(nvme, IO_READ, back) != 0 ||
	    !page_holds(back, EVIL))
		failed("the disk does not even carry a page of the host's");
	page_free(mine);
	page_free(back);
}

static void nvme_close(struct nvme *nvme)
{
	io_write(nvme->pci.bar + CC, 4, 0);
	(void)ready(nvme, 0);
	queue_end(&nvme->queue[0]);
	queue_end(&nvme->queue[1]);
}

static void nvme_writes_vm(void)
{
	struct victim victim;
	struct nvme nvme;

	dma_begin();
	nvme_open(&nvme);
	victim_new(&victim);
	identify(&nvme, victim.zero[0]);
	expect_event(&nvme.pci, true, victim.zero[0]);
	transfer(&nvme, IO_READ, victim.zero[1]);
	expect_event(&nvme.pci, true, victim.zero[1]);
	victim_check(&victim);
	victim_end(&victim);
	nvme_close(&nvme);
	blocked("Identify, and a page of the disk, into a VM's pages: unchanged, says the VM");
}

static void nvme_reads_vm(void)
{
	uint64_t mine = page_new(0);
	struct victim victim;
	struct nvme nvme;

	dma_begin();
	nvme_open(&nvme);
	victim_new(&victim);
	/* What lies on the disk before: zero. */
	transfer(&nvme, IO_WRITE, mine);
	transfer(&nvme, IO_WRITE, victim.secret);
	expect_event(&nvme.pci, false, victim.secret);
	if (transfer(&nvme, IO_READ, mine) != 0)
		failed("the disk cannot be read");
	page_must_be_zero(mine, "a VM's page is on the disk");
	victim_end(&victim);
	nvme_close(&nvme);
	page_free(mine);
	blocked("a VM's page full of the secret to the disk: nothing on it");
}

static void nvme_writes_core(void)
{
	const uint64_t targets[] = {core_image() + 0x3000, core_tables() + FRAME,
				    core_symbol("streams") + FRAME, core_symbol("commands")};
	struct nvme nvme;

	dma_begin();
	nvme_open(&nvme);
	for (unsigned int i = 0; i < 4; i++) {
		transfer(&nvme, IO_READ, targets[i]);
		expect_event(&nvme.pci, true, targets[i]);
		expect_unchanged(targets[i]);
	}
	nvme_close(&nvme);
	blocked("a page of the disk into the core's code, a table, the SMMU's streams and queue");
}

/* None of these pages is zero. */
static void nvme_reads_core(void)
{
	const uint64_t targets[] = {core_image(), core_tables(), core_symbol("streams")};
	uint64_t mine = page_new(0);
	struct nvme nvme;

	dma_begin();
	nvme_open(&nvme);
	for (unsigned int i = 0; i < 3; i++) {
		frame_fill(mine / FRAME, 0);
		transfer(&nvme, IO_WRITE, mine);
		transfer(&nvme, IO_WRITE, targets[i]);
		expect_event(&nvme.pci, false, targets[i]);
		if (transfer(&nvme, IO_READ, mine) != 0)
			failed("the disk cannot be read");
		page_must_be_zero(mine, "a page of the core is on the disk");
	}
	nvme_close(&nvme);
	page_free(mine);
	blocked("the core's image, the host's table, the stream table, to the disk: nothing on it");
}

/* Commands that it would fetch from a VM's page, and answers that it would write there. */
static void nvme_queues(void)
{
	struct victim victim;
	struct nvme nvme;

	dma_begin();
	nvme_open(&nvme);
	victim_new(&victim);
	if (create(&nvme, ADMIN_CREATE_CQ, victim.zero[2], 2) == 0 &&
	    create(&nvme, ADMIN_CREATE_SQ, victim.secret, 2) == 0) {
		io_write(nvme.pci.bar + DOORBELL(2), 4, 1);
		expect_event(&nvme.pci, false, victim.secret);
	}
	start(&nvme, victim.secret, victim.zero[3]);
	io_write(nvme.pci.bar + DOORBELL(0), 4, 1);
	settle();
	start(&nvme, nvme.queue[0].submission, victim.zero[3]);
	nvme.queue[0].tail = 0;
	identify(&nvme, nvme.queue[1].submission);
	expect_event(&nvme.pci, true, victim.zero[3]);
	victim_check(&victim);
	nvme_close(&nvme);
	victim_end(&victim);
	blocked("submission and completion queues in a VM's pages: unchanged, says the VM");
}

/* The host's own driver has it back: its DMA and its interrupts still work. */
static void nvme_host(void)
{
	struct timespec tick = {.tv_nsec = 10000000};
	uint8_t block[FRAME] __attribute__((aligned(4096)));
	struct pci pci;
	int fd = -1;

	if (!pci_find(&pci, NVME_ID, 0))
		failed("there is no disk");
	if (!pci_give_back(&pci, "nvme"))
		failed("the kernel's driver does not take the disk back");
	for (unsigned int i = 0; i < 500 && fd < 0; i++) {
		nanosleep(&tick, NULL);
		fd = open("/dev/nvme0n1", O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 || read(fd, block, sizeof(block)) != sizeof(block))
		failed("the kernel's driver reads nothing from the disk");
	close(fd);
	blocked("the host's driver has the disk again, and reads it");
}

const struct attack attacks_nvme[] = {
	{"dma/nvme-writes-vm", nvme_writes_vm},
	{"dma/nvme-reads-vm", nvme_reads_vm},
	{"dma/nvme-writes-core", nvme_writes_core},
	{"dma/nvme-reads-core", nvme_reads_core},
	{"dma/nvme-queues-in-vm", nvme_queues},
	{"self-test/nvme-of-the-host", nvme_host},
	{NULL, NULL},
};
