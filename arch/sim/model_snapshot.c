/* SPDX-License-Identifier: BSD-3-Clause */
/* What snapshots hold: sealed for the host, and back again whole and in order. */
#include <string.h>

#include "arch/sim/memory.h"
#include "arch/sim/model.h"
#include "arch/sim/model_state.h"
#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "arch/sim/touch.h"
#include "core/state.h"

#define ULL(x) ((unsigned long long)(x))

/* A page that a snapshot saved: where it went, and what it was. */
struct blob {
	u64 out;
	u64 gfn;
	u64 tag[2];
	u64 sealed; /* hash of what the host was given */
	u32 snapshot, index; /* which page of which snapshot */
	u8 plain[CV_PAGE_SIZE];
};

#define NR_BLOBS 4096U

static struct blob blobs[NR_BLOBS];
static u32 nr_blobs;

/* Headers of the last snapshots; they are counted from 1. */
#define NR_HEADS 64U

static struct {
	u64 hash;
	u32 lineage, generation;
} heads[NR_HEADS];
static u32 nr_snapshots;

/* The newest complete snapshot of the last VMs that were saved; they are counted from 1. */
#define NR_LINEAGES 256U

static u32 newest[NR_LINEAGES];
static u32 nr_lineages;

static u64 frame_word(u64 pfn, u32 offset)
{
	u64 word;

	memcpy(&word, memory_frame(pfn) + offset, sizeof(word));
	return word;
}

static u64 frame_hash(u64 pfn)
{
	u64 h = 0;

	for (u32 i = 0; i < CV_PAGE_SIZE; i += 8U) {
		h = (h ^ frame_word(pfn, i)) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h;
}

bool model_blob(u64 pfn, u64 *gfn, u64 tag[2])
{
	for (u32 i = 0; i < NR_BLOBS && i < nr_blobs; i++) {
		const struct blob *b = &blobs[(nr_blobs - 1U - i) % NR_BLOBS];

		if (b->out == pfn) {
			*gfn = b->gfn;
			tag[0] = b->tag[0];
			tag[1] = b->tag[1];
			return true;
		}
	}
	return false;
}

/* What the host can read in a frame is nobody's secret. */
void model_check_public(u64 pfn, const char *what)
{
	if (!memory_touched(pfn))
		return;
	for (u32 i = 0; i < CV_PAGE_SIZE; i += 8U) {
		u64 w = frame_word(pfn, i);

		if (tag_is_private(w))
			sim_violation("secret-left",
				      "%s: frame 0x%llx of the host has 0x%llx at 0x%x", what,
				      ULL(pfn), ULL(w), i);
	}
}

static void saved_page(const struct op *op, const u64 value[3])
{
	struct blob *b = &blobs[nr_blobs++ % NR_BLOBS];
	u64 in = op->a[1];
	u64 out = op->a[2];
	const u8 *read = touch_last_read(in);

	if (model_owner(in) != op->a[0])
		sim_violation("saved", "frame 0x%llx of %u as VM %llu's", ULL(in), model_owner(in),
			      ULL(op->a[0]));
	if (model_owner(out) != CV_HOSTVISOR)
		sim_violation("saved", "into frame 0x%llx of %u", ULL(out), model_owner(out));
	model_check_public(out, "save_page");
	b->out = out;
	b->gfn = value[0];
	b->tag[0] = value[1];
	b->tag[1] = value[2];
	b->sealed = frame_hash(out);
	b->snapshot = point_undisturbed() ? model_vms[op->a[0]].saving : 0U;
	b->index = model_vms[op->a[0]].saved++;
	/* The host may write to a shared one meanwhile: what counts is what was read. */
	memcpy(b->plain, read ? read : memory_frame(in), CV_PAGE_SIZE);
}

/* The page that was saved as that; NULL: none was. */
static const struct blob *find_saved(u64 gfn, const u64 tag[2])
{
	for (u32 i = 0; i < NR_BLOBS && i < nr_blobs; i++) {
		const struct blob *b = &blobs[(nr_blobs - 1U - i) % NR_BLOBS];

		if (b->gfn == gfn && b->tag[0] == tag[0] && b->tag[1] == tag[1])
			return b;
	}
	return NULL;
}

/* Is it the page that comes next? */
static bool is_next(u32 vm, const struct blob *b)
{
	return b->snapshot == model_vms[vm].loading && b->index == model_vms[vm].loaded;
}

static void loaded_page(const struct op *op)
{
	u32 vm = (u32)op->a[0];
	const struct blob *b = find_saved(op->a[2], &op->a[3]);

	if (!b)
		sim_violation("forged", "VM %u took a page for gfn 0x%llx that nobody saved", vm,
			      ULL(op->a[2]));
	if (model_vms[vm].loading != 0U && b->snapshot != 0U && !is_next(vm, b))
		sim_violation("order", "VM %u took page %u of snapshot %u as page %u of %u", vm,
			      b->index, b->snapshot, model_vms[vm].loaded, model_vms[vm].loading);
	model_vms[vm].loaded++;
	model_take(op->a[1], vm, op->a[2]);
	model_settle(op->a[1], vm, b->plain);
}

void model_page_refused(const struct op *op)
{
	u32 vm = (u32)op->a[0];
	const struct blob *b = find_saved(op->a[2], &op->a[3]);

	if (b && point_undisturbed() && model_vms[vm].loading != 0U && is_next(vm, b) &&
	    b->sealed == frame_hash(op->a[1]))
		sim_violation("not-restored", "VM %u: page %u of snapshot %u is as it was saved",
			      vm, b->index, b->snapshot);
}

/* The snapshot whose header is in that frame; 0: none. */
static u32 find_head(u64 pfn)
{
	u64 hash = frame_hash(pfn);

	for (u32 i = 1; point_undisturbed() && i <= NR_HEADS && i <= nr_snapshots; i++) {
		if (heads[(nr_snapshots + 1U - i) % NR_HEADS].hash == hash)
			return nr_snapshots + 1U - i;
	}
	return 0;
}

/* Is a VM's lineage known, and not yet overwritten by others? */
static bool is_recent(const struct model_vm *m)
{
	return m->lineage != 0U && nr_lineages - m->lineage < NR_LINEAGES;
}

/* Nobody may run from, or save, what is older than the newest that is complete. */
static void check_newest(u32 vm, const char *what)
{
	const struct model_vm *m = &model_vms[vm];

	if (point_undisturbed() && is_recent(m) && newest[m->lineage % NR_LINEAGES] > m->generation)
		sim_violation("rollback", "%s of VM %u: snapshot %u of it, and there is %u", what,
			      vm, m->generation, newest[m->lineage % NR_LINEAGES]);
}

static void save_begun(u32 vm, u64 out)
{
	struct model_vm *m = &model_vms[vm];
	u32 head = ++nr_snapshots % NR_HEADS;

	model_check_public(out, "save_begin");
	check_newest(vm, "save");
	if (m->lineage == 0U && !m->restored) {
		m->lineage = ++nr_lineages;
		newest[m->lineage % NR_LINEAGES] = 0;
	}
	m->saving = nr_snapshots;
	m->saved = 0;
	heads[head].hash = point_undisturbed() ? frame_hash(out) : 0U;
	heads[head].lineage = m->lineage;
	heads[head].generation = m->generation + 1U;
}

static void load_begun(u32 vm, u64 in)
{
	struct model_vm *m = &model_vms[vm];

	m->loading = find_head(in);
	m->loaded = 0;
	m->lineage = m->loading != 0U ? heads[m->loading % NR_HEADS].lineage : 0U;
	m->generation = heads[m->loading % NR_HEADS].generation;
	check_newest(vm, "load");
}

static void save_ended(u32 vm, u64 out)
{
	struct model_vm *m = &model_vms[vm];

	model_check_public(out, "save_end");
	check_newest(vm, "save");
	m->generation++;
	if (is_recent(m) && point_undisturbed())
		newest[m->lineage % NR_LINEAGES] = m->generation;
}

void model_snapshot_call(const struct op *op, const u64 value[3])
{
	switch (op->kind) {
	case OP_SAVE_BEGIN:
		save_begun((u32)op->a[0], op->a[1]);
		break;
	case OP_LOAD_BEGIN:
		load_begun((u32)op->a[0], op->a[1]);
		break;
	case OP_SAVE_END:
		save_ended((u32)op->a[0], op->a[1]);
		break;
	case OP_LOAD_END:
		check_newest((u32)op->a[0], "load");
		break;
	case OP_SAVE_PAGE:
		saved_page(op, value);
		break;
	case OP_SAVE_VCPU:
		model_check_public(op->a[2], "save_vcpu");
		break;
	case OP_LOAD_PAGE:
		loaded_page(op);
		break;
	default:
		break;
	}
}
