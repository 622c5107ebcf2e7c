/* SPDX-License-Identifier: BSD-3-Clause */
/* Running a vCPU: what crosses the run page, traps, and the calls of VMs. */
#include <string.h>

#include "core/boot.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/psci.h"
#include "core/run.h"
#include "core/state.h"
#include "core/trap.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/run.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

#define MIXED(n) (HOST_BLOCK(0) + (n))
#define RUN MIXED(2)
#define DEVICE_IPA 0x9000000ULL

static u32 vm;
static u32 slot;

static void run_put(u32 offset, u64 value)
{
	memcpy(machine_frame(RUN) + offset, &value, sizeof(value));
}

static u64 run_get(u32 offset)
{
	u64 value;

	memcpy(&value, machine_frame(RUN) + offset, sizeof(value));
	return value;
}

static void fixture(void)
{
	world_boot();
	vm = world_vm(MIXED(1), RUN);
	CHECK_EQ(register_vcpu(vm, 17, MIXED(3)), 0);
	CHECK_EQ(world_verify(vm), 0);
	CHECK_EQ(donate_to_vm(vm, VM_GFN + 8, MIXED(8), 3), 0);
	slot = vcpu_slot(vm, 0);
	machine_forget();
}

static void enter(void)
{
	CHECK_EQ(vcpu_run(vm, 0), 0);
	CHECK_EQ(cpus[0].vm, vm);
	CHECK_EQ(cpus[0].slot, slot);
	CHECK_EQ(vcpus[slot].state, CV_VCPU_ACTIVE);
}

/* The vCPU has left, for this reason, with these arguments. */
static void left(u64 reason, u64 arg0, u64 arg1, u64 arg2)
{
	CHECK_EQ(cpus[0].vm, CV_HOSTVISOR);
	CHECK_EQ(cpus[0].slot, NO_SLOT);
	CHECK_EQ(vcpus[slot].state, CV_VCPU_READY);
	CHECK_EQ(run_get(CV_RUN_EXIT), reason);
	CHECK_EQ(run_get(CV_RUN_ARG0), arg0);
	CHECK_EQ(run_get(CV_RUN_ARG1), arg1);
	CHECK_EQ(run_get(CV_RUN_ARG2), arg2);
	CHECK_EQ(run_get(CV_RUN_ARG3), 0);
	CHECK_EQ(machine_locks_held(), 0);
	CHECK_EQ(machine_log.lock_errors, 0);
}

static void first_registers(void)
{
	unit_case("first registers");
	fixture();
	CHECK_EQ(vcpu_contexts[slot].pc, VM_GFN << 12);
	CHECK_EQ(vcpu_contexts[slot].x[0], 0x1234);
	CHECK_EQ(vcpu_contexts[slot].pstate, 0x3c5);
	for (u32 i = 1; i < 31; i++)
		CHECK_EQ(vcpu_contexts[slot].x[i], 0);
	CHECK_EQ(vcpu_run(vm, 17), CV_ESTATE);
	CHECK_EQ(vcpu_run(vm, 5), CV_ENOENT);
	CHECK_EQ(vcpu_run(vm, ~0ULL), CV_ENOENT);
	CHECK_EQ(set_vcpu_inactive(vm, 0), CV_ESTATE);
	CHECK_EQ(set_vcpu_inactive(vm, 5), CV_ENOENT);
	CHECK_EQ(set_vcpu_active(vm, 5), CV_ENOENT);
	enter();
	CHECK_EQ(vcpu_run(vm, 0), CV_EBUSY);
	CHECK(vm_has_active_vcpu(vm));
	vm_trap((struct vm_trap){.kind = VM_TRAP_INTERRUPT});
	left(CV_EXIT_INTERRUPT, 0, 0, 0);
	CHECK(!vm_has_active_vcpu(vm));
	/* The host itself does not trap. */
	world_snapshot();
	vm_trap((struct vm_trap){.kind = VM_TRAP_WFI});
	world_check_unchanged();
}

static void simple_exits(void)
{
	unit_case("WFI, SGI, memory faults, the timer");
	fixture();
	enter();
	vm_trap((struct vm_trap){.kind = VM_TRAP_WFI});
	left(CV_EXIT_WFI, 0, 0, 0);
	CHECK_EQ(run_get(CV_RUN_TIMER), ~0ULL);
	/* The VM's counter is behind the machine's by what its VM says when it is entered. */
	vms[vm].counter_offset = 0x1000;
	enter();
	vcpu_contexts[slot].sys[SYSREG_CNTV_CTL_EL0] = 1;
	vcpu_contexts[slot].sys[SYSREG_CNTV_CVAL_EL0] = 0x5555;
	vm_trap((struct vm_trap){.kind = VM_TRAP_SGI, .address = 0x123456789});
	left(CV_EXIT_SGI, 0x123456789, 0, 0);
	CHECK_EQ(run_get(CV_RUN_TIMER), 0x6555);
	vms[vm].counter_offset = 0;
	enter();
	for (u32 i = 0; i < 31; i++)
		vcpu_contexts[slot].x[i] = 0x5ec7e7;
	vcpu_contexts[slot].sys[SYSREG_CNTV_CTL_EL0] = 3;
	vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT,
				 .address = (VM_GFN + 9) << 12 | 0x44,
				 .write = true,
				 .decoded = true,
				 .size = 8,
				 .reg = 1});
	left(CV_EXIT_MEMORY, VM_GFN + 9, 1, 0);
	CHECK_EQ(run_get(CV_RUN_TIMER), ~0ULL);
	CHECK_EQ(vcpus[slot].pending, PENDING_NONE);
	enter();
	CHECK_EQ(vcpu_contexts[slot].pc, VM_GFN << 12);
	vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT, .address = (VM_GFN + 9) << 12});
	left(CV_EXIT_MEMORY, VM_GFN + 9, 0, 0);
}

/* Only Xt and the PC change, whatever else the host writes to the run page. */
static const struct mmio_read {
	u32 size;
	bool sign;
	bool wide;
	u8 reg;
	u64 want;
} mmio_reads[] = {
	{1, false, false, 3, 0x88},
	{1, true, false, 3, 0xffffff88},
	{1, true, true, 3, ~0x77ULL},
	{2, false, true, 30, 0x7788},
	{2, true, true, 4, 0x7788},
	{4, false, false, 0, 0xd5667788},
	{4, true, true, 0, 0xffffffffd5667788},
	{4, true, false, 0, 0xd5667788},
	{8, false, true, 7, 0x91223344d5667788},
	{8, true, true, 7, 0x91223344d5667788},
	{8, false, true, 31, 0},
};

static void check_mmio_read(const struct mmio_read *read)
{
	struct vcpu_context before;

	unit_case("MMIO read of %u bytes to X%u", read->size, read->reg);
	fixture();
	enter();
	for (u32 i = 0; i < 31; i++)
		vcpu_contexts[slot].x[i] = 0xabcd000000000000ULL + i;
	vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT,
				 .address = DEVICE_IPA + 8,
				 .decoded = true,
				 .size = (u8)read->size,
				 .sign_extend = read->sign,
				 .wide = read->wide,
				 .reg = read->reg});
	left(CV_EXIT_MMIO_READ, DEVICE_IPA + 8, read->size, 0);
	before = vcpu_contexts[slot];
	for (u32 i = 0; i < CV_RUN_LR(0); i += 8)
		run_put(i, 0x4141414141414141ULL);
	run_put(CV_RUN_GIC_HCR, 0);
	run_put(CV_RUN_DATA, 0x91223344d5667788ULL);
	enter();
	before.pc += 4;
	if (read->reg < 31)
		before.x[read->reg] = read->want;
	CHECK(memcmp(&before, &vcpu_contexts[slot], sizeof(before)) == 0);
	CHECK_EQ(vcpus[slot].pending, PENDING_NONE);
	vm_trap((struct vm_trap){.kind = VM_TRAP_WFI});
	/* Once only. */
	run_put(CV_RUN_DATA, 1);
	enter();
	CHECK(memcmp(&before, &vcpu_contexts[slot], sizeof(before)) == 0);
}

static void mmio_writes(void)
{
	static const u64 values[] = {0x88, 0x7788, 0, 0xd5667788};

	for (u32 n = 0; n < 4; n++) {
		u32 size = 1U << n;

		unit_case("MMIO write of %u bytes", size);
		fixture();
		enter();
		vcpu_contexts[slot].x[5] = 0x91223344d5667788ULL;
		vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT,
					 .address = DEVICE_IPA,
					 .decoded = true,
					 .write = true,
					 .size = (u8)size,
					 .reg = 5});
		left(CV_EXIT_MMIO_WRITE, DEVICE_IPA, size,
		     size == 8	 ? 0x91223344d5667788ULL
		     : size == 4 ? values[3]
				 : values[n]);
		run_put(CV_RUN_DATA, 0x666);
		enter();
		CHECK_EQ(vcpu_contexts[slot].x[5], 0x91223344d5667788ULL);
		CHECK_EQ(vcpu_contexts[slot].pc, (VM_GFN << 12) + 4);
		vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT,
					 .address = DEVICE_IPA,
					 .decoded = true,
					 .write = true,
					 .size = 8,
					 .reg = 31});
		left(CV_EXIT_MMIO_WRITE, DEVICE_IPA, 8, 0);
	}
	unit_case("an access that cannot be emulated");
	fixture();
	enter();
	vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT, .address = DEVICE_IPA, .size = 8});
	vm_trap((struct vm_trap){
		.kind = VM_TRAP_FAULT, .address = DEVICE_IPA, .decoded = true, .size = 3});
	CHECK_EQ(machine_log.aborts, 2);
	CHECK_EQ(cpus[0].vm, vm);
}

/* Values of run page fields that the host may not set, and some that it may. */
static const struct run_field {
	u32 offset;
	u64 value;
	int want;
} run_fields[] = {
	{CV_RUN_GIC_HCR, 2, CV_OK},
	{CV_RUN_GIC_HCR, 8, CV_OK},
	{CV_RUN_GIC_HCR, 1, CV_EINVAL},
	{CV_RUN_GIC_HCR, ~0ULL, CV_EINVAL},
	{CV_RUN_LR(0), 1ULL << 62 | 1ULL << 60 | 0xa0ULL << 48 | 1ULL << 41 | 27, CV_OK},
	{CV_RUN_LR(CV_RUN_NR_LR - 1), 1ULL << 62 | 1019, CV_OK},
	{CV_RUN_LR(CV_RUN_NR_LR - 1), 1ULL << 62 | 1020, CV_EINVAL},
	{CV_RUN_LR(CV_RUN_NR_LR - 1), 1ULL << 62 | 8192, CV_EINVAL},
	{CV_RUN_LR(3), 1ULL << 61, CV_EINVAL}, /* HW */
	{CV_RUN_LR(3), 1ULL << 62 | 1ULL << 61 | 30, CV_EINVAL},
	{CV_RUN_LR(3), 1ULL << 32, CV_EINVAL},
	{CV_RUN_LR(3), 0xffffffff, CV_OK}, /* not pending: the number does not matter */
};

static void check_run_field(const struct run_field *field)
{
	unit_case("run page field %#x = %#llx", field->offset, (unsigned long long)field->value);
	fixture();
	run_put(field->offset, field->value);
	world_snapshot();
	CHECK_EQ(vcpu_run(vm, 0), field->want);
	if (field->want != CV_OK)
		world_check_unchanged();
	else if (field->offset >= CV_RUN_LR(0))
		CHECK_EQ(vcpu_contexts[slot].lr[(field->offset - CV_RUN_LR(0)) / 8], field->value);
	else
		CHECK_EQ(vcpu_contexts[slot].gic_hcr, field->value);
}

static u32 nr_reads[512];

/* The host changes a field as soon as it has been read. */
static void scribble(u64 pfn, u32 offset)
{
	CHECK_EQ(pfn, RUN);
	nr_reads[offset / 8]++;
	run_put(offset, ~0ULL);
}

static void read_once(void)
{
	unit_case("the run page is read once");
	fixture();
	memset(nr_reads, 0, sizeof(nr_reads));
	run_put(CV_RUN_LR(2), 1ULL << 62 | 30);
	machine_on_read64 = scribble;
	enter();
	machine_on_read64 = NULL;
	CHECK_EQ(vcpu_contexts[slot].lr[2], 1ULL << 62 | 30);
	for (u32 i = 0; i < 512; i++)
		CHECK(nr_reads[i] <= 1);
	unit_case("one interrupt in two list registers");
	fixture();
	run_put(CV_RUN_LR(2), 1ULL << 62 | 30);
	run_put(CV_RUN_LR(3), 1ULL << 63 | 30);
	CHECK_EQ(vcpu_run(vm, 0), CV_EINVAL);
}

static void power_off_while_running(void)
{
	unit_case("powered off while it runs");
	fixture();
	enter();
	machine_set_cpu(1);
	CHECK_EQ(set_vm_poweroff(vm), 0);
	CHECK_EQ(machine_log.kicks, 1);
	CHECK_EQ(destroy_vm(vm), CV_EBUSY);
	CHECK_EQ(clear_vm_page(vm, MIXED(8)), 0);
	CHECK_EQ(clear_vm_page(vm, MIXED(1)), 0);
	CHECK_EQ(destroy_vm(vm), CV_EBUSY);
	machine_set_cpu(0);
	vm_trap((struct vm_trap){.kind = VM_TRAP_FAULT,
				 .address = DEVICE_IPA,
				 .decoded = true,
				 .write = true,
				 .size = 8,
				 .reg = 0});
	left(CV_EXIT_POWEROFF, 0, 0, 0);
	CHECK_EQ(destroy_vm(vm), 0);
	world_check_sound();
}

/* A call of the VM; returns X0. */
static u64 guest(u64 id, u64 a1, u64 a2, u64 a3)
{
	if (cpus[machine_cpu()].vm == CV_HOSTVISOR)
		enter();
	vcpu_contexts[slot].x[0] = id;
	vcpu_contexts[slot].x[1] = a1;
	vcpu_contexts[slot].x[2] = a2;
	vcpu_contexts[slot].x[3] = a3;
	vm_trap((struct vm_trap){.kind = VM_TRAP_CALL});
	return vcpu_contexts[slot].x[0];
}

static const struct guest_row {
	u64 id;
	u64 a1;
	u64 a2;
	s64 want;
} guest_rows[] = {
	{0x80000000, 0, 0, 0x10002},
	{0x80000001, 0x80000000, 0, 0},
	{0x80000001, 0x80000001, 0, 0},
	{0x80000001, 0x80008000, 0, -1},
	{CV_UID_CALL, 0, 0, CV_UID_0},
	{0x84000050, 0, 0, 0x10000},
	{0x84000051, 0x84000050, 0, 0},
	{0x84000051, 0xc4000053, 0, 0},
	{0x84000051, 0x84000053, 0, -1},
	{0x84000051, 0x8400004f, 0, -1},
	{0xc4000053, 0, 0, -2},
	{0xc4000053, 193, 0, -2},
	{PSCI_VERSION, 0, 0, 0x10001},
	{PSCI_FEATURES, PSCI_CPU_ON_64, 0, 0},
	{PSCI_FEATURES, 0x80000000, 0, 0},
	{PSCI_FEATURES, 0x84000005, 0, -1},
	{PSCI_MIGRATE_INFO_TYPE, 0, 0, 2},
	{PSCI_AFFINITY_INFO_64, 0, 0, 0},
	{PSCI_AFFINITY_INFO_64, 0x101, 0, 1},
	{PSCI_AFFINITY_INFO_32, 0x101, 0, 1},
	{PSCI_AFFINITY_INFO_64, 0x102, 0, -2},
	{PSCI_AFFINITY_INFO_64, 0, 1, -2},
	{PSCI_AFFINITY_INFO_64, 1ULL << 32, 0, -2},
	{PSCI_AFFINITY_INFO_64, 0x10, 0, -2},
	{PSCI_CPU_ON_64, 0, VM_GFN << 12, -4},
	{PSCI_CPU_ON_64, 1, VM_GFN << 12, -2},
	{PSCI_CPU_ON_64, 0x101, DEVICE_IPA, -2},
	{0x84000005, 0, 0, -1},
	{0x12345678, 0, 0, -1},
	{(u32)CV_CALL_INFO, 0, 0, -1},
	{(u32)CV_GUEST_MEASUREMENT, 2, 0, CV_EINVAL},
	{(u32)CV_GUEST_SHARE, (VM_GFN << 12) + 1, 0, CV_ENOENT},
	{(u32)CV_GUEST_SHARE, (VM_GFN + 9) << 12, 0, CV_ENOENT},
	{(u32)CV_GUEST_SHARE, 1ULL << 40, 0, CV_ENOENT},
	{(u32)CV_GUEST_SHARE, ~0xfffULL, 0, CV_ENOENT},
	{(u32)CV_GUEST_UNSHARE, VM_GFN << 12, 0, CV_ENOENT},
	{(u32)CV_GUEST_UNSHARE, (VM_GFN + 9) << 12, 0, CV_ENOENT},
};

static void guest_results(void)
{
	fixture();
	for (u32 i = 0; i < sizeof(guest_rows) / sizeof(guest_rows[0]); i++) {
		const struct guest_row *row = &guest_rows[i];

		unit_case("VM calls %#llx(%#llx, %#llx)", (unsigned long long)row->id,
			  (unsigned long long)row->a1, (unsigned long long)row->a2);
		CHECK_EQ(guest(row->id, row->a1, row->a2, 0), row->want);
		CHECK_EQ(cpus[0].vm, vm);
	}
	world_check_sound();
}

static void guest_random_numbers(void)
{
	unit_case("TRNG_RND");
	fixture();
	CHECK_EQ(guest(0xc4000053, 70, 0, 0), 0);
	CHECK(vcpu_contexts[slot].x[1] == 0);
	CHECK(vcpu_contexts[slot].x[2] < 64 && vcpu_contexts[slot].x[3] != 0);
	CHECK_EQ(guest(0xc4000053, 192, 0, 0), 0);
	CHECK(vcpu_contexts[slot].x[1] != 0 && vcpu_contexts[slot].x[2] != 0);
	CHECK_EQ(guest((u32)CV_GUEST_MEASUREMENT, 1, 0, 0), 0);
	CHECK(memcmp(&vcpu_contexts[slot].x[1], vm_measures[vm].digest + 24, 24) == 0);
}

static void guest_sharing(void)
{
	unit_case("SHARE and UNSHARE");
	fixture();
	enter();
	world_snapshot();
	WANT(frames[MIXED(8)].count) = 1;
	want_leaf(MAP_DMA_DEFAULT, MIXED(8), desc_page(MIXED(8), DESC_ATTR_MEMORY));
	CHECK_EQ(guest((u32)CV_GUEST_SHARE, (VM_GFN + 8) << 12, 0, 0), 0);
	memcpy(world_shadow(&vcpu_contexts[slot]), &vcpu_contexts[slot],
	       sizeof(struct vcpu_context));
	world_check();
	CHECK_EQ(guest((u32)CV_GUEST_UNSHARE, (VM_GFN + 8) << 12, 0, 0), 0);
	WANT(frames[MIXED(8)].count) = 0;
	want_leaf(MAP_DMA_DEFAULT, MIXED(8), 0);
	memcpy(world_shadow(&vcpu_contexts[slot]), &vcpu_contexts[slot],
	       sizeof(struct vcpu_context));
	world_check();
}

static void guest_power(void)
{
	u32 second;

	unit_case("CPU_ON, CPU_OFF, SUSPEND");
	fixture();
	second = vcpu_slot(vm, 17);
	vcpu_contexts[second].x[9] = 9;
	CHECK_EQ(guest(PSCI_CPU_ON_64, 0x101, (VM_GFN << 12) + 64, 0x99), 0);
	left(CV_EXIT_CPU_ON, 17, 0, 0);
	CHECK_EQ(vcpu_contexts[second].pc, (VM_GFN << 12) + 64);
	CHECK_EQ(vcpu_contexts[second].x[0], 0x99);
	CHECK_EQ(vcpu_contexts[second].x[9], 0);
	CHECK_EQ(guest(PSCI_CPU_ON_64, 0x101, VM_GFN << 12, 0), -4);
	machine_set_cpu(1);
	CHECK_EQ(vcpu_run(vm, 17), 0);
	vm_trap((struct vm_trap){.kind = VM_TRAP_WFI});
	machine_set_cpu(0);
	CHECK_EQ(guest(PSCI_CPU_SUSPEND_64, 0, 0, 0), 0);
	left(CV_EXIT_WFI, 0, 0, 0);
	enter();
	(void)guest(PSCI_CPU_OFF, 0, 0, 0);
	left(CV_EXIT_CPU_OFF, 0, 0, 0);
	CHECK_EQ(vcpu_run(vm, 0), CV_ESTATE);
	CHECK_EQ(vcpus[slot].powered, 0);
	/* The second switches it on again; the 32-bit form takes low halves. */
	machine_set_cpu(1);
	slot = second;
	CHECK_EQ(vcpu_run(vm, 17), 0);
	CHECK_EQ(guest(PSCI_CPU_ON_32, 1ULL << 32, 1ULL << 33 | VM_GFN << 12, 5ULL << 32 | 7), 0);
	slot = vcpu_slot(vm, 0);
	CHECK_EQ(vcpu_contexts[slot].pc, VM_GFN << 12);
	CHECK_EQ(vcpu_contexts[slot].x[0], 7);
	CHECK_EQ(vcpus[slot].powered, 1);
	world_check_sound();
}

static void guest_end(void)
{
	unit_case("SYSTEM_OFF");
	fixture();
	(void)guest(PSCI_SYSTEM_OFF, 0, 0, 0);
	left(CV_EXIT_SYSTEM_OFF, 0, 0, 0);
	CHECK_EQ(vms[vm].state, CV_VM_POWEROFF);
	CHECK_EQ(vcpu_run(vm, 0), CV_ESTATE);
	unit_case("SYSTEM_RESET");
	fixture();
	(void)guest(PSCI_SYSTEM_RESET, 0, 0, 0);
	left(CV_EXIT_SYSTEM_RESET, 0, 0, 0);
	CHECK_EQ(vms[vm].state, CV_VM_POWEROFF);
}

void test_vcpu(void)
{
	first_registers();
	simple_exits();
	for (u32 i = 0; i < sizeof(mmio_reads) / sizeof(mmio_reads[0]); i++)
		check_mmio_read(&mmio_reads[i]);
	mmio_writes();
	for (u32 i = 0; i < sizeof(run_fields) / sizeof(run_fields[0]); i++)
		check_run_field(&run_fields[i]);
	read_once();
	power_off_while_running();
	guest_results();
	guest_random_numbers();
	guest_sharing();
	guest_power();
	guest_end();
}
