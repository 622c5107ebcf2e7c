/* SPDX-License-Identifier: BSD-3-Clause */
/* A DMA engine, told to read and write what is not the host's. */
#include <stddef.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "test/attack/attack.h"
#include "test/attack/dma.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"

#define SMMU 0x09050000ULL
#define SMMU_CR0 0x20U
#define SAMPLE 6U

static void read_at(const struct edu *edu, uint64_t pa, const char *what)
{
	uint64_t seen = edu_read(edu, pa);

	page_must_be_zero(seen, what);
	page_free(seen);
	expect_event(&edu->pci, false, pa);
}

static void write_at(const struct edu *edu, uint64_t pa)
{
	edu_write(edu, pa);
	expect_event(&edu->pci, true, pa);
}

static void edu_reads_vm(void)
{
	struct victim victim;
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	victim_new(&victim);
	read_at(&edu, victim.secret, "a VM's page full of the secret");
	victim_end(&victim);
	blocked("a VM's page full of the secret: the device's buffer shows nothing");
}

static void edu_writes_vm(void)
{
	struct victim victim;
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	victim_new(&victim);
	write_at(&edu, victim.zero[0]);
	victim_check(&victim);
	victim_end(&victim);
	blocked("a VM's page: all its 512 words are what they were, says the VM");
}

/* These run meanwhile, and check what they hold themselves. */
static void edu_on_live(void)
{
	uint64_t pfns[SAMPLE];
	struct edu edu;
	unsigned int n;

	edu_open(&edu);
	n = live_frames(pfns, SAMPLE);
	for (unsigned int i = 0; i < n; i++)
		read_at(&edu, pfns[i] * FRAME, "a frame of a running VM");
	for (unsigned int i = 0; i < n; i++)
		write_at(&edu, pfns[i] * FRAME);
	blocked("%u frames of running VMs, read and written: nothing seen", n);
}

static void edu_reads_core(void)
{
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	read_at(&edu, core_image(), "the header of the core's image");
	read_at(&edu, core_tables(), "the host's translation table");
	read_at(&edu, core_symbol("streams"), "the SMMU's stream table");
	read_at(&edu, core_symbol("queue"), "the ITS's command queue");
	blocked("its image, the host's own table, stream table, the ITS's queue: nothing seen");
}

static void attack_page(uint64_t pa, const char *what)
{
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	write_at(&edu, pa);
	expect_unchanged(pa);
	blocked("%s", what);
}

static void edu_writes_core(void)
{
	attack_page(core_image() + 0x1000, "the core's code");
}

static void edu_writes_tables(void)
{
	attack_page(core_tables(), "the host's root translation table");
}

static void edu_writes_streams(void)
{
	attack_page(core_symbol("streams"), "the SMMU's stream table");
}

static void edu_writes_commands(void)
{
	attack_page(core_symbol("commands"), "the SMMU's command queue");
}

static void edu_writes_events(void)
{
	attack_page(core_symbol("events"), "the SMMU's event queue");
}

/* By the device, and by the CPU: from a program, and from the kernel. */
static void smmu_registers(void)
{
	uintptr_t registers = io_map(SMMU, 32);
	struct edu edu;
	uint64_t word;

	dma_begin();
	edu_open(&edu);
	write_at(&edu, SMMU);
	if (!io_aborts(registers + SMMU_CR0, 4) || !io_aborts(registers + 0x10000, 4))
		corrupted("the CPU reaches the SMMU's registers");
	if (frame_read(SMMU / FRAME, &word, 8) == 0)
		leak("the kernel reads the SMMU's registers");
	blocked("both pages of its registers: SIGBUS in a program, EFAULT in the kernel");
}

/* Frames that have been used for DMA, and then become a VM's. */
static void warm_iotlb(void)
{
	uint64_t pa = page_new(0), seen;
	struct raw_vm vm;
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	raw_new(&vm, GUEST_COMMANDS, 1);
	edu_write(&edu, pa);
	if (!page_holds(pa, EVIL))
		failed("edu does not write a page of the host's");
	if (hvc(CV_CALL_DONATE, vm.id, VICTIM_GFN, pa / FRAME, 0, 0) != CV_OK)
		failed("DONATE is refused");
	vm.frames[vm.nr_frames++] = (struct raw_frame){VICTIM_GFN, pa / FRAME};
	edu_store(&edu, pa);
	expect_event(&edu.pci, true, pa);
	if (raw_differ(&vm, VICTIM_GFN * FRAME, 0) != 0)
		corrupted("the device wrote what the host had given away");
	raw_store(&vm, VICTIM_GFN * FRAME, EVIL);
	seen = edu_read(&edu, pa);
	page_must_be_zero(seen, "the device read what the host had given away");
	page_free(seen);
	raw_end(&vm);
	blocked("written before, given to a VM, written and read again: zero in the VM");
}

/* The transfer has been started when the frame changes hands. */
static void in_flight(void)
{
	uint64_t pa = page_new(0), evil = page_new(EVIL);
	struct raw_vm vm;
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	raw_new(&vm, GUEST_COMMANDS, 1);
	edu_load(&edu, evil);
	edu_store(&edu, pa);
	edu_start(&edu, pa, true);
	if (hvc(CV_CALL_DONATE, vm.id, VICTIM_GFN, pa / FRAME, 0, 0) != CV_OK)
		failed("DONATE is refused");
	vm.frames[vm.nr_frames++] = (struct raw_frame){VICTIM_GFN, pa / FRAME};
	if (!(io_read(edu.pci.bar + EDU_COMMAND, 8) & EDU_RUN))
		failed("the transfer was over too soon");
	edu_wait(&edu);
	expect_event(&edu.pci, true, pa);
	if (raw_differ(&vm, VICTIM_GFN * FRAME, 0) != 0)
		corrupted("the transfer that was under way reached the VM's page");
	raw_end(&vm);
	page_free(evil);
	blocked("given to a VM while a transfer to it is under way: zero in the VM");
}

/* Given back, the frame is the device's to write again: or BLOCKED would prove little. */
static void after_reclaim(void)
{
	struct raw_vm vm;
	struct edu edu;
	uint64_t pa;

	dma_begin();
	edu_open(&edu);
	raw_new(&vm, GUEST_COMMANDS, 1);
	pa = raw_donate(&vm, VICTIM_GFN) * FRAME;
	edu_write(&edu, pa);
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	if (hvc(CV_CALL_RECLAIM, vm.id, pa / FRAME, 0, 0, 0) != CV_OK)
		failed("RECLAIM is refused");
	if (page_holds(pa, EVIL))
		corrupted("what the device wrote while it was the VM's is there");
	edu_write(&edu, pa);
	if (!page_holds(pa, EVIL))
		failed("edu does not write a page that has come back");
	raw_end(&vm);
	blocked("a page that has come back from a VM: writable by the device again");
}

/* MSIs are writes too, and the kernel says where to, and of what. */
static void msi_writes_vm(void)
{
	uint64_t mine = page_new(0);
	struct victim victim;
	struct edu edu;

	dma_begin();
	edu_open(&edu);
	victim_new(&victim);
	edu_msi(&edu, mine, 0x4d53);
	if (!page_holds(mine, 0x4d53))
		failed("an MSI is not written where it is told to be");
	edu_msi(&edu, victim.zero[1], 0x4d53);
	expect_event(&edu.pci, true, victim.zero[1]);
	victim_check(&victim);
	victim_end(&victim);
	page_free(mine);
	blocked("an MSI whose address is a VM's page: unchanged, says the VM");
}

const struct attack attacks_edu[] = {
	{"dma/edu-reads-vm", edu_reads_vm},
	{"dma/edu-writes-vm", edu_writes_vm},
	{"dma/edu-on-running-vms", edu_on_live},
	{"dma/edu-reads-core", edu_reads_core},
	{"dma/edu-writes-core", edu_writes_core},
	{"dma/edu-writes-tables", edu_writes_tables},
	{"dma/edu-writes-smmu-streams", edu_writes_streams},
	{"dma/edu-writes-smmu-commands", edu_writes_commands},
	{"dma/edu-writes-smmu-events", edu_writes_events},
	{"dma/smmu-registers", smmu_registers},
	{"dma/warm-iotlb", warm_iotlb},
	{"dma/in-flight", in_flight},
	{"self-test/dma-after-reclaim", after_reclaim},
	{"dma/msi-into-vm", msi_writes_vm},
	{NULL, NULL},
};
