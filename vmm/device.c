/* SPDX-License-Identifier: BSD-3-Clause */
/* The one device, a serial port. What lies elsewhere reads as zero. */
#include <string.h>
#include <unistd.h>

#include "vmm/vm_private.h"

static void transmit(void *context, uint8_t byte)
{
	(void)context;
	/* When nobody reads the console, what the VM writes is lost, like on a real line. */
	if (write(STDOUT_FILENO, &byte, 1) < 0)
		return;
}

static void interrupt(void *context, bool level)
{
	gic_set_spi(context, LAYOUT_UART_SPI, level);
}

void device_init(struct vm *vm)
{
	pl011_init(&vm->uart, transmit, interrupt, vm);
}

static bool is_uart(uint64_t address)
{
	return address - LAYOUT_UART_BASE < LAYOUT_UART_SIZE;
}

void device_read(struct vm *vm, uint64_t address, void *data, unsigned int size)
{
	uint64_t value = 0;

	if (is_uart(address)) {
		pthread_mutex_lock(&vm->lock);
		value = pl011_read(&vm->uart, address - LAYOUT_UART_BASE);
		pthread_mutex_unlock(&vm->lock);
	}
	memcpy(data, &value, size);
}

void device_write(struct vm *vm, uint64_t address, const void *data, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, data, size);
	if (!is_uart(address))
		return;
	pthread_mutex_lock(&vm->lock);
	pl011_write(&vm->uart, address - LAYOUT_UART_BASE, (uint32_t)value);
	pthread_mutex_unlock(&vm->lock);
}
