/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>

#include "host.h"

#define UART 0x09000000ULL

static u64 next_page = ARENA;
static const char *bootargs;
u64 tables;

static void put_char(char c)
{
	put(UART, 4, (u8)c);
}

static void put_hex(u64 value)
{
	for (int shift = 60; shift >= 0; shift -= 4) {
		if (shift == 0 || value >> shift != 0)
			put_char("0123456789abcdef"[(value >> shift) & 15]);
	}
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put_char(*format);
		} else if (*++format == 's') {
			for (const char *s = va_arg(args, const char *); *s != '\0'; s++)
				put_char(*s);
		} else {
			put_hex(va_arg(args, u64));
		}
	}
	va_end(args);
}

void fill(u64 page, u64 word)
{
	for (u64 i = 0; i < PAGE; i += 8)
		put(page + i, 8, word);
}

bool holds(u64 page, u64 word)
{
	for (u64 i = 0; i < PAGE; i += 8) {
		if (get(page + i, 8) == word)
			return true;
	}
	return false;
}

u64 new_page(void)
{
	u64 page = next_page;

	next_page += PAGE;
	fill(page, 0);
	return page;
}

void working(const char *what, bool works)
{
	print("DMA-MEANS %s %s\n", works ? "works" : "BROKEN", what);
}

void result(const char *name, bool blocked, const char *evidence)
{
	print("DMA-RESULT %s %s %s\n", name, blocked ? "BLOCKED" : "NOT-BLOCKED", evidence);
}

void target(const char *name, u64 pa, const char *must, const char *evidence)
{
	print("DMA-TARGET %s %x %s %s\n", name, pa, must, evidence);
}

u64 milliseconds(void)
{
	u64 frequency, count;

	__asm__ volatile("isb; mrs %0, cntfrq_el0; mrs %1, cntpct_el0"
			 : "=r"(frequency), "=r"(count));
	return count / (frequency / 1000);
}

/* Any call makes the core look at the event queue, at most once in 10 ms. */
void events(void)
{
	u64 start = milliseconds();

	while (milliseconds() - start < 20)
		;
	hypercall((u32)CV_CALL_INFO, 0, 0, 0, 0, 0, 0);
}

static u32 big_endian(u64 address)
{
	return __builtin_bswap32((u32)get(address, 4));
}

static bool is_name(u64 name, const char *s)
{
	for (; get(name, 1) == (u8)*s; s++, name++) {
		if (*s == '\0')
			return true;
	}
	return false;
}

/*
 * Enough of a device tree to find /chosen's bootargs, and where the core's tables are: every
 * token in turn (Devicetree Specification 5.4).
 */
void fdt_read(u64 fdt)
{
	u64 at = fdt + big_endian(fdt + 8), strings = fdt + big_endian(fdt + 12);
	bool in_tables = false;

	for (;;) {
		u32 token = big_endian(at);

		at += 4;
		if (token == 1) {
			in_tables = is_name(at, "corevisor@1");
			while (get(at, 1) != 0)
				at++;
			at = (at + 4) & ~3ULL;
		} else if (token == 3) {
			u64 name = strings + big_endian(at + 4);

			if (is_name(name, "bootargs"))
				bootargs = (const char *)(at + 8);
			if (in_tables && is_name(name, "reg"))
				tables = (u64)big_endian(at + 8) << 32 | big_endian(at + 12);
			at = (at + 8 + big_endian(at) + 3) & ~3ULL;
		} else if (token == 9) {
			return;
		}
	}
}

static u64 parse_hex(const char *s)
{
	u64 value = 0;

	for (s += 2; *s != '\0' && *s != ' '; s++)
		value = value * 16 + (u64)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
	return value;
}

u64 boot_option(const char *name)
{
	for (const char *s = bootargs; s != 0 && *s != '\0'; s++) {
		const char *p = s, *n = name;

		while (*n != '\0' && *p == *n) {
			p++;
			n++;
		}
		if (*n == '\0' && *p == '=')
			return parse_hex(p + 1);
	}
	return 0;
}
