// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "corevisor: " fmt

#include "memory.h"

#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "call.h"
#include "compat.h"

static_assert(PAGE_SIZE == CV_PAGE_SIZE);

#define BLOCK_ORDER ilog2(CV_BLOCK_FRAMES)

static bool huge = true;
module_param(huge, bool, 0644);
MODULE_PARM_DESC(huge, "give a VM 2 MB at a time where its memory allows it");

/* ---------------------------------------------------------------- slots */

static bool slots_overlap(const struct cv_slot *slot, u64 gpa, u64 size)
{
	return slot->size != 0 && gpa < slot->gpa + slot->size && slot->gpa < gpa + size;
}

static int check_region(const struct cv_vm *vm, const struct kvm_userspace_memory_region *r)
{
	u64 end;

	if (r->slot >= CV_NR_SLOTS || r->flags != 0)
		return -EINVAL;
	if (!PAGE_ALIGNED(r->memory_size | r->guest_phys_addr | r->userspace_addr))
		return -EINVAL;
	if (check_add_overflow(r->guest_phys_addr, r->memory_size, &end) ||
	    end > 1ULL << vm->ipa_bits)
		return -EINVAL;
	if (!access_ok((void __user *)(unsigned long)r->userspace_addr, r->memory_size))
		return -EINVAL;
	return 0;
}

int cv_memory_set_slot(struct cv_vm *vm, const struct kvm_userspace_memory_region *r)
{
	struct cv_slot *slot;
	u32 i;
	int error;

	if (vm->phase != CV_PHASE_NEW)
		return -EPERM;
	error = check_region(vm, r);
	if (error)
		return error;
	slot = &vm->slots[r->slot];
	/* As KVM has it: delete, create, or move; a slot that lives keeps its size and memory. */
	if (r->memory_size == 0 && slot->size == 0)
		return -EINVAL;
	if (r->memory_size != 0 && slot->size != 0 &&
	    (r->memory_size != slot->size || r->userspace_addr != slot->hva))
		return -EINVAL;
	for (i = 0; i < CV_NR_SLOTS; i++) {
		if (i != r->slot &&
		    slots_overlap(&vm->slots[i], r->guest_phys_addr, r->memory_size))
			return -EEXIST;
	}
	slot->gpa = r->guest_phys_addr;
	slot->size = r->memory_size;
	slot->hva = r->userspace_addr;
	return 0;
}

static const struct cv_slot *slot_of(const struct cv_vm *vm, u64 gfn)
{
	u64 gpa = gfn << PAGE_SHIFT;
	u32 i;

	for (i = 0; i < CV_NR_SLOTS; i++) {
		if (gpa >= vm->slots[i].gpa && gpa - vm->slots[i].gpa < vm->slots[i].size)
			return &vm->slots[i];
	}
	return NULL;
}

u32 cv_memory_sort(const struct cv_vm *vm, const struct cv_slot *sorted[CV_NR_SLOTS])
{
	u32 i, at, n = 0;

	for (i = 0; i < CV_NR_SLOTS; i++) {
		if (vm->slots[i].size == 0)
			continue;
		for (at = n++; at > 0 && sorted[at - 1]->gpa > vm->slots[i].gpa; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &vm->slots[i];
	}
	return n;
}

int cv_memory_account(struct cv_vm *vm)
{
	u64 pages = 0;
	int error;
	u32 i;

	for (i = 0; i < CV_NR_SLOTS; i++)
		pages += vm->slots[i].size >> PAGE_SHIFT;
	error = account_locked_vm(vm->mm, pages, true);
	if (!error)
		vm->locked_pages = pages;
	return error;
}

/* ---------------------------------------------------------------- what user space sees of it */

/*
 * After the start: the VM's own frames. Those it shares can be used; any other the core keeps
 * from us, and user space gets a SIGBUS, the kernel on its behalf an EFAULT.
 */
static vm_fault_t memory_fault(struct vm_fault *vmf)
{
	struct cv_vm *vm = vmf->vma->vm_private_data;
	struct page *page;

	if (READ_ONCE(vm->phase) == CV_PHASE_NEW)
		return VM_FAULT_SIGBUS;
	page = cv_memory_page(vm, vmf->pgoff);
	if (!page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
}

static const struct vm_operations_struct memory_vm_ops = {
	.fault = memory_fault,
};

/* VM_PFNMAP: not for get_user_pages(), so nobody in the kernel touches it but by its address. */
static int memory_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &memory_vm_ops;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTDUMP | VM_DONTEXPAND);
	return 0;
}

static int memory_release(struct inode *inode, struct file *file)
{
	cv_vm_put(file->private_data);
	return 0;
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.mmap = memory_mmap,
	.release = memory_release,
	.llseek = noop_llseek,
};

int cv_memory_replace_slots(struct cv_vm *vm)
{
	unsigned long addr;
	struct file *file;
	u32 i;

	file = anon_inode_getfile("corevisor-memory", &memory_fops, vm, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	cv_vm_get(vm);
	for (i = 0; i < CV_NR_SLOTS; i++) {
		const struct cv_slot *slot = &vm->slots[i];

		if (slot->size == 0)
			continue;
		addr = vm_mmap(file, slot->hva, slot->size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, slot->gpa);
		if (IS_ERR_VALUE(addr))
			break;
	}
	/* The mappings hold it from here on. */
	fput(file);
	return i == CV_NR_SLOTS ? 0 : (int)addr;
}

/* ---------------------------------------------------------------- frames */

struct page *cv_memory_page(struct cv_vm *vm, u64 gfn)
{
	struct page *block = xa_load(&vm->blocks, gfn / CV_BLOCK_FRAMES);

	return block ? block + gfn % CV_BLOCK_FRAMES : xa_load(&vm->pages, gfn);
}

static struct page *alloc_block(void)
{
	return alloc_pages(CV_GFP | __GFP_COMP | __GFP_NORETRY, BLOCK_ORDER);
}

int cv_memory_spare_page(struct cv_vm *vm, u64 gfn, struct page *page)
{
	return xa_err(xa_store(&vm->spare_pages, gfn, page, CV_GFP));
}

void cv_memory_spare_block(struct cv_vm *vm, u64 gfn)
{
	struct page *page = alloc_block();

	if (page && xa_err(xa_store(&vm->spare_blocks, gfn / CV_BLOCK_FRAMES, page, CV_GFP)))
		__free_pages(page, BLOCK_ORDER);
}

/*
 * Donate pages at an aligned gfn, those that are ready for it if there are any, and note it in
 * `frames` under `index`; the note can not fail once the pages are gone.
 */
static int donate(struct cv_vm *vm, struct xarray *frames, u64 index, u64 gfn, u32 order)
{
	struct page *page;
	int error;

	error = xa_reserve(frames, index, CV_GFP);
	if (error)
		return error;
	page = xa_erase(order ? &vm->spare_blocks : &vm->spare_pages, index);
	if (!page)
		page = order ? alloc_block() : alloc_page(CV_GFP);
	if (!page) {
		xa_release(frames, index);
		return -ENOMEM;
	}
	error = cv_call_errno(order ? CV_CALL_DONATE_BLOCK : CV_CALL_DONATE, vm->id, gfn,
			      page_to_pfn(page));
	if (error) {
		xa_release(frames, index);
		__free_pages(page, order);
		return error;
	}
	xa_store(frames, index, page, CV_GFP);
	return 0;
}

static bool has_page(struct xarray *pages, unsigned long first)
{
	return xa_find(pages, &first, first + CV_BLOCK_FRAMES - 1, XA_PRESENT) != NULL;
}

/* Is there room for a block around gfn: in one slot, and no page for the VM in it yet? */
static bool block_fits(struct cv_vm *vm, const struct cv_slot *slot, u64 gfn)
{
	unsigned long first = round_down(gfn, CV_BLOCK_FRAMES);
	u64 gpa = (u64)first << PAGE_SHIFT;

	if (!huge || gpa < slot->gpa ||
	    gpa + CV_BLOCK_FRAMES * PAGE_SIZE > slot->gpa + slot->size)
		return false;
	return !has_page(&vm->pages, first) && !has_page(&vm->spare_pages, first);
}

int cv_memory_fault(struct cv_vm *vm, u64 gfn)
{
	const struct cv_slot *slot = slot_of(vm, gfn);
	u64 block = gfn / CV_BLOCK_FRAMES;
	int error = -ENOMEM;

	if (!slot)
		return -EFAULT;
	mutex_lock(&vm->mem_lock);
	if (cv_memory_page(vm, gfn)) {
		/* Another vCPU was faster. */
		error = 0;
		goto out;
	}
	if (block_fits(vm, slot, gfn))
		error = donate(vm, &vm->blocks, block, block * CV_BLOCK_FRAMES, BLOCK_ORDER);
	if (error)
		error = donate(vm, &vm->pages, gfn, gfn, 0);
out:
	mutex_unlock(&vm->mem_lock);
	return error;
}

struct page *cv_memory_next(struct cv_vm *vm, u64 *gfn)
{
	unsigned long page_at = *gfn, block_at = *gfn / CV_BLOCK_FRAMES;
	struct page *page = xa_find(&vm->pages, &page_at, ULONG_MAX, XA_PRESENT);
	struct page *block = xa_find(&vm->blocks, &block_at, ULONG_MAX, XA_PRESENT);
	u64 first = max_t(u64, *gfn, (u64)block_at * CV_BLOCK_FRAMES);

	if (!block || (page && page_at < first)) {
		*gfn = page_at;
		return page;
	}
	*gfn = first;
	return block + first % CV_BLOCK_FRAMES;
}

/* The frame holds the page. Locks: mem_lock. */
static int load_page(struct cv_vm *vm, u64 gfn, struct page *page, const u64 tag[2])
{
	struct arm_smccc_res res;
	int error = xa_reserve(&vm->pages, gfn, CV_GFP);

	if (error)
		return error;
	arm_smccc_1_1_hvc((unsigned long)CV_CALL_LOAD_PAGE, vm->id, page_to_pfn(page), gfn, tag[0],
			  tag[1], &res);
	error = cv_errno((s64)res.a0);
	if (error)
		xa_release(&vm->pages, gfn);
	else
		xa_store(&vm->pages, gfn, page, CV_GFP);
	return error;
}

int cv_memory_load(struct cv_vm *vm, u64 gfn, const void *data, const u64 tag[2])
{
	struct page *page;
	int error;

	if (gfn >= 1ULL << (vm->ipa_bits - PAGE_SHIFT) || !slot_of(vm, gfn))
		return -EBADMSG;
	page = alloc_page(CV_GFP);
	if (!page)
		return -ENOMEM;
	copy_page(page_address(page), data);
	mutex_lock(&vm->mem_lock);
	error = load_page(vm, gfn, page, tag);
	mutex_unlock(&vm->mem_lock);
	if (error)
		__free_page(page);
	return error;
}

/*
 * Take frames back. -EPERM: the core never took it, or not yet. One that the core does not give
 * back is lost: nobody may ever touch it.
 */
static bool reclaim(struct cv_vm *vm, struct page *page, u32 order)
{
	bool lost = false;
	u64 i;
	int error;

	for (i = 0; i < 1ULL << order; i++) {
		error = cv_call_errno(CV_CALL_RECLAIM, vm->id, page_to_pfn(page) + i, 0);
		if (error && error != -EPERM)
			lost = true;
	}
	cond_resched();
	return !lost;
}

static void reclaim_all(struct cv_vm *vm, struct xarray *frames, u32 order)
{
	struct page *page;
	unsigned long index;

	xa_for_each(frames, index, page) {
		if (!reclaim(vm, page, order)) {
			xa_erase(frames, index);
			vm->leaked = true;
		}
	}
}

/*
 * The core maps what it has given back when it is touched: then a 2 MB block all of which is the
 * host's becomes one entry again, and its table is free. Rather now than in somebody's way.
 */
static void free_all(struct xarray *frames, u32 order)
{
	struct page *page;
	unsigned long index;

	xa_for_each(frames, index, page) {
		(void)READ_ONCE(*(u64 *)page_address(page));
		__free_pages(page, order);
		cond_resched();
	}
	xa_destroy(frames);
}

void cv_memory_release(struct cv_vm *vm)
{
	if (vm->id != 0) {
		reclaim_all(vm, &vm->blocks, BLOCK_ORDER);
		reclaim_all(vm, &vm->pages, 0);
	}
	free_all(&vm->blocks, BLOCK_ORDER);
	free_all(&vm->spare_blocks, BLOCK_ORDER);
	free_all(&vm->pages, 0);
	free_all(&vm->spare_pages, 0);
	if (vm->locked_pages != 0)
		account_locked_vm(vm->mm, vm->locked_pages, false);
	vm->locked_pages = 0;
	if (vm->leaked)
		pr_err("VM %u: the core keeps frames of it; they are lost\n", vm->id);
}
