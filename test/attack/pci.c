/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "test/attack/pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/attack/kernel.h"

#define DEVICES "/sys/bus/pci/devices"
#define FRAME 4096U
#define STATUS 0x06U
#define STATUS_CAPABILITIES 0x10U
#define CAPABILITIES 0x34U

static uint32_t number_in(const char *folder, const char *name)
{
	char path[PATH_MAX];
	uint32_t value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file != NULL && fscanf(file, "%x", &value) != 1)
		value = 0;
	if (file != NULL)
		fclose(file);
	return value;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

bool pci_find(struct pci *pci, uint32_t id, unsigned int nth)
{
	struct dirent **names;
	int n = scandir(DEVICES, &names, NULL, by_name);
	uint32_t device, function;
	bool found = false;

	for (int i = 0; i < n; i++) {
		if (!found && sscanf(names[i]->d_name, "0000:00:%x.%x", &device, &function) == 2) {
			snprintf(pci->path, sizeof(pci->path), DEVICES "/%.32s", names[i]->d_name);
			pci->devfn = device << 3 | function;
			found = (number_in(pci->path, "vendor") | number_in(pci->path, "device")
									  << 16) == id &&
				nth-- == 0;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Address and size of a BAR: a line of the file `resource`. */
static void find_bar(struct pci *pci, unsigned int bar, uint64_t *size)
{
	unsigned long long first = 0, last = 0;
	char path[PATH_MAX], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/resource", pci->path);
	file = fopen(path, "re");
	for (unsigned int i = 0; file != NULL && i <= bar; i++) {
		if (fgets(line, sizeof(line), file) == NULL ||
		    sscanf(line, "%llx %llx", &first, &last) != 2)
			failed("%s has no BAR %u", pci->path, bar);
	}
	if (file != NULL)
		fclose(file);
	if (first == 0)
		failed("BAR %u of %s has no address", bar, pci->path);
	pci->bar_pa = first;
	*size = last - first + 1;
}

void pci_open(struct pci *pci, unsigned int bar)
{
	char path[PATH_MAX];
	uint64_t size;
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/driver/unbind", pci->path);
	if (access(path, F_OK) == 0 && !write_file(path, strrchr(pci->path, '/') + 1))
		failed("%s: %s", path, strerror(errno));
	pci_set_config(pci, PCI_COMMAND, 2, PCI_MEMORY_AND_MASTER);
	find_bar(pci, bar, &size);
	snprintf(path, sizeof(path), "%s/resource%u", pci->path, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		failed("%s: %s", path, strerror(errno));
	close(fd);
	pci->bar = (uintptr_t)map;
}

bool pci_give_back(const struct pci *pci, const char *driver)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", driver);
	return write_file(path, strrchr(pci->path, '/') + 1);
}

static int open_config(const struct pci *pci)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/config", pci->path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		failed("%s: %s", path, strerror(errno));
	return fd;
}

uint32_t pci_config(const struct pci *pci, uint32_t offset, uint32_t size)
{
	int fd = open_config(pci);
	uint32_t value = 0;

	if (pread(fd, &value, size, offset) != (ssize_t)size)
		failed("configuration space of %s cannot be read", pci->path);
	close(fd);
	return value;
}

void pci_set_config(const struct pci *pci, uint32_t offset, uint32_t size, uint32_t value)
{
	int fd = open_config(pci);

	if (pwrite(fd, &value, size, offset) != (ssize_t)size)
		failed("configuration space of %s cannot be written", pci->path);
	close(fd);
}

uint32_t pci_capability(const struct pci *pci, uint32_t id, uint32_t after)
{
	uint32_t at = after != 0 ? pci_config(pci, after + 1, 1) : pci_config(pci, CAPABILITIES, 1);

	if ((pci_config(pci, STATUS, 2) & STATUS_CAPABILITIES) == 0)
		return 0;
	while (at != 0 && pci_config(pci, at, 1) != id)
		at = pci_config(pci, at + 1, 1);
	return at;
}

uint64_t io_read(uintptr_t address, uint32_t size)
{
	uint64_t value = 0;

	switch (size) {
	case 1:
		__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
		break;
	case 2:
		__asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
		break;
	case 4:
		__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
		break;
	default:
		__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	}
	return value;
}

/* What memory holds by now is there before a device is told to look. */
void io_write(uintptr_t address, uint32_t size, uint64_t value)
{
	__asm__ volatile("dsb sy" : : : "memory");
	switch (size) {
	case 1:
		__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
		break;
	case 2:
		__asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
		break;
	case 4:
		__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
		break;
	default:
		__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
	}
}

uintptr_t io_map(uint64_t pa, uint32_t frames)
{
	return (uintptr_t)frame_map(pa / FRAME, frames) + pa % FRAME;
}

struct io {
	uintptr_t address;
	uint32_t size;
};

static void load(void *argument)
{
	const struct io *io = argument;

	(void)io_read(io->address, io->size);
}

static void store(void *argument)
{
	const struct io *io = argument;

	io_write(io->address, io->size, 0);
}

bool io_aborts(uintptr_t address, uint32_t size)
{
	struct io io = {address, size};

	return !survives(load, &io) && !survives(store, &io);
}
