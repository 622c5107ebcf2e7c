/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI (PCI Local Bus 3.0, PCI Express 6.0): the host has the functions whose DMA the SMMU translates,
 * under the stream IDs they have; others it does not see. All of configuration space is
 * emulated: a function that is given to a VM must stay where it is, and what it is.
 */
#ifndef ARM64_PCI_H
#define ARM64_PCI_H

#include "core/types.h"
#include "emulate.h"

/*
 * Look at what is on bus 0 of the host bridge with configuration space [pa, pa + size). Boot
 * only. Returns NULL, or what is wrong.
 */
const char *pci_init(u64 pa, u64 size);

/* Do an access of the host to configuration space. Returns false if it is none. */
bool pci_access(struct access *access);

/*
 * A stream is bound to a context of `owner`: the host or a VM. From the first time it is a
 * VM's, nobody configures the function any more; when the VM has lost it, it is reset, if it knows how,
 * and nobody gets it until the machine is, for few devices can be made to forget all that they hold. Returns false then: the
 * stream is to stay cut. Lock: DMA.
 */
bool pci_stream_bound(u32 stream, u32 owner);

/* Is the frame at `pa` within a BAR of a function that is this VM's, and of no other? */
bool pci_may_claim(u64 pa, u64 vm);

#endif
