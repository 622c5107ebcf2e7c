/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdarg.h>

/* QEMU virt: PL011. */
#define UART_DR (*(volatile u32 *)0x09000000)
#define UART_FR (*(volatile u32 *)0x09000018)
#define UART_FR_TXFF (1U << 5)

/* Its GICv3: distributor, redistributors of 128 KB each (SGI frame in the upper half). */
#define GICD_CTLR (*(volatile u32 *)0x08000000)
#define GICD_CTLR_ENABLE 0x32U /* EnableGrp1NS, ARE_NS and, in one security state, DS */
#define GICR(cpu, offset) (*(volatile u32 *)(0x080a0000ULL + (cpu)*0x20000ULL + (offset)))
#define GICR_WAKER 0x14U
#define GICR_IGROUPR0 0x10080U
#define GICR_ISENABLER0 0x10100U
#define PPI_TIMER (1U << 30)

#define PSCI_SYSTEM_OFF 0x84000008ULL
#define PSCI_CPU_ON 0xc4000003ULL

struct cpu cpus[MAX_CPUS];
__attribute__((aligned(0x200000))) u8 pool[POOL_BLOCKS * BLOCK];

extern char secondary_entry[];

void *memset(void *to, int c, size_t size)
{
	volatile u8 *p = to;

	for (size_t i = 0; i < size; i++)
		p[i] = (u8)c;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	volatile u8 *p = to;

	for (size_t i = 0; i < size; i++)
		p[i] = ((const u8 *)from)[i];
	return to;
}

static void put(char c)
{
	if (c == '\n')
		put('\r');
	while (UART_FR & UART_FR_TXFF)
		;
	UART_DR = (u8)c;
}

static void put_number(u64 value, u32 base)
{
	char digits[20];
	u32 n = 0;

	do {
		u32 digit = (u32)(value % base);

		digits[n++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
		value /= base;
	} while (value != 0);
	while (n > 0)
		put(digits[--n]);
}

static void put_argument(char kind, u64 value)
{
	if (kind == 's') {
		for (const char *s = (const char *)value; *s != '\0'; s++)
			put(*s);
	} else if (kind == 'd' && (int64_t)value < 0) {
		put('-');
		put_number(-value, 10);
	} else if (kind == 'x') {
		put('0');
		put('x');
		put_number(value, 16);
	} else {
		put_number(value, 10);
	}
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format != '\0'; format++) {
		if (*format == '%' && format[1] != '\0')
			put_argument(*++format, va_arg(args, u64));
		else
			put(*format);
	}
	va_end(args);
}

void host_unexpected(u64 esr, u64 elr, u64 far)
{
	print("BARE unexpected exception: ESR %x ELR %x FAR %x\n", esr, elr, far);
	power_off();
}

void gic_cpu_on(void);

void timer_init(void)
{
	u64 cpu = this_cpu()->index;

	GICD_CTLR |= GICD_CTLR_ENABLE;
	GICR(cpu, GICR_WAKER) = 0;
	GICR(cpu, GICR_IGROUPR0) |= PPI_TIMER;
	GICR(cpu, GICR_ISENABLER0) = PPI_TIMER;
	gic_cpu_on();
}

u64 smc(u64 id, u64 a1, u64 a2, u64 a3)
{
	u64 x[8] = {id, a1, a2, a3};

	do_smc(x);
	return x[0];
}

u64 cpu_on(u64 index)
{
	return smc(PSCI_CPU_ON, index, (u64)secondary_entry, index);
}

_Noreturn void power_off(void)
{
	smc(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		relax();
}

bool aborts_on_load(u64 address)
{
	u64 before = this_cpu()->aborts;

	guarded_load(address);
	return this_cpu()->aborts != before;
}

bool aborts_on_store(u64 address, u64 value)
{
	u64 before = this_cpu()->aborts;

	guarded_store(address, value);
	return this_cpu()->aborts != before;
}

/* xorshift64*, of each CPU its own. */
u64 random64(void)
{
	u64 x = this_cpu()->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	this_cpu()->random = x;
	return x * 0x2545f4914f6cdd1dULL;
}

u64 random_below(u64 limit)
{
	return (random64() >> 16) % limit;
}

/* Big-endian, as device trees are. */
static u32 fdt_size(const u8 *fdt)
{
	return (u32)fdt[4] << 24 | (u32)fdt[5] << 16 | (u32)fdt[6] << 8 | fdt[7];
}

static bool starts(const u8 *at, const char *text)
{
	while (*text != '\0' && (char)*at == *text) {
		at++;
		text++;
	}
	return *text == '\0';
}

u64 option(const void *fdt, const char *name, u64 otherwise)
{
	const u8 *at = fdt, *end = at + fdt_size(fdt) - 32;
	u64 value = 0;

	while (at < end && !(starts(at, name)))
		at++;
	if (at >= end)
		return otherwise;
	for (; *name != '\0'; name++)
		at++;
	for (; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - (u32)'0');
	return value;
}
