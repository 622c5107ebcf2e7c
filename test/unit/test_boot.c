/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measurement and manifest: the digest is computed again here, from what the documents say is
 * measured; everything that changes the VM changes it; a manifest binds it.
 */
#include <bearssl.h>
#include <string.h>

#include "core/boot.h"
#include "core/crypto.h"
#include "core/dma.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/manifest.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

#define MIXED(n) (HOST_BLOCK(0) + (n))
#define MANIFEST MIXED(30)

static u32 vm;
static struct cv_manifest manifest;

/* The owner's key: any number below the order of the curve. */
static unsigned char private_key[48] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void sign_manifest(const u8 *measurement)
{
	br_ec_private_key key = {BR_EC_secp384r1, private_key, sizeof(private_key)};
	br_ec_public_key public;
	br_sha384_context hash;
	u8 digest[48];

	memset(&manifest, 0, sizeof(manifest));
	manifest.magic = CV_MANIFEST_MAGIC;
	memcpy(manifest.measurement, measurement, 48);
	CHECK_EQ(br_ec_compute_pub(&br_ec_prime_i31, &public, manifest.key, &key), 97);
	br_sha384_init(&hash);
	br_sha384_update(&hash, &manifest.magic, 8);
	br_sha384_update(&hash, manifest.measurement, 48);
	br_sha384_out(&hash, digest);
	CHECK_EQ(br_ecdsa_i31_sign_raw(&br_ec_prime_i31, &br_sha384_vtable, digest, &key,
				       manifest.signature),
		 96);
	memcpy(machine_frame(MANIFEST), &manifest, sizeof(manifest));
}

/* A VM with two image regions, a device, a stream; two vCPUs. */
static void fixture(void)
{
	int id;

	world_boot();
	id = gen_vmid();
	CHECK(id > 0);
	vm = (u32)id;
	CHECK_EQ(register_kvm(vm), 0);
	CHECK_EQ(vm_set_ram(vm, VM_GFN, VM_FRAMES), 0);
	CHECK_EQ(vm_set_ram(vm, VM_GFN * 2, 16), 0);
	CHECK_EQ(set_boot_info(vm, (VM_GFN + 4) << 12, 8192), 0);
	CHECK_EQ(set_boot_info(vm, VM_GFN << 13, 4096), 1);
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(remap_vm_image(vm, MIXED(10 + i), i / 2), 0);
		memset(machine_frame(MIXED(10 + i)), (int)(0x41 + i), 4096);
	}
	CHECK_EQ(vm_set_entry(vm, (VM_GFN + 5) << 12, 0xfed), 0);
	CHECK_EQ(register_vcpu(vm, 0, MIXED(2)), 0);
	CHECK_EQ(register_vcpu(vm, 1, MIXED(3)), 0);
	CHECK_EQ(map_io(vm, 0x1234 << 12, DEVICE_FREE_PFN << 12), 0);
	CHECK_EQ(alloc_smmu_pgd(3, vm), 0);
	CHECK_EQ(dma_attach(3, 6), 0);
}

static void hash_words(struct crypto_hash *hash, const u64 *words, u32 nr)
{
	crypto_hash_update(hash, (const u8 *)words, nr * 8);
}

/* SHA-384 of the manifest's key. */
static void owner_digest(u8 *digest)
{
	struct crypto_hash hash;

	crypto_hash_init(&hash);
	crypto_hash_update(&hash, manifest.key, 97);
	crypto_hash_final(&hash, digest);
}

/* As core/boot.h and doc/ say, by hand. */
static void expected_digest(bool owned, u8 *digest)
{
	static const u64 layout[] = {1, 2, 2, 2, (VM_GFN + 5) << 12, 0xfed};
	static const u64 ranges[] = {VM_GFN, VM_FRAMES,	 VM_GFN * 2, 16,     VM_GFN + 4,
				     2,	     VM_GFN * 2, 1,	     0x1234, 6};
	static const u64 gfns[] = {VM_GFN + 4, VM_GFN + 5, VM_GFN * 2};
	struct crypto_hash hash;
	u8 owner[48] = {0};
	u8 page[4096];

	if (owned)
		owner_digest(owner);
	crypto_hash_init(&hash);
	hash_words(&hash, layout, 6);
	crypto_hash_update(&hash, owner, 48);
	hash_words(&hash, ranges, 10);
	for (u32 i = 0; i < 3; i++) {
		memset(page, (int)(0x41 + i), sizeof(page));
		hash_words(&hash, &gfns[i], 1);
		crypto_hash_update(&hash, page, sizeof(page));
	}
	crypto_hash_final(&hash, digest);
}

static void measurement(void)
{
	u8 digest[48];

	unit_case("the measurement");
	fixture();
	expected_digest(false, digest);
	CHECK_EQ(world_verify(vm), 0);
	CHECK(memcmp(vm_measures[vm].digest, digest, 48) == 0);
	CHECK_EQ(map_get(MAP_CORE, (vm - 1) * CV_MAX_IMAGE_FRAMES), 0);
	CHECK_EQ(machine_frame(MIXED(11))[5], 0x42);
	CHECK_EQ(map_get(vm, VM_GFN + 5), desc_page(MIXED(11), DESC_ATTR_MEMORY));
	world_check_sound();
}

static void changed_image(void)
{
	u8 digest[48];

	unit_case("an image page that changes before it is taken");
	fixture();
	expected_digest(false, digest);
	CHECK_EQ(verify_vm(vm), 4);
	machine_frame(MIXED(12))[4095] ^= 1;
	CHECK_EQ(world_verify(vm), 0);
	CHECK(memcmp(vm_measures[vm].digest, digest, 48) != 0);
}

static u64 image_read_pfn;

/* When the core reads an image frame, nobody else can: no map but the core's has it. */
static void check_out_of_reach(u64 pfn)
{
	image_read_pfn = pfn;
	CHECK_EQ(map_get(MAP_HOST, pfn), 0);
	CHECK_EQ(map_get(MAP_DMA_DEFAULT, pfn), 0);
	CHECK_EQ(frames[pfn].owner, vm);
}

static void out_of_reach(void)
{
	unit_case("an image page is measured out of the host's reach");
	fixture();
	image_read_pfn = 0;
	machine_on_read = check_out_of_reach;
	CHECK_EQ(world_verify(vm), 0);
	machine_on_read = NULL;
	CHECK(image_read_pfn != 0);
}

static void good_manifest(void)
{
	u8 digest[48];

	unit_case("a manifest that fits");
	fixture();
	memset(digest, 0, sizeof(digest));
	sign_manifest(digest);
	/* The key is in the measurement, the measurement in the manifest: sign again. */
	expected_digest(true, digest);
	sign_manifest(digest);
	CHECK_EQ(set_manifest(vm, MANIFEST), 0);
	CHECK_EQ(world_verify(vm), 0);
	CHECK_EQ(vms[vm].state, CV_VM_VERIFIED);
	CHECK(memcmp(vm_measures[vm].digest, digest, 48) == 0);
}

static void other_image(void)
{
	u8 digest[48];

	unit_case("a manifest for another image");
	fixture();
	sign_manifest(private_key);
	expected_digest(true, digest);
	digest[47] ^= 1;
	sign_manifest(digest);
	CHECK_EQ(set_manifest(vm, MANIFEST), 0);
	CHECK_EQ(world_verify(vm), CV_EAUTH);
	CHECK_EQ(vms[vm].state, CV_VM_READY);
	world_snapshot();
	CHECK_EQ(verify_vm(vm), CV_EAUTH);
	world_check_unchanged();
	CHECK_EQ(set_vcpu_active(vm, 0), CV_ESTATE);
}

static void bad_manifests(void)
{
	u8 digest[48] = {7};

	fixture();
	world_snapshot();
	/* A few bytes of each field: signing is slow. */
	for (u32 byte = 0; byte < 249; byte += byte < 8 ? 1 : 16) {
		unit_case("byte %u of a manifest is wrong", byte);
		sign_manifest(digest);
		machine_frame(MANIFEST)[byte] ^= 0x10;
		CHECK_EQ(set_manifest(vm, MANIFEST), byte < 8 ? CV_EINVAL : CV_EAUTH);
	}
	world_check_unchanged();
}

/* Another layout, another measurement. */
static void layouts(void)
{
	u8 digest[48];

	expected_digest(false, digest);
	for (u32 i = 0; i < 4; i++) {
		unit_case("layout %u", i);
		fixture();
		if (i == 0)
			CHECK_EQ(vm_set_ram(vm, 0x2000, 1), 0);
		if (i == 1)
			CHECK_EQ(register_vcpu(vm, 2, MIXED(3)), 0);
		if (i == 2)
			CHECK_EQ(map_io(vm, 0x1235 << 12, (DEVICE_FREE_PFN + 1) << 12), 0);
		if (i == 3)
			CHECK_EQ(dma_attach(3, 5), 0);
		CHECK_EQ(world_verify(vm), 0);
		CHECK(memcmp(vm_measures[vm].digest, digest, 48) != 0);
	}
}

void test_boot(void)
{
	measurement();
	changed_image();
	out_of_reach();
	good_manifest();
	other_image();
	bad_manifests();
	layouts();
}
