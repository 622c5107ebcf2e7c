/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

/* Who owns what: see model.h. */
#include "arch/sim/model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/sim/memory.h"
#include "arch/sim/model_state.h"
#include "arch/sim/sim.h"
#include "arch/sim/tag.h"
#include "core/state.h"

/* A VM's frames by gfn, 512 at a time. */
struct chunk {
	u64 base; /* gfn / 512 */
	u32 vm;
	u32 used;
	u32 next_hash;
	u32 next_vm, prev_vm; /* of the same VM */
	u32 pfn[CV_BLOCK_FRAMES];
};

#define MAX_CHUNKS (1U << 16)
#define CHUNK_BUCKETS (1U << 14)

struct model_frame *model_frames;
u8 *model_content; /* shadow of RAM */
struct model_vm model_vms[CV_MAX_VMS + 1U];

static struct chunk *chunks; /* [0] is not used */
static u32 nr_chunks = 1;
static u32 free_chunk;
static u32 buckets[CHUNK_BUCKETS];

static void *reserve(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	return p;
}

void model_init(void)
{
	model_frames = reserve(sim.top * sizeof(*model_frames));
	model_content = reserve(sim.top << CV_PAGE_SHIFT);
	chunks = reserve(MAX_CHUNKS * sizeof(*chunks));
	for (u64 pfn = sim.image_pfn; pfn < sim.pool_pfn + sim.pool_frames; pfn++)
		model_frames[pfn].owner = CV_COREVISOR;
}

u32 model_owner(u64 pfn)
{
	return sim_is_ram(pfn) ? (u32)model_frames[pfn].owner : CV_INVALID_ID;
}

u64 model_gfn(u64 pfn)
{
	return model_frames[pfn].gfn;
}

u32 model_share(u64 pfn)
{
	return model_frames[pfn].share;
}

u64 model_vm_frames(u32 vm)
{
	return model_vms[vm].frames;
}

u32 model_life(u32 vm)
{
	return vm == CV_HOSTVISOR ? 0U : __atomic_load_n(&model_vms[vm].life, __ATOMIC_RELAXED);
}

bool model_is_own(u32 vm, u64 word)
{
	if (tag_writer(word) == vm && tag_life(word) == (model_life(vm) & TAG_LIFE_MASK))
		return true;
	return __atomic_load_n(&model_vms[vm].restored, __ATOMIC_RELAXED);
}

void model_vm_unlocked(u32 vm)
{
	struct model_vm *m = &model_vms[vm];

	if (m->state == CV_VM_UNUSED && vms[vm].state != CV_VM_UNUSED) {
		__atomic_store_n(&m->life, m->life + 1U, __ATOMIC_RELAXED);
		__atomic_store_n(&m->restored, false, __ATOMIC_RELAXED);
	}
	if (snapshots[vm].phase == SNAPSHOT_LOADING)
		__atomic_store_n(&m->restored, true, __ATOMIC_RELAXED);
	m->state = vms[vm].state;
}

static u32 *bucket(u32 vm, u64 base)
{
	u64 h = ((u64)vm << 40 ^ base) * 0x9e3779b97f4a7c15ULL;

	return &buckets[h >> 50];
}

static struct chunk *chunk_find(u32 vm, u64 base)
{
	for (u32 i = *bucket(vm, base); i != 0U; i = chunks[i].next_hash) {
		if (chunks[i].vm == vm && chunks[i].base == base)
			return &chunks[i];
	}
	return NULL;
}

static struct chunk *chunk_make(u32 vm, u64 base)
{
	struct chunk *c = chunk_find(vm, base);
	u32 i = free_chunk;
	u32 *head;

	if (c)
		return c;
	if (i != 0U)
		free_chunk = chunks[i].next_hash;
	else
		i = nr_chunks++;
	if (i >= MAX_CHUNKS)
		sim_violation("simulator", "no room for more frames of VMs");
	c = &chunks[i];
	head = bucket(vm, base);
	memset(c, 0, sizeof(*c));
	c->vm = vm;
	c->base = base;
	c->next_hash = *head;
	*head = i;
	c->next_vm = model_vms[vm].chunk;
	if (c->next_vm != 0U)
		chunks[c->next_vm].prev_vm = i;
	model_vms[vm].chunk = i;
	return c;
}

static void chunk_free(struct chunk *c)
{
	u32 i = (u32)(c - chunks);
	u32 *link = bucket(c->vm, c->base);

	while (*link != i)
		link = &chunks[*link].next_hash;
	*link = c->next_hash;
	if (c->prev_vm != 0U)
		chunks[c->prev_vm].next_vm = c->next_vm;
	else
		model_vms[c->vm].chunk = c->next_vm;
	if (c->next_vm != 0U)
		chunks[c->next_vm].prev_vm = c->prev_vm;
	c->next_hash = free_chunk;
	free_chunk = i;
}

u64 model_find(u32 vm, u64 gfn)
{
	const struct chunk *c = chunk_find(vm, gfn / CV_BLOCK_FRAMES);

	return c ? c->pfn[gfn % CV_BLOCK_FRAMES] : 0U;
}

u64 model_some_frame(u32 vm)
{
	const struct chunk *c = &chunks[model_vms[vm].chunk];

	for (u32 i = 0; model_vms[vm].chunk != 0U && i < CV_BLOCK_FRAMES; i++) {
		if (c->pfn[i] != 0U)
			return c->pfn[i];
	}
	return 0;
}

void model_take(u64 pfn, u32 vm, u64 gfn)
{
	struct model_frame *f = &model_frames[pfn];
	struct chunk *c;

	if (!sim_is_ram(pfn) || f->owner != CV_HOSTVISOR)
		sim_violation("taken", "VM %u was given frame 0x%llx of %u", vm,
			      (unsigned long long)pfn, model_owner(pfn));
	c = chunk_make(vm, gfn / CV_BLOCK_FRAMES);
	if (c->pfn[gfn % CV_BLOCK_FRAMES] != 0U)
		sim_violation("replaced", "VM %u, gfn 0x%llx: frame 0x%llx besides 0x%x", vm,
			      (unsigned long long)gfn, (unsigned long long)pfn,
			      c->pfn[gfn % CV_BLOCK_FRAMES]);
	c->pfn[gfn % CV_BLOCK_FRAMES] = (u32)pfn;
	c->used++;
	f->owner = vm & 0x7fffU;
	f->gfn = gfn & ((1ULL << 40) - 1U);
	f->share = 0;
	if (f->dirty)
		memset(model_content + (pfn << CV_PAGE_SHIFT), 0, CV_PAGE_SIZE);
	f->dirty = 0;
	model_vms[vm].frames++;
}

void model_give_back(u64 pfn)
{
	struct model_frame *f = &model_frames[pfn];
	u32 vm = (u32)f->owner;
	struct chunk *c = chunk_find(vm, f->gfn / CV_BLOCK_FRAMES);

	c->pfn[f->gfn % CV_BLOCK_FRAMES] = 0;
	if (--c->used == 0U)
		chunk_free(c);
	f->owner = CV_HOSTVISOR;
	f->share = 0;
	model_vms[vm].frames--;
}

u64 model_word(u64 pfn, u32 offset)
{
	u64 word;

	memcpy(&word, model_content + (pfn << CV_PAGE_SHIFT) + offset, sizeof(word));
	return word;
}

void model_set_word(u64 pfn, u32 offset, u64 value)
{
	model_frames[pfn].dirty = 1;
	memcpy(model_content + (pfn << CV_PAGE_SHIFT) + offset, &value, sizeof(value));
}

void model_set_content(u64 pfn, const u8 *bytes)
{
	model_frames[pfn].dirty = 1;
	memcpy(model_content + (pfn << CV_PAGE_SHIFT), bytes, CV_PAGE_SIZE);
}
