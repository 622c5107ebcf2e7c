/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The arm64 Image header is described in Linux, Documentation/arch/arm64/booting.rst:
 * text_offset at 8, image_size at 16, flags at 24 and the magic number at 56, all
 * little-endian. The device tree must not cross a 2 MB boundary.
 */
#include "vmm/layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEADER_SIZE 64
#define FLAG_BIG_ENDIAN 1U
#define MB ((uint64_t)1 << 20)
#define ALIGN_UP(value, size) (((value) + (size)-1) & ~((size)-1))

struct reason {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reason why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why.text, why.size, format, args);
	va_end(args);
	return LAYOUT_BAD_KERNEL;
}

static uint64_t le64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 8; i-- > 0;)
		value = value << 8 | bytes[i];
	return value;
}

static bool starts(const uint8_t *bytes, uint64_t size, const char *text, size_t length)
{
	return size >= length && memcmp(bytes, text, length) == 0;
}

/* What a file that is no Image is, if it is something people try. */
static const char *guess(const uint8_t *file, uint64_t size)
{
	if (size == 0)
		return "it is empty";
	if (starts(file, size, "\x1f\x8b", 2))
		return "it is compressed with gzip; unpack it first";
	if (starts(file, size,
		   "\xfd"
		   "7zXZ",
		   5))
		return "it is compressed with xz; unpack it first";
	if (starts(file, size, "\x28\xb5\x2f\xfd", 4))
		return "it is compressed with zstd; unpack it first";
	if (starts(file, size, "MZ\0\0zimg", 8))
		return "it is a self-unpacking EFI kernel; the plain Image is needed";
	if (starts(file, size,
		   "\x7f"
		   "ELF",
		   4))
		return "it is an ELF file; of a kernel the file arch/arm64/boot/Image is needed";
	if (size > 0x206 && memcmp(&file[0x202], "HdrS", 4) == 0)
		return "it is a kernel for x86";
	return "it has no Image header";
}

static int check_image(const uint8_t *kernel, uint64_t size, struct reason why)
{
	if (size < HEADER_SIZE || memcmp(&kernel[56], "ARM\x64", 4) != 0)
		return refuse(why, "not an arm64 Linux Image: %s", guess(kernel, size));
	if (le64(&kernel[16]) == 0)
		return refuse(why, "a kernel older than 3.17, which does not tell its size");
	if ((le64(&kernel[24]) & FLAG_BIG_ENDIAN) != 0)
		return refuse(why, "a big-endian kernel");
	if (le64(&kernel[16]) > LAYOUT_RAM_LIMIT || le64(&kernel[8]) >= 2 * MB)
		return refuse(why, "a damaged Image header");
	return 0;
}

int layout_plan(struct layout *layout, const uint8_t *kernel, uint64_t kernel_size,
		uint64_t initrd_size, uint64_t memory, char *why_text, size_t why_size)
{
	struct reason why = {why_text, why_size};
	uint64_t end = LAYOUT_RAM_BASE + memory;
	uint64_t room;

	if (check_image(kernel, kernel_size, why) != 0)
		return LAYOUT_BAD_KERNEL;
	room = le64(&kernel[16]) > kernel_size ? le64(&kernel[16]) : kernel_size;
	layout->kernel = LAYOUT_RAM_BASE + le64(&kernel[8]);
	layout->fdt = ALIGN_UP(layout->kernel + room, LAYOUT_FDT_SIZE);
	layout->initrd = initrd_size == 0 ? 0 : layout->fdt + LAYOUT_FDT_SIZE;
	if (layout->fdt + LAYOUT_FDT_SIZE > end)
		return refuse(why,
			      "kernel too large: it needs %" PRIu64 " MB, and --mem is %" PRIu64
			      " MB",
			      (room + LAYOUT_FDT_SIZE) / MB + 1, memory / MB);
	if (layout->initrd == 0 || initrd_size <= end - layout->initrd)
		return 0;
	refuse(why,
	       "initrd too large: its %" PRIu64 " KB and the kernel's %" PRIu64
	       " KB do not fit into --mem %" PRIu64 "M",
	       initrd_size / 1024, room / 1024, memory / MB);
	return LAYOUT_BAD_INITRD;
}
