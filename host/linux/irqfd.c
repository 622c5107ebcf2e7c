// SPDX-License-Identifier: GPL-2.0-only
/*
 * An eventfd is watched by an entry in its wait queue, which raises the interrupt in the context
 * of whoever writes to it. No resampling: a level is pulsed, and is for edges only, then.
 */
#include "irqfd.h"

#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/kvm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "vgic.h"

#define MAX_IRQFDS 1000
/* GSI n is SPI n (KVM_SET_GSI_ROUTING's default); 1020 and up are no interrupts. */
#define FIRST_SPI 32U
#define NR_GSIS (1020U - FIRST_SPI)

struct irqfd {
	struct list_head link;
	struct cv_vm *vm;
	struct eventfd_ctx *ctx;
	wait_queue_entry_t wait;
	poll_table table;
	u32 gsi;
	bool closed; /* the eventfd is: it says nothing any more */
};

/* The lock of the eventfd's wait queue is held. */
static int wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->ctx, &count);
		vgic_inject(irqfd->vm, -1, FIRST_SPI + irqfd->gsi, true);
		vgic_inject(irqfd->vm, -1, FIRST_SPI + irqfd->gsi, false);
	}
	if (events & EPOLLHUP)
		WRITE_ONCE(irqfd->closed, true);
	return 0;
}

static void watch(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	add_wait_queue(head, &container_of(table, struct irqfd, table)->wait);
}

static void remove(struct cv_vm *vm, struct irqfd *irqfd)
{
	u64 count;

	/* None of its calls is under way after that. */
	eventfd_ctx_remove_wait_queue(irqfd->ctx, &irqfd->wait, &count);
	eventfd_ctx_put(irqfd->ctx);
	list_del(&irqfd->link);
	vm->nr_irqfds--;
	kfree(irqfd);
}

/* Those whose eventfd nobody has open any more. */
static void remove_closed(struct cv_vm *vm)
{
	struct irqfd *irqfd, *next;

	list_for_each_entry_safe(irqfd, next, &vm->irqfds, link) {
		if (READ_ONCE(irqfd->closed))
			remove(vm, irqfd);
	}
}

static int check_assign(struct cv_vm *vm, const struct eventfd_ctx *ctx)
{
	const struct irqfd *irqfd;

	if (!vm->vgic)
		return -EAGAIN;
	remove_closed(vm);
	if (vm->nr_irqfds == MAX_IRQFDS)
		return -ENOSPC;
	list_for_each_entry(irqfd, &vm->irqfds, link) {
		if (irqfd->ctx == ctx)
			return -EBUSY;
	}
	return 0;
}

/* Keeps the reference of `ctx` if it succeeds. */
static int assign(struct cv_vm *vm, struct file *file, struct eventfd_ctx *ctx, u32 gsi)
{
	int error = check_assign(vm, ctx);
	struct irqfd *irqfd;

	if (error)
		return error;
	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return -ENOMEM;
	irqfd->vm = vm;
	irqfd->ctx = ctx;
	irqfd->gsi = gsi;
	init_waitqueue_func_entry(&irqfd->wait, wake);
	init_poll_funcptr(&irqfd->table, watch);
	list_add_tail(&irqfd->link, &vm->irqfds);
	vm->nr_irqfds++;
	/* What was written before counts as well. */
	if (vfs_poll(file, &irqfd->table) & EPOLLIN) {
		vgic_inject(vm, -1, FIRST_SPI + gsi, true);
		vgic_inject(vm, -1, FIRST_SPI + gsi, false);
	}
	return 0;
}

static void deassign(struct cv_vm *vm, const struct eventfd_ctx *ctx, u32 gsi)
{
	struct irqfd *irqfd, *next;

	list_for_each_entry_safe(irqfd, next, &vm->irqfds, link) {
		if (irqfd->ctx == ctx && irqfd->gsi == gsi)
			remove(vm, irqfd);
	}
}

static long change(struct cv_vm *vm, const struct kvm_irqfd *args, struct file *file)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fileget(file);
	int error = 0;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		deassign(vm, ctx, args->gsi);
	else
		error = assign(vm, file, ctx, args->gsi);
	if (error || args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		eventfd_ctx_put(ctx);
	return error;
}

long cv_irqfd(struct cv_vm *vm, const void __user *user)
{
	struct kvm_irqfd args;
	struct file *file;
	long result;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	if (args.flags & ~KVM_IRQFD_FLAG_DEASSIGN || args.gsi >= NR_GSIS)
		return -EINVAL;
	file = fget(args.fd);
	if (!file)
		return -EBADF;
	result = change(vm, &args, file);
	fput(file);
	return result;
}

void cv_irqfd_release(struct cv_vm *vm)
{
	struct irqfd *irqfd, *next;

	list_for_each_entry_safe(irqfd, next, &vm->irqfds, link)
		remove(vm, irqfd);
}
