/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of what is hashed is that of core/boot.c; doc/cvm.md tells it in words. */
#include "vmm/measure.h"

#include <bearssl.h>
#include <stdbool.h>
#include <string.h>

#include "corevisor/image.h"
#include "vmm/layout.h"

#define LAYOUT_VERSION 1

static void hash_word(br_sha384_context *hash, uint64_t word)
{
	uint8_t bytes[8];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(word >> (8 * i));
	br_sha384_update(hash, bytes, sizeof(bytes));
}

static bool is_zero(const uint8_t *page)
{
	return page[0] == 0 && memcmp(page, page + 1, CV_PAGE_SIZE - 1) == 0;
}

/* The regions that the host module will announce. */
static void find_regions(const struct image *image, struct cv_image *found)
{
	found->nr = 0;
	for (uint64_t at = 0; at < image->ram_size; at += CV_PAGE_SIZE) {
		if (!is_zero(&image->ram[at]))
			cv_image_add(found, (LAYOUT_RAM_BASE + at) >> CV_PAGE_SHIFT);
	}
}

static void hash_pages(br_sha384_context *hash, const struct image *image,
		       const struct cv_image_region *region)
{
	for (uint64_t page = region->page; page < region->page + region->pages; page++) {
		hash_word(hash, page);
		br_sha384_update(hash, &image->ram[(page << CV_PAGE_SHIFT) - LAYOUT_RAM_BASE],
				 CV_PAGE_SIZE);
	}
}

void measure_image(const struct image *image, const uint8_t owner[MEASURE_SIZE],
		   uint8_t digest[MEASURE_SIZE])
{
	br_sha384_context hash;
	struct cv_image found;

	find_regions(image, &found);
	br_sha384_init(&hash);
	hash_word(&hash, LAYOUT_VERSION);
	hash_word(&hash, 1); /* RAM ranges */
	hash_word(&hash, found.nr);
	hash_word(&hash, image->nr_vcpus);
	hash_word(&hash, image->pc);
	hash_word(&hash, image->x0);
	br_sha384_update(&hash, owner, MEASURE_SIZE);
	hash_word(&hash, LAYOUT_RAM_BASE >> CV_PAGE_SHIFT);
	hash_word(&hash, image->ram_size >> CV_PAGE_SHIFT);
	for (unsigned int r = 0; r < found.nr; r++) {
		hash_word(&hash, found.region[r].page);
		hash_word(&hash, found.region[r].pages);
	}
	for (unsigned int r = 0; r < found.nr; r++)
		hash_pages(&hash, image, &found.region[r]);
	br_sha384_out(&hash, digest);
}
