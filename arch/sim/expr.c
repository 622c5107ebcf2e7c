/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/sim/sim.h"
#include "core/table.h"
#include "corevisor/run.h"

#define MAX_NAMES 256U
#define MAX_NAME 32U

static struct {
	char name[MAX_NAME];
	u64 value;
} names[MAX_NAMES];
static u32 nr_names;

bool expr_is_name(const char *text)
{
	if (isdigit((unsigned char)*text) || *text == '\0' || strlen(text) >= MAX_NAME)
		return false;
	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
	}
	return true;
}

bool expr_set(const char *name, u64 value)
{
	u32 i = 0;

	while (i < nr_names && strcmp(names[i].name, name) != 0)
		i++;
	if (i == MAX_NAMES)
		return false;
	if (i == nr_names) {
		strncpy(names[i].name, name, MAX_NAME - 1U);
		nr_names++;
	}
	names[i].value = value;
	return true;
}

void expr_reset(void)
{
	memset(names, 0, sizeof(names));
	nr_names = 0;
	(void)expr_set("ram", sim.bank[0].pfn);
	(void)expr_set("ram2", sim.bank[1].pfn);
	(void)expr_set("top", sim.top);
	(void)expr_set("core", sim.image_pfn);
	(void)expr_set("records", sim.records_pfn);
	(void)expr_set("pool", sim.pool_pfn);
	(void)expr_set("free", sim.free_pfn);
	(void)expr_set("hostdev", SIM_DEV_HOST_PFN);
	(void)expr_set("vmdev", SIM_DEV_VM_PFN);
	(void)expr_set("offset", CV_SMMU_HOST_OFFSET);
	(void)expr_set("limit", table_geometry.gfn_limit);
	(void)expr_set("page", CV_PAGE_SIZE);
	(void)expr_set("host", MAP_HOST);
	(void)expr_set("coremap", MAP_CORE);
	(void)expr_set("dma", MAP_DMA(0));
	(void)expr_set("dmadefault", MAP_DMA_DEFAULT);
	(void)expr_set("core_id", CV_COREVISOR);
	(void)expr_set("none", CV_INVALID_ID);
	(void)expr_set("data", CV_RUN_DATA);
	(void)expr_set("hcr", CV_RUN_GIC_HCR);
	(void)expr_set("lr0", CV_RUN_LR(0));
}

static bool find_name(const char *text, u64 length, u64 *value)
{
	for (u32 i = 0; i < nr_names; i++) {
		if (strlen(names[i].name) == length && strncmp(names[i].name, text, length) == 0) {
			*value = names[i].value;
			return true;
		}
	}
	return false;
}

static u64 suffix(const char **text)
{
	switch (**text) {
	case 'K':
		(*text)++;
		return 1ULL << 10;
	case 'M':
		(*text)++;
		return 1ULL << 20;
	case 'G':
		(*text)++;
		return 1ULL << 30;
	default:
		return 1;
	}
}

static bool term(const char **text, u64 *value)
{
	const char *t = *text;
	char *end;
	u64 length;

	if (isdigit((unsigned char)*t)) {
		*value = strtoull(t, &end, 0);
		*text = end;
		*value *= suffix(text);
		return true;
	}
	if (*t == '$')
		t++;
	length = strspn(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	*text = t + length;
	return length != 0U && find_name(t, length, value);
}

/* Terms multiplied. */
static bool product(const char **text, u64 *value)
{
	u64 next;

	if (!term(text, value))
		return false;
	while (**text == '*') {
		(*text)++;
		if (!term(text, &next))
			return false;
		*value *= next;
	}
	return true;
}

bool expr_eval(const char *text, u64 *value)
{
	bool minus = *text == '-';
	u64 next;

	*value = 0;
	if (minus)
		text++;
	for (;;) {
		if (!product(&text, &next))
			return false;
		*value = minus ? *value - next : *value + next;
		if (*text == '\0')
			return true;
		if (*text != '+' && *text != '-')
			return false;
		minus = *text++ == '-';
	}
}
