/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/pl011.h"

/* Registers (DDI 0183, 3.2). */
#define UARTDR 0x000
#define UARTFR 0x018
#define UARTIBRD 0x024
#define UARTFBRD 0x028
#define UARTLCR_H 0x02c
#define UARTCR 0x030
#define UARTIFLS 0x034
#define UARTIMSC 0x038
#define UARTRIS 0x03c
#define UARTMIS 0x040
#define UARTICR 0x044
#define UART_IDS 0xfe0

#define FR_RXFE (1U << 4)
#define FR_RXFF (1U << 6)
#define FR_TXFE (1U << 7)
#define LCR_H_FEN (1U << 4)
#define CR_RESET 0x300 /* transmit and receive enabled */
#define IFLS_RESET 0x12 /* both FIFOs: half */
#define INT_RX (1U << 4)
#define INT_TX (1U << 5)
#define INT_RT (1U << 6)
#define INT_ALL 0x7ff

/* UARTPeriphID0 to 3, UARTPCellID0 to 3 of revision r1p5, whose FIFOs hold 32. */
static const uint8_t ids[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static unsigned int depth(const struct pl011 *uart)
{
	return (uart->lcr_h & LCR_H_FEN) != 0 ? PL011_FIFO : 1;
}

/*
 * Raw interrupts. What is received counts at once as having waited long enough for the
 * receive timeout, so a driver never has to wait for more to come.
 */
static uint32_t raw(const struct pl011 *uart)
{
	uint32_t bits = uart->latched;

	if (uart->count > 0)
		bits |= INT_RT;
	if (uart->count >= (depth(uart) + 1) / 2)
		bits |= INT_RX;
	return bits;
}

static void update(struct pl011 *uart)
{
	bool level = (raw(uart) & uart->imsc) != 0;

	if (level != uart->level) {
		uart->level = level;
		uart->interrupt(uart->context, level);
	}
}

void pl011_init(struct pl011 *uart, void (*transmit)(void *context, uint8_t byte),
		void (*interrupt)(void *context, bool level), void *context)
{
	*uart = (struct pl011){.cr = CR_RESET,
			       .ifls = IFLS_RESET,
			       .transmit = transmit,
			       .interrupt = interrupt,
			       .context = context};
}

unsigned int pl011_room(const struct pl011 *uart)
{
	return uart->count < depth(uart) ? depth(uart) - uart->count : 0;
}

void pl011_receive(struct pl011 *uart, uint8_t byte)
{
	uart->fifo[(uart->head + uart->count) % PL011_FIFO] = byte;
	uart->count++;
	update(uart);
}

static uint32_t pop(struct pl011 *uart)
{
	uint32_t byte;

	if (uart->count == 0)
		return 0;
	byte = uart->fifo[uart->head];
	uart->head = (uart->head + 1) % PL011_FIFO;
	uart->count--;
	update(uart);
	return byte;
}

/* What is sent leaves at once: the transmit FIFO is always empty. */
static uint32_t flags(const struct pl011 *uart)
{
	return FR_TXFE | (uart->count == 0 ? FR_RXFE : 0) | (pl011_room(uart) == 0 ? FR_RXFF : 0);
}

uint32_t pl011_read(struct pl011 *uart, uint64_t offset)
{
	switch (offset) {
	case UARTDR:
		return pop(uart);
	case UARTFR:
		return flags(uart);
	case UARTIBRD:
		return uart->ibrd;
	case UARTFBRD:
		return uart->fbrd;
	case UARTLCR_H:
		return uart->lcr_h;
	case UARTCR:
		return uart->cr;
	case UARTIFLS:
		return uart->ifls;
	case UARTIMSC:
		return uart->imsc;
	case UARTRIS:
		return raw(uart);
	case UARTMIS:
		return raw(uart) & uart->imsc;
	default:
		return offset >= UART_IDS && offset < 0x1000 ? ids[(offset - UART_IDS) / 4] : 0;
	}
}

static void send(struct pl011 *uart, uint32_t value)
{
	uart->transmit(uart->context, (uint8_t)value);
	uart->latched |= INT_TX;
}

void pl011_write(struct pl011 *uart, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case UARTDR:
		send(uart, value);
		break;
	case UARTIBRD:
		uart->ibrd = value & 0xffff;
		break;
	case UARTFBRD:
		uart->fbrd = value & 0x3f;
		break;
	case UARTLCR_H:
		uart->lcr_h = value & 0xff;
		break;
	case UARTCR:
		uart->cr = value & 0xffff;
		break;
	case UARTIFLS:
		uart->ifls = value & 0x3f;
		break;
	case UARTIMSC:
		uart->imsc = value & INT_ALL;
		break;
	case UARTICR:
		uart->latched &= ~value;
		break;
	default:
		break;
	}
	update(uart);
}
