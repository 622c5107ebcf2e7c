/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a VM, out of order: run, taken back, changed, used again when it should not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/state.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"
#include "test/attack/raw.h"

#define FRAME 4096U
#define BASE_GFN (GUEST_BASE / FRAME)
#define FREE_GFN (BASE_GFN + 0x20)
#define PLANT 0xbadc0ffee0ddf00dULL
#define RUN_ATTEMPTS 300U
#define UNKNOWN_CALLS 4096U

static void reclaim_live(void)
{
	uint64_t pfns[64], word;
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	unsigned int frames = live_frames(pfns, 64);

	for (unsigned int i = 0; i < frames; i++) {
		for (unsigned int j = 0; j < n; j++)
			refused(hvc(CV_CALL_RECLAIM, live[j].id, pfns[i], 0, 0, 0),
				"RECLAIM of a running VM's frame");
		if (frame_read(pfns[i], &word, sizeof(word)) == 0)
			leak("frame %#llx can be read", (unsigned long long)pfns[i]);
	}
	for (unsigned int j = 0; j < n; j++)
		refused(hvc(CV_CALL_DESTROY_VM, live[j].id, 0, 0, 0, 0), "DESTROY of a running VM");
	blocked("%u frames of %u running VMs, and the VMs: refused", frames, n);
}

/* A vCPU that runs on CPU 1, for ever, in a process of its own. */
static pid_t spin_elsewhere(struct raw_vm *vm)
{
	pid_t pid = fork();

	if (pid != 0) {
		usleep(200000);
		return pid;
	}
	on_cpu(1);
	vm->watch = 0;
	for (;;) {
		int64_t result = raw_run_once(vm, 0);

		/* Somebody else runs it at the moment. */
		if (result == CV_EBUSY)
			continue;
		if (result != CV_OK || RUN(vm, 0, CV_RUN_EXIT) == CV_EXIT_POWEROFF)
			break;
		if (RUN(vm, 0, CV_RUN_EXIT) == CV_EXIT_MEMORY)
			_exit(1);
	}
	_exit(0);
}

/* How often of so many times the vCPU is met running. */
static unsigned int met_running(const struct raw_vm *vm, unsigned int times)
{
	unsigned int met = 0;

	for (unsigned int i = 0; i < times; i++) {
		struct hostile_call call = {.x = {(uint32_t)CV_CALL_VCPU_INFO, vm->id, 0}};

		hvc_full(&call);
		met += call.x[1] == CV_VCPU_ACTIVE;
	}
	return met;
}

static void new_spinner(struct raw_vm *vm)
{
	if (nr_cpus() < 2)
		failed("needs two CPUs");
	on_cpu(0);
	raw_new(vm, GUEST_SPIN, 1);
	raw_donate(vm, BASE_GFN + GUEST_SCRATCH / FRAME);
}

static void reclaim_running(void)
{
	struct raw_vm vm;
	uint64_t pfn, word;
	unsigned int busy = 0;
	pid_t runner;

	new_spinner(&vm);
	pfn = raw_pfn(&vm, BASE_GFN + GUEST_SECRET / FRAME);
	runner = spin_elsewhere(&vm);
	/* The other CPU has other work too. */
	for (unsigned int i = 0; met_running(&vm, 1000) == 0; i++) {
		if (i == 1000)
			failed("the VM does not run");
		usleep(5000);
	}
	for (unsigned int i = 0; i < 1000; i++, busy++)
		refused(hvc(CV_CALL_RECLAIM, vm.id, pfn, 0, 0, 0), "RECLAIM while the VM runs");
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	/* Off, but perhaps still on the other CPU: then BUSY; else it comes back wiped. */
	while (hvc(CV_CALL_RECLAIM, vm.id, pfn, 0, 0, 0) != CV_OK && busy++ < 1000000)
		continue;
	if (frame_read(pfn, &word, sizeof(word)) != 0)
		failed("the frame does not come back");
	if (has_secret(&word, sizeof(word)) || word != 0)
		leak("the frame comes back with %#llx", (unsigned long long)word);
	usleep(50000);
	if (frame_read(pfn, &word, sizeof(word)) != 0 || word != 0)
		corrupted("the VM writes to a frame that was taken back");
	waitpid(runner, NULL, 0);
	raw_end(&vm);
	blocked("refused %u times while it ran; after power off it comes back wiped", busy);
}

static void run_twice(void)
{
	struct raw_vm vm;
	unsigned int refusals = 0, tried;
	pid_t runner;

	new_spinner(&vm);
	vm.watch = 0;
	runner = spin_elsewhere(&vm);
	/* When it is not refused it runs until an interrupt comes. */
	for (tried = 0; tried < RUN_ATTEMPTS || (refusals == 0 && tried < 100 * RUN_ATTEMPTS);
	     tried++) {
		int64_t result = raw_run_once(&vm, 0);

		refusals += result == CV_EBUSY || result == CV_ESTATE;
	}
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	waitpid(runner, NULL, 0);
	raw_end(&vm);
	if (refusals == 0)
		failed("the vCPU was never met running");
	blocked("one vCPU on two CPUs: refused %u of %u times, when it ran on the other", refusals,
		tried);
}

static void run_unready(void)
{
	struct raw_vm vm;

	raw_register(&vm, GUEST_COMMANDS, 1);
	refused(raw_run_once(&vm, 0), "running a VM without an image");
	raw_announce(&vm);
	refused(raw_run_once(&vm, 0), "running a VM that is not verified");
	if (raw_verify(&vm) != CV_OK)
		failed("VERIFY_VM is refused");
	refused(hvc(CV_CALL_VCPU_RUN, vm.id, 1, 0, 0, 0), "a vCPU that is not registered");
	refused(hvc(CV_CALL_VCPU_RUN, vm.id, ~0ULL, 0, 0, 0), "vCPU 2^64-1");
	refused(hvc(CV_CALL_REGISTER_VCPU, vm.id, 0, vm.run_pfn[0], 0, 0), "a vCPU twice");
	refused(hvc(CV_CALL_VERIFY_VM, vm.id, 0, 0, 0, 0), "verifying twice");
	refused(hvc(CV_CALL_SET_BOOT_INFO, vm.id, FREE_GFN * FRAME, FRAME, 0, 0),
		"an image region of a verified VM");
	refused(hvc(CV_CALL_VCPU_RUN, 0, 0, 0, 0, 0), "vCPU 0 of the host");
	refused(hvc(CV_CALL_VCPU_RUN, 257, 0, 0, 0, 0), "vCPU 0 of the core");
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	refused(raw_run_once(&vm, 0), "running a VM that is off");
	raw_end(&vm);
	refused(hvc(CV_CALL_VCPU_RUN, vm.id, 0, 0, 0, 0), "running a VM that is gone");
	blocked("without image, unverified, unregistered, twice, off, gone: refused");
}

/* The second vCPU is off until the VM itself switches it on. */
static void run_switched_off(void)
{
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 2);
	refused(raw_run_once(&vm, 1), "a vCPU that the VM has not switched on");
	raw_store(&vm, GUEST_BASE + GUEST_SCRATCH, 1);
	refused(raw_run_once(&vm, 1), "a vCPU that the VM has not switched on");
	raw_end(&vm);
	blocked("a vCPU that its VM has not switched on: refused");
}

static void measure(struct raw_vm *vm, uint64_t *words)
{
	for (uint64_t part = 0; part < 2; part++) {
		struct hostile_call call = {.x = {(uint32_t)CV_CALL_VM_MEASUREMENT, vm->id, part}};

		hvc_full(&call);
		if ((int64_t)call.x[0] != CV_OK)
			failed("VM_MEASUREMENT is refused");
		memcpy(&words[3 * part], &call.x[1], 24);
	}
}

static void change_image(void)
{
	uint64_t honest[6], again[6], changed[6], word = 0xd503201f;
	struct raw_vm vm;

	raw_new(&vm, GUEST_COMMANDS, 1);
	measure(&vm, honest);
	raw_end(&vm);
	raw_new(&vm, GUEST_COMMANDS, 1);
	measure(&vm, again);
	raw_end(&vm);
	raw_register(&vm, GUEST_COMMANDS, 1);
	raw_announce(&vm);
	if (frame_write(vm.frames[0].pfn, &word, 4) != 0)
		failed("an announced page can no longer be written: nothing to try");
	if (raw_verify(&vm) != CV_OK)
		failed("VERIFY_VM is refused");
	measure(&vm, changed);
	if (frame_write(vm.frames[0].pfn, &word, 4) == 0)
		corrupted("the image can be written after it was measured");
	raw_end(&vm);
	if (memcmp(honest, again, sizeof(honest)) != 0)
		failed("the same image is not measured the same");
	if (memcmp(honest, changed, sizeof(honest)) == 0)
		corrupted("an image changed after it was announced is measured like the first");
	blocked("changed between announce and verify: another measurement; after verify: EFAULT");
}

static void bad_image(void)
{
	struct hostile_call call;
	uint64_t pfns[16], region;
	struct raw_vm vm;

	(void)live_frames(pfns, 16);
	raw_register(&vm, GUEST_COMMANDS, 1);
	call = (struct hostile_call){
		.x = {(uint32_t)CV_CALL_SET_BOOT_INFO, vm.id, GUEST_BASE, 2 * FRAME}};
	hvc_full(&call);
	region = call.x[1];
	refused(hvc(CV_CALL_REMAP_VM_IMAGE, vm.id, core_frame(), region, 0, 0),
		"the core's frame as an image");
	refused(hvc(CV_CALL_REMAP_VM_IMAGE, vm.id, pfns[0], region, 0, 0),
		"a running VM's frame as an image");
	refused(hvc(CV_CALL_REMAP_VM_IMAGE, vm.id, 0x09000, region, 0, 0), "a device as an image");
	refused(hvc(CV_CALL_SET_BOOT_INFO, vm.id, GUEST_BASE + FRAME, FRAME, 0, 0),
		"a region over another");
	refused(hvc(CV_CALL_SET_BOOT_INFO, vm.id, ~0ULL - FRAME, 2 * FRAME, 0, 0),
		"a region that wraps around");
	refused(hvc(CV_CALL_VERIFY_VM, vm.id, 0, 0, 0, 0), "an image with holes");
	raw_end(&vm);
	blocked("frames of the core, of a running VM, of a device; overlaps; holes: refused");
}

/* One frame announced at two places: what is measured is not what would run. */
static void image_twice(void)
{
	struct hostile_call call;
	struct raw_vm vm;
	uint64_t pfn = frames_alloc(0);
	int64_t result;

	raw_register(&vm, GUEST_COMMANDS, 1);
	call = (struct hostile_call){
		.x = {(uint32_t)CV_CALL_SET_BOOT_INFO, vm.id, GUEST_BASE, 2 * FRAME}};
	hvc_full(&call);
	(void)hvc(CV_CALL_REMAP_VM_IMAGE, vm.id, pfn, call.x[1], 0, 0);
	result = hvc(CV_CALL_REMAP_VM_IMAGE, vm.id, pfn, call.x[1], 0, 0);
	if (result == CV_OK)
		result = raw_verify(&vm);
	refused(result, "a frame twice in an image");
	refused(raw_run_once(&vm, 0), "running it");
	vm.frames[vm.nr_frames++] = (struct raw_frame){BASE_GFN, pfn};
	raw_end(&vm);
	blocked("one frame at two places of an image: refused");
}

/* A frame of the host's choice where the image goes, before the image is taken. */
static void donate_over_image(void)
{
	uint64_t pfn = frames_alloc(0);
	struct raw_vm vm;
	int64_t result;

	raw_register(&vm, GUEST_COMMANDS, 1);
	raw_announce(&vm);
	result = hvc(CV_CALL_DONATE, vm.id, BASE_GFN, pfn, 0, 0);
	if (result == CV_OK) {
		vm.frames[vm.nr_frames++] = (struct raw_frame){BASE_GFN, pfn};
		result = raw_verify(&vm);
	}
	refused(result, "a VM with another frame in the place of its image");
	refused(raw_run_once(&vm, 0), "running it");
	raw_end(&vm);
	blocked("another frame in the place of the image: the VM does not start");
}

/* A new VM under an old id: memory and TLB entries of the old one. */
static void reused_id(void)
{
	struct raw_vm old, new;
	uint64_t word;

	for (unsigned int i = 0; i < 3; i++) {
		raw_new(&old, GUEST_COMMANDS, 1);
		raw_store(&old, FREE_GFN * FRAME, PLANT + i);
		if (raw_load(&old, FREE_GFN * FRAME) != PLANT + i)
			failed("the guest does not keep a word");
		raw_end(&old);
		raw_skip_to(old.id);
		raw_new(&new, GUEST_COMMANDS, 1);
		if (new.id != old.id)
			failed("the id is not used again");
		word = raw_load(&new, FREE_GFN * FRAME);
		if (word != 0)
			leak("a VM reads %#llx of the one before it", (unsigned long long)word);
		raw_end(&new);
	}
	blocked("3 VMs with the id of one that ended: memory that reads zero");
}

static void snapshot(void)
{
	uint64_t frame[FRAME / 8], out = frames_alloc(0), secret;
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	struct raw_vm vm;

	for (unsigned int i = 0; i < n; i++)
		refused(hvc(CV_CALL_SAVE_BEGIN, live[i].id, out, 0, 0, 0),
			"a snapshot of a running VM");
	raw_new(&vm, GUEST_COMMANDS, 1);
	raw_store(&vm, GUEST_BASE + GUEST_SCRATCH, 1);
	secret = raw_pfn(&vm, BASE_GFN + GUEST_SECRET / FRAME);
	(void)hvc(CV_CALL_POWEROFF_VM, vm.id, 0, 0, 0, 0);
	if (hvc(CV_CALL_SAVE_BEGIN, vm.id, out, 0, 0, 0) != CV_OK)
		failed("SAVE_BEGIN is refused");
	refused(hvc(CV_CALL_SAVE_PAGE, vm.id, secret, secret, 0, 0), "saving into a VM's frame");
	refused(hvc(CV_CALL_SAVE_PAGE, vm.id, secret, core_frame(), 0, 0),
		"saving into the core's frame");
	refused(hvc(CV_CALL_SAVE_PAGE, vm.id, core_frame(), out, 0, 0), "saving the core's frame");
	if (hvc(CV_CALL_SAVE_PAGE, vm.id, raw_pfn(&vm, BASE_GFN), out, 0, 0) != CV_OK ||
	    hvc(CV_CALL_SAVE_PAGE, vm.id, secret, out, 0, 0) != CV_OK ||
	    frame_read(out, frame, FRAME) != 0)
		failed("SAVE_PAGE is refused");
	if (has_secret(frame, FRAME))
		leak("a saved page holds the secret in the clear");
	raw_end(&vm);
	frames_free(out, 0);
	blocked("of a running VM: refused; of one that is off: ciphertext, and only where it may go");
}

/* Ciphertext that is not the core's. */
static void forged_snapshot(void)
{
	uint64_t in = frames_alloc(0);
	struct raw_vm vm;

	raw_register(&vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < 16; i++) {
		frame_fill(in, PLANT * i);
		refused(hvc(CV_CALL_LOAD_BEGIN, vm.id, in, 0, 0, 0), "a forged snapshot");
	}
	refused(hvc(CV_CALL_LOAD_PAGE, vm.id, in, BASE_GFN, 1, 2), "a page without a snapshot");
	refused(hvc(CV_CALL_LOAD_VCPU, vm.id, 0, in, 0, 0), "a vCPU without a snapshot");
	refused(hvc(CV_CALL_LOAD_END, vm.id, in, 0, 0, 0), "the end of no snapshot");
	raw_end(&vm);
	frames_free(in, 0);
	blocked("16 forged heads, and records without a head: refused");
}

/* A manifest that nobody signed. */
static void forged_manifest(void)
{
	uint64_t pfn = frames_alloc(0);
	struct raw_vm vm;
	int64_t result;

	raw_register(&vm, GUEST_COMMANDS, 1);
	raw_announce(&vm);
	frame_fill(pfn, PLANT);
	result = hvc(CV_CALL_SET_MANIFEST, vm.id, pfn, 0, 0, 0);
	if (result == CV_OK)
		result = raw_verify(&vm);
	refused(result, "a manifest with a wrong signature");
	refused(raw_run_once(&vm, 0), "running it");
	raw_end(&vm);
	frames_free(pfn, 0);
	blocked("a VM whose manifest is not signed by its owner does not start");
}

static void unknown_calls(void)
{
	static const uint32_t bases[] = {0xc6000000, 0xc6001000 + 35, 0xc6002000, 0x86001000,
					 0xc4000100, 0x84000100,      0xc6003000, 0xffff0000};
	unsigned int tried = 0;

	for (unsigned int b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		for (uint32_t i = 0; i < UNKNOWN_CALLS / 8; i++, tried++) {
			uint64_t id = bases[b] + i;

			if (hvc(id, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL) >= 0)
				corrupted("call %#llx does something", (unsigned long long)id);
		}
	}
	blocked("%u calls that are not the host's, a VM's among them: not supported", tried);
}

/* Firmware is reached through the core only; a CPU that runs is not started anew. */
static void firmware(void)
{
	static const uint64_t ids[] = {0xc2000000, 0xc3000000, 0x82000000, 0x83000000,
				       0xbf000000, 0xc5000000, 0xb2000000, 0xf2000000};
	struct hostile_call call;

	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		call = (struct hostile_call){.x = {ids[i], 1, 2, 3}, .smc = 1};
		hvc_full(&call);
		if ((int32_t)call.x[0] >= 0)
			corrupted("SMC %#llx reached the firmware", (unsigned long long)ids[i]);
	}
	for (uint64_t cpu = 0; cpu < nr_cpus(); cpu++) {
		call = (struct hostile_call){.x = {0xc4000003, cpu, core_frame() * FRAME, 0},
					     .smc = 1};
		hvc_full(&call);
		refused((int32_t)call.x[0], "PSCI CPU_ON of a CPU that runs");
	}
	blocked("8 services of the firmware, and CPU_ON into the core's memory: refused");
}

const struct attack attacks_life[] = {
	{"life/reclaim-live", reclaim_live},
	{"life/reclaim-while-running", reclaim_running},
	{"life/vcpu-on-two-cpus", run_twice},
	{"life/run-what-is-not-ready", run_unready},
	{"life/run-vcpu-that-is-off", run_switched_off},
	{"life/change-image", change_image},
	{"life/bad-image", bad_image},
	{"life/image-frame-twice", image_twice},
	{"life/donate-over-image", donate_over_image},
	{"life/reused-id", reused_id},
	{"life/snapshot", snapshot},
	{"life/forged-snapshot", forged_snapshot},
	{"life/forged-manifest", forged_manifest},
	{"calls/unknown", unknown_calls},
	{"calls/firmware", firmware},
	{NULL, NULL},
};
