/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/script.h"

#include <stdlib.h>
#include <string.h>

#include "arch/sim/check.h"
#include "arch/sim/expr.h"
#include "arch/sim/script_parse.h"

#define MAX_LINE 1024U

/* The script being run. */
static struct {
	struct script_line line;
	char text[MAX_LINE];
	char raw[MAX_LINE];
	FILE *file;
	bool quiet;
	bool ahead; /* `line` has been read, not run */
	int status;
} script;

static void on_violation(const char *kind, const char *detail)
{
	fflush(stdout);
	fprintf(stderr, "%s:%u: VIOLATION %s: %s\n", script.line.file, script.line.number, kind,
		detail);
	exit(1);
}

static bool read_line(void)
{
	if (script.ahead) {
		script.ahead = false;
		return true;
	}
	while (fgets(script.text, MAX_LINE, script.file)) {
		script.line.number++;
		if (!strchr(script.text, '\n') && !feof(script.file))
			script_error(&script.line, "expected at most %u characters a line",
				     MAX_LINE - 2U);
		memcpy(script.raw, script.text, MAX_LINE);
		script_split(&script.line, script.text);
		if (script.line.nr != 0U)
			return true;
	}
	return false;
}

/* "machine key=value ...": the first line, if there is one. */
static void parse_machine(struct sim_config *config)
{
	const struct script_line *line = &script.line;
	const char *error;

	for (u32 i = 1; i < line->nr; i++) {
		char *equals = strchr(line->token[i], '=');
		u64 value;

		if (!equals)
			script_error(line, "expected key=value, not '%s'", line->token[i]);
		*equals = '\0';
		value = script_number(line, equals + 1);
		if (strcmp(line->token[i], "ram") == 0)
			config->ram = value;
		else if (strcmp(line->token[i], "cpus") == 0)
			config->cpus = (u32)value;
		else if (strcmp(line->token[i], "banks") == 0)
			config->banks = (u32)value;
		else if (strcmp(line->token[i], "ipa_bits") == 0)
			config->ipa_bits = (u32)value;
		else if (strcmp(line->token[i], "tables") == 0)
			config->tables = (u32)value;
		else if (strcmp(line->token[i], "streams") == 0)
			config->streams = (u32)value;
		else if (strcmp(line->token[i], "store") == 0)
			config->store = (u32)value;
		else
			script_error(line,
				     "expected ram, cpus, banks, ipa_bits, tables, streams or "
				     "store, not '%s'",
				     line->token[i]);
	}
	error = sim_config_check(config);
	if (error)
		script_error(line, "expected %s", error);
}

/* Does the result say what comes after the arrow? */
static bool as_expected(const struct script_line *line, const char *got)
{
	char copy[MAX_LINE];
	char *words[LINE_TOKENS];
	char *save = NULL;
	u32 nr = 0;

	strncpy(copy, got, sizeof(copy) - 1U);
	copy[sizeof(copy) - 1U] = '\0';
	for (char *t = strtok_r(copy, " ", &save); t && nr < LINE_TOKENS;
	     t = strtok_r(NULL, " ", &save))
		words[nr++] = t;
	if (strcmp(words[0], line->token[line->expect]) != 0)
		return false;
	for (u32 i = line->expect + 1U; i < line->expect_end; i++) {
		const char *equals = strchr(line->token[i], '=');
		bool found = false;

		if (!equals)
			script_error(line, "expected name=value, not '%s'", line->token[i]);
		for (u32 w = 1; w < nr && !found; w++) {
			u64 want, is;

			if (strncmp(words[w], line->token[i],
				    (size_t)(equals + 1 - line->token[i])) != 0)
				continue;
			found = strcmp(words[w], line->token[i]) == 0 ||
				(expr_eval(equals + 1, &want) &&
				 expr_eval(strchr(words[w], '=') + 1, &is) && want == is);
		}
		if (!found)
			return false;
	}
	return true;
}

static void format(const struct result *r, bool reached, char *text)
{
	FILE *out = fmemopen(text, MAX_LINE, "w");

	if (reached)
		script_format_result(out, r);
	else
		fprintf(out, "not_reached");
	fclose(out);
}

/* Print the operation and its result; compare that; bind names to its values. */
static void finish(const struct script_line *line, const struct op *op, const struct result *r,
		   bool reached)
{
	char text[MAX_LINE];

	format(r, reached, text);
	if (!script.quiet) {
		script_format_op(stdout, op);
		printf(" => %s\n", text);
	}
	if (line->expect < line->expect_end && !as_expected(line, text)) {
		fflush(stdout);
		fprintf(stderr, "%s:%u: expected", line->file, line->number);
		for (u32 i = line->expect; i < line->expect_end; i++)
			fprintf(stderr, " %s", line->token[i]);
		fprintf(stderr, ", got %s\n", text);
		script.status = 1;
	}
	for (u32 i = line->bind; i < line->bind_end; i++) {
		u32 v = i - line->bind;

		if (!expr_is_name(line->token[i]) ||
		    !expr_set(line->token[i], v < r->nr_values ? r->value[v] : 0U))
			script_error(line, "expected a name, not '%s'", line->token[i]);
	}
}

/* Lines of the form "@N ..." that follow belong to the operation above. */
static u32 read_nested(struct step *step, struct script_line *lines, char (*texts)[MAX_LINE])
{
	while (read_line()) {
		struct script_line *line = &script.line;
		u32 n = step->nr_nested;

		if (line->token[0][0] != '@') {
			script.ahead = true;
			return n;
		}
		if (n == STEP_NESTED)
			script_error(line, "at most %u lines inside one operation", STEP_NESTED);
		step->nested[n] = script_parse_op(line, 1);
		step->nested[n].at = (int)(script_number(line, line->token[0] + 1) & 0x7fffffffU);
		lines[n] = *line;
		memcpy(texts[n], script.raw, MAX_LINE);
		script_split(&lines[n], texts[n]);
		step->nr_nested++;
	}
	return step->nr_nested;
}

static void run_op(u32 first)
{
	struct step step = {.nr_nested = 0};
	struct script_line nested[STEP_NESTED];
	static char texts[STEP_NESTED][MAX_LINE];
	static char own_text[MAX_LINE];
	struct script_line own = script.line;
	u32 number = script.line.number;
	struct result r;

	memcpy(own_text, script.raw, MAX_LINE);
	script_split(&own, own_text);
	step.op = script_parse_op(&own, first);
	(void)read_nested(&step, nested, texts);
	if (!script.ahead)
		script.line.number = number;
	r = step_run(&step);
	finish(&own, &step.op, &r, true);
	for (u32 i = 0; i < step.nr_nested; i++)
		finish(&nested[i], &step.nested[i], &step.result[i], step.reached[i]);
}

/* "for NAME=A..B: operation", nothing inside it. */
static void run_for(void)
{
	static char text[MAX_LINE];
	struct script_line line = script.line;
	char *equals, *dots;
	u64 first, last;
	u64 end;

	memcpy(text, script.raw, MAX_LINE);
	script_split(&line, text);
	equals = line.nr > 2U ? strchr(line.token[1], '=') : NULL;
	dots = equals ? strstr(equals, "..") : NULL;
	if (!dots || dots[strlen(dots) - 1U] != ':')
		script_error(&line, "expected 'for NAME=FIRST..LAST: operation'");
	dots[strlen(dots) - 1U] = '\0';
	*equals = *dots = '\0';
	first = script_number(&line, equals + 1);
	last = script_number(&line, dots + 2);
	end = last + 1U;
	for (u64 i = first; i < end; i++) {
		struct step step = {.nr_nested = 0};
		struct result r;

		if (!expr_is_name(line.token[1]) || !expr_set(line.token[1], i))
			script_error(&line, "expected a name, not '%s'", line.token[1]);
		step.op = script_parse_op(&line, 2);
		r = step_run(&step);
		finish(&line, &step.op, &r, true);
	}
}

static void run_let(void)
{
	const struct script_line *line = &script.line;

	if (line->nr != 4U || strcmp(line->token[2], "=") != 0 || !expr_is_name(line->token[1]))
		script_error(line, "expected 'let NAME = EXPRESSION' with spaces around the =");
	if (!expr_set(line->token[1], script_number(line, line->token[3])))
		script_error(line, "expected at most 256 names");
}

static void run_reboot(void)
{
	if (!sim_reboot())
		script_error(&script.line, "expected no VM when the machine reboots");
}

static void run_line(void)
{
	const char *word = script.line.token[0];

	if (strcmp(word, "machine") == 0)
		script_error(&script.line, "expected the machine line before everything else");
	if (word[0] == '@')
		script_error(&script.line, "expected an operation above this line");
	if (strcmp(word, "let") == 0)
		run_let();
	else if (strcmp(word, "for") == 0)
		run_for();
	else if (strcmp(word, "reboot") == 0)
		run_reboot();
	else
		run_op(0);
}

int script_run(const char *path, bool quiet, bool thorough)
{
	struct sim_config config;

	script.line.file = path;
	script.quiet = quiet;
	script.file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	if (!script.file) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return 2;
	}
	script_default_config(&config);
	sim_on_violation = on_violation;
	check_thorough = thorough;
	if (read_line()) {
		if (strcmp(script.line.token[0], "machine") == 0)
			parse_machine(&config);
		else
			script.ahead = true;
	}
	sim_boot(&config);
	expr_reset();
	while (read_line())
		run_line();
	check_everything();
	fclose(script.file);
	return script.status;
}
