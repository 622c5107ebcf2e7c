/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that change hands: given twice, to the wrong one, seen through what is left behind. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/limits.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"
#include "test/attack/raw.h"

#define FRAME 4096U
#define BASE_GFN (GUEST_BASE / FRAME)
#define FREE_GFN (BASE_GFN + 0x20)
#define UART_PFN 0x09000ULL
#define PLANT 0xbadc0ffee0ddf00dULL
#define CONTEXT 17

static int64_t donate(const struct raw_vm *vm, uint64_t gfn, uint64_t pfn)
{
	return hvc(CV_CALL_DONATE, vm->id, gfn, pfn, 0, 0);
}

static void twice(void)
{
	struct raw_vm vm;
	uint64_t pfn;

	raw_new(&vm, GUEST_COMMANDS, 1);
	pfn = raw_donate(&vm, FREE_GFN);
	raw_store(&vm, FREE_GFN * FRAME, PLANT);
	refused(donate(&vm, FREE_GFN + 1, pfn), "a frame at a second gfn");
	if (raw_load(&vm, FREE_GFN * FRAME) != PLANT)
		corrupted("the refused call changed the VM's page");
	if (raw_load(&vm, (FREE_GFN + 1) * FRAME) == PLANT)
		corrupted("the VM has one frame at two places");
	raw_end(&vm);
	blocked("one frame at two gfns of a VM: refused");
}

static void two_vms(void)
{
	struct raw_vm a, b;
	uint64_t pfn;

	raw_new(&a, GUEST_COMMANDS, 1);
	raw_new(&b, GUEST_COMMANDS, 1);
	pfn = raw_donate(&a, FREE_GFN);
	raw_store(&a, FREE_GFN * FRAME, PLANT);
	refused(donate(&b, FREE_GFN, pfn), "a frame for a second VM");
	refused(hvc(CV_CALL_RECLAIM, b.id, pfn, 0, 0, 0) == CV_OK &&
				raw_load(&a, FREE_GFN * FRAME) != PLANT
			? 0
			: -1,
		"taking the frame back from another VM");
	if (raw_load(&a, FREE_GFN * FRAME) != PLANT)
		corrupted("the frame is no longer what the first VM wrote");
	raw_end(&a);
	raw_end(&b);
	blocked("one frame for two VMs: refused");
}

static void frames_of_live(void)
{
	uint64_t pfns[64];
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	unsigned int frames = live_frames(pfns, 64);
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < frames; i++) {
		refused(donate(&vm, FREE_GFN + i % 100, pfns[i]), "a running VM's frame");
		/* One of them is the other's; at this gfn it is neither's. */
		for (unsigned int j = 0; j < n; j++)
			refused(hvc(CV_CALL_DONATE, live[j].id, 0x4ffff, pfns[i], 0, 0),
				"one running VM's frame for another");
	}
	raw_end(&vm);
	blocked("%u frames of %u running VMs, for another VM and for each other: refused", frames,
		n);
}

#define CORE_SAMPLE 64U

/* Frames all over the core's memory. */
static unsigned int core_sample(uint64_t *pfns)
{
	struct frame_range ranges[CORE_RANGES];
	unsigned int n = core_memory(ranges);

	for (unsigned int i = 0; i < n * CORE_SAMPLE; i++) {
		const struct frame_range *range = &ranges[i / CORE_SAMPLE];

		pfns[i] = range->first + range->frames * (i % CORE_SAMPLE) / CORE_SAMPLE;
	}
	return n * CORE_SAMPLE;
}

static void core_frames(void)
{
	uint64_t pfns[CORE_RANGES * CORE_SAMPLE];
	unsigned int n = core_sample(pfns);
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < n; i++)
		refused(donate(&vm, FREE_GFN, pfns[i]), "a frame of the core");
	raw_end(&vm);
	blocked("%u frames of the core, half of them of its translation tables: refused", n);
}

static void core_access(void (*touch)(void *map), void (*bad)(const char *format, ...))
{
	uint64_t pfns[CORE_RANGES * CORE_SAMPLE];
	unsigned int n = core_sample(pfns);
	uint64_t word = PLANT;

	for (unsigned int i = 0; i < n; i++) {
		void *map = frame_map(pfns[i], 1);

		if (survives(touch, map))
			bad("frame %#llx of the core", (unsigned long long)pfns[i]);
		frame_unmap(map, 1);
		if (frame_read(pfns[i], &word, sizeof(word)) == 0)
			leak("the kernel read frame %#llx of the core",
			     (unsigned long long)pfns[i]);
		if (frame_write(pfns[i], &word, sizeof(word)) == 0)
			corrupted("the kernel wrote frame %#llx of the core",
				  (unsigned long long)pfns[i]);
	}
	blocked("%u frames, tables among them: SIGBUS in a program, EFAULT in the kernel", n);
}

static void load_word(void *address)
{
	(void)*(volatile uint64_t *)address;
}

static void store_word(void *address)
{
	*(volatile uint64_t *)address = PLANT;
}

static void core_read(void)
{
	core_access(load_word, leak);
}

static void core_write(void)
{
	core_access(store_word, corrupted);
}

static void not_memory(void)
{
	struct raw_vm vm;
	uint64_t first, end;

	machine_ram(&first, &end);
	raw_new(&vm, GUEST_COMMANDS, 1);
	refused(donate(&vm, FREE_GFN, UART_PFN), "the frame of a device");
	refused(donate(&vm, FREE_GFN, 0x08000000 / FRAME), "the frame of the GIC");
	refused(donate(&vm, FREE_GFN, 0), "frame 0");
	refused(donate(&vm, FREE_GFN, end + 16), "a frame behind the RAM");
	refused(donate(&vm, FREE_GFN, ~0ULL), "frame 2^64-1");
	refused(donate(&vm, FREE_GFN, 1ULL << 52), "frame 2^52");
	refused(hvc(CV_CALL_DONATE_BLOCK, vm.id, BASE_GFN + 512, end & ~511ULL, 0, 0),
		"a block behind the RAM");
	raw_end(&vm);
	blocked("a device's, the GIC's, none, and behind the RAM: refused");
}

static void wrong_place(void)
{
	struct raw_vm vm;
	uint64_t pfn = frames_alloc(0);

	raw_new(&vm, GUEST_COMMANDS, 1);
	raw_donate(&vm, FREE_GFN);
	raw_store(&vm, FREE_GFN * FRAME, PLANT);
	refused(donate(&vm, FREE_GFN, pfn), "a frame in the place of another");
	refused(donate(&vm, BASE_GFN, pfn), "a frame in the place of the image");
	refused(donate(&vm, BASE_GFN + GUEST_FRAMES, pfn), "a frame behind the VM's RAM");
	refused(donate(&vm, GUEST_DEVICE / FRAME, pfn), "a frame where the VM has a device");
	refused(donate(&vm, ~0ULL, pfn), "a frame at gfn 2^64-1");
	refused(donate(&vm, 1ULL << 52, pfn), "a frame at gfn 2^52");
	if (raw_load(&vm, FREE_GFN * FRAME) != PLANT)
		corrupted("the VM's page has been replaced");
	raw_end(&vm);
	frames_free(pfn, 0);
	blocked("over another page, over the image, outside the RAM: refused");
}

static void run_page_frame(void)
{
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	refused(donate(&vm, FREE_GFN, vm.run_pfn[0]), "the run page");
	raw_store(&vm, GUEST_BASE + GUEST_SCRATCH, 1);
	raw_end(&vm);
	blocked("the frame of a run page that is in use: refused");
}

static void bad_blocks(void)
{
	uint64_t pfn = frames_alloc(9);
	struct raw_vm vm, other;

	raw_new(&vm, GUEST_COMMANDS, 1);
	raw_new(&other, GUEST_COMMANDS, 1);
	refused(hvc(CV_CALL_DONATE_BLOCK, vm.id, BASE_GFN + 513, pfn, 0, 0), "a misaligned gfn");
	refused(hvc(CV_CALL_DONATE_BLOCK, vm.id, BASE_GFN + 512, pfn + 1, 0, 0),
		"a misaligned frame");
	refused(hvc(CV_CALL_DONATE_BLOCK, vm.id, BASE_GFN, pfn, 0, 0), "a block over the image");
	refused(hvc(CV_CALL_DONATE_BLOCK, vm.id, BASE_GFN + 512, core_frame() & ~511ULL, 0, 0),
		"a block of the core's memory");
	if (hvc(CV_CALL_DONATE, other.id, FREE_GFN, pfn + 300, 0, 0) != CV_OK)
		failed("a frame of the block cannot be given to the other VM");
	other.frames[other.nr_frames++] = (struct raw_frame){FREE_GFN, pfn + 300};
	refused(hvc(CV_CALL_DONATE_BLOCK, vm.id, BASE_GFN + 512, pfn, 0, 0),
		"a block of which one frame is another VM's");
	raw_store(&other, FREE_GFN * FRAME, PLANT);
	if (raw_load(&other, FREE_GFN * FRAME) != PLANT)
		corrupted("the other VM's page has changed");
	other.nr_frames--;
	(void)hvc(CV_CALL_POWEROFF_VM, other.id, 0, 0, 0, 0);
	(void)hvc(CV_CALL_RECLAIM, other.id, pfn + 300, 0, 0, 0);
	raw_end(&other);
	raw_end(&vm);
	frames_free(pfn, 9);
	blocked("misaligned, over the image, the core's, with a frame of another VM: refused");
}

static void planted_content(void)
{
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < 16; i++) {
		uint64_t pfn = frames_alloc(0);

		frame_fill(pfn, PLANT);
		if (donate(&vm, FREE_GFN + i, pfn) != CV_OK)
			failed("DONATE is refused");
		vm.frames[vm.nr_frames++] = (struct raw_frame){FREE_GFN + i, pfn};
		if (raw_load(&vm, (FREE_GFN + i) * FRAME + 8 * i) != 0)
			corrupted("the VM reads what the host left in a frame");
	}
	raw_end(&vm);
	blocked("16 frames full of the host's words read zero in the VM");
}

/* Frames full of the secret, taken back: what is in them? */
static void left_behind(void)
{
	uint64_t pfns[RAW_FRAMES], word[FRAME / 8];
	struct raw_vm vm;
	unsigned int n = 0;

	raw_new(&vm, GUEST_COMMANDS, 1);
	raw_store(&vm, GUEST_BASE + GUEST_SCRATCH, 1);
	for (; n < vm.nr_frames; n++)
		pfns[n] = vm.frames[n].pfn;
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	for (unsigned int i = 0; i < n; i++) {
		if (frame_read(pfns[i], word, FRAME) == 0)
			leak("a frame of a VM that is off can be read before it is reclaimed");
		if (hvc(CV_CALL_RECLAIM, vm.id, pfns[i], 0, 0, 0) != CV_OK)
			failed("RECLAIM is refused");
		if (frame_read(pfns[i], word, FRAME) != 0)
			failed("a reclaimed frame cannot be read");
		for (unsigned int j = 0; j < FRAME / 8; j++) {
			if (word[j] != 0)
				leak("a reclaimed frame is not zero: word %u", j);
		}
	}
	raw_end(&vm);
	blocked("%u frames, one full of the secret: unreadable until reclaimed, then zero", n);
}

/* Shared by a reader and the one who gives the page away. */
struct race {
	atomic_bool ready, given;
	atomic_uint reads;
};

static void read_on(void *argument)
{
	void **arguments = argument;
	struct race *race = arguments[0];
	volatile uint64_t *word = arguments[1];

	for (;;) {
		bool given = race->given;
		uint64_t value = *word;

		if (given)
			leak("read after it was the VM's, through a TLB entry of another CPU: %#llx",
			     (unsigned long long)value);
		race->reads++;
		race->ready = true;
	}
}

static pid_t start_reader(struct race *race, uint64_t pfn)
{
	pid_t pid = fork();

	if (pid == 0) {
		void *arguments[] = {race, frame_map(pfn, 1)};

		on_cpu(1);
		_exit(survives(read_on, arguments) ? 1 : 0);
	}
	return pid;
}

static void stale_tlb(void)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int reads = 0;
	struct raw_vm vm;

	if (nr_cpus() < 2)
		failed("needs two CPUs");
	on_cpu(0);
	raw_new(&vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t pfn = frames_alloc(0);
		pid_t reader = start_reader(race, pfn);

		while (!race->ready)
			usleep(1000);
		if (donate(&vm, FREE_GFN + i, pfn) != CV_OK)
			failed("DONATE is refused");
		race->given = true;
		vm.frames[vm.nr_frames++] = (struct raw_frame){FREE_GFN + i, pfn};
		raw_store(&vm, (FREE_GFN + i) * FRAME, PLANT);
		usleep(5000);
		kill(reader, SIGKILL);
		waitpid(reader, NULL, 0);
		reads += race->reads;
		race->ready = race->given = false;
		race->reads = 0;
	}
	raw_end(&vm);
	blocked("20 frames given away under a reader on another CPU: SIGBUS, after %u reads",
		reads);
}

static void dma_of_live(void)
{
	uint64_t pfns[8];
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	uint64_t offset = CV_SMMU_HOST_OFFSET;
	unsigned int frames = live_frames(pfns, 8);

	if (hvc(CV_CALL_DMA_ALLOC, CONTEXT, 0, 0, 0, 0) != CV_OK)
		failed("DMA_ALLOC is refused");
	for (unsigned int i = 0; i < frames; i++) {
		refused(hvc(CV_CALL_DMA_MAP, CONTEXT, (pfns[i] + offset) * FRAME, pfns[i] * FRAME,
			    0, 0),
			"a VM's frame for a device of the host");
		refused(hvc(CV_CALL_DMA_MAP, CONTEXT, pfns[i] * FRAME, pfns[i] * FRAME, 0, 0),
			"a VM's frame for a device of the host");
	}
	refused(hvc(CV_CALL_DMA_MAP, CONTEXT, (core_frame() + offset) * FRAME, core_frame() * FRAME,
		    0, 0),
		"the core's frame for a device of the host");
	(void)hvc(CV_CALL_DMA_FREE, CONTEXT, 0, 0, 0, 0);
	for (unsigned int i = 0; i < n; i++)
		refused(hvc(CV_CALL_DMA_ALLOC, CONTEXT, live[i].id, 0, 0, 0),
			"a DMA context for a VM that runs");
	blocked("VMs' and the core's frames in a DMA context; one for a VM that runs: refused");
}

static void dma_then_donate(void)
{
	uint64_t pfn = frames_alloc(0);
	uint64_t iova = (pfn + CV_SMMU_HOST_OFFSET) * FRAME;
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	if (hvc(CV_CALL_DMA_ALLOC, CONTEXT, 0, 0, 0, 0) != CV_OK ||
	    hvc(CV_CALL_DMA_MAP, CONTEXT, iova, pfn * FRAME, 0, 0) != CV_OK)
		failed("a frame of the host cannot be mapped for DMA");
	refused(donate(&vm, FREE_GFN, pfn), "a frame that a device can write");
	(void)hvc(CV_CALL_DMA_UNMAP, CONTEXT, iova, 0, 0, 0);
	(void)hvc(CV_CALL_DMA_FREE, CONTEXT, 0, 0, 0, 0);
	raw_end(&vm);
	frames_free(pfn, 0);
	blocked("a frame that a device of the host reaches, for a VM: refused");
}

/* A page that the VM shares, and then no more. */
static void after_unshare(void)
{
	struct raw_vm vm;
	uint64_t pfn, word = 0;

	raw_new(&vm, GUEST_COMMANDS, 1);
	pfn = raw_donate(&vm, FREE_GFN);
	raw_store(&vm, FREE_GFN * FRAME, PLANT);
	if (frame_read(pfn, &word, sizeof(word)) == 0)
		leak("a page that is not shared can be read");
	if (raw_guest_call(&vm, (uint32_t)CV_GUEST_SHARE, FREE_GFN * FRAME) != CV_OK)
		failed("SHARE is refused");
	if (frame_read(pfn, &word, sizeof(word)) != 0 || word != PLANT)
		failed("a shared page cannot be read");
	if (frame_read(raw_pfn(&vm, BASE_GFN + GUEST_SECRET / FRAME), &word, sizeof(word)) == 0)
		leak("the page beside a shared one can be read");
	if (raw_guest_call(&vm, (uint32_t)CV_GUEST_UNSHARE, FREE_GFN * FRAME) != CV_OK)
		failed("UNSHARE is refused");
	if (frame_read(pfn, &word, sizeof(word)) == 0)
		leak("a page that is no longer shared can be read");
	refused(hvc(CV_GUEST_SHARE, FREE_GFN * FRAME, 0, 0, 0, 0), "SHARE by the host");
	refused(hvc(CV_GUEST_UNSHARE, FREE_GFN * FRAME, 0, 0, 0, 0), "UNSHARE by the host");
	raw_end(&vm);
	blocked("readable while shared, EFAULT before and after, and its neighbour always");
}

const struct attack attacks_frame[] = {
	{"frames/twice-in-a-vm", twice},
	{"frames/for-two-vms", two_vms},
	{"frames/of-a-live-vm", frames_of_live},
	{"frames/of-the-core", core_frames},
	{"frames/core-read", core_read},
	{"frames/core-write", core_write},
	{"frames/of-devices", not_memory},
	{"frames/wrong-place", wrong_place},
	{"frames/run-page", run_page_frame},
	{"frames/bad-blocks", bad_blocks},
	{"frames/planted-content", planted_content},
	{"frames/left-behind", left_behind},
	{"frames/stale-tlb", stale_tlb},
	{"frames/dma-to-live-vm", dma_of_live},
	{"frames/dma-then-donate", dma_then_donate},
	{"frames/after-unshare", after_unshare},
	{NULL, NULL},
};
