/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "test/guest/load.h"
#include "test/guest/secret.h"

#define SPINS 2000000UL

/*
 * x1 to x15 and v0 to v31 get words of the secret, time goes by (interrupts, exits to the
 * host, other vCPUs), and then the exclusive-or of each with what it should be is gathered.
 * Returns 0 if every register kept its value.
 */
static uint64_t hold(const uint64_t *words, unsigned long spins)
{
	register const uint64_t *from __asm__("x16") = words;
	register unsigned long count __asm__("x17") = spins;
	register uint64_t wrong __asm__("x19") = 0;

	__asm__ volatile(
		"ldp x1, x2, [x16]\n ldp x3, x4, [x16, #16]\n"
		"ldp x5, x6, [x16, #32]\n ldp x7, x8, [x16, #48]\n"
		"mov x9, x1\n mov x10, x2\n mov x11, x3\n mov x12, x4\n"
		"mov x13, x5\n mov x14, x6\n mov x15, x7\n"
		".irp n,0,4,8,12,16,20,24,28\n"
		"ldr q\\n, [x16]\n"
		".endr\n"
		".irp n,1,5,9,13,17,21,25,29\n"
		"ldr q\\n, [x16, #16]\n"
		".endr\n"
		".irp n,2,6,10,14,18,22,26,30\n"
		"ldr q\\n, [x16, #32]\n"
		".endr\n"
		".irp n,3,7,11,15,19,23,27,31\n"
		"ldr q\\n, [x16, #48]\n"
		".endr\n"
		"1: subs x17, x17, #1\n b.ne 1b\n"
		"eor x20, x9, x1\n orr x19, x19, x20\n eor x20, x10, x2\n orr x19, x19, x20\n"
		"eor x20, x11, x3\n orr x19, x19, x20\n eor x20, x12, x4\n orr x19, x19, x20\n"
		"eor x20, x13, x5\n orr x19, x19, x20\n eor x20, x14, x6\n orr x19, x19, x20\n"
		"eor x20, x15, x7\n orr x19, x19, x20\n"
		"ldp x20, x21, [x16]\n eor x20, x20, x1\n orr x19, x19, x20\n"
		"eor x21, x21, x2\n orr x19, x19, x21\n"
		"ldp x20, x21, [x16, #16]\n eor x20, x20, x3\n orr x19, x19, x20\n"
		"eor x21, x21, x4\n orr x19, x19, x21\n"
		"ldp x20, x21, [x16, #32]\n eor x20, x20, x5\n orr x19, x19, x20\n"
		"eor x21, x21, x6\n orr x19, x19, x21\n"
		"ldp x20, x21, [x16, #48]\n eor x20, x20, x7\n orr x19, x19, x20\n"
		"eor x21, x21, x8\n orr x19, x19, x21\n"
		".macro cmpq reg, low, high\n"
		"umov x20, v\\reg\\().d[0]\n eor x20, x20, \\low\n orr x19, x19, x20\n"
		"umov x20, v\\reg\\().d[1]\n eor x20, x20, \\high\n orr x19, x19, x20\n"
		".endm\n"
		".irp n,0,4,8,12,16,20,24,28\n cmpq \\n, x1, x2\n .endr\n"
		".irp n,1,5,9,13,17,21,25,29\n cmpq \\n, x3, x4\n .endr\n"
		".irp n,2,6,10,14,18,22,26,30\n cmpq \\n, x5, x6\n .endr\n"
		".irp n,3,7,11,15,19,23,27,31\n cmpq \\n, x7, x8\n .endr\n"
		".purgem cmpq\n"
		: "+r"(from), "+r"(count), "+r"(wrong)
		:
		: "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
		  "x14", "x15", "x20", "x21", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
		  "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20",
		  "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc",
		  "memory");
	return wrong;
}

const char *load_registers(void)
{
	uint64_t words[SECRET_WORDS];

	for (unsigned int i = 0; i < SECRET_WORDS; i++)
		words[i] = secret_word(i);
	return hold(words, SPINS) == 0 ? NULL : "registers: one of them has changed";
}
