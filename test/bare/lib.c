/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdarg.h>

/* QEMU virt: PL011; a part of RAM that neither the image nor the core is in. */
#define UART 0x09000000ULL
#define POOL_START 0x50000000ULL
#define POOL_END 0x58000000ULL

#define PSCI_CPU_ON 0xc4000003U
#define PSCI_SYSTEM_OFF 0x84000008U

#define MAX_CPUS 4U

struct job {
	void (*volatile run)(u64);
	volatile u64 arg;
	volatile u32 posted;
	volatile u32 done;
};

static struct job jobs[MAX_CPUS];
static u64 next_frame = POOL_START >> CV_PAGE_SHIFT;
/* Set while a fault is expected; the handler steps over the access. */
static volatile u64 fault_expected;
static volatile u64 fault_esr;

void secondary_start(u64 cpu);

static void put(char c)
{
	if (c == '\n')
		put('\r');
	*(volatile u32 *)UART = (u8)c;
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

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		format++;
		if (*format == 's') {
			for (const char *s = va_arg(args, const char *); *s != '\0'; s++)
				put(*s);
		} else {
			put_number(va_arg(args, u64), *format == 'x' ? 16 : 10);
		}
	}
	va_end(args);
}

void *copy(void *to, const void *from, u64 size)
{
	for (u64 i = 0; i < size / 8; i++)
		((volatile u64 *)to)[i] = ((const u64 *)from)[i];
	return to;
}

void fill(void *to, u8 byte, u64 size)
{
	for (u64 i = 0; i < size / 8; i++)
		((volatile u64 *)to)[i] = 0x0101010101010101ULL * byte;
}

u64 frame_new(void)
{
	if (next_frame >= POOL_END >> CV_PAGE_SHIFT) {
		print("FAIL out of frames\n");
		power_off();
	}
	return next_frame++;
}

void *frame(u64 pfn)
{
	return (void *)(pfn << CV_PAGE_SHIFT);
}

_Noreturn void power_off(void)
{
	smc(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		;
}

u64 ticks(void)
{
	__asm__ volatile("isb" : : : "memory");
	return reg_read(cntpct_el0);
}

void secondary_main(u64 cpu)
{
	struct job *job = &jobs[cpu];

	gic_init_cpu((u32)cpu);
	job->done = 1;
	for (;;) {
		while (job->posted == 0)
			__asm__ volatile("wfe" : : : "memory");
		job->posted = 0;
		job->run(job->arg);
		job->done = 1;
		__asm__ volatile("dsb sy; sev" : : : "memory");
	}
}

bool cpu_start(u32 cpu)
{
	if (smc(PSCI_CPU_ON, cpu, (u64)secondary_start, cpu) != 0)
		return false;
	job_wait(cpu);
	return true;
}

void job_start(u32 cpu, void (*job)(u64), u64 arg)
{
	jobs[cpu].done = 0;
	jobs[cpu].run = job;
	jobs[cpu].arg = arg;
	jobs[cpu].posted = 1;
	__asm__ volatile("dsb sy; sev" : : : "memory");
}

bool job_done(u32 cpu)
{
	return jobs[cpu].done != 0;
}

void job_wait(u32 cpu)
{
	while (jobs[cpu].done == 0)
		__asm__ volatile("yield" : : : "memory");
}

u64 try_read(u64 address, u64 *value)
{
	fault_esr = 0;
	fault_expected = 1;
	*value = *(volatile u64 *)address;
	__asm__ volatile("dsb sy" : : : "memory");
	fault_expected = 0;
	return fault_esr;
}

u64 try_write(u64 address, u64 value)
{
	fault_esr = 0;
	fault_expected = 1;
	*(volatile u64 *)address = value;
	__asm__ volatile("dsb sy" : : : "memory");
	fault_expected = 0;
	return fault_esr;
}

void host_sync(void);
void host_sync(void)
{
	u64 esr = reg_read(esr_el1);

	if (fault_expected == 0) {
		print("FAIL exception of the host: ESR %x ELR %x FAR %x\n", esr, reg_read(elr_el1),
		      reg_read(far_el1));
		power_off();
	}
	fault_esr = esr;
	reg_write(elr_el1, reg_read(elr_el1) + 4);
}
