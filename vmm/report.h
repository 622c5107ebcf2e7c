/* SPDX-License-Identifier: BSD-3-Clause */
/* What cvm says when something is wrong: one line on standard error. */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

/* Exit codes of cvm; doc/cvm.md explains them to users. */
enum exit_code {
	EXIT_POWERED_OFF = 0,
	EXIT_NOT_STARTED = 1,
	EXIT_USAGE = 2,
	EXIT_RESET = 3,
	EXIT_STOPPED = 4,
	EXIT_LEFT = 5,
	EXIT_SAVED = 6,
};

/* "cvm: <text>". Returns -1, so that a caller can complain and fail in one line. */
__attribute__((format(printf, 1, 2))) int complain(const char *format, ...);

#endif
