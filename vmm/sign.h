/* SPDX-License-Identifier: BSD-3-Clause */
/* `cvm measure` and `cvm sign`: what the owner of a VM does before it runs anywhere. */
#ifndef VMM_SIGN_H
#define VMM_SIGN_H

#include "vmm/options.h"

/*
 * Print the measurement that the VM will have; with an output, write the memory that was
 * measured there. cvm's exit code.
 */
int sign_measure(const struct run_options *options);
/* Write a manifest: the measurement, signed with the owner's key. cvm's exit code. */
int sign_manifest(const struct run_options *options);

#endif
