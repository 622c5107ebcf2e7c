/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/fault.h"

#include "core/lock.h"
#include "core/mem.h"
#include "corevisor/limits.h"

int host_fault(u64 addr)
{
	int error;

	lock_page(addr >> CV_PAGE_SHIFT);
	lock_map();
	error = map_host(addr);
	unlock_map();
	unlock_page(addr >> CV_PAGE_SHIFT);
	return error;
}
