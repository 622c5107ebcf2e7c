/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/manifest.h"

#include <bearssl.h>
#include <string.h>

#include "arch/sim/memory.h"
#include "arch/sim/sim.h"
#include "core/crypto.h"
#include "core/state.h"
#include "core/table.h"

#define NR_SIGNED 64U

/* The owner's private key: any number will do here. */
static u8 private_key[48];

static void measure_word(struct crypto_hash *hash, u64 word)
{
	crypto_hash_update(hash, (const u8 *)&word, sizeof(word));
}

/* doc: core/boot.h, "The measurement is". */
void manifest_layout(u32 vm, const u8 owner[CRYPTO_HASH_SIZE], struct crypto_hash *hash)
{
	const struct vm_info *info = &vms[vm];

	crypto_hash_init(hash);
	measure_word(hash, 1);
	measure_word(hash, info->nr_ram);
	measure_word(hash, info->nr_regions);
	measure_word(hash, info->nr_vcpus);
	measure_word(hash, info->entry_pc);
	measure_word(hash, info->entry_x0);
	crypto_hash_update(hash, owner, CRYPTO_HASH_SIZE);
	for (u32 r = 0; r < info->nr_ram; r++) {
		measure_word(hash, ram_ranges[vm * CV_MAX_RAM_RANGES + r].gfn);
		measure_word(hash, ram_ranges[vm * CV_MAX_RAM_RANGES + r].frames);
	}
	for (u32 r = 0; r < info->nr_regions; r++) {
		measure_word(hash, boot_regions[vm * CV_MAX_BOOT_REGIONS + r].gfn);
		measure_word(hash, boot_regions[vm * CV_MAX_BOOT_REGIONS + r].frames);
	}
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == vm)
			measure_word(hash, io_claims[i].gfn);
	}
	for (u32 s = 0; s < CV_MAX_STREAMS; s++) {
		if (stream_contexts[s] != 0U && dma_contexts[stream_contexts[s] - 1U].owner == vm)
			measure_word(hash, s);
	}
}

static void measure_image(u32 vm, struct crypto_hash *hash)
{
	u64 base = (u64)(vm - 1U) * CV_MAX_IMAGE_FRAMES;

	for (u32 r = 0; r < vms[vm].nr_regions; r++) {
		const struct boot_region *b = &boot_regions[vm * CV_MAX_BOOT_REGIONS + r];

		for (u64 i = 0; i < b->remapped; i++) {
			u64 pfn = desc_pfn(map_get(MAP_CORE, base + b->list + i));

			if (!sim_is_ram(pfn))
				return;
			measure_word(hash, b->gfn + i);
			crypto_hash_update(hash, memory_frame(pfn), CV_PAGE_SIZE);
		}
	}
}

static void sign(struct cv_manifest *manifest)
{
	br_ec_private_key key = {BR_EC_secp384r1, private_key, sizeof(private_key)};
	struct crypto_hash hash;
	u8 digest[CRYPTO_HASH_SIZE];

	crypto_hash_init(&hash);
	crypto_hash_update(&hash, (const u8 *)&manifest->magic, sizeof(manifest->magic));
	crypto_hash_update(&hash, manifest->measurement, CRYPTO_HASH_SIZE);
	crypto_hash_final(&hash, digest);
	(void)br_ecdsa_i31_sign_raw(&br_ec_prime_i31, &br_sha384_vtable, digest, &key,
				    manifest->signature);
}

void manifest_signer(const struct cv_manifest *manifest, u8 owner[CRYPTO_HASH_SIZE])
{
	struct crypto_hash hash;

	crypto_hash_init(&hash);
	crypto_hash_update(&hash, manifest->key, CRYPTO_PUBLIC_KEY_SIZE);
	crypto_hash_final(&hash, owner);
}

/* The last manifests that the owner has signed. */
static struct cv_manifest signed_last[NR_SIGNED];
static u32 nr_signed;

bool manifest_signed(const struct cv_manifest *manifest)
{
	struct crypto_hash hash;
	u8 digest[CRYPTO_HASH_SIZE];

	for (u32 i = 0; i < NR_SIGNED && i < nr_signed; i++) {
		if (memcmp(&signed_last[i], manifest, sizeof(*manifest)) == 0)
			return true;
	}
	crypto_hash_init(&hash);
	crypto_hash_update(&hash, (const u8 *)&manifest->magic, sizeof(manifest->magic));
	crypto_hash_update(&hash, manifest->measurement, CRYPTO_HASH_SIZE);
	crypto_hash_final(&hash, digest);
	return crypto_verify(manifest->key, digest, manifest->signature);
}

static void owner_key(struct cv_manifest *manifest, u8 owner[CRYPTO_HASH_SIZE])
{
	static u8 public_key[CRYPTO_PUBLIC_KEY_SIZE];
	static bool made;
	br_ec_private_key key = {BR_EC_secp384r1, private_key, sizeof(private_key)};

	if (!made) {
		memset(private_key, 0x3c, sizeof(private_key));
		(void)br_ec_compute_pub(&br_ec_prime_i31, NULL, public_key, &key);
		made = true;
	}
	memcpy(manifest->key, public_key, sizeof(public_key));
	manifest_signer(manifest, owner);
}

u32 manifest_make(u32 vm, u32 bad, u64 *words)
{
	struct cv_manifest manifest = {.magic = CV_MANIFEST_MAGIC};
	struct crypto_hash hash;
	u8 owner[CRYPTO_HASH_SIZE];

	owner_key(&manifest, owner);
	manifest_layout(vm, owner, &hash);
	measure_image(vm, &hash);
	crypto_hash_final(&hash, manifest.measurement);
	if (bad == 1U)
		manifest.measurement[5] ^= 1U;
	sign(&manifest);
	signed_last[nr_signed++ % NR_SIGNED] = manifest;
	if (bad == 2U)
		manifest.signature[40] ^= 1U;
	if (bad == 3U)
		manifest.magic++;
	memcpy(words, &manifest, sizeof(manifest));
	return (u32)(sizeof(manifest) / 8U);
}
