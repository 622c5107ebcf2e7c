/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every (VM state x call of the host) pair, through host_call() with its locks: the result; after
 * an error, no change at all. And every call with VM ids and contexts that cannot be.
 */
#include <string.h>

#include "core/boot.h"
#include "core/call.h"
#include "core/dma.h"
#include "core/mem.h"
#include "core/save.h"
#include "core/state.h"
#include "core/trap.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

enum phase {
	UNUSED,
	GONE, /* UNUSED again */
	READY,
	VERIFYING,
	VERIFIED,
	POWEROFF,
	SAVING,
	LOADING,
	NR_PHASES,
};

static const char *const phase_names[NR_PHASES] = {
	"UNUSED", "destroyed", "READY", "verifying", "VERIFIED", "POWEROFF", "saving", "loading",
};

#define MIXED(n) (HOST_BLOCK(0) + (n))
#define IMAGE MIXED(1)
#define RUN MIXED(2)
#define OWN MIXED(8)
#define HOST MIXED(13)
#define HEAD MIXED(20)
/* Contexts of the VM: one without a stream, one with stream 2; and a free one. */
#define CTX 1U
#define CTX_STREAM 2U
#define CTX_FREE 3U

/* Stands for the VM's id in a row. */
#define VM 0xfeedfeedfeedULL

#define OK CV_OK
#define STATE CV_ESTATE

static const struct row {
	const char *name;
	u64 id;
	u64 args[5];
	bool contexts; /* the VM has CTX and CTX_STREAM, where it can have any */
	s64 want[NR_PHASES];
} rows[] = {
#define CALL(name) #name, (u32)CV_CALL_##name
	{CALL(INFO), {0}, false, {OK, OK, OK, OK, OK, OK, OK, OK}},
	{CALL(REGISTER_VM), {0}, false, {OK, OK, OK, OK, OK, OK, OK, OK}},
	{CALL(SET_RAM),
	 {VM, 0x80000, 512},
	 false,
	 {STATE, STATE, OK, STATE, STATE, STATE, STATE, STATE}},
	{CALL(SET_ENTRY), {VM, 1, 2}, false, {STATE, STATE, OK, STATE, STATE, STATE, STATE, STATE}},
	{CALL(REGISTER_VCPU),
	 {VM, 1, HOST},
	 false,
	 {STATE, STATE, OK, STATE, STATE, STATE, STATE, OK}},
	{CALL(SET_BOOT_INFO),
	 {VM, (VM_GFN + 64) << 12, 8191},
	 false,
	 {STATE, STATE, OK, STATE, STATE, STATE, STATE, STATE}},
	{CALL(REMAP_VM_IMAGE),
	 {VM, HOST, 0},
	 false,
	 {STATE, STATE, CV_ENOSPC, STATE, STATE, STATE, STATE, STATE}},
	{CALL(SET_MANIFEST),
	 {VM, HOST},
	 false,
	 {STATE, STATE, CV_EINVAL, STATE, STATE, STATE, STATE, STATE}},
	{CALL(VERIFY_VM), {VM}, false, {STATE, STATE, OK, OK, STATE, STATE, STATE, STATE}},
	{CALL(DONATE),
	 {VM, VM_GFN + 100, HOST},
	 false,
	 {STATE, STATE, OK, OK, OK, STATE, STATE, STATE}},
	{CALL(DONATE_BLOCK),
	 {VM, VM_GFN + 512, HOST_BLOCK(3)},
	 false,
	 {STATE, STATE, OK, OK, OK, STATE, STATE, STATE}},
	{CALL(MAP_IO),
	 {VM, 0x1000000, DEVICE_FREE_PFN << 12},
	 false,
	 {STATE, STATE, OK, STATE, STATE, STATE, STATE, STATE}},
	{CALL(VCPU_RUN), {VM, 0}, false, {STATE, STATE, STATE, STATE, OK, STATE, STATE, STATE}},
	{CALL(VCPU_RUN),
	 {VM, 1},
	 false,
	 {STATE, STATE, STATE, STATE, CV_ENOENT, STATE, STATE, STATE}},
	{CALL(POWEROFF_VM), {VM}, false, {STATE, STATE, OK, OK, OK, OK, OK, OK}},
	{CALL(RECLAIM),
	 {VM, OWN},
	 false,
	 {CV_EPERM, CV_EPERM, STATE, STATE, STATE, OK, OK, CV_EPERM}},
	{CALL(RECLAIM),
	 {VM, OWN},
	 true,
	 {CV_EPERM, CV_EPERM, STATE, STATE, STATE, CV_EBUSY, CV_EBUSY, CV_EPERM}},
	{CALL(DESTROY_VM),
	 {VM},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, CV_EBUSY, CV_EBUSY, STATE}},
	{CALL(DMA_ALLOC),
	 {CTX_FREE, VM},
	 false,
	 {STATE, STATE, OK, STATE, STATE, STATE, STATE, STATE}},
	{CALL(DMA_ALLOC), {CTX_FREE, 0}, false, {OK, OK, OK, OK, OK, OK, OK, OK}},
	{CALL(DMA_ASSIGN),
	 {CTX, HOST, VM_GFN + 100},
	 true,
	 {CV_EPERM, CV_EPERM, OK, STATE, STATE, STATE, STATE, CV_EPERM}},
	{CALL(DMA_MAP),
	 {CTX, (VM_GFN + 8) << 12, OWN << 12},
	 true,
	 {CV_EPERM, CV_EPERM, OK, STATE, STATE, STATE, STATE, CV_EPERM}},
	{CALL(DMA_UNMAP),
	 {CTX_STREAM, (VM_GFN + 8) << 12},
	 true,
	 {CV_EPERM, CV_EPERM, OK, STATE, STATE, OK, OK, CV_EPERM}},
	{CALL(DMA_LOOKUP),
	 {CTX, (VM_GFN + 8) << 12},
	 true,
	 {CV_EPERM, CV_EPERM, CV_EPERM, CV_EPERM, CV_EPERM, CV_EPERM, CV_EPERM, CV_EPERM}},
	{CALL(DMA_FREE), {CTX}, true, {CV_EPERM, CV_EPERM, STATE, STATE, STATE, OK, OK, CV_EPERM}},
	{CALL(DMA_FREE),
	 {CTX_STREAM},
	 true,
	 {CV_EPERM, CV_EPERM, STATE, STATE, STATE, CV_EBUSY, CV_EBUSY, CV_EPERM}},
	{CALL(DMA_ATTACH),
	 {CTX, 1},
	 true,
	 {CV_EPERM, CV_EPERM, OK, STATE, STATE, STATE, STATE, CV_EPERM}},
	{CALL(DMA_DETACH),
	 {CTX_STREAM, 2},
	 true,
	 {CV_ENOENT, CV_ENOENT, STATE, STATE, STATE, OK, OK, CV_ENOENT}},
	{CALL(SAVE_BEGIN), {VM, HOST}, false, {STATE, STATE, STATE, STATE, STATE, OK, OK, STATE}},
	{CALL(SAVE_PAGE),
	 {VM, OWN, HOST},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, OK, STATE}},
	{CALL(SAVE_VCPU),
	 {VM, 0, HOST},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, STATE, STATE}},
	{CALL(SAVE_END),
	 {VM, HOST},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, STATE, STATE}},
	{CALL(LOAD_BEGIN),
	 {VM, HOST},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, STATE, STATE}},
	{CALL(LOAD_PAGE),
	 {VM, HOST, VM_GFN, 1, 2},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, STATE, CV_EAUTH}},
	{CALL(LOAD_VCPU),
	 {VM, 0, HOST},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, STATE, CV_ENOENT}},
	{CALL(LOAD_END),
	 {VM, HOST},
	 false,
	 {STATE, STATE, STATE, STATE, STATE, STATE, STATE, STATE}},
	{CALL(VM_INFO), {VM}, false, {OK, OK, OK, OK, OK, OK, OK, OK}},
	{CALL(VM_MEASUREMENT), {VM, 1}, false, {STATE, STATE, STATE, STATE, OK, OK, OK, STATE}},
	{CALL(VCPU_INFO), {VM, 0}, false, {CV_ENOENT, CV_ENOENT, OK, OK, OK, OK, OK, CV_ENOENT}},
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The state that VM_INFO reports. */
static const u32 states[NR_PHASES] = {
	CV_VM_UNUSED,	CV_VM_UNUSED,	CV_VM_READY,	CV_VM_READY,
	CV_VM_VERIFIED, CV_VM_POWEROFF, CV_VM_POWEROFF, CV_VM_READY,
};

static u32 make_gone(void)
{
	u32 vm = world_vm(IMAGE, RUN);

	CHECK_EQ(world_verify(vm), 0);
	CHECK_EQ(set_vm_poweroff(vm), 0);
	CHECK_EQ(clear_vm_page(vm, IMAGE), 0);
	CHECK_EQ(destroy_vm(vm), 0);
	return vm;
}

static u32 make_loading(void)
{
	u32 from = world_vm(IMAGE, RUN);
	int vm = gen_vmid();

	CHECK_EQ(world_verify(from), 0);
	CHECK_EQ(set_vm_poweroff(from), 0);
	CHECK_EQ(save_begin(from, HEAD), 0);
	CHECK_EQ(register_kvm((u32)vm), 0);
	CHECK_EQ(load_begin((u32)vm, HEAD), 0);
	return (u32)vm;
}

static void make_contexts(u32 vm)
{
	CHECK_EQ(alloc_smmu_pgd(CTX, vm), 0);
	CHECK_EQ(alloc_smmu_pgd(CTX_STREAM, vm), 0);
	CHECK_EQ(dma_attach(CTX_STREAM, 2), 0);
	CHECK_EQ(smmu_map_page(CTX_STREAM, (VM_GFN + 8) << 12, OWN << 12), 0);
}

static u32 make_vm(enum phase phase, bool contexts)
{
	u32 vm;

	world_boot();
	if (phase == UNUSED)
		return 9;
	if (phase == GONE)
		return make_gone();
	if (phase == LOADING)
		return make_loading();
	vm = world_vm(IMAGE, RUN);
	CHECK_EQ(donate_to_vm(vm, VM_GFN + 8, OWN, 3), 0);
	if (contexts)
		make_contexts(vm);
	if (phase == VERIFYING)
		CHECK_EQ(verify_vm(vm), 2);
	if (phase >= VERIFIED)
		CHECK_EQ(world_verify(vm), 0);
	if (phase >= POWEROFF)
		CHECK_EQ(set_vm_poweroff(vm), 0);
	if (phase == SAVING)
		CHECK_EQ(save_begin(vm, HEAD), 0);
	return vm;
}

static struct call_result call(const struct row *row, u64 vm)
{
	u64 a[5];

	for (u32 i = 0; i < 5; i++)
		a[i] = row->args[i] == VM ? vm : row->args[i];
	return host_call(row->id, a[0], a[1], a[2], a[3], a[4], 0);
}

static void check_values(const struct row *row, enum phase phase, u32 vm, struct call_result got)
{
	if (row->id == (u32)CV_CALL_VM_INFO) {
		CHECK_EQ(got.value[0], states[phase]);
		CHECK_EQ(got.value[1], vms[vm].nr_frames);
		CHECK_EQ(got.value[2], vms[vm].nr_vcpus);
	} else if (row->id == (u32)CV_CALL_INFO) {
		CHECK_EQ(got.value[0], CV_ABI_VERSION);
		CHECK_EQ(got.value[1], END_PFN | (u64)table_free_count() << 32);
		CHECK_EQ(got.value[2], 40 | (u64)MACHINE_STREAMS << 32);
	} else if (row->id == (u32)CV_CALL_SET_BOOT_INFO) {
		CHECK_EQ(got.value[0], 1);
	} else if (row->id == (u32)CV_CALL_VM_MEASUREMENT) {
		CHECK(memcmp(got.value, vm_measures[vm].digest + 24, 24) == 0);
	} else if (row->id == (u32)CV_CALL_VCPU_INFO) {
		CHECK_EQ(got.value[0], CV_VCPU_READY);
		CHECK_EQ(got.value[1], phase >= VERIFIED ? 1 : 0);
	} else if (row->id == (u32)CV_CALL_VERIFY_VM) {
		CHECK_EQ(got.value[0], phase == READY ? 2 : 1);
	} else if (row->id == (u32)CV_CALL_REGISTER_VM) {
		CHECK(vm_id_valid(got.value[0]) && got.value[0] != vm);
	}
}

/* A VM that runs stops again. */
static void leave_vm(void)
{
	struct vm_trap trap = {.kind = VM_TRAP_WFI};

	if (cpus[0].vm == CV_HOSTVISOR)
		return;
	CHECK_EQ(machine_log.enters, 1);
	vm_trap(trap);
	CHECK_EQ(cpus[0].vm, CV_HOSTVISOR);
	CHECK_EQ(machine_log.leaves, 1);
}

static void run_pair(const struct row *row, enum phase phase)
{
	u32 vm = make_vm(phase, row->contexts);
	struct call_result got;

	unit_case("%s, VM %s", row->name, phase_names[phase]);
	world_snapshot();
	got = call(row, vm);
	CHECK_EQ(got.error, row->want[phase]);
	if (got.error != CV_OK) {
		CHECK(got.value[0] == 0 && got.value[1] == 0 && got.value[2] == 0);
		world_check_unchanged();
		return;
	}
	check_values(row, phase, vm, got);
	world_check_sound();
	leave_vm();
}

static void bad_numbers(const struct row *row)
{
	static const u64 bad_vms[] = {0, 257, 258, 0xffff, 0x10001, 1ULL << 32 | 1, ~0ULL};
	static const u64 bad_contexts[] = {64, 65, 0xffff, 1ULL << 32 | 1, ~0ULL};

	for (u32 i = 0; i < 7 && row->args[0] == VM; i++) {
		unit_case("%s of VM %#llx", row->name, (unsigned long long)bad_vms[i]);
		CHECK_EQ(call(row, bad_vms[i]).error, CV_EINVAL);
		world_check_unchanged();
	}
	for (u32 i = 0; i < 5 && (row->contexts || row->id == (u32)CV_CALL_DMA_ALLOC); i++) {
		unit_case("%s of context %#llx", row->name, (unsigned long long)bad_contexts[i]);
		CHECK_EQ(host_call(row->id, row->args[0] == VM ? 0 : bad_contexts[i], 1, 0, 0, 0, 0)
				 .error,
			 CV_EINVAL);
		world_check_unchanged();
	}
}

static void bad_ids(void)
{
	static const u64 ids[] = {0,
				  CV_HOST_CALL_BASE - 1,
				  CV_HOST_CALL_BASE + 35,
				  CV_HOST_CALL_BASE + 0xfff,
				  CV_GUEST_CALL_BASE,
				  CV_GUEST_CALL_BASE + 1,
				  0x84000008,
				  1ULL << 32 | CV_HOST_CALL_BASE,
				  1ULL << 32 | CV_UID_CALL,
				  ~0ULL};

	for (u32 i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		unit_case("call %#llx", (unsigned long long)ids[i]);
		CHECK_EQ(host_call(ids[i], 1, 2, 3, 4, 5, 6).error, CV_NOT_SUPPORTED);
		world_check_unchanged();
	}
}

static void check_uid(void)
{
	struct call_result uid = host_call(CV_UID_CALL, 0, 0, 0, 0, 0, 0);

	unit_case("UID");
	CHECK_EQ(uid.error, CV_UID_0);
	CHECK_EQ(uid.value[0], CV_UID_1);
	CHECK_EQ(uid.value[1], CV_UID_2);
	CHECK_EQ(uid.value[2], CV_UID_3);
	world_check_unchanged();
}

void test_vm_states(void)
{
	for (enum phase phase = 0; phase < NR_PHASES; phase++) {
		for (u32 r = 0; r < NR_ROWS; r++)
			run_pair(&rows[r], phase);
	}
	(void)make_vm(VERIFIED, true);
	world_snapshot();
	for (u32 r = 0; r < NR_ROWS; r++)
		bad_numbers(&rows[r]);
	bad_ids();
	check_uid();
}
