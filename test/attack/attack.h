/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hostile host. Each attack is a function that tries something and says what came of
 * it; each is run in a process of its own, since some end with the attacker's death.
 */
#ifndef TEST_ATTACK_ATTACK_H
#define TEST_ATTACK_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*attack_run)(void);

struct attack {
	const char *name;
	attack_run run;
};

/* Lists of attacks, each ended by an entry without a name. */
extern const struct attack attacks_memory[];
extern const struct attack attacks_kvm[];
extern const struct attack attacks_register[];
extern const struct attack attacks_frame[];
extern const struct attack attacks_life[];
extern const struct attack attacks_image[];
extern const struct attack attacks_edu[];
extern const struct attack attacks_nvme[];
extern const struct attack attacks_virtio[];
extern const struct attack attacks_gic[];
extern const struct attack attacks_assigned[];
extern const struct attack attacks_last[];

/*
 * The result of the attack at hand. The worst that is said counts: CORRUPTED, LEAK, FAILED (it
 * could not be tried), BLOCKED. An attack that says nothing has failed.
 */
__attribute__((format(printf, 1, 2))) void blocked(const char *format, ...);
__attribute__((format(printf, 1, 2))) void leak(const char *format, ...);
__attribute__((format(printf, 1, 2))) void corrupted(const char *format, ...);
/* Ends the attack. */
__attribute__((format(printf, 1, 2), noreturn)) void failed(const char *format, ...);

/* The result of a call that must be refused. True if it was; else CORRUPTED is said. */
bool refused(int64_t result, const char *what);

/* Run `run(argument)`; false if it ended in SIGBUS or SIGSEGV. */
bool survives(void (*run)(void *argument), void *argument);

/* The calling thread on that CPU. */
void on_cpu(unsigned int cpu);
unsigned int nr_cpus(void);

#endif
