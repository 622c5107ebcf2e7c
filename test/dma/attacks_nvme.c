/* SPDX-License-Identifier: BSD-3-Clause */
/* NVMe: the answer to Identify goes where PRP1 says (NVM Express 1.4, 5.15). */
#include "host.h"

#define NVME 0x00101b36U
#define CC 0x14
#define CSTS 0x1c
#define AQA 0x24
#define ASQ 0x28
#define ACQ 0x30
#define DOORBELL 0x1000
#define IDENTIFY 6ULL
#define CONTROLLER 1ULL
#define ENTRIES 8U

static u64 nvme, submission, completion;
static u32 tail;

static bool nvme_start(void)
{
	u32 devfn = pci_find(NVME);

	if (devfn == 256)
		return false;
	nvme = pci_enable(devfn, 0);
	submission = new_page();
	completion = new_page();
	put(nvme + AQA, 4, (ENTRIES - 1) | (ENTRIES - 1) << 16);
	put(nvme + ASQ, 8, submission);
	put(nvme + ACQ, 8, completion);
	put(nvme + CC, 4, 4ULL << 20 | 6ULL << 16 | 1); /* entry sizes, enable */
	for (u64 start = milliseconds(); milliseconds() - start < PATIENCE;) {
		if (get(nvme + CSTS, 4) & 1)
			break;
	}
	return (get(nvme + CSTS, 4) & 1) != 0;
}

/* Status of the command: 0 for success, 0xffff when there is no answer. */
static u64 identify(u64 pa)
{
	u64 at = submission + tail * 64, answer = completion + tail * 16;

	put(at, 8, IDENTIFY);
	put(at + 24, 8, pa);
	put(at + 40, 8, CONTROLLER);
	tail++;
	put(nvme + DOORBELL, 4, tail);
	for (u64 start = milliseconds(); milliseconds() - start < PATIENCE;) {
		if (get(answer + 14, 2) & 1)
			return get(answer + 14, 2) >> 1;
	}
	return 0xffff;
}

void attack_nvme(void)
{
	u64 mine = new_page(), image = boot_option("image");

	if (!nvme_start()) {
		print("DMA-MEANS BROKEN no nvme\n");
		return;
	}
	working("nvme", identify(mine) == 0 && get(mine, 4) != 0);
	target("nvme-core", image + 0x3000, "image", "the answer to Identify into the core");
	identify(image + 0x3000);
	events();
}
