/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The few C library functions that the compiler, libfdt and BearSSL call. No
 * FP registers: between boot and the first crypto call they are the host's.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Debian builds its libraries with the stack protector. */
uintptr_t __stack_chk_guard = 0x5bd1e995a7c3f0d1;
_Noreturn void __stack_chk_fail(void);
void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memmove_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int c, size_t n, size_t room);

/* Takes the core down through its own fatal vector, which says where. */
_Noreturn void __stack_chk_fail(void)
{
	for (;;)
		__asm__ volatile("brk #1");
}

void *memcpy(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if ((((uintptr_t)d | (uintptr_t)s) & 7) == 0) {
		for (; n >= 8; n -= 8, d += 8, s += 8)
			*(uint64_t *)(void *)d = *(const uint64_t *)(const void *)s;
	}
	while (n-- > 0)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if (d <= s || d >= s + n)
		return memcpy(to, from, n);
	/* From the end on: libfdt makes room for a property like this, in words. */
	if ((((uintptr_t)d ^ (uintptr_t)s) & 3) == 0) {
		for (; n > 0 && ((uintptr_t)(d + n) & 3) != 0; n--)
			d[n - 1] = s[n - 1];
		for (; n >= 4; n -= 4)
			*(uint32_t *)(void *)(d + n - 4) =
				*(const uint32_t *)(const void *)(s + n - 4);
	}
	while (n-- > 0)
		d[n] = s[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	unsigned char *d = to;

	if (((uintptr_t)d & 7) == 0) {
		uint64_t word = 0x0101010101010101ULL * (unsigned char)c;

		/* A cache line at a time: boot clears megabytes. */
		for (; n >= 64; n -= 64, d += 64) {
			uint64_t *line = (void *)d;

			line[0] = line[1] = line[2] = line[3] = word;
			line[4] = line[5] = line[6] = line[7] = word;
		}
		for (; n >= 8; n -= 8, d += 8)
			*(uint64_t *)(void *)d = word;
	}
	while (n-- > 0)
		*d++ = (unsigned char)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n > 0; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n > 0; n--, p++) {
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}

size_t strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] != '\0')
		i++;
	return i;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == '\0')
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = (char *)(uintptr_t)s;
		if (*s == '\0')
			return last;
	}
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (*a == '\0')
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

/* libfdt reads phandles and unit numbers of overlays with it: base 10 only. */
unsigned long strtoul(const char *s, char **end, int base)
{
	unsigned long value = 0;

	(void)base;
	while (*s >= '0' && *s <= '9')
		value = value * 10 + (unsigned long)(*s++ - '0');
	if (end != NULL)
		*end = (char *)(uintptr_t)s;
	return value;
}

/* The _chk forms: `room` is what the compiler knew of the target. */
void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	return n <= room ? memcpy(to, from, n) : (__stack_chk_fail(), to);
}

void *__memmove_chk(void *to, const void *from, size_t n, size_t room)
{
	return n <= room ? memmove(to, from, n) : (__stack_chk_fail(), to);
}

void *__memset_chk(void *to, int c, size_t n, size_t room)
{
	return n <= room ? memset(to, c, n) : (__stack_chk_fail(), to);
}
