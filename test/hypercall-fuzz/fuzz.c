/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every hypercall with random arguments, from all CPUs at once, mixed with a VM's
 * life from registering to destroying so that calls meet VMs in every state, and with loads and
 * stores of what may or may not be the host's. Every `check` calls all CPUs stop and the
 * core of a debug build checks its invariants (arch/arm64/debug.h). Options on the command
 * line: calls=N seed=N check=N cpus=N.
 */
#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/limits.h"
#include "corevisor/run.h"
#include "corevisor/state.h"
#include "host.h"

/* The check call of a debug build. */
#define DEBUG_CHECK 0xc6003000ULL

#define POOL_FRAMES (POOL_BLOCKS * CV_BLOCK_FRAMES)
/* Frames most calls play with; the last block of the pool is for DONATE_BLOCK. */
#define SMALL_FRAMES 96U
/* VM ids in play, and DMA contexts. */
#define NR_RECENT 6U
#define NR_CONTEXTS 6U
/* Guest RAM of a VM: 8 MB at 1 GB. */
#define GUEST_GFN 0x40000ULL
#define GUEST_FRAMES 2048ULL
#define SNAPSHOT_PAGES 32U
/* Steps of a life until its VM has run enough. */
#define RUN_STEPS 60U
/* 100 us. */
#define RUN_TICKS 100000U

/* Exits of vCPUs by reason; 0: other ones. */
#define NR_EXITS 8U
static u64 exits[MAX_CPUS][NR_EXITS];

/* What an argument means, which says how to make one up. */
enum kind {
	NONE,
	VM,
	VCPU,
	GFN,
	PFN,
	BLOCK_PFN,
	COUNT,
	ADDRESS,
	SIZE,
	REGION,
	CTX,
	IOVA,
	PA,
	STREAM,
	OWNER,
	PART,
	TAG
};

struct call {
	char name[16];
	u8 kinds[5];
};

#define NAMED(name, offset, args, values) [offset] = {#name, {KINDS_##name}},
#define KINDS_INFO NONE
#define KINDS_REGISTER_VM NONE
#define KINDS_SET_RAM VM, GFN, COUNT
#define KINDS_SET_ENTRY VM, ADDRESS, TAG
#define KINDS_REGISTER_VCPU VM, VCPU, PFN
#define KINDS_SET_BOOT_INFO VM, ADDRESS, SIZE
#define KINDS_REMAP_VM_IMAGE VM, PFN, REGION
#define KINDS_SET_MANIFEST VM, PFN
#define KINDS_VERIFY_VM VM
#define KINDS_DONATE VM, GFN, PFN
#define KINDS_DONATE_BLOCK VM, GFN, BLOCK_PFN
#define KINDS_MAP_IO VM, ADDRESS, PA
#define KINDS_VCPU_RUN VM, VCPU
#define KINDS_POWEROFF_VM VM
#define KINDS_RECLAIM VM, PFN
#define KINDS_DESTROY_VM VM
#define KINDS_DMA_ALLOC CTX, OWNER
#define KINDS_DMA_ASSIGN CTX, PFN, GFN
#define KINDS_DMA_MAP CTX, IOVA, PA
#define KINDS_DMA_UNMAP CTX, IOVA
#define KINDS_DMA_LOOKUP CTX, IOVA
#define KINDS_DMA_FREE CTX
#define KINDS_DMA_ATTACH CTX, STREAM
#define KINDS_DMA_DETACH CTX, STREAM
#define KINDS_SAVE_BEGIN VM, PFN
#define KINDS_SAVE_PAGE VM, PFN, PFN
#define KINDS_SAVE_VCPU VM, VCPU, PFN
#define KINDS_SAVE_END VM, PFN
#define KINDS_LOAD_BEGIN VM, PFN
#define KINDS_LOAD_PAGE VM, PFN, GFN, TAG, TAG
#define KINDS_LOAD_VCPU VM, VCPU, PFN
#define KINDS_LOAD_END VM, PFN
#define KINDS_VM_INFO VM
#define KINDS_VM_MEASUREMENT VM, PART
#define KINDS_VCPU_INFO VM, VCPU

static const struct call calls[] = {CV_HOST_CALLS(NAMED)};
/* The enum of hypercall.h is negative here: SMCCC ids have bit 31 set. */
#define OFFSET(name, offset, args, values) CALL_##name = (offset),
enum { CV_HOST_CALLS(OFFSET) };
#define HOST(name) (CV_HOST_CALL_BASE + (u64)CALL_##name)
#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

extern const u64 guest_code[], guest_code_end[];

/* Results of one call, the last element: of ids that are none. */
struct count {
	u64 ok;
	u64 refused;
};
static struct count counts[MAX_CPUS][NR_CALLS + 1];
static u64 touches[MAX_CPUS], aborts[MAX_CPUS];

/* Frames of the pool that are one CPU's lives' by agreement; others may take them all the same. */
#define OWN_FRAMES 128U
/* The first of those that a snapshot goes to. */
#define OWN_SNAPSHOT 64U

/* A page of the snapshot a life has taken. */
struct saved {
	u64 gfn;
	u64 tag[2];
};

/* One CPU's VM on its way through life. */
struct life {
	u64 vm;
	u64 step;
	u64 saved_pages;
	struct saved saved[SNAPSHOT_PAGES];
	u64 gfns[OWN_SNAPSHOT]; /* where the VM has which frame of own_pfn(); 0: it has not */
	bool loading; /* this life begins from the snapshot of the last */
	bool has_snapshot;
};
static struct life lives[MAX_CPUS];

/* Shared by CPUs without a lock: a value that is old is as good as any. */
static volatile u64 recent[NR_RECENT];
/* An IOVA that was mapped in each context. */
static volatile u64 mapped[CV_MAX_DMA_CONTEXTS];

static u64 nr_cpus, total, check_every, pool_pfn;
/* Stop, check, go: CPU 0 counts rounds; each CPU says which it has come to. */
static volatile u64 round_wanted, round_done;
static volatile u64 round_seen[MAX_CPUS];
static volatile u64 finished[MAX_CPUS];
static bool failed;

static u64 hypercall(u64 id, u64 x[8])
{
	u64 me = this_cpu()->index;
	u64 index = id - CV_HOST_CALL_BASE;
	struct count *count = &counts[me][index < NR_CALLS ? index : NR_CALLS];

	x[0] = id;
	/* What ends a vCPU's run if nothing else does. */
	if (index == CALL_VCPU_RUN)
		timer_start(RUN_TICKS);
	do_hvc(x);
	if (index == CALL_VCPU_RUN)
		timer_stop();
	if ((int64_t)x[0] >= 0)
		count->ok++;
	else
		count->refused++;
	return x[0];
}

static u64 call3(u64 id, u64 a1, u64 a2, u64 a3)
{
	u64 x[8] = {0, a1, a2, a3};

	return hypercall(id, x);
}

/* One of many in a row, which are not counted. */
static u64 bulk_call(u64 id, u64 a1, u64 a2)
{
	u64 x[8] = {id, a1, a2};

	do_hvc(x);
	return x[0];
}

/* ---- random arguments */

/* Numbers at which things change. */
static u64 edge(void)
{
	switch (random_below(8)) {
	case 0:
		return random64();
	case 1:
		return 1ULL << random_below(64);
	case 2:
		return (1ULL << random_below(64)) - 1;
	case 3:
		return ~0ULL - random_below(4);
	case 4:
		return CV_MAX_FRAMES - 1 + random_below(3);
	case 5:
		return (1ULL << 28) - 1 + random_below(3);
	default:
		return random_below(300);
	}
}

static u64 some_pfn(void)
{
	switch (random_below(32)) {
	case 0: /* the core's image */
		return 0x40200 + random_below(64);
	case 1: /* a device: fw_cfg, UART, GIC, SMMU */
		return 0x8000 + random_below(0x1100);
	case 2:
		return 0x40000 + random_below(0x10000);
	case 3:
	case 4:
		return pool_pfn + random_below(POOL_FRAMES);
	default:
		return pool_pfn + random_below(SMALL_FRAMES);
	}
}

static u64 some_gfn(void)
{
	return GUEST_GFN + random_below(random_below(4) == 0 ? GUEST_FRAMES + 8 : 48);
}

static u64 make_argument(u8 kind)
{
	if (random_below(16) == 0)
		return edge();
	switch (kind) {
	case VM:
		return recent[random_below(NR_RECENT)];
	case OWNER:
		return random_below(2) == 0 ? CV_HOSTVISOR : recent[random_below(NR_RECENT)];
	case VCPU:
		return random_below(4);
	case GFN:
		return some_gfn();
	case PFN:
		return some_pfn();
	case BLOCK_PFN:
		return pool_pfn + CV_BLOCK_FRAMES * random_below(POOL_BLOCKS);
	case COUNT:
		return 1 + random_below(GUEST_FRAMES);
	case ADDRESS:
		return some_gfn() * PAGE;
	case SIZE:
		return random_below(5 * PAGE);
	case REGION:
	case PART:
		return random_below(3);
	case CTX:
		return random_below(NR_CONTEXTS);
	case IOVA:
		return (some_pfn() + (random_below(4) == 0 ? 0 : CV_SMMU_HOST_OFFSET)) * PAGE;
	case PA:
		return some_pfn() * PAGE;
	case STREAM:
		return random_below(12);
	default:
		return random64();
	}
}

static void remember(u64 vm)
{
	recent[random_below(NR_RECENT)] = vm;
}

static void random_call(void)
{
	u64 index = random_below(NR_CALLS + 1), x[8], ctx, iova;

	for (u32 i = 0; i < 8; i++)
		x[i] = random64();
	if (index == NR_CALLS) {
		hypercall(random_below(2) == 0 ? edge() : CV_HOST_CALL_BASE + edge(), x);
		return;
	}
	/* Ends of lives are rare, so that others have something to work on. */
	if ((index == CALL_POWEROFF_VM || index == CALL_REGISTER_VM || index == CALL_DMA_FREE) &&
	    random_below(8) != 0)
		return;
	for (u32 i = 0; i < 5; i++)
		x[i + 1] = make_argument(calls[index].kinds[i]);
	/* Two that must agree would seldom do so by chance. */
	if (index == CALL_DMA_MAP && random_below(4) != 0)
		x[3] = x[2] - CV_SMMU_HOST_OFFSET * PAGE;
	if ((index == CALL_DMA_UNMAP || index == CALL_DMA_LOOKUP) && x[1] < NR_CONTEXTS &&
	    random_below(2) == 0)
		x[2] = mapped[x[1]];
	iova = x[2];
	ctx = x[1];
	if (hypercall(CV_HOST_CALL_BASE + index, x) != CV_OK)
		return;
	if (index == CALL_REGISTER_VM)
		remember(x[1]);
	if (index == CALL_DMA_MAP)
		mapped[ctx] = iova;
}

/* A load or store; the core's own memory must abort. */
static void touch(void)
{
	u64 address = some_pfn() * PAGE + 8 * random_below(512);
	bool core = address >= 0x40200000 && address < 0x40300000;
	bool aborted;

	/* Devices of the host do as they like when touched. */
	if (address < 0x40000000)
		return;
	/* The host's own image is in between. */
	if (address >= 0x40300000 && address - (u64)pool >= sizeof(pool))
		return;
	aborted = random_below(2) == 0 ? aborts_on_load(address)
				       : aborts_on_store(address, random64());
	touches[this_cpu()->index]++;
	aborts[this_cpu()->index] += aborted;
	if (core && !aborted) {
		print("FUZZ the host reached the core at %x\n", address);
		failed = true;
	}
}

/* ---- a VM's life */

/* VMs' code (start.S), for the first page of their images. */
static void write_guest(u64 pfn)
{
	for (const u64 *p = guest_code; p < guest_code_end; p++)
		guarded_store(pfn * PAGE + (u64)(p - guest_code) * 8, *p);
}

static u64 own_pfn(u64 n)
{
	return pool_pfn + SMALL_FRAMES + this_cpu()->index * OWN_FRAMES + n;
}

static u64 frames_of(u64 vm)
{
	u64 x[8] = {HOST(VM_INFO), vm};

	do_hvc(x);
	return x[2];
}

static void life_end(struct life *life)
{
	call3(HOST(POWEROFF_VM), life->vm, 0, 0);
	bulk_call(HOST(DMA_FREE), this_cpu()->index % NR_CONTEXTS, 0);
	for (u64 n = 0; n < POOL_FRAMES; n++) {
		/* Most VMs have frames of the first hundreds only. */
		if (n % 64 == 0 && frames_of(life->vm) == 0)
			break;
		bulk_call(HOST(RECLAIM), life->vm, pool_pfn + n);
	}
	call3(HOST(DESTROY_VM), life->vm, 0, 0);
	life->vm = 0;
	life->step = 0;
	memset(life->gfns, 0, sizeof(life->gfns));
}

static void life_load(struct life *life)
{
	u64 n = life->step - 2;

	if (life->step == 1) {
		call3(HOST(LOAD_BEGIN), life->vm, own_pfn(100), 0);
	} else if (n < life->saved_pages) {
		u64 x[8] = {0,
			    life->vm,
			    own_pfn(OWN_SNAPSHOT + n),
			    life->saved[n].gfn,
			    life->saved[n].tag[0],
			    life->saved[n].tag[1]};

		hypercall(HOST(LOAD_PAGE), x);
	} else if (n == life->saved_pages) {
		call3(HOST(REGISTER_VCPU), life->vm, 0, own_pfn(43));
		call3(HOST(LOAD_VCPU), life->vm, 0, own_pfn(101));
	} else {
		call3(HOST(LOAD_END), life->vm, own_pfn(102), 0);
		life->loading = false;
		life->has_snapshot = false;
		life->step = RUN_STEPS - 4;
	}
}

static void save_page(struct life *life, u64 pfn)
{
	u64 x[8] = {0, life->vm, pfn, own_pfn(OWN_SNAPSHOT + life->saved_pages)};

	if (hypercall(HOST(SAVE_PAGE), x) != CV_OK)
		return;
	life->saved[life->saved_pages] = (struct saved){x[1], {x[2], x[3]}};
	life->saved_pages++;
}

static void life_save(struct life *life)
{
	call3(HOST(POWEROFF_VM), life->vm, 0, 0);
	life->saved_pages = 0;
	life->has_snapshot = false;
	if (call3(HOST(SAVE_BEGIN), life->vm, own_pfn(100), 0) != CV_OK)
		return;
	for (u64 gfn = GUEST_GFN; gfn < GUEST_GFN + GUEST_FRAMES; gfn++) {
		u64 n = 0;

		while (n < OWN_SNAPSHOT && life->gfns[n] != gfn)
			n++;
		if (n < OWN_SNAPSHOT && life->saved_pages < SNAPSHOT_PAGES)
			save_page(life, own_pfn(n));
	}
	call3(HOST(SAVE_VCPU), life->vm, 0, own_pfn(101));
	life->has_snapshot = call3(HOST(SAVE_END), life->vm, own_pfn(102), 0) == CV_OK;
}

static void donate(struct life *life, u64 gfn, u64 n)
{
	if (call3(HOST(DONATE), life->vm, gfn, own_pfn(n)) == CV_OK)
		life->gfns[n] = gfn;
}

/* The way from REGISTER_VM to a VM that runs. */
static void life_boot(struct life *life)
{
	u64 vm = life->vm;

	switch (life->step) {
	case 1:
		call3(HOST(SET_RAM), vm, GUEST_GFN, GUEST_FRAMES);
		break;
	case 2:
		call3(HOST(SET_BOOT_INFO), vm, GUEST_GFN * PAGE, 2 * PAGE);
		break;
	case 3:
		write_guest(own_pfn(47));
		/* fall through */
	case 4:
		call3(HOST(REMAP_VM_IMAGE), vm, own_pfn(44 + life->step), 0);
		life->gfns[44 + life->step] = GUEST_GFN + life->step - 3;
		break;
	case 5:
		call3(HOST(SET_ENTRY), vm, GUEST_GFN * PAGE, 0);
		break;
	case 6:
		call3(HOST(REGISTER_VCPU), vm, 0, own_pfn(43));
		break;
	case 7:
		call3(HOST(DMA_ALLOC), this_cpu()->index % NR_CONTEXTS, vm, 0);
		call3(HOST(DMA_ASSIGN), this_cpu()->index % NR_CONTEXTS, own_pfn(50),
		      GUEST_GFN + 8);
		life->gfns[50] = GUEST_GFN + 8;
		break;
	case 8:
	case 9:
	case 10:
		call3(HOST(VERIFY_VM), vm, 0, 0);
		break;
	case 11:
		/* With a block in it a snapshot is too long. */
		if (random_below(2) == 0)
			call3(HOST(DONATE_BLOCK), vm, GUEST_GFN + 512,
			      pool_pfn + 512 * (1 + random_below(2)));
		break;
	default:
		donate(life, GUEST_GFN + life->step, 40 + life->step);
		break;
	}
}

/* Run it once, and give it the frame it asks for. */
static void life_run(struct life *life)
{
	u64 run = own_pfn(43) * PAGE, reason;

	if (call3(HOST(VCPU_RUN), life->vm, 0, 0) != CV_OK)
		return;
	reason = guarded_load(run + CV_RUN_EXIT);
	exits[this_cpu()->index][reason < NR_EXITS ? reason : 0]++;
	if (reason == CV_EXIT_MEMORY)
		donate(life, guarded_load(run + CV_RUN_ARG0), random_below(40));
}

static void life_step(struct life *life)
{
	if (life->vm == 0) {
		u64 x[8] = {0};

		if (hypercall(HOST(REGISTER_VM), x) != CV_OK)
			return;
		life->vm = x[1];
		life->loading = life->has_snapshot && random_below(2) == 0;
		remember(life->vm);
	} else if (life->loading) {
		life_load(life);
	} else if (life->step < 20) {
		life_boot(life);
	} else if (life->step < RUN_STEPS) {
		life_run(life);
	} else if (life->step == RUN_STEPS) {
		life_save(life);
	} else if (life->step < RUN_STEPS + 8) {
		call3(HOST(RECLAIM), life->vm, own_pfn(random_below(OWN_SNAPSHOT)), 0);
	} else {
		life_end(life);
		return;
	}
	life->step++;
}

/* ---- rounds */

/* The core checks everything; every other CPU waits outside. */
static void check_core(void)
{
	u64 x[8] = {DEBUG_CHECK};

	do_hvc(x);
	if (x[0] == 0)
		return;
	failed = true;
	if (x[0] == (u64)CV_NOT_SUPPORTED)
		print("FUZZ this core has no checker: it is not a debug build\n");
	else
		print("FUZZ violation: invariant %l map %l gfn %x pfn %x\n", x[0], x[1], x[2],
		      x[3]);
}

static bool others_at(u64 round)
{
	for (u64 i = 1; i < nr_cpus; i++) {
		if (round_seen[i] != round && !finished[i])
			return false;
	}
	return true;
}

static void run_round(void)
{
	round_wanted++;
	while (!others_at(round_wanted))
		relax();
	check_core();
	round_done = round_wanted;
}

static void join_round(u64 me)
{
	if (round_wanted == round_seen[me])
		return;
	round_seen[me] = round_wanted;
	while (round_done != round_seen[me])
		relax();
}

static u64 calls_made(u64 me)
{
	u64 sum = 0;

	for (u32 i = 0; i <= NR_CALLS; i++)
		sum += counts[me][i].ok + counts[me][i].refused;
	return sum;
}

static void work(u64 me)
{
	u64 next = check_every, quota = total / nr_cpus;

	timer_init();
	while (!failed && calls_made(me) < quota) {
		u64 what = random_below(16);

		if (what < 3)
			life_step(&lives[me]);
		else if (what < 6)
			touch();
		else
			random_call();
		if (me == 0 && calls_made(me) * nr_cpus >= next) {
			run_round();
			next += check_every;
		} else if (me != 0) {
			join_round(me);
		}
	}
	finished[me] = 1;
}

/* Everything back: then all of the pool must be the host's. */
static void clean_up(void)
{
	for (u64 vm = 1; vm <= CV_MAX_VMS; vm++)
		bulk_call(HOST(POWEROFF_VM), vm, 0);
	for (u64 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) {
		for (u64 s = 0; s < CV_MAX_STREAMS; s++) {
			if ((int64_t)bulk_call(HOST(DMA_DETACH), c, s) == CV_EPERM)
				break;
		}
		bulk_call(HOST(DMA_FREE), c, 0);
	}
	for (u64 vm = 1; vm <= CV_MAX_VMS; vm++) {
		u64 info[8] = {HOST(VM_INFO), vm};
		struct life life = {.vm = vm};

		do_hvc(info);
		if (info[1] != CV_VM_UNUSED)
			life_end(&life);
	}
	for (u64 n = 0; n < POOL_FRAMES; n++) {
		if (aborts_on_store((u64)pool + n * PAGE, 0)) {
			print("FUZZ frame %x did not come back\n", pool_pfn + n);
			failed = true;
		}
	}
}

static void report(void)
{
	u64 ok = 0, refused = 0;

	for (u32 i = 0; i <= NR_CALLS; i++) {
		struct count sum = {0};

		for (u32 cpu = 0; cpu < nr_cpus; cpu++) {
			struct count *c = &counts[cpu][i];

			sum.ok += c->ok;
			sum.refused += c->refused;
		}
		print("FUZZ call %s ok %l refused %l\n",
		      (u64)(i < NR_CALLS ? calls[i].name : "unknown"), sum.ok, sum.refused);
		ok += sum.ok;
		refused += sum.refused;
	}
	print("FUZZ total ok %l refused %l\n", ok, refused);
	for (u32 cpu = 1; cpu < nr_cpus; cpu++) {
		touches[0] += touches[cpu];
		aborts[0] += aborts[cpu];
	}
	print("FUZZ exits by reason (other, 1, 2, ...):");
	for (u32 i = 0; i < NR_EXITS; i++) {
		u64 sum = 0;

		for (u32 cpu = 0; cpu < nr_cpus; cpu++)
			sum += exits[cpu][i];
		print(" %l", sum);
	}
	print("\n");
	print("FUZZ touches %l aborted %l checks %l\n", touches[0], aborts[0], round_done);
}

void host_main(const void *fdt)
{
	u64 seed = option(fdt, "seed=", 1);

	nr_cpus = option(fdt, "cpus=", 1);
	total = option(fdt, "calls=", 100000);
	check_every = option(fdt, "check=", 10000);
	pool_pfn = (u64)pool / PAGE;
	print("FUZZ calls %l seed %l cpus %l check %l\n", total, seed, nr_cpus, check_every);
	for (u64 i = 0; i < nr_cpus; i++) {
		cpus[i].index = i;
		cpus[i].random = (seed + i) * 0x9e3779b97f4a7c15ULL + 1;
	}
	check_core();
	for (u64 i = 1; i < nr_cpus; i++)
		cpu_on(i);
	work(0);
	while (!others_at(~0ULL))
		relax();
	if (!failed)
		check_core();
	clean_up();
	check_core();
	report();
	print(failed ? "FUZZ FAILED\n" : "FUZZ done\n");
	power_off();
}

void host_secondary(u64 index)
{
	work(index);
	for (;;)
		relax();
}
