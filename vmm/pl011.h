/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's serial port: an Arm PL011 (DDI 0183), as far as drivers use it. */
#ifndef VMM_PL011_H
#define VMM_PL011_H

#include <stdbool.h>
#include <stdint.h>

#define PL011_FIFO 32U

struct pl011 {
	uint8_t fifo[PL011_FIFO]; /* received, not yet read */
	unsigned int head;
	unsigned int count;
	uint32_t ibrd, fbrd, lcr_h, cr, ifls, imsc;
	uint32_t latched; /* UARTRIS bits that stay until UARTICR clears them */
	void (*transmit)(void *context, uint8_t byte);
	void (*interrupt)(void *context, bool level);
	void *context;
	bool level; /* what interrupt() was last told */
};

void pl011_init(struct pl011 *uart, void (*transmit)(void *context, uint8_t byte),
		void (*interrupt)(void *context, bool level), void *context);

uint32_t pl011_read(struct pl011 *uart, uint64_t offset);
void pl011_write(struct pl011 *uart, uint64_t offset, uint32_t value);

/* How many bytes it can take now. */
unsigned int pl011_room(const struct pl011 *uart);
/* A byte arrives. The caller has looked at pl011_room(). */
void pl011_receive(struct pl011 *uart, uint8_t byte);

#endif
