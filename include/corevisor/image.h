/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How memory that was written before a VM's first run becomes the image
 * regions that SET_BOOT_INFO announces. The host module does it with the VM's memory, and
 * whoever wants to know a measurement beforehand does the same with a copy of it.
 */
#ifndef COREVISOR_IMAGE_H
#define COREVISOR_IMAGE_H

#include "corevisor/limits.h"

/* Page numbers: guest address / CV_PAGE_SIZE. */
struct cv_image_region {
	unsigned long long page;
	unsigned long long pages;
};

struct cv_image {
	unsigned int nr;
	struct cv_image_region region[CV_MAX_BOOT_REGIONS + 1];
};

/* Make one region of region r and the next, and what lies between. */
static inline void cv_image_join(struct cv_image *image, unsigned int r)
{
	struct cv_image_region *next = &image->region[r + 1];

	image->region[r].pages = next->page + next->pages - image->region[r].page;
	image->nr--;
	for (unsigned int i = r + 1; i < image->nr; i++)
		image->region[i] = image->region[i + 1];
}

/* The first of the smallest gaps between two regions. */
static inline unsigned int cv_image_smallest_gap(const struct cv_image *image)
{
	unsigned long long smallest = ~0ULL;
	unsigned int found = 0;

	for (unsigned int r = 0; r + 1 < image->nr; r++) {
		unsigned long long gap =
			image->region[r + 1].page - image->region[r].page - image->region[r].pages;

		if (gap < smallest) {
			smallest = gap;
			found = r;
		}
	}
	return found;
}

/*
 * Add the next page that is not all zero; pages come in ascending order. The caller begins with
 * nr = 0. When there are more regions than may be announced, the two that lie closest are joined.
 * One image a memory slot: what lies between two slots is no RAM.
 */
static inline void cv_image_add(struct cv_image *image, unsigned long long page)
{
	struct cv_image_region *last = &image->region[image->nr == 0 ? 0 : image->nr - 1];

	if (image->nr != 0 && last->page + last->pages == page) {
		last->pages++;
		return;
	}
	image->region[image->nr].page = page;
	image->region[image->nr].pages = 1;
	image->nr++;
	if (image->nr > CV_MAX_BOOT_REGIONS)
		cv_image_join(image, cv_image_smallest_gap(image));
}

#endif
