// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile.ko: a host kernel that has been taken over. What is done with it is up to the
 * program that opens /dev/hostile (test/attack). Never load it where you do not mean it.
 */
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/neon.h>

#include "../hostile.h"

asmlinkage void hostile_call_asm(struct hostile_call *call, u32 smc);

static long hostile_call(struct hostile_call __user *user)
{
	struct hostile_call *call = memdup_user(user, sizeof(*call));
	long error;

	if (IS_ERR(call))
		return PTR_ERR(call);
	kernel_neon_begin();
	call->cpu = raw_smp_processor_id();
	hostile_call_asm(call, call->smc);
	kernel_neon_end();
	error = copy_to_user(user, call, sizeof(*call)) ? -EFAULT : 0;
	kfree(call);
	return error;
}

/* Where the kernel sees a frame: its linear map, or a map made for it. */
static void *frame_map(u64 pfn)
{
	if (pfn_is_map_memory(pfn))
		return __va(PFN_PHYS(pfn));
	return (void __force *)ioremap_cache(PFN_PHYS(pfn), PAGE_SIZE);
}

static void frame_unmap(u64 pfn, void *map)
{
	if (!pfn_is_map_memory(pfn))
		iounmap((void __iomem __force *)map);
}

/* Bytes, stored with the exception table's help, like copy_to_kernel_nofault() would. */
static int store_nofault(u8 *to, const u8 *from, u32 size)
{
	u32 i;

	for (i = 0; i < size; i++) {
		int error = 0;

		/* clang-format off */
		asm volatile("1: strb %w2, [%1]\n"
			     "2:\n"
			     _ASM_EXTABLE_KACCESS_ERR(1b, 2b, %w0)
			     : "+r"(error) : "r"(to + i), "r"(from[i]) : "memory");
		/* clang-format on */
		if (error)
			return error;
	}
	return 0;
}

static long hostile_access(void __user *user, bool write)
{
	struct hostile_access access;
	u8 *buffer, *map;
	long error;

	if (copy_from_user(&access, user, sizeof(access)))
		return -EFAULT;
	if (access.offset > PAGE_SIZE || access.size > PAGE_SIZE - access.offset)
		return -EINVAL;
	map = frame_map(access.pfn);
	buffer = kzalloc(PAGE_SIZE, GFP_KERNEL);
	error = map && buffer ? 0 : -ENOMEM;
	if (!error && write && copy_from_user(buffer, u64_to_user_ptr(access.buffer), access.size))
		error = -EINVAL;
	if (!error && write)
		error = store_nofault(map + access.offset, buffer, access.size);
	else if (!error)
		error = copy_from_kernel_nofault(buffer, map + access.offset, access.size);
	/* What was read before the fault is handed over too: it is what the attack is after. */
	if (!write && buffer && copy_to_user(u64_to_user_ptr(access.buffer), buffer, access.size))
		error = -EINVAL;
	kfree(buffer);
	if (map)
		frame_unmap(access.pfn, map);
	return error;
}

/* The low 6 bits of the words, as a set: most of what is compared is told apart by it. */
static u64 filter_of(const struct hostile_scan *scan)
{
	u64 set = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(scan->words); i++)
		set |= 1ULL << (scan->words[i] & 63);
	return set;
}

static bool has_word(const u64 *frame, const struct hostile_scan *scan, u64 filter)
{
	u32 i, j;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++) {
		u64 masked = frame[i] ^ scan->mask;

		if (!(filter >> (masked & 63) & 1))
			continue;
		for (j = 0; j < ARRAY_SIZE(scan->words); j++) {
			if (masked == scan->words[j])
				return true;
		}
	}
	return false;
}

static void scan_frame(struct hostile_scan *scan, u64 pfn, u64 *frame)
{
	if (copy_from_kernel_nofault(frame, __va(PFN_PHYS(pfn)), PAGE_SIZE)) {
		scan->refused++;
		return;
	}
	scan->readable++;
	if (!has_word(frame, scan, filter_of(scan)))
		return;
	if (scan->hits++ == 0)
		scan->hit_pfn = pfn;
}

static long hostile_scan(struct hostile_scan __user *user)
{
	struct hostile_scan scan;
	u64 *frame;
	u64 pfn;

	if (copy_from_user(&scan, user, sizeof(scan)))
		return -EFAULT;
	frame = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!frame)
		return -ENOMEM;
	for (pfn = scan.first_pfn; pfn < scan.end_pfn && !fatal_signal_pending(current); pfn++) {
		if (pfn_is_map_memory(pfn) && pfn != virt_to_pfn(frame))
			scan_frame(&scan, pfn, frame);
		cond_resched();
	}
	/* A copy of a secret that was found must not be found again. */
	memzero_explicit(frame, PAGE_SIZE);
	kfree(frame);
	return copy_to_user(user, &scan, sizeof(scan)) ? -EFAULT : 0;
}

static long probe_frame(struct hostile_probe *probe, u64 pfn)
{
	u64 __user *to = u64_to_user_ptr(probe->pfns);
	u64 word;

	if (!copy_from_kernel_nofault(&word, __va(PFN_PHYS(pfn)), sizeof(word))) {
		probe->readable++;
		return 0;
	}
	if (probe->refused < probe->room && put_user(pfn, to + probe->refused))
		return -EFAULT;
	probe->refused++;
	return 0;
}

static long hostile_probe(struct hostile_probe __user *user)
{
	struct hostile_probe probe;
	long error = 0;
	u64 pfn;

	if (copy_from_user(&probe, user, sizeof(probe)))
		return -EFAULT;
	if (probe.step == 0)
		return -EINVAL;
	for (pfn = probe.first_pfn; !error && pfn < probe.end_pfn; pfn += probe.step) {
		if (pfn_is_map_memory(pfn))
			error = probe_frame(&probe, pfn);
		cond_resched();
	}
	if (!error && copy_to_user(user, &probe, sizeof(probe)))
		error = -EFAULT;
	return error;
}

static long hostile_alloc(struct hostile_pages __user *user)
{
	struct hostile_pages pages;
	struct page *page;

	if (copy_from_user(&pages, user, sizeof(pages)))
		return -EFAULT;
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, pages.order);
	if (!page)
		return -ENOMEM;
	pages.pfn = page_to_pfn(page);
	if (copy_to_user(user, &pages, sizeof(pages))) {
		__free_pages(page, pages.order);
		return -EFAULT;
	}
	return 0;
}

static long hostile_free(struct hostile_pages __user *user)
{
	struct hostile_pages pages;

	if (copy_from_user(&pages, user, sizeof(pages)))
		return -EFAULT;
	if (!pfn_is_map_memory(pages.pfn))
		return -EINVAL;
	__free_pages(pfn_to_page(pages.pfn), pages.order);
	return 0;
}

static long hostile_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (request) {
	case HOSTILE_CALL:
		return hostile_call(user);
	case HOSTILE_READ:
		return hostile_access(user, false);
	case HOSTILE_WRITE:
		return hostile_access(user, true);
	case HOSTILE_SCAN:
		return hostile_scan(user);
	case HOSTILE_ALLOC:
		return hostile_alloc(user);
	case HOSTILE_FREE:
		return hostile_free(user);
	case HOSTILE_PROBE:
		return hostile_probe(user);
	case HOSTILE_TOUCH:
		return (long)(READ_ONCE(*(u64 *)__va(PFN_PHYS(argument))) & LONG_MAX);
	default:
		return -ENOTTY;
	}
}

/* Registers are mapped as such. */
static int hostile_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!pfn_is_map_memory(vma->vm_pgoff))
		vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static const struct file_operations hostile_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = hostile_ioctl,
	.mmap = hostile_mmap,
};

static struct miscdevice hostile_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hostile",
	.fops = &hostile_fops,
};

module_misc_device(hostile_device);
MODULE_DESCRIPTION("A hostile host kernel, for testing Corevisor");
MODULE_LICENSE("GPL");
