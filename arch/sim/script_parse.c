/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/script_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/sim/access.h"
#include "arch/sim/expr.h"
#include "arch/sim/sim.h"

void script_error(const struct script_line *line, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%u: ", line->file, line->number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(2);
}

void script_split(struct script_line *line, char *text)
{
	char *save = NULL;
	char *comment = strchr(text, '#');

	if (comment)
		*comment = '\0';
	line->nr = 0;
	for (char *t = strtok_r(text, " \t\r\n", &save); t; t = strtok_r(NULL, " \t\r\n", &save)) {
		if (line->nr == LINE_TOKENS)
			script_error(line, "at most %u words in a line", LINE_TOKENS);
		line->token[line->nr++] = t;
	}
	line->body = line->nr;
	line->bind = line->bind_end = line->expect = line->expect_end = line->nr;
	for (u32 i = line->nr; i-- > 0U;) {
		if (strcmp(line->token[i], "=>") == 0) {
			line->expect = i + 1U;
			line->expect_end = line->body;
			line->body = line->bind = line->bind_end = i;
		} else if (strcmp(line->token[i], "->") == 0) {
			line->bind = i + 1U;
			line->bind_end = line->body;
			line->body = i;
		}
	}
}

u64 script_number(const struct script_line *line, const char *text)
{
	u64 value;

	if (!expr_eval(text, &value))
		script_error(line, "expected a number or a known name, not '%s'", text);
	return value;
}

static int find_op(const char *name, bool device)
{
	if (!device && strcmp(name, "run") == 0)
		return OP_VCPU_RUN;
	for (u32 i = 0; i < NR_OPS; i++) {
		if (strcmp(op_info[i].name, name) == 0 && (op_info[i].actor == BY_DEVICE) == device)
			return (int)i;
	}
	return -1;
}

static u32 find_arg(const struct script_line *line, const struct op_info *info, const char *token,
		    u64 length)
{
	for (u32 i = 0; i < OP_ARGS && info->arg[i]; i++) {
		if (strlen(info->arg[i]) == length && strncmp(info->arg[i], token, length) == 0)
			return i;
	}
	fflush(stdout);
	fprintf(stderr, "%s:%u: %s has no argument '%.*s'; expected", line->file, line->number,
		info->name, (int)length, token);
	for (u32 i = 0; i < OP_ARGS && info->arg[i]; i++)
		fprintf(stderr, " %s=", info->arg[i]);
	fprintf(stderr, "%s\n", info->arg[0] ? "" : " none");
	exit(2);
}

/* The arguments; false at the word that is not one. */
static void parse_args(const struct script_line *line, u32 first, u32 skip, struct op *op)
{
	const struct op_info *info = &op_info[op->kind];
	bool given[OP_ARGS] = {false};

	for (u32 i = 0; i < OP_ARGS && info->arg[i]; i++) {
		if (strcmp(info->arg[i], "value") == 0 && i >= info->required)
			op->a[i] = ACCESS_AUTO;
	}
	for (u32 i = first; i < line->body; i++) {
		const char *equals = strchr(line->token[i], '=');
		u32 arg;

		if (i == skip)
			continue;
		if (!equals)
			script_error(line, "expected argument=value, not '%s'", line->token[i]);
		arg = find_arg(line, info, line->token[i], (u64)(equals - line->token[i]));
		if (given[arg])
			script_error(line, "%s= is given twice", info->arg[arg]);
		given[arg] = true;
		op->a[arg] = script_number(line, equals + 1);
	}
	for (u32 i = 0; i < info->required; i++) {
		if (!given[i])
			script_error(line, "%s needs %s=", info->name, info->arg[i]);
	}
}

/* The first word without an equals sign: the operation's name. */
static u32 name_token(const struct script_line *line, u32 first)
{
	for (u32 i = first; i < line->body; i++) {
		if (!strchr(line->token[i], '='))
			return i;
	}
	script_error(line, "expected an operation (cvsim list shows them)");
}

struct op script_parse_op(const struct script_line *line, u32 first)
{
	struct op op = {.at = -1, .actor = ACTOR_NONE};
	u32 name = first;
	u64 actor;
	int kind;

	if (first >= line->body)
		script_error(line, "expected a CPU, 'dev' or an operation");
	if (strcmp(line->token[first], "dev") == 0) {
		op.actor = ACTOR_DEVICE;
		name = name_token(line, ++first);
	} else if (expr_eval(line->token[first], &actor) &&
		   find_op(line->token[first], false) < 0) {
		if (actor >= sim.config.cpus)
			script_error(line, "expected a CPU, 0 to %u", sim.config.cpus - 1U);
		op.actor = (u16)actor;
		name = name_token(line, ++first);
	}
	kind = find_op(line->token[name], op.actor == ACTOR_DEVICE);
	if (kind < 0)
		script_error(line, "expected an operation (cvsim list shows them), not '%s'",
			     line->token[name]);
	if (op.actor == ACTOR_NONE && op_info[kind].actor != BY_NOBODY)
		script_error(line, "expected the CPU that does '%s' in front of it",
			     line->token[name]);
	op.kind = (u16)kind;
	parse_args(line, first, name, &op);
	return op;
}
