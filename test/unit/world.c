/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/unit/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/boot.h"
#include "core/init.h"
#include "core/invariant.h"
#include "core/mem.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"

/* All of core/state.h but the bounce buffer, whose content means nothing. */
#define REGION(object)                                             \
	{                                                          \
#object, &(object), sizeof(object), sizeof(object) \
	}
#define ARRAY(object)                                                   \
	{                                                               \
#object, &(object), sizeof(object), sizeof((object)[0]) \
	}
static struct region {
	const char *name;
	void *live;
	size_t size;
	size_t element;
} regions[] = {
	ARRAY(frames), /* its size follows nr_frames */
	REGION(nr_frames),  ARRAY(vms),		 ARRAY(ram_ranges),	 ARRAY(boot_regions),
	ARRAY(vm_measures), ARRAY(snapshots),	 ARRAY(vcpus),		 ARRAY(vcpu_contexts),
	ARRAY(vcpu_slots),  ARRAY(dma_contexts), ARRAY(stream_contexts), ARRAY(io_claims),
	ARRAY(vm_id_taken), ARRAY(cpus),	 ARRAY(snapshot_keys),	 ARRAY(lineages),
};
#define NR_REGIONS (sizeof(regions) / sizeof(regions[0]))

static u8 *shadows[NR_REGIONS];

/* One translation of one frame. */
struct leaf {
	u32 map;
	u64 gfn;
	u64 desc;
};

/* Sorted by map, then gfn. */
struct leaves {
	struct leaf *leaf;
	size_t nr;
	size_t room;
};

static struct leaves wanted;
static struct leaves before;
static struct leaves actual;
static u32 free_before;

/* Host translations that may be there or not. */
static u64 any_pfn;
static u64 any_frames;

static void leaves_add(struct leaves *l, u32 map, u64 gfn, u64 desc)
{
	if (l->nr == l->room) {
		l->room = l->room * 2 + 4096;
		l->leaf = realloc(l->leaf, l->room * sizeof(*l->leaf));
		if (l->leaf == NULL)
			abort();
	}
	l->leaf[l->nr] = (struct leaf){.map = map, .gfn = gfn, .desc = desc};
	l->nr++;
}

/*
 * A walker of its own, bit by bit as the Arm ARM has it: every leaf of what lies below table
 * t, as level 3 descriptors.
 */
static void walk(struct leaves *out, u32 map, u32 t, u32 level, u64 gfn)
{
	u64 span = 1ULL << (9 * (3 - level));

	for (u32 i = 0; i < 512; i++) {
		u64 desc = table_pool[t].e[i];
		u64 address = desc & 0xfffffffff000ULL;
		u64 first = gfn + i * span;

		if ((desc & 1) == 0)
			continue;
		if (level < 3 && (desc & 2) != 0) {
			walk(out, map, (u32)((address >> 12) - table_geometry.pool_pfn), level + 1,
			     first);
			continue;
		}
		for (u64 n = 0; n < span; n++)
			leaves_add(out, map, first + n, (desc + n * 4096) | 2);
	}
}

static void leaves_read(struct leaves *out)
{
	u32 roots = table_geometry.root_tables;
	u32 level = table_geometry.start_level;

	out->nr = 0;
	for (u32 map = 0; map < CV_NR_MAPS; map++) {
		for (u32 r = 0; r < roots; r++)
			walk(out, map, map * roots + r, level, (u64)r << 27);
	}
}

/* Index of the first leaf that is not before (map, gfn). */
static size_t leaves_find(const struct leaves *l, u32 map, u64 gfn)
{
	size_t low = 0;
	size_t high = l->nr;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct leaf *leaf = &l->leaf[middle];

		if (leaf->map < map || (leaf->map == map && leaf->gfn < gfn))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool leaf_is(const struct leaves *l, size_t i, u32 map, u64 gfn)
{
	return i < l->nr && l->leaf[i].map == map && l->leaf[i].gfn == gfn;
}

void want_leaf(u32 map, u64 gfn, u64 desc)
{
	size_t i = leaves_find(&wanted, map, gfn);
	size_t tail;

	if (leaf_is(&wanted, i, map, gfn)) {
		wanted.leaf[i].desc = desc;
		return;
	}
	if (desc == 0)
		return;
	leaves_add(&wanted, 0, 0, 0);
	tail = wanted.nr - 1 - i;
	memmove(&wanted.leaf[i + 1], &wanted.leaf[i], tail * sizeof(*wanted.leaf));
	wanted.leaf[i] = (struct leaf){.map = map, .gfn = gfn, .desc = desc};
}

void want_frame(u64 pfn, u32 owner, u32 count, u64 gfn)
{
	WANT(frames[pfn].owner) = (u16)owner;
	WANT(frames[pfn].count) = (u8)count;
	WANT(frames[pfn].gfn_low) = (u32)(gfn & 0xffffffffU);
	WANT(frames[pfn].gfn_high) = (u8)(gfn >> 32);
}

void want_taken(u64 pfn, u32 vm, u64 gfn)
{
	want_frame(pfn, vm, 0, gfn);
	WANT(vms[vm].nr_frames)++;
	want_leaf(MAP_HOST, pfn, 0);
	want_leaf(MAP_DMA_DEFAULT, pfn, 0);
}

void want_returned(u64 pfn)
{
	u32 vm = frames[pfn].owner;

	want_frame(pfn, CV_HOSTVISOR, 0, pfn + CV_SMMU_HOST_OFFSET);
	WANT(vms[vm].nr_frames)--;
	want_leaf(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
}

void want_any_host_map(u64 pfn, u64 nr)
{
	any_pfn = pfn;
	any_frames = nr;
}

static void forget_state(void)
{
	static bool first = true;

	for (size_t r = 0; r < NR_REGIONS; r++) {
		/* Only what has been used of the frames: the array is 512 MB. */
		if (regions[r].live == frames)
			memset(frames, 0, (nr_frames + 1) * sizeof(frames[0]));
	}
	for (size_t r = 0; r < NR_REGIONS; r++) {
		if (regions[r].live != frames)
			memset(regions[r].live, 0, regions[r].size);
	}
	if (first)
		first = false;
	else
		memset(table_pool, 0, table_geometry.nr_tables * sizeof(table_pool[0]));
}

int world_boot_with(u64 pfn, u64 nr, u64 kept, u32 nr_tables, u32 ipa_bits)
{
	static struct core_config config;
	int error;

	forget_state();
	machine_reset(pfn, nr);
	memset(&config, 0, sizeof(config));
	config.ram[0] = (struct frame_range){.pfn = pfn, .frames = nr};
	config.kept[0] = (struct frame_range){.pfn = pfn, .frames = kept};
	config.nr_ram = 1;
	config.nr_kept = 1;
	config.ipa_bits = ipa_bits;
	config.nr_tables = nr_tables;
	config.pool_pfn = pfn;
	error = core_init(config);
	regions[0].size = nr_frames * sizeof(frames[0]);
	machine_forget();
	return error;
}

void world_boot(void)
{
	next_vmid = 1;
	if (!CHECK_EQ(world_boot_with(RAM_PFN, KEPT_FRAMES + HOST_FRAMES, KEPT_FRAMES, WORLD_TABLES,
				      40),
		      0))
		exit(1);
}

u32 world_vm(u64 image, u64 run)
{
	int vm = gen_vmid();

	if (!CHECK(vm > 0))
		exit(1);
	CHECK_EQ(register_kvm((u32)vm), 0);
	CHECK_EQ(vm_set_ram((u32)vm, VM_GFN, VM_FRAMES), 0);
	CHECK_EQ(set_boot_info((u32)vm, VM_GFN << 12, 4096), 0);
	CHECK_EQ(remap_vm_image((u32)vm, image, 0), 0);
	CHECK_EQ(vm_set_entry((u32)vm, VM_GFN << 12, 0x1234), 0);
	CHECK_EQ(register_vcpu((u32)vm, 0, run), 0);
	return (u32)vm;
}

s64 world_verify(u32 vm)
{
	s64 left = 1;

	for (u32 i = 0; i < 100 && left > 0; i++)
		left = verify_vm(vm);
	return left;
}

void world_snapshot(void)
{
	for (size_t r = 0; r < NR_REGIONS; r++) {
		shadows[r] = realloc(shadows[r], regions[r].size);
		if (shadows[r] == NULL)
			abort();
		memcpy(shadows[r], regions[r].live, regions[r].size);
	}
	leaves_read(&wanted);
	before.nr = 0;
	for (size_t i = 0; i < wanted.nr; i++)
		leaves_add(&before, wanted.leaf[i].map, wanted.leaf[i].gfn, wanted.leaf[i].desc);
	free_before = table_free_count();
	any_frames = 0;
	machine_forget();
}

void *world_shadow(const void *object)
{
	for (size_t r = 0; r < NR_REGIONS; r++) {
		uintptr_t offset = (uintptr_t)object - (uintptr_t)regions[r].live;

		if (offset < regions[r].size)
			return shadows[r] + offset;
	}
	printf("%p is not in the state\n", object);
	abort();
}

static void check_region(const struct region *region, const u8 *shadow)
{
	const u8 *live = region->live;
	char text[100];

	if (memcmp(live, shadow, region->size) == 0)
		return;
	for (size_t i = 0; i < region->size; i++) {
		if (live[i] == shadow[i])
			continue;
		(void)snprintf(text, sizeof(text), "%s[%#zx], byte %zu", region->name,
			       i / region->element, i % region->element);
		unit_check_equal(live[i], shadow[i], __FILE__, __LINE__, text);
		/* One message an element. */
		i += region->element - 1 - i % region->element;
	}
}

static bool may_be_any(u32 map, u64 gfn, u64 desc)
{
	return map == MAP_HOST && gfn >= any_pfn && gfn - any_pfn < any_frames &&
	       (desc == 0 || desc == desc_page(gfn, DESC_ATTR_MEMORY));
}

static void check_leaf(u32 map, u64 gfn, u64 got, u64 want)
{
	char text[100];

	if (got == want || may_be_any(map, gfn, got))
		return;
	(void)snprintf(text, sizeof(text), "map %u, gfn %#llx", map, (unsigned long long)gfn);
	unit_check_equal((int64_t)got, (int64_t)want, __FILE__, __LINE__, text);
}

static void check_leaves(void)
{
	size_t w = 0;
	size_t a = 0;

	leaves_read(&actual);
	while (w < wanted.nr || a < actual.nr) {
		const struct leaf *want = &wanted.leaf[w];
		const struct leaf *got = &actual.leaf[a];
		bool have_want = w < wanted.nr;
		bool have_got = a < actual.nr;
		bool want_first = have_want && (!have_got || want->map < got->map ||
						(want->map == got->map && want->gfn < got->gfn));
		bool same = have_want && have_got && want->map == got->map && want->gfn == got->gfn;

		if (same)
			check_leaf(got->map, got->gfn, got->desc, want->desc);
		else if (want_first)
			check_leaf(want->map, want->gfn, 0, want->desc);
		else
			check_leaf(got->map, got->gfn, got->desc, 0);
		w += same || want_first ? 1 : 0;
		a += same || !want_first ? 1 : 0;
	}
}

/* What was translated before and is not any more, or otherwise, has been invalidated. */
static void check_invalidated(void)
{
	for (size_t i = 0; i < before.nr; i++) {
		const struct leaf *old = &before.leaf[i];
		size_t now = leaves_find(&actual, old->map, old->gfn);

		if (leaf_is(&actual, now, old->map, old->gfn) && actual.leaf[now].desc == old->desc)
			continue;
		/* Nothing but the core reads the core's list of image frames. */
		if (old->map != MAP_CORE && !CHECK(machine_invalidated(old->map, old->gfn)))
			return;
	}
}

static void check_machine(void)
{
	CHECK_EQ(machine_locks_held(), 0);
	CHECK_EQ(machine_log.lock_errors, 0);
	CHECK_EQ(machine_log.break_errors, 0);
	CHECK_EQ(machine_log.frame_errors, 0);
}

void world_check_sound(void)
{
	struct violation v = invariant_check_all();

	check_machine();
	if (!CHECK_EQ(v.inv, INV_NONE))
		printf("    %s: map %u, gfn %#llx, pfn %#llx\n", invariant_name(v.inv), v.map,
		       (unsigned long long)v.gfn, (unsigned long long)v.pfn);
}

void world_check(void)
{
	for (size_t r = 0; r < NR_REGIONS; r++)
		check_region(&regions[r], shadows[r]);
	check_leaves();
	check_invalidated();
	world_check_sound();
}

void world_check_unchanged(void)
{
	for (size_t r = 0; r < NR_REGIONS; r++)
		check_region(&regions[r], shadows[r]);
	check_leaves();
	check_machine();
	CHECK_EQ(table_free_count(), free_before);
	CHECK_EQ(machine_log.clears, 0);
	CHECK_EQ(machine_log.writes, 0);
	CHECK_EQ(machine_log.invalidates, 0);
	CHECK_EQ(machine_log.binds, 0);
	CHECK_EQ(machine_log.cuts, 0);
	CHECK_EQ(machine_log.enters, 0);
	CHECK_EQ(machine_log.kicks, 0);
}

u64 world_sum(void)
{
	u64 sum = 0xcbf29ce484222325ULL;

	for (size_t r = 0; r < NR_REGIONS; r++) {
		const u8 *live = regions[r].live;

		for (size_t i = 0; i < regions[r].size; i++)
			sum = (sum ^ live[i]) * 0x100000001b3ULL;
	}
	leaves_read(&actual);
	for (size_t i = 0; i < actual.nr; i++) {
		sum = (sum ^ actual.leaf[i].map) * 0x100000001b3ULL;
		sum = (sum ^ actual.leaf[i].gfn) * 0x100000001b3ULL;
		sum = (sum ^ actual.leaf[i].desc) * 0x100000001b3ULL;
	}
	return sum;
}
