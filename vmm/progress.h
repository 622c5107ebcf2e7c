/* SPDX-License-Identifier: BSD-3-Clause */
/* How far something long has come: a bar on a terminal, else a line every tenth. */
#ifndef VMM_PROGRESS_H
#define VMM_PROGRESS_H

#include <stdint.h>

/* `done` of `total` bytes, so far. Writes to standard error; cheap to call often. */
void progress_show(const char *what, uint64_t done, uint64_t total);

#endif
