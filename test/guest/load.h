/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the load a test VM runs. Each returns NULL, or what was wrong. */
#ifndef TEST_GUEST_LOAD_H
#define TEST_GUEST_LOAD_H

#include <stdint.h>

/* Known answers: primes, and a sum of floating-point numbers to the last bit. */
const char *load_compute(void);
/* Processes that work at the same time, and pipes between them. */
const char *load_fork(void);
/* Interrupts from CPU to CPU, and of timers. */
const char *load_interrupts(void);
/* Memory mapped, written, read and given back. */
const char *load_memory(void);
/* General and FP/SIMD registers hold the secret for a while, and must have kept it. */
const char *load_registers(void);

/* Memory full of the secret: set up once, checked as often as wanted. */
const char *secret_setup(unsigned int megabytes);
const char *secret_check(void);

#endif
