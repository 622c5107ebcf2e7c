/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of scripts: script*.c only. */
#ifndef SIM_SCRIPT_PARSE_H
#define SIM_SCRIPT_PARSE_H

#include "arch/sim/op.h"

#define LINE_TOKENS 32U

/* A line in words. */
struct script_line {
	const char *file;
	u32 number;
	char *token[LINE_TOKENS];
	u32 nr;
	/* Parts: [0, body) the operation, then names to bind, then what is expected. */
	u32 body;
	u32 bind, bind_end;
	u32 expect, expect_end;
};

/* Say what was expected there, and exit with 2. */
_Noreturn void script_error(const struct script_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Split a copy of the line (changed; it must live as long as `line`). */
void script_split(struct script_line *line, char *text);

/* The operation in tokens [first, body). */
struct op script_parse_op(const struct script_line *line, u32 first);

u64 script_number(const struct script_line *line, const char *text);

#endif
