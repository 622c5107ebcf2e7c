/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PSCI relay as a host meets it, kinds of access to the core's memory, and what is left of
 * a VM after a reset: this host runs twice, the second time looking for what the first
 * one's VM held. RAM keeps its content over a reset of QEMU's virt machine.
 */
#include "corevisor/hypercall.h"
#include "corevisor/state.h"
#include "host.h"

#define PSCI_VERSION 0x84000000ULL
#define PSCI_CPU_SUSPEND 0xc4000001ULL
#define PSCI_CPU_OFF 0x84000002ULL
#define PSCI_CPU_ON 0xc4000003ULL
#define PSCI_AFFINITY_INFO 0xc4000004ULL
#define PSCI_MIGRATE 0xc4000005ULL
#define PSCI_MIGRATE_INFO_TYPE 0x84000006ULL
#define PSCI_MIGRATE_INFO_UP_CPU 0xc4000007ULL
#define PSCI_SYSTEM_RESET 0x84000009ULL
#define PSCI_FEATURES 0x8400000aULL
#define PSCI_SYSTEM_SUSPEND 0xc400000eULL
#define PSCI_SYSTEM_RESET2 0xc4000012ULL
#define PSCI_MEM_PROTECT 0x84000013ULL
#define SMCCC_VERSION 0x80000000ULL

#define ON 0
#define OFF 1
#define NOT_SUPPORTED (-1)
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON (-4)

#define CORE_IMAGE 0x40200000ULL

/* RAM that nobody loads anything into. */
#define MARKER 0x4c000000ULL
#define HOSTS_PAGE 0x4c001000ULL
#define VMS_PAGE 0x4c002000ULL
#define RUN_PAGE 0x4c003000ULL
#define RAM_START 0x40000000ULL
#define RAM_END 0x50000000ULL

#define MARKER_VALUE 0x6d61726b6d61726bULL
#define HOSTS_VALUE 0x686f7374686f7374ULL
#define VMS_VALUE 0x7365637265742121ULL

#define GUEST_GFN 0x40000ULL

#define CALL(name) (CV_HOST_CALL_BASE + (u64)OFFSET_##name)
#define OFFSET(name, offset, args, values) OFFSET_##name = (offset),
enum { CV_HOST_CALLS(OFFSET) };

extern char hopeless_entry[];

static u64 failures;
static volatile u64 secondary_seen, keep_calling;

static u64 read(u64 address)
{
	return *(volatile u64 *)address;
}

static void write(u64 address, u64 value)
{
	*(volatile u64 *)address = value;
}

static void expect(const char *what, u64 got, int64_t wanted)
{
	bool ok = (int64_t)got == wanted || (wanted < 0 && (int32_t)got == (int32_t)wanted);

	print("PSCI %s %s: %d\n", (u64)(ok ? "ok  " : "FAIL"), (u64)what, got);
	failures += !ok;
}

static u64 hvc(u64 id, u64 a1, u64 a2, u64 a3)
{
	u64 x[8] = {id, a1, a2, a3};

	do_hvc(x);
	return x[0];
}

/* Waits for what another CPU does, for 2 s at most. */
static void wait_for(const volatile u64 *value, u64 wanted)
{
	u64 start = counter();

	while (*value != wanted && counter() - start < 2000000000ULL)
		relax();
}

static u64 affinity_becomes(u64 cpu, u64 wanted)
{
	u64 start = counter(), state;

	do
		state = smc(PSCI_AFFINITY_INFO, cpu, 0, 0);
	while (state != wanted && counter() - start < 2000000000ULL);
	return state;
}

static void test_features(void)
{
	expect("VERSION is 1.x", smc(PSCI_VERSION, 0, 0, 0) >> 16, 1);
	expect("SMCCC_VERSION", smc(SMCCC_VERSION, 0, 0, 0), 0x10001);
	expect("FEATURES of SMCCC_VERSION", smc(PSCI_FEATURES, SMCCC_VERSION, 0, 0), 0);
	expect("FEATURES of CPU_ON", smc(PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0);
	expect("FEATURES of SYSTEM_SUSPEND", smc(PSCI_FEATURES, PSCI_SYSTEM_SUSPEND, 0, 0),
	       NOT_SUPPORTED);
	expect("FEATURES of MEM_PROTECT", smc(PSCI_FEATURES, PSCI_MEM_PROTECT, 0, 0),
	       NOT_SUPPORTED);
	expect("SYSTEM_SUSPEND", smc(PSCI_SYSTEM_SUSPEND, CORE_IMAGE, 0, 0), NOT_SUPPORTED);
	expect("MIGRATE_INFO_TYPE: none", smc(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	expect("MIGRATE", smc(PSCI_MIGRATE, 1, 0, 0), NOT_SUPPORTED);
	expect("MIGRATE_INFO_UP_CPU", smc(PSCI_MIGRATE_INFO_UP_CPU, 0, 0, 0), NOT_SUPPORTED);
	expect("a call of nobody", smc(0xc4000190, 0, 0, 0), NOT_SUPPORTED);
	expect("SYSTEM_RESET2 of a vendor", smc(PSCI_SYSTEM_RESET2, 1ULL << 31, 0, 0),
	       NOT_SUPPORTED);
}

static void test_cpus(void)
{
	expect("CPU_ON of itself", cpu_on(0), ALREADY_ON);
	expect("CPU_ON of none", cpu_on(77), INVALID_PARAMETERS);
	expect("AFFINITY_INFO of CPU 1", smc(PSCI_AFFINITY_INFO, 1, 0, 0), OFF);
	for (u64 round = 1; round <= 3; round++) {
		expect("CPU_ON of CPU 1", cpu_on(1), 0);
		wait_for(&secondary_seen, round);
		expect("CPU 1 is there", secondary_seen, (int64_t)round);
		expect("CPU 1 turns itself off", affinity_becomes(1, OFF), OFF);
	}
}

static void test_suspend(void)
{
	u64 start = counter();

	timer_init();
	timer_start(10000000);
	expect("CPU_SUSPEND, standby", smc(PSCI_CPU_SUSPEND, 0, 0, 0), 0);
	expect("it waited for the timer", counter() - start >= 10000000, 1);
	timer_stop();
}

static void expect_abort(const char *what, void (*access)(u64))
{
	u64 before = this_cpu()->aborts;

	access(CORE_IMAGE);
	expect(what, this_cpu()->aborts - before, 1);
}

static void test_accesses(void)
{
	expect("load from the core aborts", aborts_on_load(CORE_IMAGE), 1);
	expect("store to the core aborts", aborts_on_store(CORE_IMAGE, 1), 1);
	/* ESR_EL1: a data abort of this level, alignment fault, a write, S1PTW clear. */
	expect("with that syndrome", this_cpu()->esr, 0x96000061);
	expect_abort("store of a byte aborts", guarded_byte);
	expect_abort("load of a pair aborts", guarded_pair);
	expect_abort("exclusive load aborts", guarded_exclusive);
	expect_abort("vector load aborts", guarded_vector);
	expect_abort("fetch aborts", guarded_fetch);
	expect("load from fw_cfg aborts", aborts_on_load(0x09020000), 1);
	expect("load of one's own memory does not", aborts_on_load(HOSTS_PAGE), 0);
}

/* A VM whose image is one page of the host that holds VMS_VALUE. */
static void make_vm(void)
{
	u64 x[8] = {CALL(REGISTER_VM)}, vm;

	do_hvc(x);
	vm = x[1];
	for (u64 i = 0; i < PAGE; i += 8)
		write(VMS_PAGE + i, VMS_VALUE);
	expect("SET_RAM", hvc(CALL(SET_RAM), vm, GUEST_GFN, 64), 0);
	expect("SET_BOOT_INFO", hvc(CALL(SET_BOOT_INFO), vm, GUEST_GFN * PAGE, PAGE), 0);
	expect("REMAP_VM_IMAGE", hvc(CALL(REMAP_VM_IMAGE), vm, VMS_PAGE / PAGE, 0), 0);
	expect("SET_ENTRY", hvc(CALL(SET_ENTRY), vm, GUEST_GFN * PAGE, 0), 0);
	expect("REGISTER_VCPU", hvc(CALL(REGISTER_VCPU), vm, 0, RUN_PAGE / PAGE), 0);
	for (u32 i = 0; i < 8; i++) {
		x[0] = CALL(VERIFY_VM);
		x[1] = vm;
		do_hvc(x);
		if (x[0] != 0 || x[1] == 0)
			break;
	}
	expect("VERIFY_VM", x[0] | x[1], 0);
	expect("the VM's page is gone", aborts_on_load(VMS_PAGE), 1);
	/* A reset that the firmware does not have must not have cost the VM anything. */
	expect("SYSTEM_RESET2", smc(PSCI_SYSTEM_RESET2, 0, 0, 0), NOT_SUPPORTED);
	x[0] = CALL(VM_INFO);
	x[1] = vm;
	do_hvc(x);
	expect("the VM lives", x[1], CV_VM_VERIFIED);
}

/* CPUs that start in the core's memory, or walk tables there, are lost, nobody else is. */
static void test_lost_cpus(void)
{
	expect("CPU_ON with its entry in the core", smc(PSCI_CPU_ON, 2, CORE_IMAGE, 0), 0);
	expect("CPU_ON with its tables in the core",
	       smc(PSCI_CPU_ON, 3, (u64)hopeless_entry, CORE_IMAGE), 0);
	expect("AFFINITY_INFO of CPU 2", affinity_becomes(2, ON), ON);
	expect("AFFINITY_INFO of CPU 3", affinity_becomes(3, ON), ON);
	expect("INFO", hvc(CALL(INFO), 0, 0, 0), 0);
	expect("load from the core aborts", aborts_on_load(CORE_IMAGE), 1);
}

/* The second time: nothing of the VM in all of the memory this host can read. */
static void after_reset(void)
{
	u64 found = 0, pages = 0;

	write(MARKER, 0);
	expect("RAM was kept over the reset", read(HOSTS_PAGE) == HOSTS_VALUE, 1);
	expect("the VM's page is zero", read(VMS_PAGE), 0);
	for (u64 at = RAM_START; at < RAM_END; at += PAGE) {
		if (aborts_on_load(at))
			continue;
		pages++;
		for (u64 i = 0; i < PAGE; i += 64)
			found += read(at + i) == VMS_VALUE;
	}
	expect("words of the VM in all of RAM", found, 0);
	print("PSCI %l pages read\n", pages);
	test_lost_cpus();
	print(failures == 0 ? "PSCI done\n" : "PSCI FAILED\n");
	power_off();
}

void host_main(const void *fdt)
{
	(void)fdt;
	for (u64 i = 0; i < MAX_CPUS; i++)
		cpus[i].index = i;
	if (read(MARKER) == MARKER_VALUE)
		after_reset();
	test_features();
	test_cpus();
	test_suspend();
	test_accesses();
	make_vm();
	if (failures != 0) {
		print("PSCI FAILED\n");
		power_off();
	}
	write(HOSTS_PAGE, HOSTS_VALUE);
	write(MARKER, MARKER_VALUE);
	/* CPU 1 keeps the core busy meanwhile. */
	keep_calling = 1;
	cpu_on(1);
	wait_for(&secondary_seen, 4);
	smc(PSCI_SYSTEM_RESET, 0, 0, 0);
	print("PSCI FAIL SYSTEM_RESET came back\n");
	power_off();
}

void host_secondary(u64 index)
{
	(void)index;
	secondary_seen++;
	while (keep_calling)
		hvc(CALL(SET_RAM), 1, random64(), 1);
	smc(PSCI_CPU_OFF, 0, 0, 0);
	print("PSCI FAIL CPU_OFF came back\n");
}
