/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/stats.h"

#include <stdio.h>

#include "arch/sim/check.h"
#include "arch/sim/model.h"
#include "arch/sim/sim.h"
#include "core/machine.h"
#include "core/page.h"
#include "core/state.h"

#define NR_VM_STATES 4U
enum page_state {
	PAGE_HOST,
	PAGE_HOST_USED,
	PAGE_VM,
	PAGE_VM_SHARED,
	PAGE_OTHER_VM,
	PAGE_CORE,
	PAGE_DEVICE,
	PAGE_NOWHERE,
	NR_PAGE_STATES,
};

static u64 by_vm[NR_HOST_CALLS][NR_VM_STATES][2];
static u64 by_page[NR_HOST_CALLS][NR_PAGE_STATES][2];
static u64 outcomes[8];
static u32 vm_state, page_state;
static u32 most_alive;

/* Which argument of a call is a frame, or one in bytes; 0: none. */
static u64 named_frame(const struct op *op)
{
	switch (op->kind) {
	case OP_DONATE:
	case OP_DONATE_BLOCK:
	case OP_REGISTER_VCPU:
	case OP_SAVE_VCPU:
	case OP_LOAD_VCPU:
		return op->a[2];
	case OP_MAP_IO:
	case OP_DMA_MAP:
		return op->a[2] >> CV_PAGE_SHIFT;
	case OP_REMAP_VM_IMAGE:
	case OP_SET_MANIFEST:
	case OP_RECLAIM:
	case OP_DMA_ASSIGN:
	case OP_SAVE_BEGIN:
	case OP_SAVE_PAGE:
	case OP_SAVE_END:
	case OP_LOAD_BEGIN:
	case OP_LOAD_PAGE:
	case OP_LOAD_END:
		return op->a[1];
	default:
		return 0;
	}
}

static u32 state_of_page(u64 pfn, u64 vm)
{
	u32 owner = frame_owner(pfn);

	if (owner == CV_HOSTVISOR)
		return frame_count(pfn) != 0U ? PAGE_HOST_USED : PAGE_HOST;
	if (owner == CV_COREVISOR)
		return PAGE_CORE;
	if (owner == CV_INVALID_ID)
		return machine_device(pfn) == MACHINE_DEVICE_NONE ? PAGE_NOWHERE : PAGE_DEVICE;
	if (owner != vm)
		return PAGE_OTHER_VM;
	return frame_count(pfn) != 0U ? PAGE_VM_SHARED : PAGE_VM;
}

void stats_before(const struct op *op)
{
	if (op->kind >= NR_HOST_CALLS)
		return;
	vm_state = op->a[0] >= 1U && op->a[0] <= CV_MAX_VMS ? vms[op->a[0]].state : 0U;
	page_state = state_of_page(named_frame(op), op->a[0]);
}

void stats_after(const struct op *op, const struct result *r)
{
	bool refused = r->outcome != OUT_OK;
	static u32 alive;

	outcomes[r->outcome]++;
	if (op->kind >= NR_HOST_CALLS || r->outcome == OUT_SKIPPED)
		return;
	by_vm[op->kind][vm_state % NR_VM_STATES][refused]++;
	if (named_frame(op) != 0U)
		by_page[op->kind][page_state][refused]++;
	if (op->kind == OP_REGISTER_VM && !refused)
		alive++;
	if (op->kind == OP_DESTROY_VM && !refused)
		alive--;
	if (alive > most_alive)
		most_alive = alive;
}

static bool takes_frame(u32 kind)
{
	struct op op = {.kind = (u16)kind, .a = {1ULL << 40, 1ULL << 40, 1ULL << 40}};

	return named_frame(&op) != 0U;
}

static bool takes_vm(u32 kind)
{
	return op_info[kind].arg[0] && op_info[kind].arg[0][0] == 'v';
}

static void print_coverage(void)
{
	u32 vm_hit = 0, vm_all = 0, page_hit = 0, page_all = 0;

	for (u32 i = 0; i < NR_HOST_CALLS; i++) {
		for (u32 s = 0; takes_vm(i) && s < NR_VM_STATES; s++) {
			vm_all++;
			vm_hit += by_vm[i][s][0] + by_vm[i][s][1] != 0U;
		}
		for (u32 s = 0; takes_frame(i) && s < NR_PAGE_STATES; s++) {
			page_all++;
			page_hit += by_page[i][s][0] + by_page[i][s][1] != 0U;
		}
	}
	printf("coverage: %u of %u (VM state x call), %u of %u (page state x call)\n", vm_hit,
	       vm_all, page_hit, page_all);
	printf("calls that never succeeded:");
	for (u32 i = 0; i < NR_HOST_CALLS; i++) {
		u64 done = 0;

		for (u32 s = 0; s < NR_VM_STATES; s++)
			done += by_vm[i][s][0];
		if (done == 0U)
			printf(" %s", op_info[i].name);
	}
	printf("\n");
}

void stats_print(u64 ops, double seconds)
{
	u64 refused = outcomes[OUT_ERROR] + outcomes[OUT_ABORT] + outcomes[OUT_VM_ABORT] +
		      outcomes[OUT_FAULT];

	printf("%llu operations in %.1f s: %.0f operations/s\n", (unsigned long long)ops, seconds,
	       (double)ops / (seconds > 0 ? seconds : 1));
	printf("outcomes: %llu ok, %llu refused (%.1f %%), %llu exits, %llu not possible then\n",
	       (unsigned long long)outcomes[OUT_OK], (unsigned long long)refused,
	       ops != 0U ? 100.0 * (double)refused / (double)ops : 0.0,
	       (unsigned long long)outcomes[OUT_EXIT],
	       (unsigned long long)(outcomes[OUT_SKIPPED] + outcomes[OUT_BLOCKED]));
	printf("most VMs alive at once: %u\n", most_alive);
	print_coverage();
	printf("checks:");
	for (u32 i = 0; i < NR_CHECKS; i++)
		printf("%s %llu %s", i != 0U ? "," : "", (unsigned long long)check_counts[i],
		       check_names[i]);
	printf("\n");
}
