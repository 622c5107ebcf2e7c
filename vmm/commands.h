/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands that cvm and cvm-sign have in common, and what their help says of them. */
#ifndef VMM_COMMANDS_H
#define VMM_COMMANDS_H

#define OPTIONS_OF_IMAGE                                \
	"  -k, --kernel IMAGE   an arm64 Linux Image\n" \
	"  -i, --initrd FILE    its initial RAM disk\n" \
	"  -m, --mem SIZE       memory (256M)\n"        \
	"  -c, --cpus N         vCPUs (1)\n"            \
	"  -a, --append TEXT    the kernel's command line (console=ttyAMA0)\n"

/* `measure` or `sign`; argv[0] says which. The exit code. */
int command_owner(int argc, char **argv, const char *usage);

#endif
