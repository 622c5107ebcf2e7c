/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

/* The shape of the machine, and booting the core on it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/sim.h"
#include "arch/sim/tlb.h"
#include "core/crypto.h"
#include "core/init.h"
#include "core/machine.h"
#include "core/table.h"
#include "crypto/entropy.h"

#define IMAGE_FRAMES 512ULL
#define POOL_ALIGN 16ULL
#define MIN_RAM (16ULL << 20)

struct sim_machine sim;
struct table table_pool[CV_MAX_TABLES];

static u64 entropy_state = 1;

static void violation_default(const char *kind, const char *detail)
{
	fflush(stdout);
	fprintf(stderr, "VIOLATION %s: %s\n", kind, detail);
	exit(1);
}

void (*sim_on_violation)(const char *kind, const char *detail) = violation_default;

void sim_violation(const char *kind, const char *format, ...)
{
	char detail[512];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	sim_on_violation(kind, detail);
	abort();
}

u32 sim_pool_frames(const struct sim_config *config)
{
	u64 roots = config->ipa_bits < 44U ? 1ULL << (config->ipa_bits - 39U) : 1ULL;
	u64 frames = (config->ram >> CV_PAGE_SHIFT) / 128U + CV_NR_MAPS * roots + 1024U;

	if (config->tables != 0U)
		frames = config->tables;
	return (u32)(frames < CV_MAX_TABLES ? frames : CV_MAX_TABLES);
}

const char *sim_config_check(const struct sim_config *config)
{
	if (config->ram < MIN_RAM || config->ram % (4ULL << 20) != 0U)
		return "ram: a multiple of 4M, at least 16M";
	if ((config->ram >> CV_PAGE_SHIFT) + SIM_RAM_PFN + SIM_HOLE_FRAMES > CV_MAX_FRAMES)
		return "ram: at most 254G";
	if (config->cpus == 0U || config->cpus > CV_MAX_CPUS)
		return "cpus: 1 to 64";
	if (config->banks == 0U || config->banks > 2U)
		return "banks: 1 or 2";
	if (config->ipa_bits < 40U || config->ipa_bits > 48U)
		return "ipa_bits: 40 to 48";
	if (config->streams > CV_MAX_STREAMS)
		return "streams: at most 1024";
	if (config->store > SIM_MAX_STORE)
		return "store: at most 256";
	if (config->tables > CV_MAX_TABLES)
		return "tables: at most 131072";
	return NULL;
}

static void layout_banks(void)
{
	u64 frames = sim.config.ram >> CV_PAGE_SHIFT;
	u64 first = sim.config.banks == 2U ? frames / 2U : frames;

	sim.nr_banks = sim.config.banks;
	sim.bank[0].pfn = SIM_RAM_PFN;
	sim.bank[0].frames = first;
	sim.bank[1].pfn = SIM_RAM_PFN + first + SIM_HOLE_FRAMES;
	sim.bank[1].frames = frames - first;
	sim.bank[1].first = first;
	sim.top = SIM_RAM_PFN + first;
	if (sim.nr_banks == 2U)
		sim.top = sim.bank[1].pfn + sim.bank[1].frames;
}

static u64 align_up(u64 value, u64 to)
{
	return (value + to - 1U) / to * to;
}

static void layout_core(void)
{
	sim.image_pfn = SIM_RAM_PFN;
	sim.image_frames = IMAGE_FRAMES;
	sim.records_pfn = sim.image_pfn + sim.image_frames;
	sim.records_frames = align_up(sim.top * 8U, CV_PAGE_SIZE) / CV_PAGE_SIZE;
	sim.pool_pfn = align_up(sim.records_pfn + sim.records_frames, POOL_ALIGN);
	sim.pool_frames = sim_pool_frames(&sim.config);
	sim.free_pfn = align_up(sim.pool_pfn + sim.pool_frames, CV_BLOCK_FRAMES);
}

void sim_boot(const struct sim_config *config)
{
	struct core_config core = {.nr_kept = 1};
	int error;

	sim.config = *config;
	layout_banks();
	layout_core();
	if (sim.free_pfn + CV_BLOCK_FRAMES > sim.bank[0].pfn + sim.bank[0].frames) {
		fprintf(stderr, "cvsim: the core leaves nothing of so little RAM\n");
		exit(2);
	}
	for (u32 i = 0; i < sim.nr_banks; i++) {
		core.ram[i].pfn = sim.bank[i].pfn;
		core.ram[i].frames = sim.bank[i].frames;
	}
	core.nr_ram = sim.nr_banks;
	core.kept[0].pfn = sim.image_pfn;
	core.kept[0].frames = sim.pool_pfn + sim.pool_frames - sim.image_pfn;
	core.ipa_bits = sim.config.ipa_bits;
	core.pool_pfn = sim.pool_pfn;
	core.nr_tables = (u32)sim.pool_frames;
	memory_init();
	model_init();
	tlb_init();
	crypto_reseed();
	error = core_init(core);
	if (error != 0) {
		fprintf(stderr, "cvsim: the core does not boot on this machine (error %d)\n",
			error);
		exit(2);
	}
	sim.up = true;
}

enum machine_device machine_device(u64 pfn)
{
	if (pfn - SIM_DEV_HOST_PFN < SIM_DEV_FRAMES)
		return MACHINE_DEVICE_HOST;
	if (pfn - SIM_DEV_VM_PFN < SIM_DEV_FRAMES)
		return MACHINE_DEVICE_ASSIGNABLE;
	return MACHINE_DEVICE_NONE;
}

u64 machine_counter(void)
{
	static u64 counter;

	return __atomic_add_fetch(&counter, 1U, __ATOMIC_RELAXED);
}

/* The same in every run: what the simulator does must be repeatable. */
void crypto_entropy(void *out, u32 size)
{
	u8 *bytes = out;

	for (u32 i = 0; i < size; i++) {
		entropy_state = entropy_state * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (u8)(entropy_state >> 56);
	}
}

void crypto_platform_key(u8 key[CRYPTO_KEY_SIZE])
{
	for (u32 i = 0; i < CRYPTO_KEY_SIZE; i++)
		key[i] = (u8)(i * 7U + 1U);
}
