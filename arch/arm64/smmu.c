/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One SMMUv3 with stage 2, a linear stream table, and the event queue polled. The core
 * owns its tables and queues; they are in the image and so in nobody's map. Numbers in
 * comments are sections of IHI 0070.
 */
#include "smmu.h"

#include "console.h"
#include "core/machine.h"
#include "core/table.h"
#include "corevisor/limits.h"
#include "io.h"
#include "mmu.h"
#include "spin.h"
#include "sysreg.h"

/* Registers: 6.3. */
#define IDR0 0x00U
#define IDR0_S2P (1U << 0)
#define IDR0_TTF_AARCH64 (1U << 3)
#define IDR0_COHACC (1U << 4)
#define IDR1 0x04U
#define IDR1_SIDSIZE 0x3fU
#define IDR1_PRESET (3U << 29) /* TABLES_PRESET, QUEUES_PRESET: their places are fixed */
#define IDR5 0x14U
#define IDR5_OAS 0x7U
#define IDR5_OAS_44 4U
#define IDR5_GRAN4K (1U << 4)
#define CR0 0x20U
#define CR0ACK 0x24U
#define CR0_SMMUEN (1U << 0)
#define CR0_EVENTQEN (1U << 2)
#define CR0_CMDQEN (1U << 3)
#define CR1 0x28U
#define CR1_WRITE_BACK 0xd75U /* tables and queues: inner shareable, write-back */
#define CR2 0x2cU
#define CR2_RECINVSID (1U << 1) /* record transactions of unknown streams */
#define CR2_PTM (1U << 2) /* what CPUs invalidate is no matter of ours */
#define GBPA 0x44U
#define GBPA_ABORT (1U << 20)
#define GBPA_UPDATE (1U << 31)
#define IRQ_CTRL 0x50U
#define GERROR 0x60U
#define GERRORN 0x64U
#define GERROR_CMDQ_ERR (1U << 0)
#define STRTAB_BASE 0x80U
#define STRTAB_BASE_CFG 0x88U
#define CMDQ_BASE 0x90U
#define CMDQ_PROD 0x98U
#define CMDQ_CONS 0x9cU
#define EVENTQ_BASE 0xa0U
#define EVENTQ_PROD 0x100a8U
#define EVENTQ_CONS 0x100acU
#define BASE_ALLOCATE (1ULL << 62) /* read-, write-allocate hint */
#define REGISTERS_SIZE 0x20000ULL

/* Commands: 4. */
#define CMD_CFGI_STE 0x03ULL
#define CMD_CFGI_ALL 0x04ULL /* CFGI_STE_RANGE of everything */
#define CMD_TLBI_S12_VMALL 0x28ULL
#define CMD_TLBI_S2_IPA 0x2aULL
#define CMD_TLBI_NSNH_ALL 0x30ULL
#define CMD_SYNC 0x46ULL

/* Stream table entry: 5.2. Word 0: V, Config = abort, or stage 2 only. */
#define STE_ABORT 0x1ULL
#define STE_S2 (0x1ULL | (6ULL << 1))
#define STE_SHCFG_INCOMING (1ULL << 44) /* word 1 */
/* Word 2: S2T0SZ and on; walks write-back, inner shareable, 4 KB; faults recorded. */
#define STE_S2T0SZ(ipa_bits) ((u64)(64U - (ipa_bits)) << 32)
#define STE_S2SL0_LEVEL0 (2ULL << 38)
#define STE_S2_WALK ((1ULL << 40) | (1ULL << 42) | (3ULL << 44))
#define STE_S2PS(oas) ((u64)(oas) << 48)
#define STE_S2AA64 (1ULL << 51)
#define STE_S2PTW (1ULL << 54) /* no table walks through device memory */
#define STE_S2R (1ULL << 58)

#define LOG2_STREAMS 10U
_Static_assert(1U << LOG2_STREAMS == CV_MAX_STREAMS, "the stream table has LOG2_STREAMS");
#define LOG2_CMDS 7U
#define LOG2_EVENTS 7U
/* More frames than this are invalidated by throwing the whole context out. */
#define INVALIDATE_ALL_FRAMES 32U
/* Events are looked for no more often than this, and this many are reported a second. */
#define POLLS_A_SECOND 100U
#define REPORTS_A_SECOND 20U
/* A command that takes longer than this many seconds will not be done. */
#define TIMEOUT_SECONDS 2U

struct ste {
	u64 word[8];
};

struct command {
	u64 word[2];
};

struct event {
	u64 word[4];
};

static struct ste streams[1U << LOG2_STREAMS] __attribute__((aligned(65536)));
static struct command commands[1U << LOG2_CMDS] __attribute__((aligned(4096)));
static struct event events[1U << LOG2_EVENTS] __attribute__((aligned(4096)));

/*
 * Walks begin at level 0, in a table a context that points to the core's level 1 tables. (QEMU's SMMU
 * walks concatenated tables wrongly: it always takes the first. With 44 bits of output
 * address level 0 is allowed.)
 */
static struct table roots[CV_MAX_DMA_CONTEXTS + 1] __attribute__((aligned(4096)));

/*
 * The default context with the doorbell: a copy of the core's first level 1 table, and for
 * the doorbell's GB two tables of ours. See smmu_set_doorbell().
 */
static struct table door_level1 __attribute__((aligned(4096)));
static struct table door_level2 __attribute__((aligned(4096)));
static struct table door_level3 __attribute__((aligned(4096)));

/* lock: the command queue and `on`. Boot writes the rest. */
static struct {
	struct spin lock;
	struct spin event_lock; /* the event queue, smmu_next_poll and on */
	u64 base; /* 0: there is none */
	u64 doorbell; /* 0: none */
	u32 nr_streams;
	u32 oas;
	u32 prod; /* index and wrap bit, as in CMDQ_PROD */
	bool on;
	u64 second; /* in which `reports` events have been reported */
	u32 reports;
	struct event last; /* reported */
} smmu;

u64 smmu_next_poll = ~0ULL;

static u64 ticks_a_second(void)
{
	return sysreg_read(cntfrq_el0);
}

/* Wait until (register & mask) == value. Returns false if it never is. */
static bool wait_for(u32 offset, u32 mask, u32 value)
{
	u64 start = machine_counter();

	while ((io_read32(smmu.base + offset) & mask) != value) {
		if (machine_counter() - start > TIMEOUT_SECONDS * ticks_a_second())
			return false;
		machine_relax();
	}
	return true;
}

/* Transactions while SMMUEN is clear are aborted (6.3.15). */
static bool abort_all(void)
{
	if (!wait_for(GBPA, GBPA_UPDATE, 0))
		return false;
	io_write32(smmu.base + GBPA, GBPA_UPDATE | GBPA_ABORT);
	return wait_for(GBPA, GBPA_UPDATE | GBPA_ABORT, GBPA_ABORT);
}

static bool set_cr0(u32 value)
{
	io_write32(smmu.base + CR0, value);
	return wait_for(CR0ACK, CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN, value);
}

/* It does not do what it is told: nothing may pass it any more. */
static void give_up(void)
{
	log_line(LOG_FATAL, "SMMU: a command is not done (GERROR %x): all DMA is stopped",
		 (u64)io_read32(smmu.base + GERROR));
	smmu.on = false;
	set_cr0(0);
}

/* Add a command; lock held. The queue never fills: sync() is called often enough. */
static void command(u64 word0, u64 word1)
{
	struct command *c = &commands[smmu.prod & ((1U << LOG2_CMDS) - 1U)];

	c->word[0] = word0;
	c->word[1] = word1;
	smmu.prod = (smmu.prod + 1U) & ((2U << LOG2_CMDS) - 1U);
}

/*
 * Have the commands done: CMD_SYNC is consumed once all before it are complete,
 * transactions that used what was invalidated included (4.6.3, 3.21.1).
 */
static void sync(void)
{
	command(CMD_SYNC, 0);
	dsb_sy();
	io_write32(smmu.base + CMDQ_PROD, smmu.prod);
	if (!wait_for(CMDQ_CONS, (2U << LOG2_CMDS) - 1U, smmu.prod))
		give_up();
	dsb_sy();
}

/* A context's VMID. Not 0, and below 256: IDR0.VMID16 may be 0. */
static u64 vmid_of(u32 map)
{
	return map - MAP_DMA(0) + 1U;
}

static u64 table_link(const struct table *table)
{
	return desc_table(image_to_pa(table) >> CV_PAGE_SHIFT);
}

/* A context's root; what it points to never changes. */
static u64 root_of(u32 map)
{
	struct table *root = &roots[map - MAP_DMA(0)];

	for (u32 i = 0; i < table_geometry.root_tables; i++)
		root->e[i] = desc_table(map_root_pfn(map) + i);
	if (map == MAP_DMA_DEFAULT && smmu.doorbell != 0)
		root->e[0] = table_link(&door_level1);
	return image_to_pa(root);
}

static const char *missing(void)
{
	u32 idr0 = io_read32(smmu.base + IDR0);
	u32 idr5 = io_read32(smmu.base + IDR5);

	if ((idr0 & IDR0_S2P) == 0)
		return "stage 2";
	if ((idr0 & IDR0_TTF_AARCH64) == 0 || (idr5 & IDR5_GRAN4K) == 0)
		return "tables as the CPUs have them";
	if ((idr0 & IDR0_COHACC) == 0)
		return "coherent table walks";
	if ((idr5 & IDR5_OAS) < IDR5_OAS_44)
		return "44 address bits";
	if ((io_read32(smmu.base + IDR1) & IDR1_PRESET) != 0)
		return "tables and queues in memory";
	return NULL;
}

static void set_registers(void)
{
	io_write32(smmu.base + IRQ_CTRL, 0);
	io_write32(smmu.base + CR1, CR1_WRITE_BACK);
	io_write32(smmu.base + CR2, CR2_RECINVSID | CR2_PTM);
	io_write64(smmu.base + STRTAB_BASE, image_to_pa(streams) | BASE_ALLOCATE);
	io_write32(smmu.base + STRTAB_BASE_CFG, LOG2_STREAMS); /* FMT 0: linear */
	io_write64(smmu.base + CMDQ_BASE, image_to_pa(commands) | BASE_ALLOCATE | LOG2_CMDS);
	io_write32(smmu.base + CMDQ_PROD, 0);
	io_write32(smmu.base + CMDQ_CONS, 0);
	io_write64(smmu.base + EVENTQ_BASE, image_to_pa(events) | BASE_ALLOCATE | LOG2_EVENTS);
	io_write32(smmu.base + EVENTQ_PROD, 0);
	io_write32(smmu.base + EVENTQ_CONS, 0);
}

const char *smmu_init(u64 pa, u64 size)
{
	const char *error;
	u32 sid_bits;

	if (size < REGISTERS_SIZE)
		return "two pages of registers";
	smmu.base = io_map(pa, REGISTERS_SIZE);
	if (smmu.base == 0)
		return "room in the core's map";
	error = missing();
	if (error == NULL && !(abort_all() && set_cr0(0)))
		error = "an answer to being turned off";
	if (error != NULL) {
		smmu.base = 0;
		return error;
	}
	for (u32 i = 0; i < (1U << LOG2_STREAMS); i++)
		streams[i].word[0] = STE_ABORT;
	set_registers();
	sid_bits = io_read32(smmu.base + IDR1) & IDR1_SIDSIZE;
	smmu.nr_streams = 1U << (sid_bits < LOG2_STREAMS ? sid_bits : LOG2_STREAMS);
	smmu.oas = io_read32(smmu.base + IDR5) & IDR5_OAS;
	if (smmu.oas > 5)
		smmu.oas = 5; /* 48 bits are all that tables of 4 KB pages say */
	smmu_next_poll = 0;
	return NULL;
}

void smmu_set_doorbell(u64 pa)
{
	u64 gfn = pa >> CV_PAGE_SHIFT;

	if (smmu.base == 0)
		return;
	smmu.doorbell = pa;
	door_level3.e[table_index(gfn, 3)] = desc_page(gfn, DESC_ATTR_DEVICE);
	door_level2.e[table_index(gfn, 2)] = table_link(&door_level3);
	door_level1.e[table_index(gfn, 1)] = table_link(&door_level2);
}

void smmu_table_written(u32 table, u32 index, u64 desc)
{
	if (table != MAP_DMA_DEFAULT * table_geometry.root_tables || smmu.doorbell == 0)
		return;
	/* The doorbell's GB has no RAM: the core never maps anything there. */
	if (smmu.doorbell >> 30 != index)
		*(volatile u64 *)&door_level1.e[index] = desc;
}

u32 smmu_streams(void)
{
	return smmu.nr_streams;
}

/* Make a stream's new entry the one in use; word 0 is in place. */
static void ste_changed(u32 stream)
{
	dsb_sy();
	if (!smmu.on)
		return;
	command(CMD_CFGI_STE | (u64)stream << 32, 1); /* leaf */
	sync();
}

void smmu_bind(u32 stream, u32 map)
{
	struct ste *ste = &streams[stream];

	spin_lock(&smmu.lock);
	ste->word[1] = STE_SHCFG_INCOMING;
	ste->word[2] = vmid_of(map) | STE_S2T0SZ(table_geometry.ipa_bits) | STE_S2SL0_LEVEL0 |
		       STE_S2_WALK | STE_S2PS(smmu.oas) | STE_S2AA64 | STE_S2PTW | STE_S2R;
	ste->word[3] = root_of(map);
	dsb_sy();
	__atomic_store_n(&ste->word[0], STE_S2, __ATOMIC_RELEASE);
	ste_changed(stream);
	spin_unlock(&smmu.lock);
}

void smmu_cut(u32 stream)
{
	spin_lock(&smmu.lock);
	__atomic_store_n(&streams[stream].word[0], STE_ABORT, __ATOMIC_RELEASE);
	ste_changed(stream);
	if (smmu.on) {
		/* Transactions under way are waited for with what they translated by. */
		command(CMD_TLBI_NSNH_ALL, 0);
		sync();
	}
	spin_unlock(&smmu.lock);
}

void smmu_invalidate(u32 map, u64 gfn, u64 frames)
{
	u64 vmid = vmid_of(map) << 32;

	spin_lock(&smmu.lock);
	if (smmu.on && (frames == 0 || frames > INVALIDATE_ALL_FRAMES)) {
		command(CMD_TLBI_S12_VMALL | vmid, 0);
		sync();
	} else if (smmu.on) {
		for (u64 i = 0; i < frames; i++)
			command(CMD_TLBI_S2_IPA | vmid, (gfn + i) << CV_PAGE_SHIFT);
		sync();
	}
	spin_unlock(&smmu.lock);
}

void smmu_enable(void)
{
	if (smmu.base == 0)
		return;
	dsb_sy();
	if (!set_cr0(CR0_CMDQEN)) {
		give_up();
		return;
	}
	smmu.on = true;
	command(CMD_CFGI_ALL, 31);
	command(CMD_TLBI_NSNH_ALL, 0);
	sync();
	if (smmu.on && !set_cr0(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN))
		give_up();
}

/* One line a stream and page, for a burst faults many times, and not too many a second. */
static bool may_report(const struct event *e, u64 now)
{
	const struct event *last = &smmu.last;
	u64 second = now / ticks_a_second();

	if (second != smmu.second) {
		smmu.second = second;
		smmu.reports = 0;
	}
	if (e->word[0] == last->word[0] && (e->word[2] ^ last->word[2]) < CV_PAGE_SIZE)
		return false;
	smmu.last = *e;
	return smmu.reports++ < REPORTS_A_SECOND;
}

/* Event records: 7.3. Type, stream; of faults, RnW and the input address. */
static void report(const struct event *e)
{
	log_line(LOG_INFO, "SMMU: event %x: stream %x, %s %x", e->word[0] & 0xff, e->word[0] >> 32,
		 (e->word[1] >> 35) & 1 ? "read" : "write", e->word[2]);
}

static void drain_events(u64 now)
{
	u32 mask = (2U << LOG2_EVENTS) - 1U;
	u32 cons = io_read32(smmu.base + EVENTQ_CONS) & mask;
	u32 prod = io_read32(smmu.base + EVENTQ_PROD);
	u32 gerror = io_read32(smmu.base + GERROR);

	for (; cons != (prod & mask); cons = (cons + 1U) & mask) {
		struct event e = events[cons & ((1U << LOG2_EVENTS) - 1U)];

		if (may_report(&e, now))
			report(&e);
	}
	/* The overflow flag is acknowledged by echoing it (3.5). */
	io_write32(smmu.base + EVENTQ_CONS, cons | (prod & (1U << 31)));
	/* Lost events are the only error that is to be expected; sync() looks for the other. */
	io_write32(smmu.base + GERRORN, gerror & ~GERROR_CMDQ_ERR);
}

void smmu_drain_events(void)
{
	u64 now = machine_counter();

	spin_lock(&smmu.event_lock);
	if (now >= smmu_next_poll) {
		smmu_next_poll = now + ticks_a_second() / POLLS_A_SECOND;
		drain_events(now);
	}
	spin_unlock(&smmu.event_lock);
}
