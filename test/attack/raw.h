/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM that the hostile kernel makes itself, with hypercalls and nothing else: the guest of
 * guest.S with one or two vCPUs. Its frames, run pages and all are the attacker's to play with.
 */
#ifndef TEST_ATTACK_RAW_H
#define TEST_ATTACK_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "corevisor/hypercall.h"
#include "corevisor/run.h"
#include "test/attack/hostile.h"

#define RAW_FRAMES 96U

#define WATCH_RUN_PAGE 1U
#define WATCH_GENERAL 2U
#define WATCH_FP 4U
#define WATCH_ALL 7U

struct raw_frame {
	uint64_t gfn, pfn;
};

struct raw_vm {
	uint64_t id;
	uint64_t nr_vcpus;
	uint64_t run_pfn[2];
	volatile uint64_t *run[2]; /* their run pages */
	struct raw_frame frames[RAW_FRAMES]; /* that it has, or is about to have */
	unsigned int nr_frames;
	unsigned int watch; /* where to look for the secret after each run */
};

/* The four steps of raw_new(), for who wants to do something in between. */
void raw_register(struct raw_vm *vm, uint64_t mode, unsigned int nr_vcpus);
void raw_announce(struct raw_vm *vm);
int64_t raw_verify(struct raw_vm *vm);

/* A VM ready to run in this mode. */
void raw_new(struct raw_vm *vm, uint64_t mode, unsigned int nr_vcpus);
/* Make and end VMs until the next one will have this id, which is free. */
void raw_skip_to(uint64_t id);
/* Power off, take everything back, free it. */
void raw_end(struct raw_vm *vm);

/* Give it a fresh frame at a gfn; what VCPU_RUN asks for with CV_EXIT_MEMORY. */
uint64_t raw_donate(struct raw_vm *vm, uint64_t gfn);
uint64_t raw_pfn(const struct raw_vm *vm, uint64_t gfn);

/* Run a vCPU until it stops for a reason: once, or past interrupts and missing memory. */
int64_t raw_run_once(struct raw_vm *vm, unsigned int vcpu);
uint64_t raw_run(struct raw_vm *vm, unsigned int vcpu);

/* What enum cv_exit calls it. */
const char *exit_name(uint64_t reason);

/* Let a guest in GUEST_COMMANDS do something; the first word it tells. */
uint64_t raw_command(struct raw_vm *vm, const uint64_t *words, unsigned int nr_words,
		     unsigned int nr_answers);
uint64_t raw_load(struct raw_vm *vm, uint64_t address);
void raw_store(struct raw_vm *vm, uint64_t address, uint64_t value);
/* How many words of a page, seen from inside, are not this one. */
uint64_t raw_differ(struct raw_vm *vm, uint64_t address, uint64_t value);
/* X0 of the guest's own hypercall. */
int64_t raw_guest_call(struct raw_vm *vm, uint64_t id, uint64_t a1);

#define RUN(vm, vcpu, offset) ((vm)->run[vcpu][(offset) / 8])

#endif
