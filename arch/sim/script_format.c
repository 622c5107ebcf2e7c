/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/access.h"
#include "arch/sim/script.h"

#include <string.h>

#define ULL(x) ((unsigned long long)(x))

void script_format_machine(FILE *out, const struct sim_config *config)
{
	fprintf(out, "machine ram=%lluM cpus=%u ipa_bits=%u banks=%u streams=%u",
		ULL(config->ram >> 20), config->cpus, config->ipa_bits, config->banks,
		config->streams);
	if (config->tables != 0U)
		fprintf(out, " tables=%u", config->tables);
	fprintf(out, "\n");
}

static bool is_auto(const struct op *op, u32 i)
{
	return strcmp(op_info[op->kind].arg[i], "value") == 0 && op->a[i] == ACCESS_AUTO;
}

void script_format_op(FILE *out, const struct op *op)
{
	const struct op_info *info = &op_info[op->kind];

	if (op->at >= 0)
		fprintf(out, "@%d ", op->at);
	if (info->actor == BY_DEVICE)
		fprintf(out, "dev ");
	else if (info->actor != BY_NOBODY)
		fprintf(out, "%u ", op->actor);
	fprintf(out, "%s", info->name);
	for (u32 i = 0; i < OP_ARGS && info->arg[i]; i++) {
		if (is_auto(op, i) || (i >= info->required && op->a[i] == 0U))
			continue;
		if (op->a[i] < 10U)
			fprintf(out, " %s=%llu", info->arg[i], ULL(op->a[i]));
		else
			fprintf(out, " %s=0x%llx", info->arg[i], ULL(op->a[i]));
	}
}

static const char *const outcome_names[] = {
	[OUT_OK] = "ok",	   [OUT_ERROR] = "error",
	[OUT_ABORT] = "abort",	   [OUT_VM_ABORT] = "vm_abort",
	[OUT_EXIT] = "exit",	   [OUT_FAULT] = "fault",
	[OUT_BLOCKED] = "blocked", [OUT_SKIPPED] = "skipped",
};

void script_format_result(FILE *out, const struct result *r)
{
	const char *error = op_error_name(r->error);

	if (r->outcome == OUT_ERROR)
		fprintf(out, "%s", error ? error : "unknown-error");
	else
		fprintf(out, "%s", outcome_names[r->outcome]);
	for (u32 i = 0; i < r->nr_values; i++) {
		if (r->outcome == OUT_EXIT && i == 0U)
			fprintf(out, " reason=%s", op_exit_name(r->value[0]));
		else if (r->value[i] < 10U)
			fprintf(out, " %s=%llu", r->names[i], ULL(r->value[i]));
		else
			fprintf(out, " %s=0x%llx", r->names[i], ULL(r->value[i]));
	}
}

void script_default_config(struct sim_config *config)
{
	memset(config, 0, sizeof(*config));
	config->ram = 256ULL << 20;
	config->cpus = 4;
	config->banks = 1;
	config->ipa_bits = 40;
	config->streams = 16;
}
