/* SPDX-License-Identifier: BSD-3-Clause */
/* What a VM begins with: its RAM, its image, what its owner signed. */
#include <stdlib.h>
#include <string.h>

#include "arch/sim/manifest.h"
#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/model_state.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/touch.h"
#include "core/page.h"
#include "core/state.h"
#include "corevisor/manifest.h"

#define ULL(x) ((unsigned long long)(x))

void model_registered(u32 vm)
{
	struct model_vm *m = &model_vms[vm];

	if (m->frames != 0U)
		sim_violation("vm-id", "VM %u is used again with %llu frames", vm, ULL(m->frames));
	m->nr_ram = 0;
	m->off = false;
	m->manifest = MODEL_MANIFEST_NONE;
	memset(m->signer, 0, sizeof(m->signer));
	m->lineage = 0;
	m->generation = 0;
}

void model_declared(u32 vm, u64 gfn, u64 nr)
{
	struct model_vm *m = &model_vms[vm];

	if (m->nr_ram == CV_MAX_RAM_RANGES)
		sim_violation("layout", "VM %u has more RAM ranges than there are", vm);
	m->ram[m->nr_ram][0] = gfn;
	m->ram[m->nr_ram++][1] = nr;
}

/* The ranges of a snapshot come sealed; those of other CPUs' VMs nobody writes down. */
static bool core_in_ram(u32 vm, u64 gfn)
{
	for (u32 r = 0; r < vms[vm].nr_ram; r++) {
		const struct ram_range *range = &ram_ranges[vm * CV_MAX_RAM_RANGES + r];

		if (gfn - range->gfn < range->frames)
			return true;
	}
	return false;
}

bool model_in_ram(u32 vm, u64 gfn)
{
	const struct model_vm *m = &model_vms[vm];

	if (sim.threaded || m->restored)
		return core_in_ram(vm, gfn);
	for (u32 r = 0; r < m->nr_ram; r++) {
		if (gfn - m->ram[r][0] < m->ram[r][1])
			return true;
	}
	return false;
}

void model_announced(u32 vm, u64 address, u64 region)
{
	struct model_vm *m = &model_vms[vm];

	if (region != m->nr_regions || region >= CV_MAX_BOOT_REGIONS)
		sim_violation("image", "VM %u: region %llu", vm, ULL(region));
	m->region_gfn[region] = address >> CV_PAGE_SHIFT;
	m->region_next[region] = 0;
	m->nr_regions++;
}

void model_add_image(u32 vm, u64 pfn, u64 region)
{
	struct model_vm *m = &model_vms[vm];
	struct model_image *image;

	if (region >= m->nr_regions)
		sim_violation("image", "page for region %llu of VM %u", ULL(region), vm);
	if (m->nr_image == m->room_image) {
		m->room_image = m->room_image * 2U + 16U;
		m->image = realloc(m->image, m->room_image * sizeof(*m->image));
	}
	image = &m->image[m->nr_image++];
	image->pfn = (u32)pfn;
	image->taken = 0;
	image->gfn = m->region_gfn[region] + m->region_next[region]++;
}

void model_set_manifest(u32 vm, u64 pfn)
{
	struct model_vm *m = &model_vms[vm];
	struct cv_manifest manifest;

	m->manifest = MODEL_MANIFEST_UNKNOWN;
	if (!point_undisturbed())
		return;
	memcpy(&manifest, memory_frame(pfn), sizeof(manifest));
	if (!manifest_signed(&manifest))
		sim_violation("manifest", "VM %u took one that nobody signed", vm);
	m->manifest = MODEL_MANIFEST_KNOWN;
	memcpy(m->signed_digest, manifest.measurement, sizeof(m->signed_digest));
	manifest_signer(&manifest, m->signer);
}

/* The core's digest is of the layout and of what the VM really has in its memory. */
static void check_digest(u32 vm)
{
	const struct model_vm *m = &model_vms[vm];
	struct crypto_hash hash;
	u8 digest[CRYPTO_HASH_SIZE];

	if (m->manifest == MODEL_MANIFEST_UNKNOWN || !point_undisturbed())
		return;
	manifest_layout(vm, m->signer, &hash);
	for (u32 r = 0; r < m->nr_regions; r++) {
		for (u64 i = 0; i < m->region_next[r]; i++) {
			u64 gfn = m->region_gfn[r] + i;
			u64 pfn = model_find(vm, gfn);

			crypto_hash_update(&hash, (const u8 *)&gfn, sizeof(gfn));
			crypto_hash_update(&hash, memory_frame(pfn), CV_PAGE_SIZE);
		}
	}
	crypto_hash_final(&hash, digest);
	if (memcmp(digest, vm_measures[vm].digest, sizeof(digest)) != 0)
		sim_violation("measurement", "VM %u is VERIFIED with a digest of something else",
			      vm);
	if (m->manifest == MODEL_MANIFEST_KNOWN &&
	    memcmp(digest, m->signed_digest, sizeof(digest)) != 0)
		sim_violation("measurement", "VM %u is VERIFIED, but is not what was signed", vm);
}

/* Image frames move one by one, and hold what was measured. */
void model_take_image(u32 vm, bool verified)
{
	struct model_vm *m = &model_vms[vm];

	for (u32 i = 0; i < m->nr_image; i++) {
		struct model_image *image = &m->image[i];
		const u8 *read = touch_last_read(image->pfn);

		if (image->taken)
			continue;
		if (frame_owner(image->pfn) != vm || frame_gfn(image->pfn) != image->gfn) {
			if (verified)
				sim_violation("image", "VM %u is VERIFIED without gfn 0x%llx", vm,
					      ULL(image->gfn));
			continue;
		}
		image->taken = 1;
		if (!read)
			sim_violation("image", "VM %u, gfn 0x%llx was not measured", vm,
				      ULL(image->gfn));
		model_take(image->pfn, vm, image->gfn);
		model_settle(image->pfn, vm, read);
	}
	if (verified)
		check_digest(vm);
}
