// SPDX-License-Identifier: GPL-2.0-only
#include "image.h"

#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "corevisor/image.h"
#include "memory.h"

/*
 * Is there nothing in the page table at addr? Then that is so up to *next. Only a hint for who
 * wants to skip what was never touched: what it names is read in the ordinary way. Nothing is
 * dereferenced below a table of the last level but its entry. Locks: mmap_lock.
 */
static bool is_hole(struct mm_struct *mm, unsigned long addr, unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	*next = (addr & PGDIR_MASK) + PGDIR_SIZE;
	if (pgd_none(READ_ONCE(*pgd)))
		return true;
	p4d = p4d_offset(pgd, addr);
	*next = (addr & P4D_MASK) + P4D_SIZE;
	if (p4d_none(READ_ONCE(*p4d)))
		return true;
	pud = pud_offset(p4d, addr);
	*next = (addr & PUD_MASK) + PUD_SIZE;
	if (pud_none(READ_ONCE(*pud)))
		return true;
	pmd = pmd_offset(pud, addr);
	*next = (addr & PMD_MASK) + PMD_SIZE;
	if (pmd_none(READ_ONCE(*pmd)))
		return true;
	if (!pmd_table(READ_ONCE(*pmd)))
		return false;
	*next = addr + PAGE_SIZE;
	return pte_none(READ_ONCE(*pte_offset_kernel(pmd, addr)));
}

/*
 * The first page from addr on that may hold something, or end. *small: user space wants no huge
 * pages at addr (MADV_NOHUGEPAGE).
 */
static unsigned long skip_holes(struct mm_struct *mm, unsigned long addr, unsigned long end,
				bool *small)
{
	struct vm_area_struct *vma;
	unsigned long next;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	*small = vma && (vma->vm_flags & VM_NOHUGEPAGE);
	/* Memory of a file is not in the page table until it is touched. */
	if (vma && vma->vm_start <= addr && vma_is_anonymous(vma)) {
		end = min(end, vma->vm_end);
		while (addr < end && is_hole(mm, addr, &next))
			addr = next;
	}
	mmap_read_unlock(mm);
	return min(addr, end);
}

/* Eight words at a time: user space's huge pages bring many of zeros. */
static bool is_zero(const u64 *word)
{
	u32 i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i += 8) {
		if (word[i] | word[i + 1] | word[i + 2] | word[i + 3] | word[i + 4] | word[i + 5] |
		    word[i + 6] | word[i + 7])
			return false;
	}
	return true;
}

/* Copy one page. 0: it was zero, and *page is still free; 1: it is now part of the image. */
static int copy_page_of(struct cv_vm *vm, unsigned long addr, u64 gfn, struct page **page)
{
	int error;

	if (!*page)
		*page = alloc_page(CV_GFP);
	if (!*page)
		return -ENOMEM;
	if (copy_from_user(page_address(*page), (void __user *)addr, PAGE_SIZE))
		return -EFAULT;
	if (is_zero(page_address(*page)))
		return 0;
	error = xa_err(xa_store(&vm->pages, gfn, *page, CV_GFP));
	if (error)
		return error;
	*page = NULL;
	return 1;
}

/*
 * User space has zeros at gfn, the last of `run` such pages in a row: memory that it wants to be
 * there. The VM shall find it there. *page is free, or becomes the VM's.
 */
static int spare(struct cv_vm *vm, u64 gfn, u64 run, bool small, struct page **page)
{
	int error = 0;

	if (small) {
		error = cv_memory_spare_page(vm, gfn, *page);
		if (!error)
			*page = NULL;
	} else if (run >= CV_BLOCK_FRAMES && (gfn + 1) % CV_BLOCK_FRAMES == 0) {
		cv_memory_spare_block(vm, gfn);
	}
	return error;
}

static int copy_slot(struct cv_vm *vm, const struct cv_slot *slot)
{
	unsigned long addr = slot->hva, end = slot->hva + slot->size, first;
	struct page *page = NULL;
	bool small = false;
	u64 gfn, run = 0;
	int error = 0;

	while (error >= 0 && addr < end) {
		first = skip_holes(vm->mm, addr, end, &small);
		if (first > addr) {
			addr = first;
			run = 0;
			continue;
		}
		gfn = (slot->gpa + (addr - slot->hva)) >> PAGE_SHIFT;
		error = copy_page_of(vm, addr, gfn, &page);
		run = error == 0 ? run + 1 : 0;
		if (run != 0)
			error = spare(vm, gfn, run, small, &page);
		addr += PAGE_SIZE;
		cond_resched();
		if (fatal_signal_pending(current))
			error = -EINTR;
	}
	if (page)
		__free_page(page);
	return min(error, 0);
}

/* Of all slots. */
struct images {
	u32 nr;
	struct cv_image image[CV_NR_SLOTS];
};

static void find_regions(struct cv_vm *vm, struct images *images)
{
	const struct cv_slot *slot[CV_NR_SLOTS];
	unsigned long gfn;
	struct page *page;
	u32 i;

	images->nr = cv_memory_sort(vm, slot);
	for (i = 0; i < images->nr; i++) {
		images->image[i].nr = 0;
		xa_for_each_range(&vm->pages, gfn, page, slot[i]->gpa >> PAGE_SHIFT,
				  (slot[i]->gpa + slot[i]->size - 1) >> PAGE_SHIFT)
			cv_image_add(&images->image[i], gfn);
	}
}

static u32 count_regions(const struct images *images)
{
	u32 i, n = 0;

	for (i = 0; i < images->nr; i++)
		n += images->image[i].nr;
	return n;
}

/* The size of the smallest gap between two regions of an image. */
static u64 smallest_gap(const struct cv_image *image)
{
	u32 r = cv_image_smallest_gap(image);

	if (image->nr < 2)
		return ~0ULL;
	return image->region[r + 1].page - image->region[r].page - image->region[r].pages;
}

/* Join the two regions that lie closest in one slot. False: none can be joined. */
static bool join_closest(struct images *images)
{
	u32 i, found = 0;

	for (i = 1; i < images->nr; i++) {
		if (smallest_gap(&images->image[i]) < smallest_gap(&images->image[found]))
			found = i;
	}
	if (smallest_gap(&images->image[found]) == ~0ULL)
		return false;
	cv_image_join(&images->image[found], cv_image_smallest_gap(&images->image[found]));
	return true;
}

/* The page of the image at gfn; one of zeros if it lies in a gap. */
static struct page *image_page(struct cv_vm *vm, u64 gfn)
{
	struct page *page = xa_load(&vm->pages, gfn);
	int error;

	if (page)
		return page;
	page = alloc_page(CV_GFP | __GFP_ZERO);
	if (!page)
		return ERR_PTR(-ENOMEM);
	error = xa_err(xa_store(&vm->pages, gfn, page, CV_GFP));
	if (error) {
		__free_page(page);
		return ERR_PTR(error);
	}
	return page;
}

/* Announce a region and add its pages. */
static int add_region(struct cv_vm *vm, struct cv_image_region region)
{
	struct cv_result r = cv_call(CV_CALL_SET_BOOT_INFO, vm->id, region.page << PAGE_SHIFT,
				     region.pages << PAGE_SHIFT);
	struct page *page;
	int error = cv_errno(r.error);
	u64 i;

	for (i = 0; !error && i < region.pages; i++) {
		page = image_page(vm, region.page + i);
		if (IS_ERR(page))
			return PTR_ERR(page);
		error = cv_call_errno(CV_CALL_REMAP_VM_IMAGE, vm->id, page_to_pfn(page), r.value[0]);
		cond_resched();
	}
	return error;
}

static int add_images(struct cv_vm *vm, const struct images *images)
{
	int error = 0;
	u32 i, r;

	for (i = 0; i < images->nr; i++) {
		for (r = 0; !error && r < images->image[i].nr; r++)
			error = add_region(vm, images->image[i].region[r]);
	}
	return error;
}

int cv_image_load(struct cv_vm *vm)
{
	struct images *images;
	int error = 0;
	u32 i;

	for (i = 0; !error && i < CV_NR_SLOTS; i++)
		error = copy_slot(vm, &vm->slots[i]);
	if (error)
		return error;
	images = kmalloc(sizeof(*images), GFP_KERNEL);
	if (!images)
		return -ENOMEM;
	find_regions(vm, images);
	while (count_regions(images) > CV_MAX_BOOT_REGIONS && join_closest(images))
		;
	error = add_images(vm, images);
	kfree(images);
	return error;
}

int cv_image_verify(struct cv_vm *vm)
{
	struct cv_result r;

	do {
		r = cv_call(CV_CALL_VERIFY_VM, vm->id, 0, 0);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	} while (r.error == 0 && r.value[0] != 0);
	return cv_errno(r.error);
}
