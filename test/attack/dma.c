/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "test/attack/dma.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "corevisor/hypercall.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"
#include "test/guest/secret.h"

#define WORDS (FRAME / 8U)
/* The core looks at the SMMU's events every 10 ms at most. */
#define POLL_US 20000U
#define CAP_MSI 5U

static bool on_command_line(const char *what, char *rest, size_t size)
{
	FILE *file = fopen("/proc/cmdline", "re");
	char line[4096] = "";
	const char *at;

	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	at = strstr(line, what);
	if (at != NULL)
		snprintf(rest, size, "%.*s", (int)strcspn(at + strlen(what), " \n"),
			 at + strlen(what));
	return at != NULL;
}

bool dma_on_stock(void)
{
	char rest[16];

	return on_command_line("attack.stock=", rest, sizeof(rest));
}

void dma_begin(void)
{
	live_freeze();
}

uint64_t core_symbol(const char *name)
{
	unsigned long long offset;
	char option[64], value[32];

	snprintf(option, sizeof(option), "attack.%s=", name);
	if (!on_command_line(option, value, sizeof(value)) || sscanf(value, "%llx", &offset) != 1)
		failed("%s is not on the command line (attack.sh)", option);
	return core_image() + offset;
}

static uint64_t part_address(unsigned int n)
{
	struct frame_range range;

	if (!core_part(n, &range))
		failed("no reserved memory of Corevisor");
	return range.first * FRAME;
}

uint64_t core_image(void)
{
	return part_address(0);
}

uint64_t core_tables(void)
{
	return part_address(1);
}

uint64_t page_new(uint64_t word)
{
	uint64_t pfn = frames_alloc(0);

	if (frame_fill(pfn, word) != 0)
		failed("a page of the host cannot be written");
	return pfn * FRAME;
}

void page_free(uint64_t pa)
{
	frame_fill(pa / FRAME, 0);
	frames_free(pa / FRAME, 0);
}

static void page_read(uint64_t pa, uint64_t *words)
{
	if (frame_read(pa / FRAME, words, FRAME) != 0)
		failed("a page of the host cannot be read");
}

bool page_holds(uint64_t pa, uint64_t word)
{
	uint64_t words[WORDS];

	page_read(pa, words);
	for (unsigned int i = 0; i < WORDS; i++) {
		if (words[i] == word)
			return true;
	}
	return false;
}

void page_must_be_zero(uint64_t pa, const char *what)
{
	uint64_t words[WORDS];

	page_read(pa, words);
	if (has_secret(words, sizeof(words)))
		leak("%s: the secret", what);
	for (unsigned int i = 0; i < WORDS; i++) {
		if (words[i] != 0)
			leak("%s: %#llx", what, (unsigned long long)words[i]);
	}
}

static void stock_victim(struct victim *victim)
{
	uint64_t words[WORDS];

	victim->secret = page_new(0);
	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = secret_word(i);
	frame_write(victim->secret / FRAME, words, FRAME);
	memset(words, 0, sizeof(words));
	for (unsigned int i = 0; i < VICTIM_PAGES; i++)
		victim->zero[i] = page_new(0);
}

void victim_new(struct victim *victim)
{
	memset(victim, 0, sizeof(*victim));
	victim->stock = dma_on_stock();
	if (victim->stock) {
		stock_victim(victim);
		return;
	}
	raw_new(&victim->vm, GUEST_COMMANDS, 1);
	for (unsigned int i = 0; i < VICTIM_PAGES; i++)
		victim->zero[i] = raw_donate(&victim->vm, VICTIM_GFN + i) * FRAME;
	victim->secret = raw_pfn(&victim->vm, BASE_GFN + GUEST_SECRET / FRAME) * FRAME;
	/* It runs, and has made its secret. */
	if (raw_differ(&victim->vm, GUEST_BASE + GUEST_SECRET, 0) != WORDS)
		failed("the VM has no secret");
}

static uint64_t changed_words(struct victim *victim, unsigned int page)
{
	uint64_t words[WORDS], changed = 0;

	if (!victim->stock)
		return raw_differ(&victim->vm, (VICTIM_GFN + page) * FRAME, 0);
	page_read(victim->zero[page], words);
	for (unsigned int i = 0; i < WORDS; i++)
		changed += words[i] != 0;
	return changed;
}

void victim_check(struct victim *victim)
{
	for (unsigned int i = 0; i < VICTIM_PAGES; i++) {
		uint64_t changed = changed_words(victim, i);

		if (changed != 0)
			corrupted("%llu words of a page have changed", (unsigned long long)changed);
	}
	if (!victim->stock && (raw_differ(&victim->vm, GUEST_BASE + GUEST_SECRET, 0) != WORDS ||
			       raw_differ(&victim->vm, GUEST_BASE + GUEST_SECRET, EVIL) != WORDS))
		corrupted("the VM's secret has changed");
}

void victim_end(struct victim *victim)
{
	if (!victim->stock) {
		raw_end(&victim->vm);
		return;
	}
	page_free(victim->secret);
	for (unsigned int i = 0; i < VICTIM_PAGES; i++)
		page_free(victim->zero[i]);
}

void settle(void)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	usleep(POLL_US);
	if (!dma_on_stock())
		(void)hvc(CV_CALL_INFO, 0, 0, 0, 0, 0);
	usleep(POLL_US);
}

void expect_event(const struct pci *pci, bool write, uint64_t pa)
{
	/* A page that faults twice in a row is reported once. */
	frame_keep(pa / FRAME);
	printf("EXPECT|event|%#x|%s|%#llx\n", pci->devfn, write ? "write" : "read",
	       (unsigned long long)pa);
	settle();
}

void expect_unchanged(uint64_t pa)
{
	printf("EXPECT|unchanged|%#llx\n", (unsigned long long)pa);
}

static bool edu_works(const struct edu *edu)
{
	uint64_t from = page_new(0x6564752d776f726bULL), to;
	bool works;

	to = edu_read(edu, from);
	works = page_holds(to, 0x6564752d776f726bULL);
	page_free(from);
	page_free(to);
	return works;
}

void edu_open(struct edu *edu)
{
	if (!pci_find(&edu->pci, EDU_ID, 0))
		failed("there is no edu device");
	pci_open(&edu->pci, 0);
	if (!edu_works(edu))
		failed("edu does not even carry a page of the host's");
}

void edu_start(const struct edu *edu, uint64_t pa, bool to_memory)
{
	uintptr_t at = edu->pci.bar;

	io_write(at + EDU_SOURCE, 8, to_memory ? EDU_BUFFER : pa);
	io_write(at + EDU_TARGET, 8, to_memory ? pa : EDU_BUFFER);
	io_write(at + EDU_COUNT, 8, FRAME);
	io_write(at + EDU_COMMAND, 8, EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0));
}

void edu_wait(const struct edu *edu)
{
	for (unsigned int i = 0; io_read(edu->pci.bar + EDU_COMMAND, 8) & EDU_RUN; i++) {
		if (i == 2000)
			failed("edu does not come to an end");
		usleep(1000);
	}
}

void edu_load(const struct edu *edu, uint64_t pa)
{
	edu_start(edu, pa, false);
	edu_wait(edu);
}

void edu_store(const struct edu *edu, uint64_t pa)
{
	edu_start(edu, pa, true);
	edu_wait(edu);
}

uint64_t edu_read(const struct edu *edu, uint64_t pa)
{
	uint64_t seen = page_new(0);

	edu_load(edu, seen);
	edu_load(edu, pa);
	edu_store(edu, seen);
	return seen;
}

void edu_write(const struct edu *edu, uint64_t pa)
{
	uint64_t page = page_new(EVIL);

	edu_load(edu, page);
	page_free(page);
	edu_store(edu, pa);
}

void edu_msi(const struct edu *edu, uint64_t pa, uint32_t data)
{
	uint32_t cap = pci_capability(&edu->pci, CAP_MSI, 0);

	if (cap == 0)
		failed("edu has no MSI");
	pci_set_config(&edu->pci, cap + 4, 4, (uint32_t)pa);
	pci_set_config(&edu->pci, cap + 8, 4, (uint32_t)(pa >> 32));
	pci_set_config(&edu->pci, cap + 12, 2, data);
	pci_set_config(&edu->pci, cap + 2, 2, 1);
	io_write(edu->pci.bar + EDU_RAISE, 4, 1);
	io_write(edu->pci.bar + EDU_ACKNOWLEDGE, 4, 1);
	usleep(1000);
	pci_set_config(&edu->pci, cap + 2, 2, 0);
}
