/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminal, or whatever standard input is, as the far end of the serial port. */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include "vmm/vm.h"

/* A terminal becomes raw, until the program ends. */
void console_open(void);

/* Feed the VM until it ends, or the user leaves it (then: VM_RUNS). */
enum vm_end console_serve(struct vm *vm);

/* What a byte typed at a terminal means. */
enum console_key {
	CONSOLE_BYTE, /* for the VM */
	CONSOLE_NOTHING,
	CONSOLE_HELP,
	CONSOLE_LEAVE,
};

/* `escaped` says whether Ctrl-A came before it, and is kept up to date. */
enum console_key console_key(bool *escaped, uint8_t byte);

#endif
