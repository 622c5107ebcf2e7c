// SPDX-License-Identifier: GPL-2.0-only
#include "ioeventfd.h"

#include <linux/kvm.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"

#define MAX_IOEVENTFDS 1000

struct ioeventfd {
	struct list_head link;
	struct eventfd_ctx *ctx;
	u64 addr;
	u32 len; /* 0: any */
	bool any_data;
	u64 data;
};

static int check(const struct kvm_ioeventfd *args)
{
	const u32 known = KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_DEASSIGN;

	switch (args->len) {
	case 0:
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}
	if (args->addr + args->len < args->addr || args->flags & ~known)
		return -EINVAL;
	if (args->len == 0 && args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH)
		return -EINVAL;
	return 0;
}

/* Would both hear of one write? */
static bool collide(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->addr == b->addr && (a->len == 0 || b->len == 0 || a->len == b->len) &&
	       (a->any_data || b->any_data || a->data == b->data);
}

static bool same(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->ctx == b->ctx && a->addr == b->addr && a->len == b->len &&
	       a->any_data == b->any_data && (a->any_data || a->data == b->data);
}

static void free_ioeventfd(struct ioeventfd *e)
{
	eventfd_ctx_put(e->ctx);
	kfree(e);
}

static long assign(struct cv_vm *vm, const struct ioeventfd *new)
{
	struct ioeventfd *e;

	if (vm->nr_ioeventfds == MAX_IOEVENTFDS)
		return -ENOSPC;
	list_for_each_entry(e, &vm->ioeventfds, link) {
		if (collide(e, new))
			return -EEXIST;
	}
	e = kmemdup(new, sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	vm->nr_ioeventfds++;
	list_add_tail_rcu(&e->link, &vm->ioeventfds);
	return 0;
}

static long deassign(struct cv_vm *vm, const struct ioeventfd *old)
{
	struct ioeventfd *e;

	list_for_each_entry(e, &vm->ioeventfds, link) {
		if (!same(e, old))
			continue;
		list_del_rcu(&e->link);
		vm->nr_ioeventfds--;
		synchronize_rcu();
		free_ioeventfd(e);
		return 0;
	}
	return -ENOENT;
}

long cv_ioeventfd(struct cv_vm *vm, const void __user *user)
{
	struct kvm_ioeventfd args;
	struct ioeventfd e;
	long result;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	result = check(&args);
	if (result)
		return result;
	e = (struct ioeventfd){
		.ctx = eventfd_ctx_fdget(args.fd),
		.addr = args.addr,
		.len = args.len,
		.any_data = !(args.flags & KVM_IOEVENTFD_FLAG_DATAMATCH),
		.data = args.datamatch,
	};
	if (IS_ERR(e.ctx))
		return PTR_ERR(e.ctx);
	if (args.flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		result = deassign(vm, &e);
	else
		result = assign(vm, &e);
	/* The list keeps the reference of what was assigned. */
	if (result || args.flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		eventfd_ctx_put(e.ctx);
	return result;
}

bool cv_ioeventfd_write(struct cv_vm *vm, u64 addr, u32 size, u64 data)
{
	struct ioeventfd *e;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(e, &vm->ioeventfds, link) {
		if (e->addr == addr && (e->len == 0 || e->len == size) &&
		    (e->any_data || e->data == data)) {
			cv_eventfd_signal(e->ctx);
			found = true;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

void cv_ioeventfd_release(struct cv_vm *vm)
{
	struct ioeventfd *e, *next;

	list_for_each_entry_safe(e, next, &vm->ioeventfds, link)
		free_ioeventfd(e);
}
