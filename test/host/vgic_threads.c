// SPDX-License-Identifier: BSD-3-Clause
/*
 * vCPUs, devices and a meddler in threads of their own. Each device raises its interrupt again
 * only when that was handled, and an SGI is handed on from vCPU to vCPU: one lost, or one kick, and
 * nothing moves any more. The meddler looks at registers and routes interrupts elsewhere all the
 * time, so that vCPUs are stopped for it.
 */
#include "test/host/vgic_sim.h"

#include <sched.h>
#include <unistd.h>

#define NR_VCPUS 4U
#define NR_DEVICES 3U
#define FIRST_SPI 40U
#define TOKEN_SGI 7U
/* Seconds after which what stands still is taken for stuck. */
#define STUCK 100U

static struct sim sim;
static u32 rounds;
static bool stop;
static u32 handled[NR_DEVICES];
static u32 token;

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define BUMP(x) __atomic_add_fetch(&(x), 1, __ATOMIC_SEQ_CST)

/* Even devices drive levels, odd ones edges. */
static void handle(struct sim_vcpu *s, u32 intid)
{
	u32 device = intid - FIRST_SPI;

	if (intid == TOKEN_SGI) {
		u32 next = (s->v.id + 1) % NR_VCPUS;

		sim_exit(s);
		if (BUMP(token) < rounds)
			vgic_sgi(&s->v, (u64)TOKEN_SGI << 24 | 1ULL << next);
		sim_enter(s);
	} else if (intid >= FIRST_SPI && device < NR_DEVICES) {
		sim_exit(s);
		if (device % 2 == 0)
			CHECK(vgic_inject(&sim.vm, -1, intid, false) == 0);
		sim_enter(s);
	} else {
		CHECK(!"an interrupt nobody raised");
	}
	CHECK(sim_eoi(s) == intid);
	if (intid != TOKEN_SGI)
		BUMP(handled[device]);
}

static void run_guest(struct sim_vcpu *s)
{
	u32 intid;

	sim_enter(s);
	while (!LOAD(s->kicked) && !sim_maintenance(s)) {
		intid = sim_ack(s);
		if (intid == 1023)
			break;
		handle(s, intid);
	}
	sim_exit(s);
}

static void *vcpu_thread(void *arg)
{
	struct sim_vcpu *s = arg;

	while (!LOAD(stop)) {
		run_guest(s);
		while (!LOAD(stop) && !LOAD(s->kicked) && !vgic_has_pending(&s->v))
			sched_yield();
	}
	return NULL;
}

static void *device_thread(void *arg)
{
	u32 device = (u32)(uintptr_t)arg;
	u32 i;

	for (i = 0; i < rounds; i++) {
		CHECK(vgic_inject(&sim.vm, -1, FIRST_SPI + device, true) == 0);
		while (LOAD(handled[device]) == i)
			sched_yield();
		/* An edge moved between vCPUs while taken is taken once. */
		CHECK(LOAD(handled[device]) == i + 1);
	}
	return NULL;
}

static void access_register(u64 addr, u32 size, bool write, u64 data)
{
	CHECK(vgic_mmio(&sim.vcpu[0].v, addr, size, write, &data));
}

static void *meddler_thread(void *arg)
{
	u32 i;

	(void)arg;
	for (i = 0; !LOAD(stop); i++) {
		u32 intid = FIRST_SPI + i % NR_DEVICES;

		access_register(DIST_BASE + GIC_ISACTIVER + 4, 4, false, 0);
		access_register(DIST_BASE + GICD_IROUTER + 8 * intid, 8, true, i / 5 % NR_VCPUS);
		access_register(DIST_BASE + GIC_ISPENDR + 4, 4, false, 0);
		access_register(DIST_BASE + GIC_ICENABLER + 4, 4, true, 1U << intid % 32);
		access_register(DIST_BASE + GIC_ISENABLER + 4, 4, true, 1U << intid % 32);
		access_register(sim_redist(&sim.vcpu[i % NR_VCPUS]) + SGI_FRAME + GIC_ISPENDR, 4,
				false, 0);
		sched_yield();
	}
	return NULL;
}

static void run_all(void)
{
	pthread_t vcpu[NR_VCPUS], device[NR_DEVICES], meddler;
	u32 i;

	for (i = 0; i < NR_VCPUS; i++)
		CHECK(!pthread_create(&vcpu[i], NULL, vcpu_thread, &sim.vcpu[i]));
	for (i = 0; i < NR_DEVICES; i++)
		CHECK(!pthread_create(&device[i], NULL, device_thread, (void *)(uintptr_t)i));
	CHECK(!pthread_create(&meddler, NULL, meddler_thread, NULL));
	for (i = 0; i < NR_DEVICES; i++)
		pthread_join(device[i], NULL);
	while (LOAD(token) < rounds)
		sched_yield();
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	pthread_join(meddler, NULL);
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(vcpu[i], NULL);
}

void test_threads(u32 nr_rounds)
{
	u32 i;

	rounds = nr_rounds;
	snprintf(sim_where, sizeof(sim_where), "threads");
	sim_create(&sim, NR_VCPUS);
	/* Odd devices are edges. */
	for (i = 1; i < NR_DEVICES; i += 2)
		access_register(DIST_BASE + GIC_ICFGR + (FIRST_SPI + i) / 16 * 4, 4, true,
				2ULL << 2 * ((FIRST_SPI + i) % 16));
	alarm(STUCK);
	vgic_sgi(&sim.vcpu[0].v, (u64)TOKEN_SGI << 24 | 2);
	run_all();
	alarm(0);
	CHECK(token == rounds);
	sim_destroy(&sim);
	printf("threads: %u rounds of %u devices and an SGI\n", rounds, NR_DEVICES);
}
