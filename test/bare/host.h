/* SPDX-License-Identifier: BSD-3-Clause */
/* The bare-metal host: what its files share. One CPU runs the tests; the others do jobs. */
#ifndef BARE_HOST_H
#define BARE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/limits.h"
#include "corevisor/run.h"
#include "corevisor/state.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define REG_NAME(reg) #reg
#define reg_read(reg)                                                                   \
	({                                                                              \
		u64 value_;                                                             \
		__asm__ volatile("mrs %0, " REG_NAME(reg) : "=r"(value_) : : "memory"); \
		value_;                                                                 \
	})
#define reg_write(reg, value) \
	__asm__ volatile("msr " REG_NAME(reg) ", %x0; isb" : : "rZ"((u64)(value)) : "memory")

/* lib.c: console, memory, CPUs. */
void print(const char *format, ...); /* %s, %x (u64, hexadecimal), %d (u64) */
void *copy(void *to, const void *from, u64 size);
void fill(void *to, u8 byte, u64 size);
u64 frame_new(void); /* a frame of the host, not used before; its number */
void *frame(u64 pfn);
_Noreturn void power_off(void);
bool cpu_start(u32 cpu);
/* Run job(arg) on another CPU; job_wait: until it is done. */
void job_start(u32 cpu, void (*job)(u64), u64 arg);
bool job_done(u32 cpu);
void job_wait(u32 cpu);
void secondary_main(u64 cpu);
u64 ticks(void);

/* A load or store of the host that may fault: the ESR_EL1 of the fault, 0 if there was none. */
u64 try_read(u64 address, u64 *value);
u64 try_write(u64 address, u64 value);

/* start.S */
u64 call(u32 id, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 *out);
u64 hvc_plain(u32 id, u64 a1, u64 a2, u64 a3);
u64 hvc_none(u32 id, u64 a1, u64 a2, u64 a3);
u64 smc(u32 id, u64 a1, u64 a2, u64 a3);
void fp_fill(u64 seed);
u64 fp_check(u64 seed);
void sve_fill(u64 seed);
u64 sve_check(u64 seed);

/* gic.c: the physical GIC, as a host uses it. */
void gic_init_distributor(void);
void gic_init_cpu(u32 cpu);
void gic_kick(u32 cpu); /* SGI 1 */
/* Let interrupts that are pending be taken; returns how many were. */
u32 irq_window(void);

/* main.c: a check that fails names itself; the test goes on. */
void failed(const char *what, int line, u64 got, u64 want);
#define CHECK(cond)                                                  \
	do {                                                         \
		if (!(cond))                                         \
			failed(__FILE__ ": " #cond, __LINE__, 0, 1); \
	} while (0)
#define CHECK_EQ(got, want)                                                                 \
	do {                                                                                \
		u64 got_ = (u64)(got), want_ = (u64)(want);                                 \
		if (got_ != want_)                                                          \
			failed(__FILE__ ": " #got " is not " #want, __LINE__, got_, want_); \
	} while (0)

void bench(void);
void bench_snapshot(void);

#endif
