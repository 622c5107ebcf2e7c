/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/call.h"

#include "core/boot.h"
#include "core/bytes.h"
#include "core/dma.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/run.h"
#include "core/save.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/hypercall.h"

/* X1 to X5 of the caller. Those beyond a call's number of arguments are ignored. */
struct call_args {
	u64 x1;
	u64 x2;
	u64 x3;
	u64 x4;
	u64 x5;
};

/*
 * What the dispatcher does before a handler runs: check X1, and take locks, in order. A
 * handler sees an X1 in range, and passes the rest to a primitive that takes any number.
 */
enum call_locks {
	LOCKS_NONE, /* nothing: the handler does it */
	LOCKS_VM, /* X1 is a VM id: its lock */
	LOCKS_VM_DMA, /* the same after the DMA lock */
	LOCKS_MEMORY, /* X1 is a VM id: vm, page, map */
	LOCKS_MEMORY_DMA, /* the same after the DMA lock */
	LOCKS_CONTEXT, /* X1 is a DMA context: DMA, its owner if a VM, page, map */
	LOCKS_NO_CALL, /* there is no such call */
};

/*@ predicate class_locks{L}(integer locks) = held_id == 0 &&
      (locks == LOCKS_NONE ==> no_locks) &&
      (locks == LOCKS_VM || locks == LOCKS_MEMORY ==> held_dma == 0) &&
      (locks == LOCKS_VM_DMA || locks == LOCKS_MEMORY_DMA || locks == LOCKS_CONTEXT ==>
        held_dma != 0) &&
      (locks == LOCKS_VM || locks == LOCKS_VM_DMA ==> held_page == 0 && held_map == 0) &&
      (locks == LOCKS_MEMORY || locks == LOCKS_MEMORY_DMA || locks == LOCKS_CONTEXT ==>
        memory_locks);
    predicate call_object(integer locks, integer x1) =
      (locks == LOCKS_CONTEXT ==> is_context(x1)) &&
      (locks != LOCKS_CONTEXT && locks != LOCKS_NONE ==> is_vm(x1));
    predicate call_locks{L}(integer locks, integer x1) = class_locks(locks) &&
      call_object(locks, x1) &&
      (locks == LOCKS_CONTEXT ==> context_locks(x1) && (held_vm == 0 || is_vm(held_vm))) &&
      (locks != LOCKS_CONTEXT && locks != LOCKS_NONE ==> held_vm == x1);
 */

/* What a handler requires and ensures; the dispatcher holds the locks. */
/* clang-format off */
#define CALL_REQUIRES(class) \
	requires locks: call_locks(class, a.x1); \
	INV_REQUIRES \
	VM_REQUIRES
#define CALL_ENSURES \
	assigns LOCK_STATE, SHARED_STATE; \
	INV_ENSURES \
	VM_ENSURES \
	ensures locks: same_locks{Pre, Post};
/* clang-format on */

/*@ terminates \true; exits \false; assigns \nothing; */
static struct call_result result_of(s64 error)
{
	struct call_result result = {error, {0, 0, 0}};

	return result;
}

/*@ terminates \true; exits \false; assigns \nothing; */
static struct call_result result_3(u64 v0, u64 v1, u64 v2)
{
	struct call_result result = {CV_OK, {v0, v1, v2}};

	return result;
}

/* A function that returns a value >= 0 or an error. */
/*@ terminates \true; exits \false; assigns \nothing; */
static struct call_result result_value(s64 value)
{
	return value < 0 ? result_of(value) : result_3((u64)value, 0, 0);
}

/*@ CALL_REQUIRES(LOCKS_NONE)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_info(struct call_args a)
{
	u32 tables;

	(void)a;
	lock_map();
	tables = table_free_count();
	unlock_map();
	return result_3(CV_ABI_VERSION, nr_frames | (u64)tables << 32,
			table_geometry.ipa_bits | (u64)machine_streams() << 32);
}

/*@ CALL_REQUIRES(LOCKS_NONE)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_register_vm(struct call_args a)
{
	int vm, error;

	(void)a;
	lock_id();
	vm = gen_vmid();
	unlock_id();
	if (vm < 0)
		return result_of(vm);
	lock_vm((u32)vm);
	error = register_kvm((u32)vm);
	unlock_vm((u32)vm);
	return error == CV_OK ? result_value(vm) : result_of(error);
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_set_ram(struct call_args a)
{
	return result_of(vm_set_ram((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_VM)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_set_entry(struct call_args a)
{
	return result_of(vm_set_entry((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_register_vcpu(struct call_args a)
{
	return result_of(register_vcpu((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_VM)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_set_boot_info(struct call_args a)
{
	return result_value(set_boot_info((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_remap_vm_image(struct call_args a)
{
	return result_of(remap_vm_image((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_VM)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_set_manifest(struct call_args a)
{
	return result_of(set_manifest((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_VM_DMA)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_verify_vm(struct call_args a)
{
	return result_value(verify_vm((u32)a.x1));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_donate(struct call_args a)
{
	return result_of(donate_to_vm((u32)a.x1, a.x2, a.x3, 3));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_donate_block(struct call_args a)
{
	return result_of(donate_to_vm((u32)a.x1, a.x2, a.x3, 2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_map_io(struct call_args a)
{
	return result_of(map_io((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_NONE)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_vcpu_run(struct call_args a)
{
	if (!vm_id_valid(a.x1))
		return result_of(CV_EINVAL);
	return result_of(vcpu_run((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_VM)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_poweroff_vm(struct call_args a)
{
	return result_of(set_vm_poweroff((u32)a.x1));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY_DMA)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_reclaim(struct call_args a)
{
	return result_of(clear_vm_page((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY_DMA)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_destroy_vm(struct call_args a)
{
	return result_of(destroy_vm((u32)a.x1));
}

/* The lock is the new owner's, so it is not LOCKS_CONTEXT. */
/*@ CALL_REQUIRES(LOCKS_NONE)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_alloc(struct call_args a)
{
	int error;

	if (!dma_context_valid(a.x1) || (a.x2 != CV_HOSTVISOR && !vm_id_valid(a.x2)))
		return result_of(CV_EINVAL);
	lock_dma();
	if (a.x2 != CV_HOSTVISOR)
		lock_vm((u32)a.x2);
	error = alloc_smmu_pgd((u32)a.x1, (u32)a.x2);
	if (a.x2 != CV_HOSTVISOR)
		unlock_vm((u32)a.x2);
	unlock_dma();
	return result_of(error);
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_assign(struct call_args a)
{
	return result_of(smmu_assign_page((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_map(struct call_args a)
{
	if ((a.x3 & ~DESC_ADDR_MASK) != 0)
		return result_of(CV_EINVAL);
	return result_of(smmu_map_page((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_unmap(struct call_args a)
{
	return result_of(smmu_clear((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_lookup(struct call_args a)
{
	return result_value(dma_lookup((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_free(struct call_args a)
{
	return result_of(free_smmu_pgd((u32)a.x1));
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_attach(struct call_args a)
{
	return result_of(dma_attach((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_CONTEXT)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_dma_detach(struct call_args a)
{
	return result_of(dma_detach((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_save_begin(struct call_args a)
{
	return result_of(save_begin((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_save_page(struct call_args a)
{
	struct saved_page page = save_encrypt_buf((u32)a.x1, a.x2, a.x3);

	return page.error == CV_OK ? result_3(page.gfn, page.tag[0], page.tag[1])
				   : result_of(page.error);
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_save_vcpu(struct call_args a)
{
	return result_of(save_encrypted_vcpu((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_save_end(struct call_args a)
{
	return result_of(save_end((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_load_begin(struct call_args a)
{
	return result_of(load_begin((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_load_page(struct call_args a)
{
	return result_of(load_decrypt_buf((u32)a.x1, a.x2, a.x3, a.x4, a.x5));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_load_vcpu(struct call_args a)
{
	return result_of(load_encrypted_vcpu((u32)a.x1, a.x2, a.x3));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_load_end(struct call_args a)
{
	return result_of(load_end((u32)a.x1, a.x2));
}

/*@ CALL_REQUIRES(LOCKS_MEMORY)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_vm_info(struct call_args a)
{
	return result_3(vms[a.x1].state, vms[a.x1].nr_frames, vms[a.x1].nr_vcpus);
}

/*@ CALL_REQUIRES(LOCKS_VM)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_vm_measurement(struct call_args a)
{
	if (a.x2 > 1)
		return result_of(CV_EINVAL);
	if (vms[a.x1].verified == 0)
		return result_of(CV_ESTATE);
	return result_3(bytes_word(&vm_measures[a.x1].digest[24 * a.x2]),
			bytes_word(&vm_measures[a.x1].digest[24 * a.x2 + 8]),
			bytes_word(&vm_measures[a.x1].digest[24 * a.x2 + 16]));
}

/*@ CALL_REQUIRES(LOCKS_VM)
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result call_vcpu_info(struct call_args a)
{
	u32 slot = vcpu_slot((u32)a.x1, a.x2);

	if (slot == NO_SLOT)
		return result_of(CV_ENOENT);
	return result_3(vcpus[slot].state, vcpus[slot].powered, 0);
}

/*
 * One line a call: handler, locks. One that is missing, or whose number is taken twice, does
 * not compile.
 */
#define CALL_INFO call_info, LOCKS_NONE
#define CALL_REGISTER_VM call_register_vm, LOCKS_NONE
#define CALL_SET_RAM call_set_ram, LOCKS_MEMORY
#define CALL_SET_ENTRY call_set_entry, LOCKS_VM
#define CALL_REGISTER_VCPU call_register_vcpu, LOCKS_MEMORY
#define CALL_SET_BOOT_INFO call_set_boot_info, LOCKS_VM
#define CALL_REMAP_VM_IMAGE call_remap_vm_image, LOCKS_MEMORY
#define CALL_SET_MANIFEST call_set_manifest, LOCKS_VM
#define CALL_VERIFY_VM call_verify_vm, LOCKS_VM_DMA
#define CALL_DONATE call_donate, LOCKS_MEMORY
#define CALL_DONATE_BLOCK call_donate_block, LOCKS_MEMORY
#define CALL_MAP_IO call_map_io, LOCKS_MEMORY
#define CALL_VCPU_RUN call_vcpu_run, LOCKS_NONE
#define CALL_POWEROFF_VM call_poweroff_vm, LOCKS_VM
#define CALL_RECLAIM call_reclaim, LOCKS_MEMORY_DMA
#define CALL_DESTROY_VM call_destroy_vm, LOCKS_MEMORY_DMA
#define CALL_DMA_ALLOC call_dma_alloc, LOCKS_NONE
#define CALL_DMA_ASSIGN call_dma_assign, LOCKS_CONTEXT
#define CALL_DMA_MAP call_dma_map, LOCKS_CONTEXT
#define CALL_DMA_UNMAP call_dma_unmap, LOCKS_CONTEXT
#define CALL_DMA_LOOKUP call_dma_lookup, LOCKS_CONTEXT
#define CALL_DMA_FREE call_dma_free, LOCKS_CONTEXT
#define CALL_DMA_ATTACH call_dma_attach, LOCKS_CONTEXT
#define CALL_DMA_DETACH call_dma_detach, LOCKS_CONTEXT
#define CALL_SAVE_BEGIN call_save_begin, LOCKS_MEMORY
#define CALL_SAVE_PAGE call_save_page, LOCKS_MEMORY
#define CALL_SAVE_VCPU call_save_vcpu, LOCKS_MEMORY
#define CALL_SAVE_END call_save_end, LOCKS_MEMORY
#define CALL_LOAD_BEGIN call_load_begin, LOCKS_MEMORY
#define CALL_LOAD_PAGE call_load_page, LOCKS_MEMORY
#define CALL_LOAD_VCPU call_load_vcpu, LOCKS_MEMORY
#define CALL_LOAD_END call_load_end, LOCKS_MEMORY
#define CALL_VM_INFO call_vm_info, LOCKS_MEMORY
#define CALL_VM_MEASUREMENT call_vm_measurement, LOCKS_VM
#define CALL_VCPU_INFO call_vcpu_info, LOCKS_VM

#define CALL_COUNT(name, offset, args, values) +1U
#define CALL_BIT(name, offset, args, values) | 1ULL << (offset)
STATIC_ASSERT(call_offsets_have_no_holes,
	      (0ULL CV_HOST_CALLS(CALL_BIT)) == (1ULL << (0U CV_HOST_CALLS(CALL_COUNT))) - 1U);

#define FIRST(handler, locks) handler
#define SECOND(handler, locks) locks
#define HANDLER_OF(...) FIRST(__VA_ARGS__)
#define LOCKS_OF(...) SECOND(__VA_ARGS__)

/* clang-format off */
#define LOCKS_IF(name, offset, args, values) number == offset ? LOCKS_OF(CALL_##name) :
#define LOCKS_CASE(name, offset, args, values) \
	case offset: \
		return LOCKS_OF(CALL_##name);
#define HANDLER_CASE(name, offset, args, values) \
	case offset: \
		result = HANDLER_OF(CALL_##name)(a); \
		break;
/* clang-format on */

/*@ logic integer call_class(integer number) = CV_HOST_CALLS(LOCKS_IF) LOCKS_NO_CALL; */

/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == call_class(number);
    ensures range: LOCKS_NONE <= \result <= LOCKS_NO_CALL; */
static enum call_locks locks_of(u64 number)
{
	switch (number) {
		CV_HOST_CALLS(LOCKS_CASE)
	default:
		return LOCKS_NO_CALL;
	}
}

/* A switch, because the prover does not see where a pointer goes. */
/*@ CALL_REQUIRES(call_class(number))
    terminates \true; exits \false;
    CALL_ENSURES */
static struct call_result dispatch(u64 number, struct call_args a)
{
	struct call_result result = result_of(CV_NOT_SUPPORTED);

	switch (number) {
		CV_HOST_CALLS(HANDLER_CASE)
	default:
		break;
	}
	return result;
}

/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> call_object(locks, x1); */
static bool object_valid(enum call_locks locks, u64 x1)
{
	if (locks == LOCKS_NONE)
		return true;
	return locks == LOCKS_CONTEXT ? dma_context_valid(x1) : vm_id_valid(x1);
}

/* Take what a class of calls needs. Returns the VM whose lock is held, or 0. */
/*@ requires object: call_object(locks, x1);
    requires class: LOCKS_NONE <= locks <= LOCKS_CONTEXT;
    ENTRY_REQUIRES
    terminates \true; exits \false;
    assigns LOCK_STATE, SHARED_STATE;
    INV_ENSURES
    VM_ENSURES
    ensures locks: call_locks(locks, x1);
    ensures vm: \result == held_vm; */
static u32 take_locks(enum call_locks locks, u64 x1)
{
	u32 vm = (u32)x1;

	if (locks == LOCKS_NONE)
		return 0;
	if (locks == LOCKS_VM_DMA || locks == LOCKS_MEMORY_DMA || locks == LOCKS_CONTEXT)
		lock_dma();
	if (locks == LOCKS_CONTEXT)
		vm = vm_id_valid(dma_contexts[x1].owner) ? dma_contexts[x1].owner : 0;
	if (vm != 0)
		lock_vm(vm);
	if (locks == LOCKS_VM || locks == LOCKS_VM_DMA)
		return vm;
	lock_page(0);
	lock_map();
	return vm;
}

/*@ requires class: LOCKS_NONE <= locks <= LOCKS_CONTEXT;
    requires vm: held_vm == vm && (vm == 0 || is_vm(vm));
    requires held: class_locks(locks);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns LOCK_STATE;
    ensures dropped: no_locks; */
static void drop_locks(enum call_locks locks, u32 vm)
{
	if (locks == LOCKS_NONE)
		return;
	if (locks != LOCKS_VM && locks != LOCKS_VM_DMA) {
		unlock_map();
		unlock_page(0);
	}
	if (vm != 0)
		unlock_vm(vm);
	if (locks == LOCKS_VM_DMA || locks == LOCKS_MEMORY_DMA || locks == LOCKS_CONTEXT)
		unlock_dma();
}

struct call_result host_call(u64 id, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	const struct call_result uid = {CV_UID_0, {CV_UID_1, CV_UID_2, CV_UID_3}};
	struct call_result result;
	enum call_locks locks;
	u32 vm;

	(void)a6;
	if (id == CV_UID_CALL)
		return uid;
	locks = locks_of(id - CV_HOST_CALL_BASE);
	if (locks == LOCKS_NO_CALL)
		return result_of(CV_NOT_SUPPORTED);
	if (!object_valid(locks, a1))
		return result_of(CV_EINVAL);
	vm = take_locks(locks, a1);
	result = dispatch(id - CV_HOST_CALL_BASE, (struct call_args){a1, a2, a3, a4, a5});
	drop_locks(locks, vm);
	return result;
}
