/* SPDX-License-Identifier: BSD-3-Clause */
/* The measurement of a VM, computed beforehand: what the core will compute of the same image. */
#ifndef VMM_MEASURE_H
#define VMM_MEASURE_H

#include "vmm/image.h"

#define MEASURE_SIZE 48 /* SHA-384 */

/* `owner`: SHA-384 of the key that a manifest will carry; all zero without a manifest. */
void measure_image(const struct image *image, const uint8_t owner[MEASURE_SIZE],
		   uint8_t digest[MEASURE_SIZE]);

#endif
