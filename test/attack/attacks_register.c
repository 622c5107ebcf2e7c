/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers of a VM: what the host may see of them, and what it can make of them. */
#include <stdio.h>
#include <string.h>

#include "corevisor/error.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"
#include "test/attack/raw.h"

#define FRAME 4096U
#define BASE_GFN (GUEST_BASE / FRAME)
#define EVIL 0x4141414142424242ULL
#define TURNS 30000000ULL

#define SEEN(reason) (1U << (reason))
#define ALL_EXITS                                                                                  \
	(SEEN(CV_EXIT_INTERRUPT) | SEEN(CV_EXIT_MEMORY) | SEEN(CV_EXIT_MMIO_READ) |                \
	 SEEN(CV_EXIT_MMIO_WRITE) | SEEN(CV_EXIT_WFI) | SEEN(CV_EXIT_SGI) | SEEN(CV_EXIT_CPU_ON) | \
	 SEEN(CV_EXIT_SYSTEM_OFF))

/* One run of the guest whose registers are full of the secret, and what has to follow it. */
static void step(struct raw_vm *vm, unsigned int *seen)
{
	uint64_t reason;

	if (raw_run_once(vm, 0) != CV_OK)
		failed("VCPU_RUN is refused");
	reason = RUN(vm, 0, CV_RUN_EXIT);
	*seen |= SEEN(reason % 32);
	if (reason == CV_EXIT_MEMORY)
		raw_donate(vm, RUN(vm, 0, CV_RUN_ARG0));
	if (reason == CV_EXIT_MMIO_READ)
		RUN(vm, 0, CV_RUN_DATA) = EVIL;
	if (reason == CV_EXIT_MMIO_WRITE &&
	    RUN(vm, 0, CV_RUN_ARG0) == GUEST_DEVICE + GUEST_VERDICT && RUN(vm, 0, CV_RUN_ARG2) != 0)
		corrupted("a register of the VM did not keep its value");
}

static void look_after_each_exit(unsigned int where, const char *what)
{
	unsigned int seen = 0, runs = 0;
	struct raw_vm vm;

	raw_new(&vm, GUEST_EXITS, 2);
	vm.watch = where;
	while ((seen & SEEN(CV_EXIT_SYSTEM_OFF)) == 0 && runs++ < 10000)
		step(&vm, &seen);
	for (unsigned int reason = 1; reason < CV_EXIT_POWEROFF; reason++) {
		if ((ALL_EXITS & ~seen & SEEN(reason)) != 0)
			failed("no exit for %s was seen", exit_name(reason));
	}
	raw_end(&vm);
	blocked("no secret in %s after %u exits of 8 kinds; the VM's registers kept it", what,
		runs);
}

static void run_page(void)
{
	look_after_each_exit(WATCH_RUN_PAGE, "the run page");
}

static void general_registers(void)
{
	look_after_each_exit(WATCH_GENERAL, "x0-x30 of the host");
}

static void fp_registers(void)
{
	look_after_each_exit(WATCH_FP, "v0-v31 of the host");
}

/* Another vCPU of the same VM, on the same CPU, between two runs of the first. */
static void preempted(void)
{
	struct raw_vm a, b;
	unsigned int seen = 0, runs = 0;

	raw_new(&a, GUEST_EXITS, 2);
	raw_new(&b, GUEST_COMMANDS, 1);
	while ((seen & SEEN(CV_EXIT_SYSTEM_OFF)) == 0 && runs++ < 10000) {
		step(&a, &seen);
		if (runs < 20)
			raw_store(&b, GUEST_BASE + GUEST_SCRATCH, runs);
	}
	raw_end(&a);
	raw_end(&b);
	blocked("two VMs by turns on one CPU: each kept its registers, %u runs", runs);
}

/* The guest reads a device, waits through interrupts, and tells what it was given. */
static void replay(void)
{
	const uint64_t words[] = {GUEST_WAIT};
	struct raw_vm vm;
	unsigned int again = 0;

	raw_new(&vm, GUEST_COMMANDS, 1);
	raw_command(&vm, words, 1, 0);
	if (raw_run(&vm, 0) != CV_EXIT_MMIO_READ)
		failed("the guest does not ask");
	RUN(&vm, 0, CV_RUN_DATA) = TURNS;
	while (raw_run_once(&vm, 0) == CV_OK && RUN(&vm, 0, CV_RUN_EXIT) == CV_EXIT_INTERRUPT) {
		RUN(&vm, 0, CV_RUN_DATA) = EVIL;
		again++;
	}
	if (RUN(&vm, 0, CV_RUN_EXIT) != CV_EXIT_MMIO_WRITE)
		failed("exit for %s", exit_name(RUN(&vm, 0, CV_RUN_EXIT)));
	if (RUN(&vm, 0, CV_RUN_ARG2) != TURNS)
		corrupted("a second answer reached a register: %#llx",
			  (unsigned long long)RUN(&vm, 0, CV_RUN_ARG2));
	raw_end(&vm);
	if (again == 0)
		failed("no interrupt came");
	blocked("%u further answers to one read: the VM has the first", again);
}

/* After a write, an answer; then the next instruction must not have been skipped. */
static void answer_unasked(void)
{
	struct raw_vm vm;
	uint64_t got;

	raw_new(&vm, GUEST_COMMANDS, 1);
	for (uint64_t i = 0; i < 50; i++) {
		raw_store(&vm, GUEST_BASE + GUEST_SCRATCH, i);
		RUN(&vm, 0, CV_RUN_DATA) = EVIL;
		RUN(&vm, 0, CV_RUN_EXIT) = CV_EXIT_MMIO_READ;
		RUN(&vm, 0, CV_RUN_ARG0) = GUEST_DEVICE;
		got = raw_load(&vm, GUEST_BASE + GUEST_SCRATCH);
		if (got != i)
			corrupted("the VM stored %llu and loads %llu", (unsigned long long)i,
				  (unsigned long long)got);
	}
	raw_end(&vm);
	blocked("50 answers nobody asked for changed nothing");
}

/* Memory that is RAM, never given: the VM must wait, not see the host's answer. */
static void ram_as_device(void)
{
	const uint64_t words[] = {GUEST_LOAD, GUEST_BASE + GUEST_FRESH};
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	raw_command(&vm, words, 2, 0);
	for (unsigned int i = 0; i < 20; i++) {
		if (raw_run_once(&vm, 0) != CV_OK)
			failed("VCPU_RUN is refused");
		if (RUN(&vm, 0, CV_RUN_EXIT) == CV_EXIT_INTERRUPT)
			continue;
		if (RUN(&vm, 0, CV_RUN_EXIT) != CV_EXIT_MEMORY)
			corrupted("a load from RAM ended in %s",
				  exit_name(RUN(&vm, 0, CV_RUN_EXIT)));
		for (unsigned int offset = 0; offset < CV_RUN_LR(0); offset += 8)
			RUN(&vm, 0, offset) = EVIL;
		RUN(&vm, 0, CV_RUN_EXIT) = CV_EXIT_MMIO_READ;
		RUN(&vm, 0, CV_RUN_GIC_HCR) = 0;
	}
	raw_donate(&vm, BASE_GFN + GUEST_FRESH / FRAME);
	if (raw_run(&vm, 0) != CV_EXIT_MMIO_WRITE || RUN(&vm, 0, CV_RUN_ARG2) != 0)
		corrupted("the VM loaded %#llx", (unsigned long long)RUN(&vm, 0, CV_RUN_ARG2));
	raw_end(&vm);
	blocked("20 answers to a load from RAM: it faults again until there is a frame, then reads 0");
}

static void map_io_ram(void)
{
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	struct raw_vm vm;

	raw_register(&vm, GUEST_COMMANDS, 1);
	refused(hvc(CV_CALL_MAP_IO, vm.id, GUEST_BASE + GUEST_FRESH, 0x09000000, 0, 0),
		"a device in the middle of RAM");
	refused(hvc(CV_CALL_MAP_IO, vm.id, 0x08000000, frames_alloc(0) * FRAME, 0, 0),
		"RAM as a device frame");
	refused(hvc(CV_CALL_MAP_IO, vm.id, 0x08000000, core_frame() * FRAME, 0, 0),
		"the core's memory as a device frame");
	raw_end(&vm);
	for (unsigned int i = 0; i < n; i++)
		refused(hvc(CV_CALL_MAP_IO, live[i].id, 0x09000000, 0x09000000, 0, 0),
			"a device for a VM that runs");
	blocked("RAM, the core's memory, and devices for VMs that run: refused");
}

static void set_entry(void)
{
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	struct raw_vm vm;

	for (unsigned int i = 0; i < n; i++) {
		refused(hvc(CV_CALL_SET_ENTRY, live[i].id, GUEST_BASE, EVIL, 0, 0),
			"SET_ENTRY of a VM that runs");
		refused(hvc(CV_CALL_SET_RAM, live[i].id, 0x100000, 16, 0, 0),
			"SET_RAM of a VM that runs");
		refused(hvc(CV_CALL_REGISTER_VCPU, live[i].id, 40, frames_alloc(0), 0, 0),
			"a new vCPU for a VM that runs");
		refused(hvc(CV_CALL_LOAD_VCPU, live[i].id, 0, frames_alloc(0), 0, 0),
			"LOAD_VCPU of a VM that runs");
	}
	raw_register(&vm, GUEST_COMMANDS, 1);
	raw_announce(&vm);
	refused(hvc(CV_CALL_SET_ENTRY, vm.id, GUEST_BASE + 0x10000000, 0, 0, 0) == CV_OK
			? raw_verify(&vm)
			: -1,
		"an entry outside the image");
	raw_end(&vm);
	blocked("SET_ENTRY, SET_RAM, REGISTER_VCPU, LOAD_VCPU of %u VMs that run: refused", n);
}

struct forgery {
	const char *what;
	uint64_t lr0, lr1, hcr;
};

#define PENDING (1ULL << 62)
#define GROUP1 (1ULL << 60)

static const struct forgery forgeries[] = {
	{"HW", PENDING | GROUP1 | 1ULL << 61 | 40, 0, 0},
	{"HW, physical interrupt 512", PENDING | GROUP1 | 1ULL << 61 | 1ULL << 41 | 40, 0, 0},
	{"HW, physical interrupt 30", PENDING | GROUP1 | 1ULL << 61 | 30ULL << 32 | 40, 0, 0},
	{"bits of a physical interrupt", PENDING | GROUP1 | 5ULL << 32 | 40, 0, 0},
	{"a reserved bit", PENDING | GROUP1 | 1ULL << 58 | 40, 0, 0},
	{"interrupt 1020", PENDING | GROUP1 | 1020, 0, 0},
	{"interrupt 1023", PENDING | GROUP1 | 1023, 0, 0},
	{"an LPI", PENDING | GROUP1 | 8192, 0, 0},
	{"interrupt 2^32-1", PENDING | GROUP1 | 0xffffffff, 0, 0},
	{"one interrupt twice", PENDING | GROUP1 | 40, PENDING | GROUP1 | 40, 0},
	{"maintenance for all", 0, 0, ~0ULL},
	{"EN and traps of ICH_HCR", 0, 0, 1},
	{"TC of ICH_HCR", 0, 0, 1ULL << 10},
};

static void forged_interrupts(void)
{
	unsigned int n = sizeof(forgeries) / sizeof(forgeries[0]);
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < n; i++) {
		RUN(&vm, 0, CV_RUN_EXIT) = 0;
		RUN(&vm, 0, CV_RUN_LR(0)) = forgeries[i].lr0;
		RUN(&vm, 0, CV_RUN_LR(1)) = forgeries[i].lr1;
		RUN(&vm, 0, CV_RUN_GIC_HCR) = forgeries[i].hcr;
		refused(raw_run_once(&vm, 0), forgeries[i].what);
		if (RUN(&vm, 0, CV_RUN_EXIT) != 0)
			corrupted("%s: the VM ran", forgeries[i].what);
	}
	for (unsigned int i = 0; i < CV_RUN_NR_LR; i++)
		RUN(&vm, 0, CV_RUN_LR(i)) = 0;
	RUN(&vm, 0, CV_RUN_GIC_HCR) = 0;
	raw_store(&vm, GUEST_BASE + GUEST_SCRATCH, 1);
	raw_end(&vm);
	blocked("%u forgeries refused (%d), and the VM runs on", n, CV_EINVAL);
}

/* A new VM under the id of one that was full of the secret: what is in its registers? */
static void reused_context(void)
{
	unsigned int told = 0, seen = 0, runs = 0;
	struct raw_vm old, new;
	uint64_t word;

	raw_new(&old, GUEST_EXITS, 2);
	while ((seen & SEEN(CV_EXIT_SYSTEM_OFF)) == 0 && runs++ < 10000)
		step(&old, &seen);
	raw_end(&old);
	raw_skip_to(old.id);
	raw_new(&new, GUEST_REGISTERS, 2);
	while (raw_run(&new, 0) == CV_EXIT_MMIO_WRITE) {
		word = RUN(&new, 0, CV_RUN_ARG2);
		told++;
		if (has_secret(&word, sizeof(word)))
			leak("register %u of the new VM holds the secret of the old one", told);
		else if (word == EVIL)
			corrupted("register %u of the new VM holds what the host put there", told);
	}
	raw_end(&new);
	if (told < 100)
		failed("the guest told of %u registers only", told);
	if (new.id != old.id)
		failed("the id is not used again");
	blocked("%u registers of a VM with the old one's id and contexts: nothing of it", told);
}

const struct attack attacks_register[] = {
	{"registers/run-page", run_page},
	{"registers/host-general", general_registers},
	{"registers/host-fp", fp_registers},
	{"registers/two-vms-by-turns", preempted},
	{"registers/replayed-answer", replay},
	{"registers/unasked-answer", answer_unasked},
	{"registers/ram-as-device", ram_as_device},
	{"registers/map-io-of-ram", map_io_ram},
	{"registers/move-pc-of-live-vm", set_entry},
	{"registers/forged-interrupts", forged_interrupts},
	{"registers/reused-id", reused_context},
	{NULL, NULL},
};
