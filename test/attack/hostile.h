/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /dev/hostile: what a host kernel turned hostile can do, put into the hands of a program.
 * Shared by the module and the program.
 */
#ifndef TEST_ATTACK_HOSTILE_H
#define TEST_ATTACK_HOSTILE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* A call by HVC or SMC: x[0] to x[7] go in; all registers come out as the call left them. */
struct hostile_call {
	__u64 x[32];
	__u64 v[64];
	__u32 smc;
	__u32 cpu; /* out: that it was made on */
};

/* Bytes of a frame, read or written through the kernel's own map, faults being caught. */
struct hostile_access {
	__u64 pfn;
	__u32 offset;
	__u32 size;
	__u64 buffer;
};

/* Frames that hold one of the words of a pattern, which is given masked. */
struct hostile_scan {
	__u64 first_pfn;
	__u64 end_pfn;
	__u64 mask;
	__u64 words[8]; /* each exclusive-or mask */
	__u64 readable; /* out: frames */
	__u64 refused;
	__u64 hits;
	__u64 hit_pfn; /* the first of them */
};

/* Which of frames first, first + step, ... below end can the kernel not read? */
struct hostile_probe {
	__u64 first_pfn;
	__u64 end_pfn;
	__u64 step;
	__u64 pfns; /* where to write the first `room` of them */
	__u64 room;
	__u64 readable; /* out: frames */
	__u64 refused;
};

struct hostile_pages {
	__u64 pfn;
	__u32 order;
	__u32 reserved;
};

#define HOSTILE_CALL _IOWR('h', 1, struct hostile_call)
#define HOSTILE_READ _IOW('h', 2, struct hostile_access)
#define HOSTILE_WRITE _IOW('h', 3, struct hostile_access)
#define HOSTILE_SCAN _IOWR('h', 4, struct hostile_scan)
#define HOSTILE_ALLOC _IOWR('h', 5, struct hostile_pages)
#define HOSTILE_FREE _IOW('h', 6, struct hostile_pages)
/* A plain load by the kernel of the frame in the argument, faults not being caught. */
#define HOSTILE_TOUCH _IO('h', 7)
#define HOSTILE_PROBE _IOWR('h', 8, struct hostile_probe)
/* mmap() at offset pfn * 4096 maps any frame. */

#endif
