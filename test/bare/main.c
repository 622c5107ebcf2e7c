/* SPDX-License-Identifier: BSD-3-Clause */
/* The tests one after the other, a line each; then the machine goes off. */
#include "host.h"
#include "test.h"

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST_ENTRY(name) {#name, test_##name},
static const struct test tests[] = {TESTS(TEST_ENTRY)};

static u32 nr_failed;

void failed(const char *what, int line, u64 got, u64 want)
{
	if (nr_failed++ < 10)
		print("  %s, line %d: %x, not %x\n", what, (u64)line, got, want);
}

/* Is there such a text in the device tree (its command line)? */
static bool has_text(const char *blob, u64 size, const char *text)
{
	for (u64 i = 0; i < size; i++) {
		u64 n = 0;

		while (text[n] != '\0' && i + n < size && blob[i + n] == text[n])
			n++;
		if (text[n] == '\0')
			return true;
	}
	return false;
}

static u32 big_endian(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

void main(const u8 *fdt);
void main(const u8 *fdt)
{
	u32 passed = 0, lost = 0;

	gic_init_distributor();
	gic_init_cpu(0);
	if (has_text((const char *)fdt, big_endian(fdt + 4), "bare=bench")) {
		bench();
		bench_snapshot();
		power_off();
	}
	if (!cpu_start(1))
		print("FAIL CPU 1 does not start\n");
	for (u32 i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		nr_failed = 0;
		tests[i].run();
		print("%s %s\n", nr_failed == 0 ? "ok  " : "FAIL", tests[i].name);
		if (nr_failed == 0)
			passed++;
		else
			lost++;
	}
	print("BARE %d passed, %d failed\n", (u64)passed, (u64)lost);
	power_off();
}
