/* SPDX-License-Identifier: BSD-3-Clause */
/* cvm-sign: the commands of cvm that need no KVM, for the machine of a VM's owner. */
#include <stdio.h>
#include <string.h>

#include "vmm/commands.h"
#include "vmm/report.h"

static const char usage[] =
	"usage: cvm-sign measure --kernel IMAGE [option...]  print the measurement of a VM\n"
	"       cvm-sign sign --key PEM -o FILE --kernel IMAGE [option...]\n"
	"                                     write a manifest for it, and print the measurement\n"
	"\n" OPTIONS_OF_IMAGE "  -K, --key PEM        the owner's private key, ECDSA over P-384\n"
	"  -o, --output FILE    where the manifest goes; of measure: the memory measured\n"
	"  -h, --help           this text\n"
	"\n"
	"The options must be those of `cvm run`. Exit code: 0; 1 a file does not do; 2 wrong usage.\n";

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "measure") == 0 || strcmp(command, "sign") == 0)
		return command_owner(argc - 1, argv + 1, usage);
	if (strcmp(command, "-h") == 0 || strcmp(command, "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_POWERED_OFF;
	}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
