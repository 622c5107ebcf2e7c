/* SPDX-License-Identifier: BSD-3-Clause */
/* The hostile kernel, by way of /dev/hostile. */
#ifndef TEST_ATTACK_KERNEL_H
#define TEST_ATTACK_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test/attack/hostile.h"

void kernel_open(void);

/* A hypercall with up to five arguments; the result, sign and all. */
int64_t hvc_call(uint32_t id, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
#define hvc(id, ...) hvc_call((uint32_t)(id), __VA_ARGS__)
/* With everything that comes back. */
void hvc_full(struct hostile_call *call);

/* 0, or an errno: what became of it through the kernel's map. */
int frame_read(uint64_t pfn, void *to, uint32_t size);
int frame_write(uint64_t pfn, const void *from, uint32_t size);
/* A frame with one word all over. */
int frame_fill(uint64_t pfn, uint64_t word);

/* 2^order frames of the host, aligned to that; never given back to the host's allocator if lent. */
uint64_t frames_alloc(uint32_t order);
void frames_free(uint64_t pfn, uint32_t order);
/* Nobody gets this frame again, also once it is freed. */
void frame_keep(uint64_t pfn);

/* The frame in this program's address space. */
void *frame_map(uint64_t pfn, uint32_t frames);
void frame_unmap(void *map, uint32_t frames);

/* Look for the secret in frames [first, end). */
void kernel_scan(uint64_t first, uint64_t end, struct hostile_scan *scan);

/* Frames of RAM that the kernel cannot read, one in `step` tried: of VMs. How many. */
uint64_t kernel_probe(uint64_t step, uint64_t *pfns, uint64_t room);

/* The RAM of the machine in frames: the first, and behind the last. */
void machine_ram(uint64_t *first, uint64_t *end);
/* The core's own memory: its image, and the pool of its translation tables. How many ranges. */
struct frame_range {
	uint64_t first, frames;
};
#define CORE_RANGES 4
unsigned int core_memory(struct frame_range *ranges);
/* One of them: 0 its image, 1 the pool. False if there is no such. */
bool core_part(unsigned int n, struct frame_range *range);
/* A frame of it. */
uint64_t core_frame(void);

/* Whether these bytes hold a word of the secret, at any multiple of 8. */
bool has_secret(const void *bytes, size_t size);

#endif
