/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40U
#define MB ((uint64_t)1 << 20)

void progress_show(const char *what, uint64_t done, uint64_t total)
{
	static const char full[] = "########################################";
	static unsigned int shown = 101;
	unsigned int percent = done >= total ? 100 : (unsigned int)(100 * done / total);
	int bar = (int)(percent * WIDTH / 100);

	if (percent == shown)
		return;
	/* Less than before: a new one has begun. */
	if (percent < shown)
		shown = 0;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s [%.*s%*s] %3u %%  %llu of %llu MB%s", what, bar, full,
			(int)WIDTH - bar, "", percent, (unsigned long long)(done / MB),
			(unsigned long long)(total / MB), percent == 100 ? "\n" : "");
	else if (percent / 10 != shown / 10)
		fprintf(stderr, "%s: %u %% of %llu MB\n", what, percent,
			(unsigned long long)(total / MB));
	shown = percent;
}
