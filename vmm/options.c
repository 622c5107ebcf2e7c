/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "vmm/layout.h"
#include "vmm/report.h"

#define MB ((uint64_t)1 << 20)

uint64_t options_size(const char *text)
{
	unsigned int shift = 0;
	uint64_t value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	default:
		break;
	}
	if (shift != 0)
		end++;
	if (errno != 0 || *end != '\0' || value > UINT64_MAX >> shift)
		return 0;
	return value << shift;
}

static int parse_memory(struct run_options *options, const char *text)
{
	uint64_t size = options_size(text);

	if (size == 0)
		return complain("--mem %s: not a size (try 256M or 1G)", text);
	if (size % MB != 0)
		return complain("--mem %s: not a multiple of 1M", text);
	if (size > LAYOUT_RAM_LIMIT - LAYOUT_RAM_BASE)
		return complain("--mem %s: more than the %" PRIu64 "G a VM can have", text,
				(LAYOUT_RAM_LIMIT - LAYOUT_RAM_BASE) >> 30);
	options->memory = size;
	return 0;
}

static int parse_cpus(struct run_options *options, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n == 0 || n > LAYOUT_MAX_CPUS)
		return complain("--cpus %s: not a number from 1 to %u", text, LAYOUT_MAX_CPUS);
	options->cpus = (unsigned int)n;
	return 0;
}

static int parse_one(struct run_options *options, int option)
{
	switch (option) {
	case 'k':
		options->kernel = optarg;
		return 0;
	case 'i':
		options->initrd = optarg;
		return 0;
	case 'm':
		return parse_memory(options, optarg);
	case 'c':
		return parse_cpus(options, optarg);
	case 'a':
		options->append = optarg;
		return 0;
	case 'M':
		options->manifest = optarg;
		return 0;
	case 'K':
		options->key = optarg;
		return 0;
	case 'o':
		options->output = optarg;
		return 0;
	case 'n':
		options->reboot = false;
		return 0;
	case 'p':
		options->protect = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		return -1; /* getopt has said what is wrong */
	}
}

int options_parse(struct run_options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"kernel", required_argument, NULL, 'k'},
		{"initrd", required_argument, NULL, 'i'},
		{"mem", required_argument, NULL, 'm'},
		{"cpus", required_argument, NULL, 'c'},
		{"append", required_argument, NULL, 'a'},
		{"manifest", required_argument, NULL, 'M'},
		{"key", required_argument, NULL, 'K'},
		{"output", required_argument, NULL, 'o'},
		{"no-reboot", no_argument, NULL, 'n'},
		{"protected", no_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*options = (struct run_options){
		.append = "console=ttyAMA0", .memory = 256 * MB, .cpus = 1, .reboot = true};
	optind = 0; /* glibc: begin anew */
	while ((option = getopt_long(argc, argv, "k:i:m:c:a:M:K:o:h", known, NULL)) != -1) {
		if (parse_one(options, option) != 0)
			return -1;
	}
	if (options->help)
		return 0;
	if (optind < argc)
		return complain("what is '%s'? A kernel is given with --kernel", argv[optind]);
	if (options->kernel == NULL)
		return complain("no --kernel given");
	return 0;
}
