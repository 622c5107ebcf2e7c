/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sign.h"

#include <bearssl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "corevisor/manifest.h"
#include "vmm/key.h"
#include "vmm/load.h"
#include "vmm/measure.h"
#include "vmm/report.h"

/* A whole file, or none. */
static int write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(name, "wbe");
	int error;

	if (file == NULL)
		return complain("%s: %s", name, strerror(errno));
	error = fwrite(data, size, 1, file) == 1 ? 0 : errno;
	if (fclose(file) != 0 && error == 0)
		error = errno;
	if (error == 0)
		return 0;
	unlink(name);
	return complain("%s: %s", name, strerror(error));
}

/* Load the VM into memory of our own, and measure it there; write that memory to `dump`. */
static int measure(const struct run_options *options, const char *dump,
		   const uint8_t owner[MEASURE_SIZE], uint8_t digest[MEASURE_SIZE])
{
	struct image image = {.ram_size = options->memory, .nr_vcpus = options->cpus};
	int error;

	image.ram = mmap(NULL, image.ram_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (image.ram == MAP_FAILED)
		return complain("no memory for a VM of %llu MB: %s",
				(unsigned long long)(image.ram_size >> 20), strerror(errno));
	error = load_linux(&image, options);
	if (error == 0)
		measure_image(&image, owner, digest);
	if (error == 0 && dump != NULL)
		error = write_file(dump, image.ram, image.ram_size);
	munmap(image.ram, image.ram_size);
	return error;
}

static void print_digest(const uint8_t digest[MEASURE_SIZE])
{
	for (unsigned int i = 0; i < MEASURE_SIZE; i++)
		printf("%02x", digest[i]);
	printf("\n");
}

int sign_measure(const struct run_options *options)
{
	static const uint8_t nobody[MEASURE_SIZE];
	uint8_t digest[MEASURE_SIZE];

	if (measure(options, options->output, nobody, digest) != 0)
		return EXIT_NOT_STARTED;
	print_digest(digest);
	return EXIT_POWERED_OFF;
}

static void sha384(const void *data, size_t size, uint8_t digest[MEASURE_SIZE])
{
	br_sha384_context hash;

	br_sha384_init(&hash);
	br_sha384_update(&hash, data, size);
	br_sha384_out(&hash, digest);
}

static int fill_manifest(struct cv_manifest *manifest, const struct owner_key *key,
			 const struct run_options *options)
{
	uint8_t digest[MEASURE_SIZE];

	memset(manifest, 0, sizeof(*manifest));
	manifest->magic = CV_MANIFEST_MAGIC;
	memcpy(manifest->key, key->point, KEY_POINT_SIZE);
	sha384(key->point, KEY_POINT_SIZE, digest);
	if (measure(options, NULL, digest, manifest->measurement) != 0)
		return -1;
	/* Magic and measurement lie one after the other. */
	sha384(manifest, sizeof(manifest->magic) + MEASURE_SIZE, digest);
	if (key_sign(key, digest, manifest->signature) != 0)
		return complain("%s: cannot sign with this key", options->key);
	return 0;
}

int sign_manifest(const struct run_options *options)
{
	struct cv_manifest manifest;
	struct owner_key key;
	int error;

	if (key_read(&key, options->key) != 0)
		return EXIT_NOT_STARTED;
	error = fill_manifest(&manifest, &key, options);
	key_forget(&key);
	if (error != 0 || write_file(options->output, &manifest, sizeof(manifest)) != 0)
		return EXIT_NOT_STARTED;
	print_digest(manifest.measurement);
	return EXIT_POWERED_OFF;
}
