/* SPDX-License-Identifier: BSD-3-Clause */
#include "console.h"

#include <stdarg.h>

#include "core/machine.h"

/* PrimeCell UART PL011 (DDI 0183), 3.3: data, flags with "transmit FIFO full", control. */
#define UARTDR 0x00U
#define UARTFR 0x18U
#define UARTFR_TXFF (1U << 5)
#define UARTCR 0x30U
#define UARTCR_ENABLE (1U << 0 | 1U << 8) /* UARTEN, TXE */

/* A character takes 1 ms at 9,600 baud. */
#define TX_TRIES 1000000U

enum log_level log_level = LOG_WARN;

static u64 uart;

static u32 uart_read(u32 offset)
{
	return *(volatile u32 *)(uart + offset);
}

static void uart_write(u32 offset, u32 value)
{
	*(volatile u32 *)(uart + offset) = value;
}

void console_set(u64 va)
{
	uart = va;
	/* Speed and format are the firmware's; it may just have left the UART off. */
	if ((uart_read(UARTCR) & UARTCR_ENABLE) != UARTCR_ENABLE)
		uart_write(UARTCR, uart_read(UARTCR) | UARTCR_ENABLE);
}

/* The host may have stopped the UART: what does not get out in time is lost. */
static void put(char c)
{
	if (c == '\n')
		put('\r');
	for (u32 i = 0; i < TX_TRIES && (uart_read(UARTFR) & UARTFR_TXFF); i++)
		;
	uart_write(UARTDR, (u8)c);
}

static void put_string(const char *s)
{
	while (*s != '\0')
		put(*s++);
}

static void put_number(u64 value, u32 base)
{
	char digits[20];
	u32 n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (n > 0)
		put(digits[--n]);
}

static void put_argument(char kind, va_list *args)
{
	switch (kind) {
	case 's':
		put_string(va_arg(*args, const char *));
		break;
	case 'u':
		put_number(va_arg(*args, u32), 10);
		break;
	case 'l':
		put_number(va_arg(*args, u64), 10);
		break;
	case 'x':
		put_string("0x");
		put_number(va_arg(*args, u64), 16);
		break;
	default:
		put(kind);
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	static bool busy;
	va_list args;

	if (uart == 0 || level > log_level)
		return;
	/* Lines of two CPUs do not mix; what is fatal waits for nobody. */
	while (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE) && level != LOG_FATAL)
		machine_relax();
	va_start(args, format);
	put_string("corevisor: ");
	for (; *format != '\0'; format++) {
		if (*format == '%' && format[1] != '\0')
			put_argument(*++format, &args);
		else
			put(*format);
	}
	put('\n');
	va_end(args);
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
}
