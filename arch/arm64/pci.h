/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI (PCI Local Bus 3.0, PCI Express 6.0): the host configures the functions whose DMA the
 * SMMU translates, under the stream IDs they have; others it does not see.
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

/* Is there a configuration space at `pa` that the host may reach itself? */
bool pci_host_frame(u64 pa);

/* Do an access of the host to configuration space: nothing is there. */
bool pci_access(struct access *access);

#endif
