/* SPDX-License-Identifier: BSD-3-Clause */
/* A hostile host that uses devices: each attack prints one line. */
#include "host.h"

/* What is attacked with devices works on memory that is the host's. */
static bool edu_works(void)
{
	u64 from = new_page(), to = new_page();

	fill(from, SECRET);
	edu_load(from);
	edu_store(to);
	return holds(to, SECRET);
}

void main(u64 fdt)
{
	fdt_read(fdt);
	if (!edu_init()) {
		print("DMA-MEANS BROKEN no edu\n");
		return;
	}
	working("edu", edu_works());
	attack_edu();
	attack_registers();
	attack_assigned();
	attack_gic();
	attack_streams();
	attack_virtio();
	attack_nvme();
	attack_fuzz();
	print("DMA-END host alive\n");
}
