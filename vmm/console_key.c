/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/console.h"

#define CTRL_A 1

enum console_key console_key(bool *escaped, uint8_t byte)
{
	if (!*escaped) {
		*escaped = byte == CTRL_A;
		return *escaped ? CONSOLE_NOTHING : CONSOLE_BYTE;
	}
	*escaped = false;
	switch (byte) {
	case 'x':
	case 'X':
		return CONSOLE_LEAVE;
	case 'h':
	case 'H':
	case '?':
		return CONSOLE_HELP;
	case CTRL_A:
		return CONSOLE_BYTE;
	default:
		return CONSOLE_NOTHING;
	}
}
