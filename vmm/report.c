/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/report.h"

#include <stdarg.h>
#include <stdio.h>

int complain(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* In raw mode a terminal needs the carriage return; elsewhere it does no harm. */
	fprintf(stderr, "cvm: %s\r\n", line);
	return -1;
}
