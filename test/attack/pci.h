/* SPDX-License-Identifier: BSD-3-Clause */
/* PCI functions, driven by a program with the rights of root: by way of sysfs alone. */
#ifndef TEST_ATTACK_PCI_H
#define TEST_ATTACK_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_COMMAND 0x04U
#define PCI_MEMORY_AND_MASTER 6U
#define PCI_BAR(n) (0x10U + (n)*4U)

struct pci {
	char path[96]; /* in sysfs */
	uint32_t devfn; /* on bus 0: its stream ID too */
	uint64_t bar_pa; /* of the BAR that is mapped */
	uintptr_t bar;
};

/* The nth function with this vendor | device << 16. */
bool pci_find(struct pci *pci, uint32_t id, unsigned int nth);
/* Take it from its driver, if it has one, let it be bus master, and map a BAR. */
void pci_open(struct pci *pci, unsigned int bar);
/* Have the kernel's driver of this name drive it again. False if there is none. */
bool pci_give_back(const struct pci *pci, const char *driver);

uint32_t pci_config(const struct pci *pci, uint32_t offset, uint32_t size);
void pci_set_config(const struct pci *pci, uint32_t offset, uint32_t size, uint32_t value);
/* Place of a capability in configuration space, 0: it has none. */
uint32_t pci_capability(const struct pci *pci, uint32_t id, uint32_t after);

/* Registers: one load or store each, of the kind that can be emulated. */
uint64_t io_read(uintptr_t address, uint32_t size);
void io_write(uintptr_t address, uint32_t size, uint64_t value);
/* The frame of registers at a physical address, by way of /dev/hostile. */
uintptr_t io_map(uint64_t pa, uint32_t frames);
/* Does an access to it end in SIGBUS, a load and a store? */
bool io_aborts(uintptr_t address, uint32_t size);

#endif
