/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/commands.h"

#include <stdio.h>
#include <string.h>

#include "vmm/options.h"
#include "vmm/report.h"
#include "vmm/sign.h"

static int check(const struct run_options *options, bool sign)
{
	if (options->manifest != NULL)
		return complain("--manifest is for run");
	if (sign && (options->key == NULL || options->output == NULL))
		return complain("sign needs --key and --output");
	if (!sign && options->key != NULL)
		return complain("--key is for sign");
	return 0;
}

int command_owner(int argc, char **argv, const char *usage)
{
	bool sign = strcmp(argv[0], "sign") == 0;
	struct run_options options;

	if (options_parse(&options, argc, argv) != 0)
		return EXIT_USAGE;
	if (options.help) {
		fputs(usage, stdout);
		return EXIT_POWERED_OFF;
	}
	if (check(&options, sign) != 0)
		return EXIT_USAGE;
	return sign ? sign_manifest(&options) : sign_measure(&options);
}
