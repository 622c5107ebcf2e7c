/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages: at boot, and when the core dies. The UART (PL011) is the host's;
 * the core prints nothing while the host runs, but for what `corevisor.log=`
 * on the host's command line asks for: quiet, warn (default: at boot, what is cut off), info, debug.
 */
#ifndef ARM64_CONSOLE_H
#define ARM64_CONSOLE_H

#include "core/types.h"

enum log_level {
	LOG_FATAL,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

extern enum log_level log_level;

/* Use the PL011 whose registers are mapped at `va`. */
void console_set(u64 va);

/*
 * One line, "corevisor: " before it. %s string, %u u32, %x u64 in hexadecimal with 0x,
 * %l u64 in decimal, %% a percent sign.
 */
void log_line(enum log_level level, const char *format, ...);

#endif
