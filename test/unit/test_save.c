/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots: a VM goes out and comes in again, whole and the same; records that are changed, out
 * of order, repeated, missing or another snapshot's are refused and change nothing.
 */
#include <string.h>

#include "core/boot.h"
#include "core/dma.h"
#include "core/mem.h"
#include "core/save.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/snapshot.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

#define MIXED(n) (HOST_BLOCK(0) + (n))
#define HOST MIXED(40)
#define PAGES 3U
#define VCPUS 2U
#define VCPU_1 5U

/* A snapshot as the host keeps it. */
struct record {
	u8 bytes[4096];
	u64 gfn;
	u64 tag[2];
};

struct saved {
	struct record head;
	struct record page[PAGES];
	struct record vcpu[VCPUS];
	struct record tail;
};

static struct saved saved;
static u32 source;

static const u64 page_pfn[PAGES] = {MIXED(1), MIXED(9), MIXED(8)};
static const u64 vcpu_id[VCPUS] = {0, VCPU_1};

static void take(struct record *record)
{
	memcpy(record->bytes, machine_frame(HOST), 4096);
}

static void give(const struct record *record)
{
	memcpy(machine_frame(HOST), record->bytes, 4096);
}

/* A VM with three pages, the last two donated in descending order of frame, and two vCPUs. */
static void make_source(void)
{
	struct vcpu_context context;
	u64 words[sizeof(context) / 8];

	world_boot();
	source = world_vm(page_pfn[0], MIXED(2));
	CHECK_EQ(register_vcpu(source, VCPU_1, MIXED(3)), 0);
	memset(machine_frame(page_pfn[0]), 0x11, 4096);
	CHECK_EQ(world_verify(source), 0);
	CHECK_EQ(donate_to_vm(source, VM_GFN + 100, page_pfn[1], 3), 0);
	CHECK_EQ(donate_to_vm(source, VM_GFN + 200, page_pfn[2], 3), 0);
	memset(machine_frame(page_pfn[1]), 0x22, 4096);
	memset(machine_frame(page_pfn[2]), 0x33, 4096);
	/* Every word another, so that one in another's place is found. */
	for (u32 i = 0; i < sizeof(context) / 8; i++)
		words[i] = 0x7777000011110000ULL * (i + 1) + i;
	memcpy(&context, words, sizeof(context));
	vcpu_contexts[vcpu_slot(source, 0)] = context;
	vcpus[vcpu_slot(source, 0)].pending = PENDING_MMIO_READ;
	vcpus[vcpu_slot(source, 0)].mmio_size = 8;
	vcpus[vcpu_slot(source, 0)].mmio_reg = 9;
	vcpus[vcpu_slot(source, 0)].mmio_signed = 1;
	vcpus[vcpu_slot(source, 0)].mmio_64 = 2;
	CHECK_EQ(set_vm_poweroff(source), 0);
}

static void save(void)
{
	memset(&saved, 0, sizeof(saved));
	CHECK_EQ(save_begin(source, HOST), 0);
	take(&saved.head);
	for (u32 i = 0; i < PAGES; i++) {
		struct saved_page page = save_encrypt_buf(source, page_pfn[i], HOST);

		CHECK_EQ(page.error, 0);
		take(&saved.page[i]);
		saved.page[i].gfn = page.gfn;
		memcpy(saved.page[i].tag, page.tag, sizeof(page.tag));
		/* Encrypted, and the VM's own frame as it was. */
		CHECK(memcmp(saved.page[i].bytes, machine_frame(page_pfn[i]), 64) != 0);
		CHECK_EQ(machine_frame(page_pfn[i])[17], 0x11 * (i + 1));
	}
	for (u32 i = 0; i < VCPUS; i++) {
		CHECK_EQ(save_encrypted_vcpu(source, vcpu_id[i], HOST), 0);
		take(&saved.vcpu[i]);
	}
	CHECK_EQ(save_end(source, HOST), 0);
	take(&saved.tail);
	CHECK_EQ(snapshots[source].phase, SNAPSHOT_NONE);
	CHECK_EQ(snapshot_keys[source].bytes[0] | snapshot_keys[source].bytes[31], 0);
}

/* Steps of a save in a wrong order: refused, nothing changed. */
static void save_order(void)
{
	unit_case("saving out of order");
	make_source();
	CHECK_EQ(save_begin(source, HOST), 0);
	world_snapshot();
	CHECK_EQ(save_encrypted_vcpu(source, 0, HOST), CV_ESTATE);
	CHECK_EQ(save_end(source, HOST), CV_ESTATE);
	world_check_unchanged();
	CHECK_EQ(save_encrypt_buf(source, page_pfn[1], HOST).error, 0);
	world_snapshot();
	CHECK_EQ(save_encrypt_buf(source, page_pfn[0], HOST).error, CV_EINVAL);
	CHECK_EQ(save_encrypt_buf(source, page_pfn[1], HOST).error, CV_EINVAL);
	world_check_unchanged();
	CHECK_EQ(save_begin(source, HOST), 0);
	for (u32 i = 0; i < PAGES; i++)
		CHECK_EQ(save_encrypt_buf(source, page_pfn[i], HOST).error, 0);
	world_snapshot();
	CHECK_EQ(save_end(source, HOST), CV_ESTATE);
	CHECK_EQ(save_encrypted_vcpu(source, 1, HOST), CV_ENOENT);
	CHECK_EQ(save_encrypted_vcpu(source, ~0ULL, HOST), CV_ENOENT);
	CHECK_EQ(save_encrypted_vcpu(source, 0, page_pfn[0]), CV_EPERM);
	world_check_unchanged();
	CHECK_EQ(save_encrypted_vcpu(source, VCPU_1, HOST), 0);
	world_snapshot();
	CHECK_EQ(save_encrypted_vcpu(source, 0, HOST), CV_EINVAL);
	CHECK_EQ(save_encrypt_buf(source, page_pfn[0], HOST).error, CV_ESTATE);
	world_check_unchanged();
	CHECK_EQ(save_begin(source, HOST), 0);
	CHECK_EQ(clear_vm_page(source, page_pfn[1]), 0);
	world_snapshot();
	CHECK_EQ(save_encrypted_vcpu(source, 0, HOST), CV_ESTATE);
	CHECK_EQ(save_begin(source, HOST), CV_ESTATE);
	world_check_unchanged();
}

static void save_while_running(void)
{
	unit_case("saving while a vCPU has not left yet");
	make_source();
	vcpus[vcpu_slot(source, 0)].state = CV_VCPU_ACTIVE;
	world_snapshot();
	CHECK_EQ(save_begin(source, HOST), CV_EBUSY);
	world_check_unchanged();
}

static void end_saves(void)
{
	make_source();
	save();
	unit_case("a full save, and the tail into no frame of the host's");
	CHECK_EQ(save_begin(source, HOST), 0);
	for (u32 i = 0; i < PAGES; i++)
		CHECK_EQ(save_encrypt_buf(source, page_pfn[i], HOST).error, 0);
	for (u32 i = 0; i < VCPUS; i++)
		CHECK_EQ(save_encrypted_vcpu(source, vcpu_id[i], HOST), 0);
	world_snapshot();
	CHECK_EQ(save_end(source, page_pfn[0]), CV_EPERM);
	world_check_unchanged();
}

static u32 target;

static void new_target(void)
{
	int vm = gen_vmid();

	CHECK_EQ(register_kvm((u32)vm), 0);
	target = (u32)vm;
}

static int load_head(void)
{
	give(&saved.head);
	return load_begin(target, HOST);
}

/* Into the host's frame MIXED(50 + i). */
static int load_page(u32 i, const struct record *record)
{
	memcpy(machine_frame(MIXED(50 + i)), record->bytes, 4096);
	return load_decrypt_buf(target, MIXED(50 + i), record->gfn, record->tag[0], record->tag[1]);
}

static int load_vcpu(u32 i)
{
	give(&saved.vcpu[i]);
	return load_encrypted_vcpu(target, vcpu_id[i], HOST);
}

static int load_tail(void)
{
	give(&saved.tail);
	return load_end(target, HOST);
}

/* Everything up to step `stop` of 1 head, 3 pages, 2 vCPUs, 1 tail. */
static void load_until(u32 stop)
{
	new_target();
	if (stop > 0)
		CHECK_EQ(load_head(), 0);
	if (stop > 0)
		CHECK_EQ(register_vcpu(target, 0, MIXED(30)), 0);
	if (stop > 0)
		CHECK_EQ(register_vcpu(target, VCPU_1, MIXED(31)), 0);
	for (u32 i = 0; i < PAGES && stop > 1 + i; i++)
		CHECK_EQ(load_page(i, &saved.page[i]), 0);
	for (u32 i = 0; i < VCPUS && stop > 4 + i; i++)
		CHECK_EQ(load_vcpu(i), 0);
	for (u32 i = 0; i < 100; i++)
		(void)machine_counter();
	if (stop > 6)
		CHECK_EQ(load_tail(), 0);
}

static void full_load(void)
{
	u64 stopped, passed;
	u32 slot;

	make_source();
	vms[source].counter_offset = 1000;
	stopped = machine_counter() - vms[source].counter_offset;
	save();
	unit_case("a whole snapshot");
	load_until(7);
	CHECK_EQ(vms[target].state, CV_VM_VERIFIED);
	CHECK_EQ(vms[target].nr_frames, PAGES);
	for (u32 i = 0; i < PAGES; i++) {
		CHECK_EQ(map_get(target, saved.page[i].gfn),
			 desc_page(MIXED(50 + i), DESC_ATTR_MEMORY));
		CHECK(memcmp(machine_frame(MIXED(50 + i)), machine_frame(page_pfn[i]), 4096) == 0);
	}
	slot = vcpu_slot(target, 0);
	CHECK(memcmp(&vcpu_contexts[slot], &vcpu_contexts[vcpu_slot(source, 0)],
		     sizeof(vcpu_contexts[0])) == 0);
	/* Its counter goes on where it stopped, whatever the machine's said before the tail. */
	passed = machine_counter() - vms[target].counter_offset - stopped;
	CHECK(passed > 0 && passed < 16);
	CHECK_EQ(vcpus[slot].pending, PENDING_MMIO_READ);
	CHECK_EQ(vcpus[slot].mmio_reg, 9);
	CHECK_EQ(vcpus[slot].mmio_size, 8);
	CHECK_EQ(vcpus[slot].mmio_signed, 1);
	CHECK_EQ(vcpus[slot].mmio_64, 2);
	CHECK_EQ(vcpus[slot].run_pfn, MIXED(30));
	CHECK_EQ(vcpus[slot].powered, 1);
	CHECK_EQ(vcpus[vcpu_slot(target, VCPU_1)].powered, 0);
	CHECK(memcmp(vm_measures[target].digest, vm_measures[source].digest, 48) == 0);
	CHECK_EQ(snapshot_keys[target].bytes[0] | snapshot_keys[target].bytes[31], 0);
	CHECK_EQ(set_vcpu_active(target, 0), 0);
	CHECK_EQ(set_vcpu_inactive(target, 0), 0);
	world_check_sound();
	/* A second VM from the same snapshot is possible; a snapshot of this one too. */
	CHECK_EQ(set_vm_poweroff(target), 0);
	CHECK_EQ(save_begin(target, HOST), 0);
}

/* Bit i of a record wrong, at each step. */
static void changed_records(void)
{
	struct {
		struct record *record;
		u32 step;
		u32 size;
	} parts[] = {
		{&saved.head, 0, sizeof(struct cv_snapshot_head)},
		{&saved.page[0], 1, 4096},
		{&saved.page[2], 3, 4096},
		{&saved.vcpu[1], 5, 16 + sizeof(struct vcpu_context) + 8},
		{&saved.tail, 6, sizeof(struct cv_snapshot_tail)},
	};

	for (u32 p = 0; p < 5; p++) {
		make_source();
		save();
		load_until(parts[p].step);
		world_snapshot();
		for (u32 byte = 0; byte < parts[p].size; byte += parts[p].size / 40 + 1) {
			int got;

			/* Reserved bytes of the head. */
			if (p == 0 && byte >= 20 && byte < 24)
				continue;
			unit_case("record %u, byte %u is wrong", p, byte);
			parts[p].record->bytes[byte] ^= 0x20;
			got = p == 0   ? load_head()
			      : p == 4 ? load_tail()
			      : p == 3 ? load_vcpu(1)
				       : load_page(p == 1 ? 0 : 2, parts[p].record);
			parts[p].record->bytes[byte] ^= 0x20;
			CHECK_EQ(got, p == 0 && byte < 8 ? CV_EINVAL : CV_EAUTH);
			world_check_unchanged();
		}
	}
}

/* Other gfn, other tag, other page, repeated page. */
static void wrong_pages(void)
{
	struct record record;

	unit_case("pages that are not the next record");
	make_source();
	save();
	load_until(2);
	world_snapshot();
	CHECK_EQ(load_page(1, &saved.page[2]), CV_EAUTH);
	record = saved.page[1];
	record.gfn++;
	CHECK_EQ(load_page(1, &record), CV_EAUTH);
	record = saved.page[1];
	record.tag[0] ^= 1;
	CHECK_EQ(load_page(1, &record), CV_EAUTH);
	record = saved.page[1];
	record.tag[1] ^= 1ULL << 63;
	CHECK_EQ(load_page(1, &record), CV_EAUTH);
	CHECK_EQ(load_page(1, &saved.page[0]), CV_EEXIST);
	CHECK_EQ(load_vcpu(0), CV_EAUTH);
	CHECK_EQ(load_tail(), CV_ESTATE);
	world_check_unchanged();
	CHECK_EQ(load_page(1, &saved.page[1]), 0);
	CHECK_EQ(load_page(2, &saved.page[2]), 0);
	world_snapshot();
	CHECK_EQ(load_vcpu(1), CV_EAUTH);
	CHECK_EQ(load_encrypted_vcpu(target, 7, HOST), CV_ENOENT);
	CHECK_EQ(load_encrypted_vcpu(target, 0, page_pfn[0]), CV_EPERM);
	world_check_unchanged();
	/* The context of vCPU 0 for vCPU 5. */
	give(&saved.vcpu[0]);
	CHECK_EQ(load_encrypted_vcpu(target, VCPU_1, HOST), CV_EAUTH);
	CHECK_EQ(load_vcpu(0), 0);
	CHECK_EQ(load_vcpu(0), CV_EAUTH);
}

/* A record of another snapshot of the same VM, at the same place in the order. */
static void other_snapshot(void)
{
	static struct saved first;

	unit_case("records of another snapshot");
	make_source();
	save();
	first = saved;
	save();
	load_until(1);
	world_snapshot();
	CHECK_EQ(load_page(0, &first.page[0]), CV_EAUTH);
	world_check_unchanged();
}

static void not_empty(void)
{
	unit_case("into a VM that is not empty");
	make_source();
	save();
	new_target();
	CHECK_EQ(map_io(target, (VM_GFN + 300) << 12, DEVICE_FREE_PFN << 12), 0);
	world_snapshot();
	CHECK_EQ(load_head(), CV_ESTATE);
	world_check_unchanged();
	new_target();
	CHECK_EQ(vm_set_ram(target, 0x90000, 1), 0);
	CHECK_EQ(load_head(), CV_ESTATE);
	new_target();
	CHECK_EQ(register_vcpu(target, 0, MIXED(30)), 0);
	CHECK_EQ(load_head(), CV_ESTATE);
	/* One vCPU too many: never complete. */
	load_until(1);
	CHECK_EQ(register_vcpu(target, 9, MIXED(30)), 0);
	for (u32 i = 0; i < PAGES; i++)
		CHECK_EQ(load_page(i, &saved.page[i]), 0);
	for (u32 i = 0; i < VCPUS; i++)
		CHECK_EQ(load_vcpu(i), 0);
	world_snapshot();
	CHECK_EQ(load_tail(), CV_ESTATE);
	world_check_unchanged();
	CHECK_EQ(load_end(target, page_pfn[0]), CV_ESTATE);
}

/* Authentic, but of a vCPU that cannot be: what runs it would shift by a size of 3 bytes. */
static void impossible_vcpu(void)
{
	static const struct {
		u8 pending, size, fresh;
	} wrong[] = {{PENDING_MMIO_READ, 3, 0},
		     {PENDING_MMIO_READ, 0, 0},
		     {PENDING_MMIO_WRITE, 16, 0},
		     {PENDING_MMIO_WRITE + 1, 8, 0},
		     {PENDING_NONE, 8, 1}};

	for (u32 i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		u32 slot;

		make_source();
		slot = vcpu_slot(source, 0);
		vcpus[slot].pending = wrong[i].pending;
		vcpus[slot].mmio_size = wrong[i].size;
		vcpus[slot].fresh = wrong[i].fresh;
		save();
		unit_case("impossible vCPU %u", i);
		load_until(4);
		give(&saved.vcpu[0]);
		world_snapshot();
		CHECK_EQ(load_encrypted_vcpu(target, 0, HOST), CV_EINVAL);
		world_check_unchanged();
	}
}

/* Authentic, but of no VM that this machine can have; also where it has no RAM range. */
static void impossible_head(void)
{
	static const struct ram_range wrong[] = {{1, ~0ULL}, {~0ULL, 1}};

	for (u32 i = 0; i < 2 * CV_MAX_RAM_RANGES; i++) {
		make_source();
		ram_ranges[source * CV_MAX_RAM_RANGES + i / 2] = wrong[i % 2];
		save();
		unit_case("impossible RAM range %u", i / 2);
		new_target();
		world_snapshot();
		CHECK_EQ(load_head(), CV_EINVAL);
		world_check_unchanged();
	}
	make_source();
	vms[source].nr_ram = CV_MAX_RAM_RANGES + 1;
	CHECK_EQ(save_begin(source, HOST), 0);
	take(&saved.head);
	unit_case("too many RAM ranges");
	new_target();
	world_snapshot();
	CHECK_EQ(load_head(), CV_EINVAL);
	world_check_unchanged();
}

/* All of a save but its end, of any VM whose frames are those of page_pfn. */
static void save_up_to_end(u32 vm, const u64 *pfn)
{
	CHECK_EQ(save_begin(vm, HOST), 0);
	take(&saved.head);
	for (u32 i = 0; i < PAGES; i++) {
		struct saved_page page = save_encrypt_buf(vm, pfn[i], HOST);

		CHECK_EQ(page.error, 0);
		take(&saved.page[i]);
		memcpy(saved.page[i].tag, page.tag, sizeof(page.tag));
	}
	for (u32 i = 0; i < VCPUS; i++) {
		CHECK_EQ(save_encrypted_vcpu(vm, vcpu_id[i], HOST), 0);
		take(&saved.vcpu[i]);
	}
}

/* Restore `saved` and power off what comes of it; its frames are MIXED(50) and on. */
static void restore_and_stop(void)
{
	load_until(7);
	CHECK_EQ(set_vm_poweroff(target), 0);
}

static const u64 target_pfn[PAGES] = {MIXED(50), MIXED(51), MIXED(52)};

static void older_snapshot(void)
{
	static struct saved first;

	unit_case("an older snapshot of the same VM");
	make_source();
	save();
	first = saved;
	restore_and_stop();
	save_up_to_end(target, target_pfn);
	/* Not complete yet: the first is still the newest. */
	new_target();
	give(&first.head);
	CHECK_EQ(load_begin(target, HOST), 0);
	CHECK_EQ(save_end(target - 1, HOST), 0);
	take(&saved.tail);
	new_target();
	world_snapshot();
	give(&first.head);
	CHECK_EQ(load_begin(target, HOST), CV_ESTALE);
	world_check_unchanged();
	CHECK_EQ(snapshots[target - 2].lineage.generation, 2);
}

/* The load of an older one had begun before the newer one was complete. */
static void overtaken_load(void)
{
	static struct saved first;
	u32 loading;

	unit_case("a snapshot that is overtaken while it is loaded");
	make_source();
	save();
	first = saved;
	load_until(6);
	loading = target;
	save();
	target = loading;
	saved = first;
	world_snapshot();
	CHECK_EQ(load_tail(), CV_ESTALE);
	CHECK_EQ(vms[target].state, CV_VM_READY);
	world_check_unchanged();
}

/* Copies of one VM: whoever is saved first is it. */
static void overtaken_copy(void)
{
	unit_case("a copy of a VM of which another copy was saved");
	make_source();
	save();
	restore_and_stop();
	save_up_to_end(target, target_pfn);
	save();
	world_snapshot();
	CHECK_EQ(save_end(target, HOST), CV_ESTALE);
	CHECK_EQ(save_begin(target, HOST), CV_ESTALE);
	world_check_unchanged();
}

/* What the store does not take is not saved; with more room it is. */
static void store_is_full(void)
{
	unit_case("a store that takes no more");
	machine_store_max = 1;
	make_source();
	save();
	save_up_to_end(source, page_pfn);
	world_snapshot();
	CHECK_EQ(save_end(source, HOST), CV_ENOSPC);
	world_check_unchanged();
	machine_store_max = 2;
	CHECK_EQ(save_end(source, HOST), 0);
	machine_store_nr = machine_store_max = 0;
}

static void after_reboot(void)
{
	static struct saved first, second;

	unit_case("an older snapshot after a reboot");
	machine_store_max = MACHINE_MAX_STORE;
	make_source();
	save();
	first = saved;
	save();
	second = saved;
	world_boot();
	saved = first;
	new_target();
	CHECK_EQ(load_head(), CV_ESTALE);
	saved = second;
	load_until(7);
	machine_store_nr = machine_store_max = 0;
	world_boot();
	saved = first;
	new_target();
	CHECK_EQ(load_head(), 0);
}

void test_save(void)
{
	save_order();
	save_while_running();
	end_saves();
	full_load();
	changed_records();
	wrong_pages();
	other_snapshot();
	not_empty();
	impossible_vcpu();
	impossible_head();
	older_snapshot();
	overtaken_load();
	overtaken_copy();
	store_is_full();
	after_reboot();
}
