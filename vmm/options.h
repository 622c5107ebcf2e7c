/* SPDX-License-Identifier: BSD-3-Clause */
/* What `cvm run`, `measure` and `sign` were asked for. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct run_options {
	const char *kernel;
	const char *initrd; /* or NULL */
	const char *append; /* the kernel's command line */
	const char *manifest; /* what the VM must be; or NULL */
	const char *key; /* of the owner, and where the manifest goes: to sign */
	const char *output;
	uint64_t memory; /* bytes */
	unsigned int cpus;
	bool reboot; /* a VM that resets is started again */
	bool protect; /* refuse to run where there is no Corevisor */
	bool help;
};

/* Read the arguments after the command. 0, or -1 when something is wrong and has been said. */
int options_parse(struct run_options *options, int argc, char **argv);

/* "256M" in bytes; 0: not a size. */
uint64_t options_size(const char *text);

#endif
