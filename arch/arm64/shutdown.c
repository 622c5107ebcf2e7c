/* SPDX-License-Identifier: BSD-3-Clause */
#include "shutdown.h"

#include <string.h>

#include "cache.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vm.h"
#include "entropy.h"
#include "percpu.h"

void lock_everything(void)
{
	lock_dma();
	for (u32 vm = 1; vm <= CV_MAX_VMS; vm++)
		lock_vm(vm);
	lock_page(0);
	lock_map();
	lock_id();
}

void unlock_everything(void)
{
	unlock_id();
	unlock_map();
	unlock_page(0);
	for (u32 vm = CV_MAX_VMS; vm >= 1; vm--)
		unlock_vm(vm);
	unlock_dma();
}

/*
 * A vCPU that still runs on another CPU finds nothing mapped at its next access, and its CPU comes
 * into the core. Devices write no more either.
 */
static void stop_vms(void)
{
	u64 roots = (u64)CV_MAX_VMS * table_geometry.root_tables;

	for (u32 stream = 0; stream < machine_streams(); stream++)
		machine_stream_cut(stream);
	/* Of VMs 1 to CV_MAX_VMS, one after the other; the host's come first (core/table.h). */
	memset(&table_pool[table_geometry.root_tables], 0, roots * sizeof(table_pool[0]));
	/* Every VMID's, on every CPU (D8.14). */
	__asm__ volatile("dsb ish; tlbi alle1is; dsb ish; isb" : : : "memory");
}

static void wipe(void *p, u64 size)
{
	memset(p, 0, size);
	cache_flush(p, size);
}

/* Other CPUs' stacks hold the registers of what they interrupted; they never go back to it. */
static void wipe_stacks(void)
{
	for (u32 i = 0; i < nr_cpus; i++) {
		if (i != this_cpu()->index)
			wipe((void *)(stack_top(i) - REGS_SIZE), REGS_SIZE);
	}
}

void shutdown_vms(void)
{
	lock_everything();
	stop_vms();
	for (u64 pfn = 0; pfn < nr_frames; pfn++) {
		if (vm_id_valid(frames[pfn].owner))
			machine_frame_clear(pfn);
	}
	/* Last, by when a CPU that ran a vCPU has put its registers away. */
	wipe(vcpu_contexts, sizeof(vcpu_contexts));
	wipe(snapshot_keys, sizeof(snapshot_keys));
	wipe(bounce_buffer, sizeof(bounce_buffer));
	entropy_forget();
	wipe_stacks();
}
