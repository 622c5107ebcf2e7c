/* SPDX-License-Identifier: BSD-3-Clause */
/* What the bare hosts of this folder share: start.S and host.c. */
#ifndef TEST_BARE_HOST_H
#define TEST_BARE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define MAX_CPUS 8U
#define PAGE 4096ULL
#define BLOCK (512U * PAGE)

/* 64 bytes; start.S knows the offsets of the first three. */
struct cpu {
	u64 guard; /* an access that fails is allowed */
	u64 aborts; /* how many did */
	u64 esr; /* of the last one */
	u64 index;
	u64 random;
	u64 spare[3];
};

extern struct cpu cpus[MAX_CPUS];

/* Memory to play with, 2 MB aligned. */
#define POOL_BLOCKS 3U
extern u8 pool[POOL_BLOCKS * BLOCK];

void *memset(void *to, int c, size_t size);
void *memcpy(void *to, const void *from, size_t size);

/* A program's own. */
void host_main(const void *fdt);
void host_secondary(u64 index);

struct cpu *this_cpu(void);
void relax(void);

/* HVC and SMC with X0 to X7; X0 to X3 become the result. */
void do_hvc(u64 x[8]);
void do_smc(u64 x[8]);
u64 smc(u64 id, u64 a1, u64 a2, u64 a3);

/* An access that may abort: this_cpu()->aborts tells. A load that does gives 0. */
u64 guarded_load(u64 address);
void guarded_store(u64 address, u64 value);
void guarded_pair(u64 address);
void guarded_exclusive(u64 address);
void guarded_byte(u64 address);
void guarded_vector(u64 address);
void guarded_fetch(u64 address);
bool aborts_on_load(u64 address);
bool aborts_on_store(u64 address, u64 value);

u64 random64(void);
u64 random_below(u64 limit);

/* %s string, %l decimal, %x hexadecimal, %d signed; each argument is 64 bits. */
void print(const char *format, ...);

/* Number after `name` on the command line in the device tree, or `otherwise`. */
u64 option(const void *fdt, const char *name, u64 otherwise);

/* The physical timer of this CPU and its interrupt (PPI 30), which is never taken: it only ends a WFI
 * or a vCPU's run. timer_init() of the boot CPU comes first. */
void timer_init(void);
void timer_start(u64 ticks);
void timer_stop(void);
u64 counter(void);

/* Turn CPU `index` on; it calls host_secondary(). Returns PSCI's result. */
u64 cpu_on(u64 index);
_Noreturn void power_off(void);

#endif
