/* SPDX-License-Identifier: BSD-3-Clause */
/* QEMU docs/specs/edu.rst: a DMA engine with a buffer of 4 KB; a transfer takes 100 ms. */
#include "host.h"

#define EDU_ID 0x11e81234U
#define EDU_SOURCE 0x80
#define EDU_TARGET 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_RUN 1U
#define EDU_TO_MEMORY 2U
#define EDU_BUFFER 0x40000ULL

static u64 edu;

bool edu_init(void)
{
	u32 devfn = pci_find(EDU_ID);

	if (devfn == 256)
		return false;
	edu = pci_enable(devfn, 0);
	return true;
}

void edu_start(u64 pa, bool to_memory)
{
	put(edu + EDU_SOURCE, 8, to_memory ? EDU_BUFFER : pa);
	put(edu + EDU_TARGET, 8, to_memory ? pa : EDU_BUFFER);
	put(edu + EDU_COUNT, 8, PAGE);
	put(edu + EDU_COMMAND, 8, EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0));
}

void edu_wait(void)
{
	while (get(edu + EDU_COMMAND, 8) & EDU_RUN)
		;
	events();
}

void edu_load(u64 pa)
{
	edu_start(pa, false);
	edu_wait();
}

void edu_store(u64 pa)
{
	edu_start(pa, true);
	edu_wait();
}
