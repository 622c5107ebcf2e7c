/* SPDX-License-Identifier: BSD-3-Clause */
#include "firmware.h"

#include "console.h"
#include "mmu.h"
#include "shutdown.h"
#include "sysreg.h"

/* Function ids: DEN0022 5.1; the 64-bit form has bit 30 set. */
#define SMC64 0x40000000U
#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND 0x84000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON 0x84000003U
#define PSCI_AFFINITY_INFO 0x84000004U
#define PSCI_MIGRATE 0x84000005U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_MIGRATE_INFO_UP_CPU 0x84000007U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_FEATURES 0x8400000aU
#define PSCI_SYSTEM_RESET2 0x84000012U

#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)

#define PSCI_VERSION_1_0 0x10000U

/* SMCCC: DEN0028 7. */
#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffU
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffU
#define SMCCC_VERSION_1_1 0x10001U

#define TRNG_VERSION 0x84000050U
#define TRNG_RND32 0x84000053U

extern char secondary_entry[];

static u32 version;
/* SMCCC version of the firmware; 0: only PSCI calls may be made (facts: else UNDEFINED). */
static u32 smccc;

struct smc_result {
	u64 x[4];
};

/* One call to the firmware. SMCCC 1.0 lets it change X0 to X17 (DEN0028 2.5). */
static struct smc_result smc(u64 id, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = id;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (struct smc_result){{x0, x1, x2, x3}};
}

static bool is_error(u64 x0)
{
	return (int32_t)x0 < 0;
}

u32 firmware_init(void)
{
	u64 v = smc(PSCI_VERSION, 0, 0, 0).x[0];

	version = is_error(v) ? 0 : (u32)v;
	if (version >= PSCI_VERSION_1_0 && !is_error(smc(PSCI_FEATURES, SMCCC_VERSION, 0, 0).x[0]))
		smccc = (u32)smc(SMCCC_VERSION, 0, 0, 0).x[0];
	return version;
}

static struct percpu *find_cpu(u64 mpidr)
{
	for (u32 i = 0; i < nr_cpus; i++) {
		if (percpu[i].mpidr == mpidr)
			return &percpu[i];
	}
	return NULL;
}

static s64 cpu_on(u64 mpidr, u64 entry, u64 context)
{
	struct percpu *cpu = find_cpu(mpidr);
	u32 was = POWER_OFF;
	u64 result;

	if (cpu == NULL)
		return PSCI_INVALID_PARAMETERS;
	/* Whoever moves it away from OFF owns entry and context. */
	if (!__atomic_compare_exchange_n(&cpu->power, &was, POWER_ON_PENDING, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return was == POWER_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING;
	cpu->entry = entry;
	cpu->context = context;
	dsb_sy();
	result = smc(PSCI_CPU_ON | SMC64, mpidr, image_to_pa(secondary_entry), cpu->index).x[0];
	was = POWER_ON_PENDING;
	/* If it is ON by now, its CPU_OFF was refused. */
	if (is_error(result))
		__atomic_compare_exchange_n(&cpu->power, &was, POWER_OFF, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE);
	return (int32_t)result;
}

/* Returns only if the firmware refuses. */
static s64 cpu_off(void)
{
	struct percpu *cpu = this_cpu();
	u64 result;

	__atomic_store_n(&cpu->power, POWER_OFF, __ATOMIC_RELEASE);
	result = smc(PSCI_CPU_OFF, 0, 0, 0).x[0];
	__atomic_store_n(&cpu->power, POWER_ON, __ATOMIC_RELEASE);
	return (int32_t)result;
}

/* A suspend that loses state comes back through secondary_entry; another returns. */
static s64 cpu_suspend(u64 state, u64 entry, u64 context)
{
	struct percpu *cpu = this_cpu();

	cpu->entry = entry;
	cpu->context = context;
	return (int32_t)smc(PSCI_CPU_SUSPEND | SMC64, state, image_to_pa(secondary_entry),
			    cpu->index)
		.x[0];
}

static s64 features(u32 id)
{
	s64 result;

	switch (id & ~SMC64) {
	case SMCCC_VERSION:
	case PSCI_FEATURES:
		return version >= PSCI_VERSION_1_0 ? 0 : PSCI_NOT_SUPPORTED;
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_AFFINITY_INFO:
	case PSCI_MIGRATE:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_MIGRATE_INFO_UP_CPU:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
		if (version < PSCI_VERSION_1_0)
			return PSCI_NOT_SUPPORTED;
		result = (int32_t)smc(PSCI_FEATURES, id, 0, 0).x[0];
		/* SET_SUSPEND_MODE is not offered: no OS-initiated mode (5.1.2). */
		if ((id & ~SMC64) == PSCI_CPU_SUSPEND && result > 0)
			result &= ~1LL;
		return result;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

/* The end of all VMs, then of this session. Returns only if the firmware has no such call. */
static s64 system_end(u32 id, u64 reset_type, u64 cookie)
{
	if ((id & ~SMC64) == PSCI_SYSTEM_RESET2) {
		if (features(id) < 0)
			return PSCI_NOT_SUPPORTED;
		/* SYSTEM_WARM_RESET only: others may leave parts of the machine running. */
		if ((u32)reset_type != 0)
			return PSCI_INVALID_PARAMETERS;
	}
	shutdown_vms();
	smc(id, reset_type, cookie, 0);
	log_line(LOG_FATAL, "the firmware refuses PSCI call %x; all VMs are gone", (u64)id);
	for (;;)
		__asm__ volatile("wfi");
}

/*
 * PSCI calls. Returns false if `id` is none that the core lets through. SYSTEM_SUSPEND is not:
 * the SMMU would wake up without its tables.
 */
static bool psci_call(u32 id, const struct regs *regs, s64 *result)
{
	/* SMC32 calls take 32-bit arguments (DEN0028 3.1). */
	u64 mask = id & SMC64 ? ~0ULL : 0xffffffffULL;
	u64 a1 = regs->x[1] & mask, a2 = regs->x[2] & mask, a3 = regs->x[3] & mask;

	switch (id) {
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
		*result = cpu_on(a1, a2, a3);
		return true;
	case PSCI_CPU_OFF:
		*result = cpu_off();
		return true;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMC64:
		*result = cpu_suspend(a1, a2, a3);
		return true;
	case PSCI_FEATURES:
		*result = features((u32)a1);
		return true;
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMC64:
		*result = system_end(id, a1, a2);
		return true;
	case PSCI_VERSION:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
	case PSCI_MIGRATE:
	case PSCI_MIGRATE | SMC64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_MIGRATE_INFO_UP_CPU:
	case PSCI_MIGRATE_INFO_UP_CPU | SMC64:
		*result = (int32_t)smc(id, a1, a2, a3).x[0];
		return true;
	default:
		return false;
	}
}

/* Calls beyond PSCI that the firmware may answer itself. */
static bool may_forward(u32 id)
{
	switch (id) {
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3:
		return smccc >= SMCCC_VERSION_1_1;
	default:
		return smccc >= SMCCC_VERSION_1_1 && (id & ~SMC64) >= TRNG_VERSION &&
		       (id & ~SMC64) <= TRNG_RND32;
	}
}

static s64 arch_features(u32 id)
{
	switch (id) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES:
		return 0;
	default:
		if (may_forward(id) && (id & ~SMC64) < TRNG_VERSION)
			return (int32_t)smc(SMCCC_ARCH_FEATURES, id, 0, 0).x[0];
		return PSCI_NOT_SUPPORTED;
	}
}

void firmware_host_smc(struct regs *regs)
{
	u32 id = (u32)regs->x[0];
	s64 result = PSCI_NOT_SUPPORTED;

	if (psci_call(id, regs, &result)) {
		regs->x[0] = (u64)result;
		return;
	}
	if (may_forward(id)) {
		struct smc_result r = smc(id, regs->x[1], regs->x[2], regs->x[3]);

		for (u32 i = 0; i < 4; i++)
			regs->x[i] = r.x[i];
		return;
	}
	if (id == SMCCC_VERSION)
		result = SMCCC_VERSION_1_1;
	else if (id == SMCCC_ARCH_FEATURES)
		result = arch_features((u32)regs->x[1]);
	else
		log_line(LOG_DEBUG, "SMC %x: not offered", (u64)id);
	regs->x[0] = (u64)result;
}
