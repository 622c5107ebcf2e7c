/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of what in cvm needs no KVM: options, the Image check, the serial port, the keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/console.h"
#include "vmm/layout.h"
#include "vmm/options.h"
#include "vmm/pl011.h"

static unsigned int failed;
static unsigned int checked;

static void check(bool ok, int line, const char *text)
{
	checked++;
	if (ok)
		return;
	failed++;
	printf("vmm-test.c:%d: %s\n", line, text);
}

#define CHECK(condition) check((condition), __LINE__, #condition)

#define MAX_ARGS 16

/* options_parse() of a command line, its words apart by one space. */
static int parse(struct run_options *options, const char *line)
{
	static char copy[256];
	char *argv[MAX_ARGS + 1] = {NULL};
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word != NULL && argc < MAX_ARGS;
	     word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(options, argc, argv);
}

static void test_options(void)
{
	static const char *const wrong[] = {"run",
					    "run Image",
					    "run --kernel",
					    "run --kernel I --mem",
					    "run --kernel I --mem 0",
					    "run --kernel I --mem -1M",
					    "run --kernel I --mem 256X",
					    "run --kernel I --mem 256MB",
					    "run --kernel I --mem 4097K",
					    "run --kernel I --mem 4096G",
					    "run --kernel I --mem 99999999999999999999",
					    "run --kernel I --cpus 0",
					    "run --kernel I --cpus 65",
					    "run --kernel I --cpus -1",
					    "run --kernel I --cpus 2x",
					    "run --kernel I --nonsense",
					    "run --kernel I more"};
	struct run_options options;

	CHECK(parse(&options, "run --kernel Image") == 0);
	CHECK(strcmp(options.kernel, "Image") == 0 && options.initrd == NULL);
	CHECK(options.memory == 256 << 20 && options.cpus == 1 && options.reboot);
	CHECK(parse(&options, "run -k I -i F -m 1G -c 64 -a quiet --no-reboot --protected") == 0);
	CHECK(options.memory == 1 << 30 && options.cpus == 64 && !options.reboot);
	CHECK(strcmp(options.append, "quiet") == 0 && options.protect);
	CHECK(parse(&options, "run --help") == 0 && options.help);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(parse(&options, wrong[i]) != 0);
	CHECK(options_size("18446744073709551615") == UINT64_MAX);
	CHECK(options_size("17179869184G") == 0);
}

static void put64(uint8_t *to, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static uint8_t image[4096];

static void make_image(uint64_t text_offset, uint64_t size, uint64_t flags)
{
	memset(image, 0, sizeof(image));
	put64(&image[8], text_offset);
	put64(&image[16], size);
	put64(&image[24], flags);
	memcpy(&image[56], "ARM\x64", 4);
}

static int plan(struct layout *layout, uint64_t initrd, uint64_t memory, char *why)
{
	return layout_plan(layout, image, sizeof(image), initrd, memory, why, 256);
}

static void test_layout(void)
{
	const uint64_t mb = 1 << 20;
	struct layout layout;
	char why[256];

	make_image(0, 30 * mb, 0xa);
	CHECK(plan(&layout, 3 * mb, 64 * mb, why) == 0);
	CHECK(layout.kernel == LAYOUT_RAM_BASE && layout.fdt == LAYOUT_RAM_BASE + 30 * mb);
	CHECK(layout.initrd == layout.fdt + LAYOUT_FDT_SIZE);
	CHECK(plan(&layout, 0, 64 * mb, why) == 0 && layout.initrd == 0);
	/* Just enough, and one byte less. */
	CHECK(plan(&layout, 2 * mb - LAYOUT_FDT_SIZE, 32 * mb, why) == 0);
	CHECK(plan(&layout, 2 * mb - LAYOUT_FDT_SIZE + 1, 32 * mb, why) == LAYOUT_BAD_INITRD);
	CHECK(strstr(why, "initrd too large") != NULL);
	CHECK(plan(&layout, UINT64_MAX, 32 * mb, why) == LAYOUT_BAD_INITRD);
	CHECK(plan(&layout, 0, 30 * mb, why) == LAYOUT_BAD_KERNEL);
	CHECK(strstr(why, "kernel too large") != NULL);
	make_image(0x80000, mb, 0);
	CHECK(plan(&layout, 0, 64 * mb, why) == 0 && layout.kernel == LAYOUT_RAM_BASE + 0x80000);
	make_image(0, 0, 0);
	CHECK(plan(&layout, 0, 64 * mb, why) == LAYOUT_BAD_KERNEL);
	make_image(0, mb, 1);
	CHECK(plan(&layout, 0, 64 * mb, why) == LAYOUT_BAD_KERNEL);
	make_image(0, UINT64_MAX, 0);
	CHECK(plan(&layout, 0, 64 * mb, why) == LAYOUT_BAD_KERNEL);
	make_image(UINT64_MAX, mb, 0);
	CHECK(plan(&layout, 0, 64 * mb, why) == LAYOUT_BAD_KERNEL);
}

static void test_not_an_image(void)
{
	struct layout layout;
	char why[256];

	memset(image, 0, sizeof(image));
	CHECK(plan(&layout, 0, 64 << 20, why) == LAYOUT_BAD_KERNEL);
	memcpy(image, "\x1f\x8b", 2);
	CHECK(plan(&layout, 0, 64 << 20, why) != 0 && strstr(why, "gzip") != NULL);
	memcpy(image, "MZ\0\0zimg", 8);
	CHECK(plan(&layout, 0, 64 << 20, why) != 0 && strstr(why, "EFI") != NULL);
	memcpy(image,
	       "\x7f"
	       "ELF",
	       4);
	CHECK(plan(&layout, 0, 64 << 20, why) != 0 && strstr(why, "ELF") != NULL);
	CHECK(layout_plan(&layout, NULL, 0, 0, 64 << 20, why, sizeof(why)) != 0);
	CHECK(strstr(why, "empty") != NULL);
	make_image(0, 4096, 0);
	CHECK(layout_plan(&layout, image, 63, 0, 64 << 20, why, sizeof(why)) != 0);
}

static char sent[64];
static size_t nr_sent;
static bool irq;

static void transmit(void *context, uint8_t byte)
{
	(void)context;
	sent[nr_sent++ % sizeof(sent)] = (char)byte;
}

static void interrupt(void *context, bool level)
{
	(void)context;
	irq = level;
}

enum { DR = 0, FR = 0x18, LCR_H = 0x2c, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };
#define RXFE (1U << 4)
#define RXFF (1U << 6)
#define TX (1U << 5)
#define RT (1U << 6)

static void test_pl011(void)
{
	struct pl011 uart;

	pl011_init(&uart, transmit, interrupt, NULL);
	CHECK(pl011_read(&uart, 0xfe0) == 0x11 && pl011_read(&uart, 0xffc) == 0xb1);
	pl011_write(&uart, DR, 'A');
	CHECK(nr_sent == 1 && sent[0] == 'A' && pl011_read(&uart, RIS) == TX && !irq);
	pl011_write(&uart, IMSC, TX);
	CHECK(irq && pl011_read(&uart, MIS) == TX);
	pl011_write(&uart, ICR, TX);
	CHECK(!irq && pl011_room(&uart) == 1);
	pl011_write(&uart, LCR_H, 0x70);
	pl011_write(&uart, IMSC, RT);
	CHECK(pl011_room(&uart) == PL011_FIFO && (pl011_read(&uart, FR) & RXFE) != 0);
	for (unsigned int i = 0; i < PL011_FIFO; i++)
		pl011_receive(&uart, (uint8_t)i);
	CHECK(irq && pl011_room(&uart) == 0 && (pl011_read(&uart, FR) & RXFF) != 0);
	/* Without the FIFO, 32 received bytes do not make room for more. */
	pl011_write(&uart, LCR_H, 0x60);
	CHECK(pl011_room(&uart) == 0);
	for (unsigned int i = 0; i < PL011_FIFO; i++)
		CHECK(irq && pl011_read(&uart, DR) == i);
	CHECK(!irq && pl011_read(&uart, DR) == 0 && pl011_room(&uart) == 1);
}

/* Whatever is read and written where, nothing is touched that is not its own (ASan). */
static void test_pl011_random(void)
{
	struct pl011 uart;

	pl011_init(&uart, transmit, interrupt, NULL);
	srand(1);
	for (unsigned int i = 0; i < 100000; i++) {
		uint64_t offset = (uint64_t)rand() % 0x1100;

		if (pl011_room(&uart) > 0 && rand() % 4 == 0)
			pl011_receive(&uart, (uint8_t)i);
		if (rand() % 2 == 0)
			pl011_write(&uart, offset, (uint32_t)rand());
		else
			(void)pl011_read(&uart, offset);
		CHECK(uart.count <= PL011_FIFO);
		CHECK(irq == (pl011_read(&uart, MIS) != 0));
	}
}

static void test_keys(void)
{
	bool escaped = false;

	CHECK(console_key(&escaped, 'x') == CONSOLE_BYTE);
	CHECK(console_key(&escaped, 1) == CONSOLE_NOTHING);
	CHECK(console_key(&escaped, 'x') == CONSOLE_LEAVE);
	CHECK(console_key(&escaped, 1) == CONSOLE_NOTHING);
	CHECK(console_key(&escaped, 1) == CONSOLE_BYTE);
	CHECK(console_key(&escaped, 'x') == CONSOLE_BYTE);
	CHECK(console_key(&escaped, 1) == CONSOLE_NOTHING);
	CHECK(console_key(&escaped, 'q') == CONSOLE_NOTHING && !escaped);
	CHECK(console_key(&escaped, 1) == CONSOLE_NOTHING);
	CHECK(console_key(&escaped, 'h') == CONSOLE_HELP);
}

int main(void)
{
	test_options();
	test_layout();
	test_not_an_image();
	test_pl011();
	test_pl011_random();
	test_keys();
	printf("%u checks, %u failed\n", checked, failed);
	return failed != 0;
}
