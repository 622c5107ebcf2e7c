// SPDX-License-Identifier: GPL-2.0-only
/*
 * A snapshot goes through the host record by record, each encrypted by the core, or the host's
 * own. The order is the core's: head, pages by gfn, vCPUs, tail; then the interrupts.
 */
#include "snapshot.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "corevisor/kvm.h"
#include "memory.h"
#include "vcpu.h"
#include "vgic.h"
#include "vgic_snapshot.h"
#include "vm.h"

static_assert(sizeof(struct vgic_snapshot) <= PAGE_SIZE);

static struct cv_snapshot *snapshot_of(struct cv_vm *vm)
{
	struct cv_snapshot *s = vm->snapshot;

	if (s)
		return s;
	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->buffer = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!s->buffer) {
		kfree(s);
		return NULL;
	}
	vm->snapshot = s;
	return s;
}

void cv_snapshot_free(struct cv_vm *vm)
{
	if (!vm->snapshot)
		return;
	__free_page(vm->snapshot->buffer);
	kfree(vm->snapshot);
	vm->snapshot = NULL;
}

static u64 *answer_of(struct cv_vcpu *v)
{
	return v->page + CV_RUN_DATA;
}

/* ---------------------------------------------------------------- out */

/* Is any vCPU in an ioctl? None begins to run after this: the VM is powered off. */
static bool is_running(struct cv_vm *vm)
{
	u32 i;

	for (i = 0; i < CV_MAX_VCPUS; i++) {
		if (!vm->vcpus[i])
			continue;
		if (!mutex_trylock(&vm->vcpus[i]->lock))
			return true;
		mutex_unlock(&vm->vcpus[i]->lock);
	}
	return false;
}

static int save_head(struct cv_vm *vm, struct cv_record *record)
{
	int error;

	if (vm->id == 0 || vm->phase == CV_PHASE_NEW)
		return -EBADFD;
	cv_vm_stop(vm);
	if (is_running(vm))
		return -EBUSY;
	error = cv_call_errno(CV_CALL_POWEROFF_VM, vm->id, 0, 0);
	if (error)
		return error;
	record->kind = CV_RECORD_HEAD;
	record->number = cv_call(CV_CALL_VM_INFO, vm->id, 0, 0).value[1];
	return cv_call_errno(CV_CALL_SAVE_BEGIN, vm->id, page_to_pfn(vm->snapshot->buffer), 0);
}

/* The next page; -ENOENT: that was all. */
static int save_page(struct cv_vm *vm, struct cv_record *record)
{
	struct cv_snapshot *s = vm->snapshot;
	struct page *page = cv_memory_next(vm, &s->next);
	struct cv_result r;

	if (!page)
		return -ENOENT;
	r = cv_call(CV_CALL_SAVE_PAGE, vm->id, page_to_pfn(page), page_to_pfn(s->buffer));
	record->kind = CV_RECORD_PAGE;
	record->number = r.value[0];
	record->tag[0] = r.value[1];
	record->tag[1] = r.value[2];
	s->next++;
	return cv_errno(r.error);
}

static int save_vcpu(struct cv_vm *vm, struct cv_record *record)
{
	struct cv_snapshot *s = vm->snapshot;

	while (s->next < CV_MAX_VCPUS && !vm->vcpus[s->next])
		s->next++;
	if (s->next == CV_MAX_VCPUS)
		return -ENOENT;
	record->kind = CV_RECORD_VCPU;
	record->number = s->next;
	record->answer = *answer_of(vm->vcpus[s->next]);
	s->next++;
	return cv_call_errno(CV_CALL_SAVE_VCPU, vm->id, record->number, page_to_pfn(s->buffer));
}

static int save_tail(struct cv_vm *vm, struct cv_record *record)
{
	struct cv_snapshot *s = vm->snapshot;

	if (s->next++ != 0)
		return -ENOENT;
	record->kind = CV_RECORD_TAIL;
	return cv_call_errno(CV_CALL_SAVE_END, vm->id, page_to_pfn(s->buffer), 0);
}

static int save_gic(struct cv_vm *vm, struct cv_record *record)
{
	struct cv_snapshot *s = vm->snapshot;

	record->kind = CV_RECORD_GIC;
	while (s->next < VGIC_SNAPSHOT_VCPU + CV_MAX_VCPUS) {
		record->number = s->next++;
		if (vgic_save(vm, record->number, page_address(s->buffer)) == 0)
			return 0;
	}
	return -ENOENT;
}

static int save_next(struct cv_vm *vm, struct cv_record *record)
{
	switch (vm->snapshot->kind) {
	case CV_RECORD_PAGE:
		return save_page(vm, record);
	case CV_RECORD_VCPU:
		return save_vcpu(vm, record);
	case CV_RECORD_TAIL:
		return save_tail(vm, record);
	case CV_RECORD_GIC:
		return save_gic(vm, record);
	default:
		record->kind = CV_RECORD_END;
		return 0;
	}
}

/* One record of a save under way; kinds follow each other as in enum cv_record_kind. */
static int save_record(struct cv_vm *vm, struct cv_record *record)
{
	struct cv_snapshot *s = vm->snapshot;
	int error;

	if (s->kind == 0) {
		error = save_head(vm, record);
		if (!error)
			s->kind = CV_RECORD_PAGE;
		return error;
	}
	for (;;) {
		error = save_next(vm, record);
		if (error != -ENOENT)
			return error;
		s->kind++;
		s->next = 0;
	}
}

long cv_snapshot_save(struct cv_vm *vm, void __user *user)
{
	struct cv_snapshot *s = snapshot_of(vm);
	struct cv_record *record = kzalloc(sizeof(*record), GFP_KERNEL);
	long error = -ENOMEM;

	if (s && record)
		error = save_record(vm, record);
	if (!error) {
		memcpy(record->data, page_address(s->buffer), sizeof(record->data));
		clear_page(page_address(s->buffer));
		if (copy_to_user(user, record, sizeof(*record)))
			error = -EFAULT;
	}
	kfree(record);
	return error;
}

/* ---------------------------------------------------------------- in */

static int load_head(struct cv_vm *vm, const struct cv_record *record)
{
	int error = cv_vm_register(vm);

	if (!error)
		error = cv_call_errno(CV_CALL_LOAD_BEGIN, vm->id,
				      page_to_pfn(vm->snapshot->buffer), 0);
	if (!error)
		error = cv_vm_register_vcpus(vm);
	return error ? error : cv_memory_replace_slots(vm);
}

static int load_vcpu(struct cv_vm *vm, const struct cv_record *record)
{
	struct cv_vcpu *v = record->number < CV_MAX_VCPUS ? vm->vcpus[record->number] : NULL;

	if (!v)
		return -EBADMSG;
	WRITE_ONCE(*answer_of(v), record->answer);
	return cv_call_errno(CV_CALL_LOAD_VCPU, vm->id, v->id, page_to_pfn(vm->snapshot->buffer));
}

/* Which vCPUs run, the core knows. */
static void load_power(struct cv_vm *vm)
{
	u32 i;

	for (i = 0; i < CV_MAX_VCPUS; i++) {
		if (vm->vcpus[i])
			vm->vcpus[i]->off = !cv_call(CV_CALL_VCPU_INFO, vm->id, i, 0).value[1];
	}
}

static int load_tail(struct cv_vm *vm)
{
	int error = cv_call_errno(CV_CALL_LOAD_END, vm->id, page_to_pfn(vm->snapshot->buffer), 0);

	if (!error)
		load_power(vm);
	return error;
}

static int load_record(struct cv_vm *vm, const struct cv_record *record)
{
	switch (record->kind) {
	case CV_RECORD_HEAD:
		return load_head(vm, record);
	case CV_RECORD_PAGE:
		return cv_memory_load(vm, record->number, record->data, record->tag);
	case CV_RECORD_VCPU:
		return load_vcpu(vm, record);
	case CV_RECORD_TAIL:
		return load_tail(vm);
	case CV_RECORD_GIC:
		return vgic_load(vm, record->number, (const void *)record->data) ? -EBADMSG : 0;
	default:
		return 0;
	}
}

/* Is this a record that may come now? The core looks at the order of its own. */
static int check_record(struct cv_vm *vm, const struct cv_record *record)
{
	if (record->kind > CV_RECORD_GIC)
		return -EBADMSG;
	if (record->kind == CV_RECORD_HEAD)
		return vm->phase == CV_PHASE_NEW ? vgic_check(vm) : -EBADFD;
	if (vm->phase != CV_PHASE_LOADING)
		return -EBADFD;
	/* After its tail only interrupts, and not before it; and nothing ends without. */
	if (record->kind == CV_RECORD_GIC || record->kind == CV_RECORD_END)
		return vm->snapshot->kind >= CV_RECORD_TAIL ? 0 : -EBADMSG;
	return record->kind >= vm->snapshot->kind ? 0 : -EBADMSG;
}

static int load_checked(struct cv_vm *vm, const struct cv_record *record)
{
	int error = check_record(vm, record);

	if (error == -EBADFD)
		return error;
	memcpy(page_address(vm->snapshot->buffer), record->data, sizeof(record->data));
	if (!error)
		error = load_record(vm, record);
	if (error) {
		cv_vm_fail(vm);
		return error;
	}
	vm->snapshot->kind = record->kind;
	WRITE_ONCE(vm->phase, record->kind == CV_RECORD_END ? CV_PHASE_STARTED : CV_PHASE_LOADING);
	if (record->kind == CV_RECORD_END)
		wake_up_all(&vm->started);
	return 0;
}

long cv_snapshot_load(struct cv_vm *vm, const void __user *user)
{
	struct cv_snapshot *s = snapshot_of(vm);
	struct cv_record *record = kmalloc(sizeof(*record), GFP_KERNEL);
	long error = -ENOMEM;

	if (s && record)
		error = copy_from_user(record, user, sizeof(*record)) ? -EFAULT : 0;
	if (!error)
		error = load_checked(vm, record);
	kfree(record);
	return error;
}
