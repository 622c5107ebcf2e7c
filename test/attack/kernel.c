/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/attack/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/guest/secret.h"

#define FRAME 4096U
#define KEPT 32U

static int device = -1;

void kernel_open(void)
{
	device = open("/dev/hostile", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		fprintf(stderr, "attack: /dev/hostile: %s (insmod hostile.ko)\n", strerror(errno));
		exit(2);
	}
}

void hvc_full(struct hostile_call *call)
{
	if (ioctl(device, HOSTILE_CALL, call) != 0)
		failed("HOSTILE_CALL: %s", strerror(errno));
}

int64_t hvc_call(uint32_t id, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	struct hostile_call call = {.x = {id, a1, a2, a3, a4, a5}};

	hvc_full(&call);
	return (int64_t)call.x[0];
}

static int frame_access(unsigned long request, uint64_t pfn, uint64_t buffer, uint32_t size)
{
	struct hostile_access access = {.pfn = pfn, .size = size, .buffer = buffer};

	if (ioctl(device, request, &access) == 0)
		return 0;
	/* Any other error says that nothing was tried. */
	if (errno != EFAULT)
		failed("frame %#llx: %s", (unsigned long long)pfn, strerror(errno));
	return EFAULT;
}

int frame_read(uint64_t pfn, void *to, uint32_t size)
{
	return frame_access(HOSTILE_READ, pfn, (uintptr_t)to, size);
}

int frame_write(uint64_t pfn, const void *from, uint32_t size)
{
	return frame_access(HOSTILE_WRITE, pfn, (uintptr_t)from, size);
}

int frame_fill(uint64_t pfn, uint64_t word)
{
	uint64_t words[FRAME / sizeof(word)];

	for (unsigned int i = 0; i < FRAME / sizeof(word); i++)
		words[i] = word;
	return frame_write(pfn, words, FRAME);
}

uint64_t frames_alloc(uint32_t order)
{
	struct hostile_pages pages = {.order = order};

	if (ioctl(device, HOSTILE_ALLOC, &pages) != 0)
		failed("no memory of order %u: %s", order, strerror(errno));
	return pages.pfn;
}

static uint64_t kept[KEPT];
static unsigned int nr_kept;

void frame_keep(uint64_t pfn)
{
	if (nr_kept == KEPT)
		failed("more than %u frames are to be kept", KEPT);
	kept[nr_kept++] = pfn;
}

void frames_free(uint64_t pfn, uint32_t order)
{
	struct hostile_pages pages = {.pfn = pfn, .order = order};

	for (unsigned int i = 0; i < nr_kept; i++) {
		if (order == 0 && kept[i] == pfn)
			return;
	}
	(void)ioctl(device, HOSTILE_FREE, &pages);
}

void *frame_map(uint64_t pfn, uint32_t frames)
{
	void *map = mmap(NULL, (size_t)frames * FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, device,
			 (off_t)(pfn * FRAME));

	if (map == MAP_FAILED)
		failed("frame %#llx cannot be mapped: %s", (unsigned long long)pfn,
		       strerror(errno));
	return map;
}

void frame_unmap(void *map, uint32_t frames)
{
	munmap(map, (size_t)frames * FRAME);
}

void kernel_scan(uint64_t first, uint64_t end, struct hostile_scan *scan)
{
	*scan = (struct hostile_scan){.first_pfn = first, .end_pfn = end, .mask = SECRET_MASK};
	for (unsigned int i = 0; i < SECRET_WORDS; i++)
		scan->words[i] = secret_masked(i);
	if (ioctl(device, HOSTILE_SCAN, scan) != 0)
		failed("HOSTILE_SCAN: %s", strerror(errno));
}

uint64_t kernel_probe(uint64_t step, uint64_t *pfns, uint64_t room)
{
	struct hostile_probe probe = {.step = step, .pfns = (uintptr_t)pfns, .room = room};
	uint64_t first, end;

	machine_ram(&first, &end);
	probe.first_pfn = first;
	probe.end_pfn = end;
	if (ioctl(device, HOSTILE_PROBE, &probe) != 0)
		failed("HOSTILE_PROBE: %s", strerror(errno));
	return probe.refused;
}

void machine_ram(uint64_t *first, uint64_t *end)
{
	unsigned long long from, to;
	FILE *file = fopen("/proc/iomem", "re");
	char line[256];

	*first = UINT64_MAX;
	*end = 0;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strstr(line, "System RAM") == NULL ||
		    sscanf(line, "%llx-%llx", &from, &to) != 2)
			continue;
		if (from / FRAME < *first)
			*first = from / FRAME;
		if ((to + 1) / FRAME > *end)
			*end = (to + 1) / FRAME;
	}
	if (file != NULL)
		fclose(file);
	if (*end == 0)
		failed("no System RAM in /proc/iomem");
}

/* The reg property of a node: address and size, big-endian. */
static bool read_reg(const char *node, struct frame_range *range)
{
	uint8_t reg[16];
	char path[400];
	uint64_t value[2] = {0, 0};
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/proc/device-tree/reserved-memory/%s/reg", node);
	file = fopen(path, "re");
	ok = file != NULL && fread(reg, sizeof(reg), 1, file) == 1;
	if (file != NULL)
		fclose(file);
	for (unsigned int i = 0; ok && i < sizeof(reg); i++)
		value[i / 8] = value[i / 8] << 8 | reg[i];
	*range = (struct frame_range){value[0] / FRAME, value[1] / FRAME};
	return ok;
}

unsigned int core_memory(struct frame_range *ranges)
{
	DIR *nodes = opendir("/proc/device-tree/reserved-memory");
	struct dirent *node;
	unsigned int n = 0;

	while (nodes != NULL && n < CORE_RANGES && (node = readdir(nodes)) != NULL) {
		if (strncmp(node->d_name, "corevisor@", 10) == 0)
			n += read_reg(node->d_name, &ranges[n]);
	}
	if (nodes != NULL)
		closedir(nodes);
	if (n == 0)
		failed("no reserved memory of Corevisor: is it there?");
	return n;
}

bool core_part(unsigned int n, struct frame_range *range)
{
	char name[32];

	snprintf(name, sizeof(name), "corevisor@%u", n);
	return read_reg(name, range);
}

uint64_t core_frame(void)
{
	struct frame_range ranges[CORE_RANGES];

	core_memory(ranges);
	return ranges[0].first;
}

bool has_secret(const void *bytes, size_t size)
{
	uint64_t word;

	for (size_t at = 0; at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, (const char *)bytes + at, sizeof(word));
		if (secret_is(word))
			return true;
	}
	return false;
}
