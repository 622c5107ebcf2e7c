/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/attack/raw.h"

#include <string.h>

#include "corevisor/error.h"
#include "corevisor/limits.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"

#define FRAME 4096U
#define BASE_GFN (GUEST_BASE / FRAME)
#define MANY_RUNS 100000U

extern const uint8_t guest_blob[], guest_blob_end[];

static void must(int64_t result, const char *what)
{
	if (result != CV_OK)
		failed("%s returned %lld", what, (long long)result);
}

#define MUST(call) must((call), #call)

static void add_frame(struct raw_vm *vm, uint64_t gfn, uint64_t pfn)
{
	if (vm->nr_frames == RAW_FRAMES)
		failed("the guest wants more memory than it should");
	vm->frames[vm->nr_frames++] = (struct raw_frame){gfn, pfn};
}

uint64_t raw_pfn(const struct raw_vm *vm, uint64_t gfn)
{
	for (unsigned int i = 0; i < vm->nr_frames; i++) {
		if (vm->frames[i].gfn == gfn)
			return vm->frames[i].pfn;
	}
	return 0;
}

void raw_register(struct raw_vm *vm, uint64_t mode, unsigned int nr_vcpus)
{
	struct hostile_call call = {.x = {(uint32_t)CV_CALL_REGISTER_VM}};

	memset(vm, 0, sizeof(*vm));
	vm->watch = WATCH_ALL;
	hvc_full(&call);
	must((int64_t)call.x[0], "REGISTER_VM");
	vm->id = call.x[1];
	MUST(hvc(CV_CALL_SET_RAM, vm->id, BASE_GFN, GUEST_FRAMES, 0, 0));
	for (vm->nr_vcpus = 0; vm->nr_vcpus < nr_vcpus; vm->nr_vcpus++) {
		uint64_t pfn = frames_alloc(0);

		vm->run_pfn[vm->nr_vcpus] = pfn;
		vm->run[vm->nr_vcpus] = frame_map(pfn, 1);
		MUST(hvc(CV_CALL_REGISTER_VCPU, vm->id, vm->nr_vcpus, pfn, 0, 0));
	}
	MUST(hvc(CV_CALL_SET_ENTRY, vm->id, GUEST_BASE, mode, 0, 0));
}

void raw_announce(struct raw_vm *vm)
{
	uint64_t size = (uint64_t)(guest_blob_end - guest_blob);
	struct hostile_call call = {
		.x = {(uint32_t)CV_CALL_SET_BOOT_INFO, vm->id, GUEST_BASE, size}};

	hvc_full(&call);
	must((int64_t)call.x[0], "SET_BOOT_INFO");
	for (uint64_t at = 0; at < size; at += FRAME) {
		uint64_t pfn = frames_alloc(0);

		if (frame_write(pfn, guest_blob + at, FRAME) != 0)
			failed("the image cannot be written");
		add_frame(vm, BASE_GFN + at / FRAME, pfn);
		MUST(hvc(CV_CALL_REMAP_VM_IMAGE, vm->id, pfn, call.x[1], 0, 0));
	}
}

int64_t raw_verify(struct raw_vm *vm)
{
	struct hostile_call call;

	do {
		call = (struct hostile_call){.x = {(uint32_t)CV_CALL_VERIFY_VM, vm->id}};
		hvc_full(&call);
	} while ((int64_t)call.x[0] == CV_OK && call.x[1] != 0);
	return (int64_t)call.x[0];
}

void raw_new(struct raw_vm *vm, uint64_t mode, unsigned int nr_vcpus)
{
	raw_register(vm, mode, nr_vcpus);
	raw_announce(vm);
	MUST(raw_verify(vm));
}

void raw_end(struct raw_vm *vm)
{
	int64_t result;

	(void)hvc(CV_CALL_POWEROFF_VM, vm->id, 0, 0, 0, 0);
	for (unsigned int i = 0; i < vm->nr_frames; i++) {
		result = hvc(CV_CALL_RECLAIM, vm->id, vm->frames[i].pfn, 0, 0, 0);
		if (result != CV_OK && result != CV_ENOENT && result != CV_EPERM)
			failed("RECLAIM returned %lld", (long long)result);
	}
	MUST(hvc(CV_CALL_DESTROY_VM, vm->id, 0, 0, 0, 0));
	for (unsigned int i = 0; i < vm->nr_frames; i++)
		frames_free(vm->frames[i].pfn, 0);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		frame_unmap((void *)vm->run[i], 1);
		frames_free(vm->run_pfn[i], 0);
	}
}

void raw_skip_to(uint64_t id)
{
	struct hostile_call call;

	/* Ids go round: the one before it is followed by it, even if those between are taken. */
	for (unsigned int i = 0; i < CV_MAX_VMS; i++) {
		call = (struct hostile_call){.x = {(uint32_t)CV_CALL_REGISTER_VM}};
		hvc_full(&call);
		must((int64_t)call.x[0], "REGISTER_VM");
		MUST(hvc(CV_CALL_POWEROFF_VM, call.x[1], 0, 0, 0, 0));
		MUST(hvc(CV_CALL_DESTROY_VM, call.x[1], 0, 0, 0, 0));
		if (call.x[1] % CV_MAX_VMS + 1 == id)
			return;
	}
	failed("id %llu does not come round", (unsigned long long)id);
}

uint64_t raw_donate(struct raw_vm *vm, uint64_t gfn)
{
	uint64_t pfn = frames_alloc(0);

	add_frame(vm, gfn, pfn);
	MUST(hvc(CV_CALL_DONATE, vm->id, gfn, pfn, 0, 0));
	return pfn;
}

const char *exit_name(uint64_t reason)
{
	static const char *const names[] = {"none",	  "interrupt",	  "memory",
					    "MMIO read",  "MMIO write",	  "WFI",
					    "SGI",	  "CPU_ON",	  "CPU_OFF",
					    "SYSTEM_OFF", "SYSTEM_RESET", "power off"};

	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unknown";
}

/* What the host has in its hands after a run: the run page, and its own registers. */
static void look_for_secret(struct raw_vm *vm, unsigned int vcpu, struct hostile_call *call)
{
	uint64_t reason = RUN(vm, vcpu, CV_RUN_EXIT);
	uint64_t page[FRAME / 8];

	for (unsigned int i = 0; i < FRAME / 8; i++)
		page[i] = vm->run[vcpu][i];
	if ((vm->watch & WATCH_RUN_PAGE) != 0 && has_secret(page, sizeof(page)))
		leak("the run page holds a word of the secret after an exit for %s",
		     exit_name(reason));
	if ((vm->watch & WATCH_GENERAL) != 0 && has_secret(call->x, sizeof(call->x)))
		leak("a general register holds a word of the secret after an exit for %s",
		     exit_name(reason));
	if ((vm->watch & WATCH_FP) != 0 && has_secret(call->v, sizeof(call->v)))
		leak("an FP register holds a word of the secret after an exit for %s",
		     exit_name(reason));
}

int64_t raw_run_once(struct raw_vm *vm, unsigned int vcpu)
{
	struct hostile_call call = {.x = {(uint32_t)CV_CALL_VCPU_RUN, vm->id, vcpu}};

	hvc_full(&call);
	if (vm->watch != 0)
		look_for_secret(vm, vcpu, &call);
	return (int64_t)call.x[0];
}

uint64_t raw_run(struct raw_vm *vm, unsigned int vcpu)
{
	for (unsigned int i = 0; i < MANY_RUNS; i++) {
		MUST(raw_run_once(vm, vcpu));
		if (RUN(vm, vcpu, CV_RUN_EXIT) == CV_EXIT_MEMORY)
			raw_donate(vm, RUN(vm, vcpu, CV_RUN_ARG0));
		else if (RUN(vm, vcpu, CV_RUN_EXIT) != CV_EXIT_INTERRUPT)
			return RUN(vm, vcpu, CV_RUN_EXIT);
	}
	failed("the guest does not stop");
}

static void expect(struct raw_vm *vm, uint64_t reason, uint64_t offset)
{
	uint64_t got = raw_run(vm, 0);

	if (got != reason || RUN(vm, 0, CV_RUN_ARG0) != GUEST_DEVICE + offset)
		failed("exit %llu at %#llx, not %llu at %#llx", (unsigned long long)got,
		       (unsigned long long)RUN(vm, 0, CV_RUN_ARG0), (unsigned long long)reason,
		       (unsigned long long)(GUEST_DEVICE + offset));
}

uint64_t raw_command(struct raw_vm *vm, const uint64_t *words, unsigned int nr_words,
		     unsigned int nr_answers)
{
	uint64_t answer = 0, first = 0;

	for (unsigned int i = 0; i < nr_words; i++) {
		expect(vm, CV_EXIT_MMIO_READ, GUEST_ASK);
		RUN(vm, 0, CV_RUN_DATA) = words[i];
	}
	for (unsigned int i = 0; i < nr_answers; i++) {
		expect(vm, CV_EXIT_MMIO_WRITE, GUEST_TELL);
		answer = RUN(vm, 0, CV_RUN_ARG2);
		first = i == 0 ? answer : first;
	}
	return first;
}

uint64_t raw_load(struct raw_vm *vm, uint64_t address)
{
	return raw_command(vm, (uint64_t[]){GUEST_LOAD, address}, 2, 1);
}

void raw_store(struct raw_vm *vm, uint64_t address, uint64_t value)
{
	raw_command(vm, (uint64_t[]){GUEST_STORE, address, value}, 3, 1);
}

uint64_t raw_differ(struct raw_vm *vm, uint64_t address, uint64_t value)
{
	return raw_command(vm, (uint64_t[]){GUEST_DIFFER, address, value}, 3, 1);
}

int64_t raw_guest_call(struct raw_vm *vm, uint64_t id, uint64_t a1)
{
	return (int64_t)raw_command(vm, (uint64_t[]){GUEST_CALL, id, a1, 0, 0}, 5, 2);
}
