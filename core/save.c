/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/save.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/rollback.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/snapshot.h"

/* What is authenticated beside a record: its place, and what it is. */
struct record_id {
	u64 sequence;
	u64 kind;
	u64 number; /* gfn or vCPU */
};

#define RECORD_AAD_SIZE 24U /* its three words */

/* A vCPU record: the tag, then what is sealed: its context, power state and pending access. */
struct vcpu_record {
	u8 tag[CRYPTO_TAG_SIZE];
	struct vcpu_context context;
	u8 fresh;
	u8 powered;
	u8 pending;
	u8 mmio_reg;
	u8 mmio_size;
	u8 mmio_signed;
	u8 mmio_64;
	u8 zero;
};

#define VCPU_SEALED_SIZE (sizeof(struct vcpu_record) - CRYPTO_TAG_SIZE)
#define TAIL_SEALED_SIZE (sizeof(struct cv_snapshot_tail) - CRYPTO_TAG_SIZE)

STATIC_ASSERT(vcpu_record_is_one_frame, sizeof(struct vcpu_record) <= CV_PAGE_SIZE);
STATIC_ASSERT(head_is_one_frame, sizeof(struct cv_snapshot_head) <= CV_PAGE_SIZE);

/* Where a field of the record in bounce_buffer is. */
#define HEAD(field) (bounce_buffer + offsetof(struct cv_snapshot_head, field))
#define VCPU(field) (bounce_buffer + offsetof(struct vcpu_record, field))
#define TAIL(field) (bounce_buffer + offsetof(struct cv_snapshot_tail, field))

/* clang-format off */
/* The members of a vCPU context, each so many words. */
#define CONTEXT_MEMBERS(each) \
	each(x[0], 31) each(pc, 1) each(pstate, 1) each(sys[0], VCPU_NR_SYSREGS) each(fp[0], 64) \
	each(fpcr, 1) each(fpsr, 1) each(gic_hcr, 1) each(lr[0], CV_RUN_NR_LR)
#define MEMBER_SIZE(member, nr) + 8U * (nr)
#define PUT_MEMBER(member, nr) \
	bytes_set_words(VCPU(context.member), &vcpu_contexts[slot].member, nr);
#define GET_MEMBER(member, nr) \
	bytes_words(VCPU(context.member), &vcpu_contexts[slot].member, nr);
/* clang-format on */

STATIC_ASSERT(context_has_no_other_members,
	      CONTEXT_MEMBERS(MEMBER_SIZE) == sizeof(struct vcpu_context));

/* The next record of a snapshot. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result.sequence == snapshots[vm].sequence && \result.kind == kind &&
      \result.number == number; */
static struct record_id next_record(u32 vm, u64 kind, u64 number)
{
	struct record_id id = {snapshots[vm].sequence, kind, number};

	return id;
}

/* Its nonce is its sequence number: never twice under one key. */
/*@ requires aad: \valid(aad + (0 .. RECORD_AAD_SIZE - 1));
    requires nonce: \valid(nonce + (0 .. CRYPTO_NONCE_SIZE - 1));
    requires apart: \separated(aad + (0 .. RECORD_AAD_SIZE - 1),
      nonce + (0 .. CRYPTO_NONCE_SIZE - 1));
    terminates \true; exits \false;
    assigns aad[0 .. RECORD_AAD_SIZE - 1], nonce[0 .. CRYPTO_NONCE_SIZE - 1];
    ensures aad: \forall integer k; 0 <= k < 8 ==> aad[k] == (u8)(id.sequence >> (8 * k)) &&
      aad[8 + k] == (u8)(id.kind >> (8 * k)) && aad[16 + k] == (u8)(id.number >> (8 * k));
    ensures nonce: \forall integer k; 0 <= k < 8 ==> nonce[k] == (u8)(id.sequence >> (8 * k));
    ensures rest: \forall integer k; 8 <= k < CRYPTO_NONCE_SIZE ==> nonce[k] == 0; */
static void record_words(struct record_id id, u8 *aad, u8 *nonce)
{
	bytes_set_word(aad, id.sequence);
	bytes_set_word(aad + 8, id.kind);
	bytes_set_word(aad + 16, id.number);
	bytes_clear(nonce, CRYPTO_NONCE_SIZE);
	bytes_set_word(nonce, id.sequence);
}

/* Encrypt a record in place. */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_KEY_SIZE - 1));
    requires data: \valid(data + (0 .. size - 1));
    requires tag: \valid(tag + (0 .. CRYPTO_TAG_SIZE - 1));
    terminates \true; exits \false;
    assigns data[0 .. size - 1], tag[0 .. CRYPTO_TAG_SIZE - 1], crypto_sealed, CRYPTO_LAST;
    ensures sealed: crypto_sealed == (u64)(\old(crypto_sealed) + 1) &&
      last_record(id.sequence, id.kind, id.number); */
static void seal_record(const u8 *key, struct record_id id, u8 *data, u32 size, u8 *tag)
{
	u8 aad[RECORD_AAD_SIZE];
	u8 nonce[CRYPTO_NONCE_SIZE];

	record_words(id, aad, nonce);
	crypto_seal(key, nonce, aad, sizeof(aad), data, size, tag);
}

/* Decrypt a record in place, if it is that one. */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_KEY_SIZE - 1));
    requires data: \valid(data + (0 .. size - 1));
    requires tag: \valid_read(tag + (0 .. CRYPTO_TAG_SIZE - 1));
    terminates \true; exits \false;
    assigns data[0 .. size - 1], crypto_opened, CRYPTO_LAST;
    ensures opened: \result ==> crypto_opened == (u64)(\old(crypto_opened) + 1) &&
      last_record(id.sequence, id.kind, id.number); */
static bool open_record(const u8 *key, struct record_id id, u8 *data, u32 size, const u8 *tag)
{
	u8 aad[RECORD_AAD_SIZE];
	u8 nonce[CRYPTO_NONCE_SIZE];

	record_words(id, aad, nonce);
	return crypto_open(key, nonce, aad, sizeof(aad), data, size, tag);
}

/* Start a snapshot's bookkeeping. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false;
    assigns snapshots[vm];
    ensures begins: snapshot_begins(vm, phase) && snapshots[vm].pages_total == pages &&
      snapshots[vm].vcpus_total == nr_vcpus;
    ensures lineage: snapshots[vm].lineage == \old(snapshots[vm].lineage); */
static void snapshot_start(u32 vm, u32 phase, u64 pages, u32 nr_vcpus)
{
	snapshots[vm].phase = phase;
	snapshots[vm].vcpus = 0;
	snapshots[vm].vcpus_total = nr_vcpus;
	snapshots[vm].next_vcpu = 0;
	snapshots[vm].sequence = 1;
	snapshots[vm].pages = 0;
	snapshots[vm].pages_total = pages;
	snapshots[vm].next_gfn = 0;
}

/* Write the head of a snapshot that begins, all but its tag, to bounce_buffer. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false;
    assigns bounce_buffer[0 .. CV_PAGE_SIZE - 1]; */
static void put_head(u32 vm)
{
	bytes_clear(bounce_buffer, sizeof(struct cv_snapshot_head));
	bytes_set_word(HEAD(magic), CV_SNAPSHOT_MAGIC);
	crypto_random(HEAD(nonce), CRYPTO_NONCE_SIZE);
	bytes_copy(HEAD(sealed.key), snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	bytes_copy(HEAD(sealed.measurement), vm_measures[vm].digest, CRYPTO_HASH_SIZE);
	bytes_set_word(HEAD(sealed.lineage), snapshots[vm].lineage.id_low);
	bytes_set_word(HEAD(sealed.lineage) + 8, snapshots[vm].lineage.id_high);
	bytes_set_word(HEAD(sealed.generation), snapshots[vm].lineage.generation + 1);
	bytes_set_word(HEAD(sealed.counter), machine_counter() - vms[vm].counter_offset);
	bytes_set_word(HEAD(sealed.pages), vms[vm].nr_frames);
	bytes_set_word(HEAD(sealed.vcpus), vms[vm].nr_vcpus);
	bytes_set_word(HEAD(sealed.nr_ram), vms[vm].nr_ram);
	/*@ loop invariant 0 <= r <= CV_MAX_RAM_RANGES;
	    loop assigns r, bounce_buffer[0 .. CV_PAGE_SIZE - 1];
	    loop variant CV_MAX_RAM_RANGES - r; */
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++) {
		u32 i = vm * CV_MAX_RAM_RANGES + r;

		bytes_set_word(HEAD(sealed.ram_gfn) + 8 * r, ram_ranges[i].gfn);
		bytes_set_word(HEAD(sealed.ram_frames) + 8 * r, ram_ranges[i].frames);
	}
}

/* Encrypt the head in bounce_buffer. */
/*@ terminates \true; exits \false;
    assigns bounce_buffer[0 .. CV_PAGE_SIZE - 1], crypto_sealed, CRYPTO_LAST;
    ensures sealed: crypto_sealed == (u64)(\old(crypto_sealed) + 1); */
static void seal_head(void)
{
	u8 key[CRYPTO_KEY_SIZE];

	crypto_platform_key(key);
	crypto_seal(key, HEAD(nonce), HEAD(magic), 8, HEAD(sealed),
		    sizeof(struct cv_snapshot_layout), HEAD(tag));
	bytes_wipe(key, CRYPTO_KEY_SIZE);
}

/* Decrypt it, if this platform sealed it. */
/*@ terminates \true; exits \false;
    assigns bounce_buffer[0 .. CV_PAGE_SIZE - 1], crypto_opened, CRYPTO_LAST;
    ensures opened: \result ==> crypto_opened == (u64)(\old(crypto_opened) + 1); */
static bool open_head(void)
{
	u8 key[CRYPTO_KEY_SIZE];
	bool authentic;

	crypto_platform_key(key);
	authentic = crypto_open(key, HEAD(nonce), HEAD(magic), 8, HEAD(sealed),
				sizeof(struct cv_snapshot_layout), HEAD(tag));
	bytes_wipe(key, CRYPTO_KEY_SIZE);
	return authentic;
}

/* A VM gets its id when it is first saved. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false;
    assigns snapshots[vm].lineage;
    ensures generation: snapshots[vm].lineage.generation ==
      \old(snapshots[vm].lineage.generation);
    ensures once: \old(snapshots[vm].lineage.id_low) != 0 ||
      \old(snapshots[vm].lineage.id_high) != 0 ==>
      snapshots[vm].lineage == \old(snapshots[vm].lineage); */
static void draw_lineage(u32 vm)
{
	u8 id[16];

	if ((snapshots[vm].lineage.id_low | snapshots[vm].lineage.id_high) != 0)
		return;
	crypto_random(id, sizeof(id));
	snapshots[vm].lineage.id_low = bytes_word(id);
	snapshots[vm].lineage.id_high = bytes_word(id + 8);
}

int save_begin(u32 vm, u64 out_pfn)
{
	int error;

	if (vms[vm].state != CV_VM_POWEROFF || vms[vm].verified == 0 || vms[vm].reclaimed != 0)
		return CV_ESTATE;
	if (vm_has_active_vcpu(vm))
		return CV_EBUSY;
	if (frame_owner(out_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	error = rollback_check(snapshots[vm].lineage);
	if (error != CV_OK)
		return error;
	draw_lineage(vm);
	crypto_random(snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	snapshot_start(vm, SNAPSHOT_SAVING, vms[vm].nr_frames, vms[vm].nr_vcpus);
	put_head(vm);
	seal_head();
	machine_frame_write(out_pfn, 0, bounce_buffer, sizeof(struct cv_snapshot_head));
	return CV_OK;
}

struct saved_page save_encrypt_buf(u32 vm, u64 in_pfn, u64 out_pfn)
{
	struct saved_page page = {CV_OK, frame_gfn(in_pfn), {0, 0}};
	u8 tag[CRYPTO_TAG_SIZE];

	if (snapshots[vm].phase != SNAPSHOT_SAVING || snapshots[vm].vcpus != 0)
		page.error = CV_ESTATE;
	else if (frame_owner(in_pfn) != vm || frame_owner(out_pfn) != CV_HOSTVISOR)
		page.error = CV_EPERM;
	else if (page.gfn < snapshots[vm].next_gfn)
		page.error = CV_EINVAL;
	if (page.error != CV_OK) {
		page.gfn = 0;
		return page;
	}
	machine_frame_read(in_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	seal_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_PAGE, page.gfn), bounce_buffer,
		    CV_PAGE_SIZE, tag);
	snapshots[vm].sequence++;
	machine_frame_write(out_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	snapshots[vm].next_gfn = page.gfn + 1;
	snapshots[vm].pages++;
	page.tag[0] = bytes_word(tag);
	page.tag[1] = bytes_word(tag + 8);
	return page;
}

/*
 * Are all pages done? Frames come in ascending order of gfn, so each has come once, if none
 * has been taken away meanwhile.
 */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> snapshots[vm].pages == snapshots[vm].pages_total &&
      vms[vm].reclaimed == 0; */
static bool pages_are_saved(u32 vm)
{
	return snapshots[vm].pages == snapshots[vm].pages_total && vms[vm].reclaimed == 0;
}

/* Write a vCPU, all but its tag, to bounce_buffer. */
/*@ requires slot: is_slot(slot);
    terminates \true; exits \false;
    assigns bounce_buffer[0 .. CV_PAGE_SIZE - 1]; */
static void put_vcpu(u32 slot)
{
	CONTEXT_MEMBERS(PUT_MEMBER)
	*VCPU(fresh) = vcpus[slot].fresh;
	*VCPU(powered) = vcpus[slot].powered;
	*VCPU(pending) = vcpus[slot].pending;
	*VCPU(mmio_reg) = vcpus[slot].mmio_reg;
	*VCPU(mmio_size) = vcpus[slot].mmio_size;
	*VCPU(mmio_signed) = vcpus[slot].mmio_signed;
	*VCPU(mmio_64) = vcpus[slot].mmio_64;
	*VCPU(zero) = 0;
}

int save_encrypted_vcpu(u32 vm, u64 vcpu, u64 out_pfn)
{
	u32 slot = vcpu_slot(vm, vcpu);

	if (snapshots[vm].phase != SNAPSHOT_SAVING || !pages_are_saved(vm))
		return CV_ESTATE;
	if (slot == NO_SLOT)
		return CV_ENOENT;
	if (vcpu < snapshots[vm].next_vcpu)
		return CV_EINVAL;
	if (frame_owner(out_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	put_vcpu(slot);
	seal_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_VCPU, vcpu), VCPU(context),
		    VCPU_SEALED_SIZE, VCPU(tag));
	snapshots[vm].sequence++;
	machine_frame_write(out_pfn, 0, bounce_buffer, sizeof(struct vcpu_record));
	snapshots[vm].next_vcpu = (u32)vcpu + 1;
	snapshots[vm].vcpus++;
	return CV_OK;
}

int save_end(u32 vm, u64 out_pfn)
{
	int error;

	if (snapshots[vm].phase != SNAPSHOT_SAVING || !pages_are_saved(vm) ||
	    snapshots[vm].vcpus != snapshots[vm].vcpus_total)
		return CV_ESTATE;
	if (frame_owner(out_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	/* Before the host gets what makes it complete. */
	error = rollback_advance(snapshots[vm].lineage);
	if (error != CV_OK)
		return error;
	snapshots[vm].lineage.generation++;
	bytes_set_word(TAIL(pages), snapshots[vm].pages);
	bytes_set_word(TAIL(vcpus), snapshots[vm].vcpus);
	seal_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_TAIL, 0), TAIL(pages),
		    TAIL_SEALED_SIZE, TAIL(tag));
	snapshots[vm].sequence++;
	machine_frame_write(out_pfn, 0, bounce_buffer, sizeof(struct cv_snapshot_tail));
	bytes_clear(snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	snapshots[vm].phase = SNAPSHOT_NONE;
	return CV_OK;
}

/*
 * Has nothing been done to this VM yet? A device of its own could lie where its RAM is going to
 * be: the host would pass a device off as RAM.
 */
/*@ requires vm: is_vm(vm);
    requires geometry: geometry;
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> is_loading(vm) && vms[vm].nr_ram == 0 && vms[vm].nr_frames == 0 &&
      vms[vm].nr_vcpus == 0 && vms[vm].has_manifest == 0 &&
      (\forall integer i; is_claim(i) ==> io_claims[i].vm != vm ||
        io_claims[i].gfn >= table_geometry.gfn_limit); */
static bool vm_is_empty(u32 vm)
{
	return vm_is_loading(vm) && vms[vm].nr_ram == 0 && vms[vm].nr_frames == 0 &&
	       vms[vm].nr_vcpus == 0 && vms[vm].has_manifest == 0 &&
	       !io_claim_overlaps(vm, 0, table_geometry.gfn_limit);
}

/* The numbers of a head. */
struct layout {
	struct lineage lineage;
	u64 counter;
	u64 pages;
	u64 vcpus;
	u64 nr_ram;
	struct ram_range ram[CV_MAX_RAM_RANGES];
};

/* Read those of the head in bounce_buffer. */
/*@ terminates \true; exits \false; assigns \nothing; */
static struct layout get_layout(void)
{
	struct layout layout;

	layout.lineage.id_low = bytes_word(HEAD(sealed.lineage));
	layout.lineage.id_high = bytes_word(HEAD(sealed.lineage) + 8);
	layout.lineage.generation = bytes_word(HEAD(sealed.generation));
	layout.counter = bytes_word(HEAD(sealed.counter));
	layout.pages = bytes_word(HEAD(sealed.pages));
	layout.vcpus = bytes_word(HEAD(sealed.vcpus));
	layout.nr_ram = bytes_word(HEAD(sealed.nr_ram));
	/*@ loop invariant 0 <= r <= CV_MAX_RAM_RANGES;
	    loop assigns r, layout.ram[0 .. CV_MAX_RAM_RANGES - 1];
	    loop variant CV_MAX_RAM_RANGES - r; */
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++) {
		layout.ram[r].gfn = bytes_word(HEAD(sealed.ram_gfn) + 8 * r);
		layout.ram[r].frames = bytes_word(HEAD(sealed.ram_frames) + 8 * r);
	}
	return layout;
}

/*@ predicate layout_fits{L}(struct layout l) = \forall integer r; 0 <= r < CV_MAX_RAM_RANGES ==>
      l.ram[r].gfn + l.ram[r].frames <= table_geometry.gfn_limit;
 */
/*
 * The platform key is the same on a machine with another geometry, so even an
 * authentic layout is checked against this one's limits.
 */
/*@ requires geometry: geometry;
    terminates \true; exits \false; assigns \nothing;
    ensures ok: \result <==> layout.nr_ram <= CV_MAX_RAM_RANGES &&
      layout.vcpus <= CV_MAX_VCPUS && layout.lineage.generation != 0 && layout_fits(layout); */
static bool layout_ok(struct layout layout)
{
	if (layout.nr_ram > CV_MAX_RAM_RANGES || layout.vcpus > CV_MAX_VCPUS ||
	    layout.lineage.generation == 0)
		return false;
	/*@ loop invariant 0 <= r <= CV_MAX_RAM_RANGES;
	    loop invariant \forall integer q; 0 <= q < r ==>
	      layout.ram[q].gfn + layout.ram[q].frames <= table_geometry.gfn_limit;
	    loop assigns r;
	    loop variant CV_MAX_RAM_RANGES - r; */
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++) {
		if (layout.ram[r].frames > table_geometry.gfn_limit ||
		    layout.ram[r].gfn > table_geometry.gfn_limit - layout.ram[r].frames)
			return false;
	}
	return true;
}

/* Take over an authentic head. */
/*@ requires vm: is_vm(vm);
    requires layout: layout.nr_ram <= CV_MAX_RAM_RANGES && layout.vcpus <= CV_MAX_VCPUS &&
      layout_fits(layout);
    requires ram_range: ram_range;
    terminates \true; exits \false;
    assigns vms[vm], ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1],
      vm_measures[vm], snapshots[vm], snapshot_keys[vm];
    ensures ram_range: ram_range;
    ensures vm: vms[vm] == { \old(vms[vm]) \with .nr_ram = (u32)layout.nr_ram,
      .counter_offset = vms[vm].counter_offset };
    ensures begins: snapshot_begins(vm, SNAPSHOT_LOADING) &&
      snapshots[vm].pages_total == layout.pages && snapshots[vm].vcpus_total == layout.vcpus &&
      snapshots[vm].lineage == layout.lineage;
    ensures others: \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES &&
      !(vm * CV_MAX_RAM_RANGES <= i < (vm + 1) * CV_MAX_RAM_RANGES) ==>
      ram_ranges[i] == \old(ram_ranges[i]); */
static void apply_head(u32 vm, struct layout layout)
{
	bytes_copy(snapshot_keys[vm].bytes, HEAD(sealed.key), CRYPTO_KEY_SIZE);
	bytes_copy(vm_measures[vm].digest, HEAD(sealed.measurement), CRYPTO_HASH_SIZE);
	vms[vm].nr_ram = (u32)layout.nr_ram;
	/* The VM's counter stands still until load_end. */
	vms[vm].counter_offset = 0 - layout.counter;
	/*@ loop invariant 0 <= r <= CV_MAX_RAM_RANGES;
	    loop invariant ram_range: ram_range;
	    loop invariant others: \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES &&
	      !(vm * CV_MAX_RAM_RANGES <= i < (vm + 1) * CV_MAX_RAM_RANGES) ==>
	      ram_ranges[i] == \at(ram_ranges[i], Pre);
	    loop assigns r, ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1];
	    loop variant CV_MAX_RAM_RANGES - r; */
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++)
		ram_ranges[vm * CV_MAX_RAM_RANGES + r] = layout.ram[r];
	snapshots[vm].lineage = layout.lineage;
	snapshot_start(vm, SNAPSHOT_LOADING, layout.pages, (u32)layout.vcpus);
}

int load_begin(u32 vm, u64 in_pfn)
{
	struct layout layout;
	int error;

	if (!vm_is_empty(vm))
		return CV_ESTATE;
	if (frame_owner(in_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	machine_frame_read(in_pfn, 0, bounce_buffer, sizeof(struct cv_snapshot_head));
	if (bytes_word(HEAD(magic)) != CV_SNAPSHOT_MAGIC)
		return CV_EINVAL;
	if (!open_head())
		return CV_EAUTH;
	layout = get_layout();
	error = layout_ok(layout) ? rollback_check(layout.lineage) : CV_EINVAL;
	if (error == CV_OK)
		apply_head(vm, layout);
	bytes_wipe(HEAD(sealed.key), CRYPTO_KEY_SIZE);
	return error;
}

/* What load_decrypt_buf refuses before it decrypts. */
/*@ requires vm: is_vm(vm);
    requires boot_facts: boot_facts;
    requires tables: tables;
    requires state_range: state_range;
    requires ram_range: ram_range;
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result <= 0;
    ensures state: \result == 0 ==> vms[vm].state == CV_VM_READY &&
      snapshots[vm].phase == SNAPSHOT_LOADING;
    ensures frame: \result == 0 ==> l_owner(in_pfn) == CV_HOSTVISOR && l_count(in_pfn) == 0;
    ensures place: \result == 0 ==> in_map(vm, gfn) && in_ram(vm, gfn, 1) &&
      map_of(vm, gfn) == 0;
    ensures enough: \result == 0 ==>
      split_need(in_pfn, 3) + need_of(vm, gfn, 3) <= table_free_nr; */
static int check_load_page(u32 vm, u64 in_pfn, u64 gfn)
{
	int error;

	if (vms[vm].state != CV_VM_READY || snapshots[vm].phase != SNAPSHOT_LOADING)
		return CV_ESTATE;
	error = page_check_donation(in_pfn);
	if (error != CV_OK)
		return error;
	if (!vm_ram_contains(vm, gfn, 1))
		return CV_EINVAL;
	if (map_get(vm, gfn) != 0)
		return CV_EEXIST;
	if (page_split_need(in_pfn, 3) + map_need(vm, gfn, 3) > table_free_count())
		return CV_ENOMEM;
	return CV_OK;
}

int load_decrypt_buf(u32 vm, u64 in_pfn, u64 gfn, u64 tag_low, u64 tag_high)
{
	u8 tag[CRYPTO_TAG_SIZE];
	int error = check_load_page(vm, in_pfn, gfn);

	if (error != CV_OK)
		return error;
	bytes_set_word(tag, tag_low);
	bytes_set_word(tag + 8, tag_high);
	machine_frame_read(in_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	if (!open_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_PAGE, gfn), bounce_buffer,
			 CV_PAGE_SIZE, tag))
		return CV_EAUTH;
	page_split(in_pfn, 3);
	page_take(in_pfn, vm, gfn, PAGE_WIPE);
	machine_frame_write(in_pfn, 0, bounce_buffer, CV_PAGE_SIZE);
	machine_frame_sync(in_pfn);
	snapshots[vm].sequence++;
	snapshots[vm].pages++;
	/*@ assert d_pfn(d_page(in_pfn, DESC_ATTR_MEMORY)) == in_pfn &&
	      gfn * CV_PAGE_SIZE / 4096 == gfn; */
	/*@ assert may: may_map(vm, gfn, in_pfn, 1) && need_of(vm, gfn, 3) <= table_free_nr; */
	error = map_pfn_vm(vm, gfn * CV_PAGE_SIZE, desc_page(in_pfn, DESC_ATTR_MEMORY), 3);
	/*@ assert mapped: error == CV_OK; */
	/*@ assert list: \forall integer g; in_map(MAP_CORE, g) ==>
	      map_of(MAP_CORE, g) == \at(map_of(MAP_CORE, g), Pre) &&
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), Pre); */
	/*@ assert places: \forall integer v, r; is_region(v, r) ==>
	      r < CV_MAX_BOOT_REGIONS && r_list(v, r) + r_frames(v, r) <= CV_MAX_IMAGE_FRAMES; */
	return error;
}

/* Read what bounce_buffer says of a vCPU; its identity and run page are those it is registered with. */
/*@ terminates \true; exits \false; assigns \nothing; */
static struct vcpu get_vcpu(void)
{
	struct vcpu vcpu = {0};

	vcpu.fresh = *VCPU(fresh);
	vcpu.powered = *VCPU(powered);
	vcpu.pending = *VCPU(pending);
	vcpu.mmio_reg = *VCPU(mmio_reg);
	vcpu.mmio_size = *VCPU(mmio_size);
	vcpu.mmio_signed = *VCPU(mmio_signed);
	vcpu.mmio_64 = *VCPU(mmio_64);
	return vcpu;
}

/* Even an authentic record is checked: what runs a vCPU relies on these ranges. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> (vcpu.powered == 0 || vcpu.fresh == 0) &&
      (vcpu.pending == PENDING_NONE || (vcpu.pending <= PENDING_MMIO_WRITE &&
        (vcpu.mmio_size == 1 || vcpu.mmio_size == 2 || vcpu.mmio_size == 4 ||
          vcpu.mmio_size == 8))); */
static bool vcpu_ok(struct vcpu vcpu)
{
	if (vcpu.powered != 0 && vcpu.fresh != 0)
		return false;
	if (vcpu.pending == PENDING_NONE)
		return true;
	return vcpu.pending <= PENDING_MMIO_WRITE && (vcpu.mmio_size == 1 || vcpu.mmio_size == 2 ||
						      vcpu.mmio_size == 4 || vcpu.mmio_size == 8);
}

/* Take over an authentic vCPU: all but its identity and run page. */
/*@ requires slot: is_slot(slot) && vcpus[slot].state == CV_VCPU_READY;
    requires possible: loaded.pending == PENDING_NONE || loaded.mmio_size == 1 ||
      loaded.mmio_size == 2 || loaded.mmio_size == 4 || loaded.mmio_size == 8;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[slot].fresh, vcpus[slot].powered, vcpus[slot].pending, vcpus[slot].mmio_reg,
      vcpus[slot].mmio_size, vcpus[slot].mmio_signed, vcpus[slot].mmio_64;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures power: vcpus[slot].fresh == loaded.fresh && vcpus[slot].powered == loaded.powered;
    ensures access: vcpus[slot].pending == loaded.pending &&
      vcpus[slot].mmio_reg == loaded.mmio_reg && vcpus[slot].mmio_size == loaded.mmio_size &&
      vcpus[slot].mmio_signed == loaded.mmio_signed && vcpus[slot].mmio_64 == loaded.mmio_64; */
static void apply_vcpu(u32 slot, struct vcpu loaded)
{
	vcpus[slot].fresh = loaded.fresh;
	vcpus[slot].powered = loaded.powered;
	vcpus[slot].pending = loaded.pending;
	vcpus[slot].mmio_reg = loaded.mmio_reg;
	vcpus[slot].mmio_size = loaded.mmio_size;
	vcpus[slot].mmio_signed = loaded.mmio_signed;
	vcpus[slot].mmio_64 = loaded.mmio_64;
	/*@ assert kept: \forall integer s; is_slot(s) ==> vcpus[s].vm == \at(vcpus[s].vm, Pre) &&
	      vcpus[s].id == \at(vcpus[s].id, Pre) && vcpus[s].state == \at(vcpus[s].state, Pre) &&
	      vcpus[s].run_pfn == \at(vcpus[s].run_pfn, Pre); */
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ ghost RUN_PAGES_KEPT(s) */
}

/* Read its registers. */
/*@ requires slot: is_slot(slot);
    terminates \true; exits \false;
    assigns vcpu_contexts[slot]; */
static void get_context(u32 slot)
{
	CONTEXT_MEMBERS(GET_MEMBER)
}

int load_encrypted_vcpu(u32 vm, u64 vcpu, u64 in_pfn)
{
	u32 slot = vcpu_slot(vm, vcpu);
	struct vcpu loaded;

	if (vms[vm].state != CV_VM_READY || snapshots[vm].phase != SNAPSHOT_LOADING)
		return CV_ESTATE;
	if (slot == NO_SLOT)
		return CV_ENOENT;
	if (vcpus[slot].state != CV_VCPU_READY)
		return CV_ESTATE;
	if (frame_owner(in_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	machine_frame_read(in_pfn, 0, bounce_buffer, sizeof(struct vcpu_record));
	if (!open_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_VCPU, vcpu), VCPU(context),
			 VCPU_SEALED_SIZE, VCPU(tag)))
		return CV_EAUTH;
	loaded = get_vcpu();
	if (!vcpu_ok(loaded))
		return CV_EINVAL;
	get_context(slot);
	apply_vcpu(slot, loaded);
	snapshots[vm].sequence++;
	snapshots[vm].vcpus++;
	return CV_OK;
}

/* Has everything arrived that the head promised? */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> snapshots[vm].pages == snapshots[vm].pages_total &&
      snapshots[vm].vcpus == snapshots[vm].vcpus_total &&
      vms[vm].nr_vcpus == snapshots[vm].vcpus_total; */
static bool load_is_complete(u32 vm)
{
	return snapshots[vm].pages == snapshots[vm].pages_total &&
	       snapshots[vm].vcpus == snapshots[vm].vcpus_total &&
	       vms[vm].nr_vcpus == snapshots[vm].vcpus_total;
}

int load_end(u32 vm, u64 in_pfn)
{
	int error;

	if (vms[vm].state != CV_VM_READY || snapshots[vm].phase != SNAPSHOT_LOADING ||
	    !load_is_complete(vm))
		return CV_ESTATE;
	if (frame_owner(in_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	machine_frame_read(in_pfn, 0, bounce_buffer, sizeof(struct cv_snapshot_tail));
	if (!open_record(snapshot_keys[vm].bytes, next_record(vm, RECORD_TAIL, 0), TAIL(pages),
			 TAIL_SEALED_SIZE, TAIL(tag)))
		return CV_EAUTH;
	/* A newer one may have been completed meanwhile. */
	error = rollback_note(snapshots[vm].lineage);
	if (error != CV_OK)
		return error;
	bytes_clear(snapshot_keys[vm].bytes, CRYPTO_KEY_SIZE);
	snapshots[vm].phase = SNAPSHOT_NONE;
	vms[vm].counter_offset += machine_counter();
	vms[vm].verified = 1;
	vms[vm].state = CV_VM_VERIFIED;
	return CV_OK;
}
