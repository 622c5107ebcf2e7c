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

/*
 * A handler gets X1 to X5 and makes of them checked things; it takes the locks that its
 * primitive needs. Arguments beyond a call's number are ignored.
 */
typedef struct call_result (*host_handler)(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

static struct call_result result_of(s64 error)
{
	struct call_result result = {error, {0, 0, 0}};

	return result;
}

static struct call_result result_3(u64 v0, u64 v1, u64 v2)
{
	struct call_result result = {CV_OK, {v0, v1, v2}};

	return result;
}

/* A function that returns a value >= 0 or an error. */
static struct call_result result_value(s64 value)
{
	return value < 0 ? result_of(value) : result_3((u64)value, 0, 0);
}

/* What most primitives need: the VM, ownership, maps. */
static void lock_vm_memory(u32 vm)
{
	lock_vm(vm);
	lock_page(0);
	lock_map();
}

static void unlock_vm_memory(u32 vm)
{
	unlock_map();
	unlock_page(0);
	unlock_vm(vm);
}

/* The same for the owner of a DMA context, which may be no VM. Returns the owner. */
static u32 lock_dma_memory(u32 ctx)
{
	u32 owner;

	lock_dma();
	owner = dma_contexts[ctx].owner;
	if (vm_id_valid(owner))
		lock_vm(owner);
	lock_page(0);
	lock_map();
	return owner;
}

static void unlock_dma_memory(u32 owner)
{
	unlock_map();
	unlock_page(0);
	if (vm_id_valid(owner))
		unlock_vm(owner);
	unlock_dma();
}

static struct call_result call_info(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	u32 tables;

	(void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
	lock_map();
	tables = table_free_count();
	unlock_map();
	return result_3(CV_ABI_VERSION, nr_frames | (u64)tables << 32,
			table_geometry.ipa_bits | (u64)machine_streams() << 32);
}

static struct call_result call_register_vm(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	int vm, error;

	(void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
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

static struct call_result call_set_ram(u64 vm, u64 gfn, u64 nr, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	lock_page(0);
	error = vm_set_ram((u32)vm, gfn, nr);
	unlock_page(0);
	unlock_vm((u32)vm);
	return result_of(error);
}

static struct call_result call_set_entry(u64 vm, u64 pc, u64 x0, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	error = vm_set_entry((u32)vm, pc, x0);
	unlock_vm((u32)vm);
	return result_of(error);
}

static struct call_result call_register_vcpu(u64 vm, u64 vcpu, u64 run_pfn, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	lock_page(run_pfn);
	error = register_vcpu((u32)vm, vcpu, run_pfn);
	unlock_page(run_pfn);
	unlock_vm((u32)vm);
	return result_of(error);
}

static struct call_result call_set_boot_info(u64 vm, u64 addr, u64 size, u64 a4, u64 a5)
{
	int region;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	region = set_boot_info((u32)vm, addr, size);
	unlock_vm((u32)vm);
	return result_value(region);
}

static struct call_result call_remap_vm_image(u64 vm, u64 pfn, u64 idx, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = remap_vm_image((u32)vm, pfn, idx);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_set_manifest(u64 vm, u64 pfn, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	lock_page(pfn);
	error = set_manifest((u32)vm, pfn);
	unlock_page(pfn);
	unlock_vm((u32)vm);
	return result_of(error);
}

static struct call_result call_verify_vm(u64 vm, u64 a2, u64 a3, u64 a4, u64 a5)
{
	s64 left;

	(void)a2, (void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_dma();
	lock_vm((u32)vm);
	left = verify_vm((u32)vm);
	unlock_vm((u32)vm);
	unlock_dma();
	return result_value(left);
}

/* DONATE and DONATE_BLOCK. */
static struct call_result donate(u64 vm, u64 gfn, u64 pfn, u32 level)
{
	int error;

	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = donate_to_vm((u32)vm, gfn, pfn, level);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_donate(u64 vm, u64 gfn, u64 pfn, u64 a4, u64 a5)
{
	(void)a4, (void)a5;
	return donate(vm, gfn, pfn, 3);
}

static struct call_result call_donate_block(u64 vm, u64 gfn, u64 pfn, u64 a4, u64 a5)
{
	(void)a4, (void)a5;
	return donate(vm, gfn, pfn, 2);
}

static struct call_result call_map_io(u64 vm, u64 gpa, u64 pa, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = map_io((u32)vm, gpa, pa);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_vcpu_run(u64 vm, u64 vcpu, u64 a3, u64 a4, u64 a5)
{
	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	return result_of(vcpu_run((u32)vm, vcpu));
}

static struct call_result call_poweroff_vm(u64 vm, u64 a2, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a2, (void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	error = set_vm_poweroff((u32)vm);
	unlock_vm((u32)vm);
	return result_of(error);
}

static struct call_result call_reclaim(u64 vm, u64 pfn, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_dma();
	lock_vm_memory((u32)vm);
	error = clear_vm_page((u32)vm, pfn);
	unlock_vm_memory((u32)vm);
	unlock_dma();
	return result_of(error);
}

static struct call_result call_destroy_vm(u64 vm, u64 a2, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a2, (void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_dma();
	lock_vm_memory((u32)vm);
	error = destroy_vm((u32)vm);
	unlock_vm_memory((u32)vm);
	unlock_dma();
	return result_of(error);
}

static struct call_result call_dma_alloc(u64 ctx, u64 owner, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!dma_context_valid(ctx) || (owner != CV_HOSTVISOR && !vm_id_valid(owner)))
		return result_of(CV_EINVAL);
	lock_dma();
	if (owner != CV_HOSTVISOR)
		lock_vm((u32)owner);
	error = alloc_smmu_pgd((u32)ctx, (u32)owner);
	if (owner != CV_HOSTVISOR)
		unlock_vm((u32)owner);
	unlock_dma();
	return result_of(error);
}

static struct call_result call_dma_assign(u64 ctx, u64 pfn, u64 gfn, u64 a4, u64 a5)
{
	u32 owner;
	int error;

	(void)a4, (void)a5;
	if (!dma_context_valid(ctx))
		return result_of(CV_EINVAL);
	owner = lock_dma_memory((u32)ctx);
	error = smmu_assign_page((u32)ctx, pfn, gfn);
	unlock_dma_memory(owner);
	return result_of(error);
}

static struct call_result call_dma_map(u64 ctx, u64 iova, u64 pa, u64 a4, u64 a5)
{
	u32 owner;
	int error;

	(void)a4, (void)a5;
	if (!dma_context_valid(ctx) || (pa & ~DESC_ADDR_MASK) != 0)
		return result_of(CV_EINVAL);
	owner = lock_dma_memory((u32)ctx);
	error = smmu_map_page((u32)ctx, iova, pa);
	unlock_dma_memory(owner);
	return result_of(error);
}

static struct call_result call_dma_unmap(u64 ctx, u64 iova, u64 a3, u64 a4, u64 a5)
{
	u32 owner;
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!dma_context_valid(ctx))
		return result_of(CV_EINVAL);
	owner = lock_dma_memory((u32)ctx);
	error = smmu_clear((u32)ctx, iova);
	unlock_dma_memory(owner);
	return result_of(error);
}

static struct call_result call_dma_lookup(u64 ctx, u64 iova, u64 a3, u64 a4, u64 a5)
{
	u64 pa = 0;
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!dma_context_valid(ctx))
		return result_of(CV_EINVAL);
	lock_dma();
	lock_map();
	error = dma_lookup((u32)ctx, iova, &pa);
	unlock_map();
	unlock_dma();
	return error == CV_OK ? result_3(pa, 0, 0) : result_of(error);
}

static struct call_result call_dma_free(u64 ctx, u64 a2, u64 a3, u64 a4, u64 a5)
{
	u32 owner;
	int error;

	(void)a2, (void)a3, (void)a4, (void)a5;
	if (!dma_context_valid(ctx))
		return result_of(CV_EINVAL);
	owner = lock_dma_memory((u32)ctx);
	error = free_smmu_pgd((u32)ctx);
	unlock_dma_memory(owner);
	return result_of(error);
}

static struct call_result call_dma_attach(u64 stream, u64 ctx, u64 a3, u64 a4, u64 a5)
{
	u32 owner;
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!dma_context_valid(ctx))
		return result_of(CV_EINVAL);
	owner = lock_dma_memory((u32)ctx);
	error = dma_attach(stream, (u32)ctx);
	unlock_dma_memory(owner);
	return result_of(error);
}

static struct call_result call_dma_detach(u64 stream, u64 a2, u64 a3, u64 a4, u64 a5)
{
	u32 owner = CV_INVALID_ID;
	u32 ctx;
	int error;

	(void)a2, (void)a3, (void)a4, (void)a5;
	lock_dma();
	ctx = dma_stream_context(stream);
	if (ctx != CV_INVALID_ID)
		owner = dma_contexts[ctx].owner;
	if (vm_id_valid(owner))
		lock_vm(owner);
	error = dma_detach(stream);
	if (vm_id_valid(owner))
		unlock_vm(owner);
	unlock_dma();
	return result_of(error);
}

static struct call_result call_save_begin(u64 vm, u64 out, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = save_begin((u32)vm, out);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_save_page(u64 vm, u64 in, u64 out, u64 a4, u64 a5)
{
	struct saved_page page;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	page = save_encrypt_buf((u32)vm, in, out);
	unlock_vm_memory((u32)vm);
	return page.error == CV_OK ? result_3(page.gfn, page.tag[0], page.tag[1])
				   : result_of(page.error);
}

static struct call_result call_save_vcpu(u64 vm, u64 vcpu, u64 out, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = save_encrypted_vcpu((u32)vm, vcpu, out);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_save_end(u64 vm, u64 out, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = save_end((u32)vm, out);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_load_begin(u64 vm, u64 in, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = load_begin((u32)vm, in);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_load_page(u64 vm, u64 in, u64 gfn, u64 tag_low, u64 tag_high)
{
	int error;

	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = load_decrypt_buf((u32)vm, in, gfn, tag_low, tag_high);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_load_vcpu(u64 vm, u64 vcpu, u64 in, u64 a4, u64 a5)
{
	int error;

	(void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = load_encrypted_vcpu((u32)vm, vcpu, in);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_load_end(u64 vm, u64 in, u64 a3, u64 a4, u64 a5)
{
	int error;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm_memory((u32)vm);
	error = load_end((u32)vm, in);
	unlock_vm_memory((u32)vm);
	return result_of(error);
}

static struct call_result call_vm_info(u64 vm, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct call_result result;

	(void)a2, (void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	lock_page(0);
	result = result_3(vms[vm].state, vms[vm].nr_frames, vms[vm].nr_vcpus);
	unlock_page(0);
	unlock_vm((u32)vm);
	return result;
}

static struct call_result call_vm_measurement(u64 vm, u64 part, u64 a3, u64 a4, u64 a5)
{
	struct call_result result = result_of(CV_ESTATE);

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm) || part > 1)
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	if (vms[vm].verified != 0)
		result = result_3(bytes_word(&vm_measures[vm].digest[24 * part]),
				  bytes_word(&vm_measures[vm].digest[24 * part + 8]),
				  bytes_word(&vm_measures[vm].digest[24 * part + 16]));
	unlock_vm((u32)vm);
	return result;
}

static struct call_result call_vcpu_info(u64 vm, u64 vcpu, u64 a3, u64 a4, u64 a5)
{
	struct call_result result = result_of(CV_ENOENT);
	u32 slot;

	(void)a3, (void)a4, (void)a5;
	if (!vm_id_valid(vm))
		return result_of(CV_EINVAL);
	lock_vm((u32)vm);
	slot = vcpu_slot((u32)vm, vcpu);
	if (slot != NO_SLOT)
		result = result_3(vcpus[slot].state, vcpus[slot].powered, 0);
	unlock_vm((u32)vm);
	return result;
}

/* A call without a handler here, or with its number taken twice, does not compile. */
#define HANDLER_INFO call_info
#define HANDLER_REGISTER_VM call_register_vm
#define HANDLER_SET_RAM call_set_ram
#define HANDLER_SET_ENTRY call_set_entry
#define HANDLER_REGISTER_VCPU call_register_vcpu
#define HANDLER_SET_BOOT_INFO call_set_boot_info
#define HANDLER_REMAP_VM_IMAGE call_remap_vm_image
#define HANDLER_SET_MANIFEST call_set_manifest
#define HANDLER_VERIFY_VM call_verify_vm
#define HANDLER_DONATE call_donate
#define HANDLER_DONATE_BLOCK call_donate_block
#define HANDLER_MAP_IO call_map_io
#define HANDLER_VCPU_RUN call_vcpu_run
#define HANDLER_POWEROFF_VM call_poweroff_vm
#define HANDLER_RECLAIM call_reclaim
#define HANDLER_DESTROY_VM call_destroy_vm
#define HANDLER_DMA_ALLOC call_dma_alloc
#define HANDLER_DMA_ASSIGN call_dma_assign
#define HANDLER_DMA_MAP call_dma_map
#define HANDLER_DMA_UNMAP call_dma_unmap
#define HANDLER_DMA_LOOKUP call_dma_lookup
#define HANDLER_DMA_FREE call_dma_free
#define HANDLER_DMA_ATTACH call_dma_attach
#define HANDLER_DMA_DETACH call_dma_detach
#define HANDLER_SAVE_BEGIN call_save_begin
#define HANDLER_SAVE_PAGE call_save_page
#define HANDLER_SAVE_VCPU call_save_vcpu
#define HANDLER_SAVE_END call_save_end
#define HANDLER_LOAD_BEGIN call_load_begin
#define HANDLER_LOAD_PAGE call_load_page
#define HANDLER_LOAD_VCPU call_load_vcpu
#define HANDLER_LOAD_END call_load_end
#define HANDLER_VM_INFO call_vm_info
#define HANDLER_VM_MEASUREMENT call_vm_measurement
#define HANDLER_VCPU_INFO call_vcpu_info

#define HOST_TABLE_ENTRY(name, offset, args, values) [offset] = HANDLER_##name,
static const host_handler host_calls[] = {CV_HOST_CALLS(HOST_TABLE_ENTRY)};

#define NR_HOST_CALLS (sizeof(host_calls) / sizeof(host_calls[0]))

#define COUNT_ENTRY(name, offset, args, values) +1U
STATIC_ASSERT(call_offsets_have_no_holes, NR_HOST_CALLS == 0U CV_HOST_CALLS(COUNT_ENTRY));

struct call_result host_call(u64 id, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	u32 offset = (u32)id - CV_HOST_CALL_BASE;
	struct call_result uid = {CV_UID_0, {CV_UID_1, CV_UID_2, CV_UID_3}};

	(void)a6;
	if (id == CV_UID_CALL)
		return uid;
	if (id >> 32 != 0 || offset >= NR_HOST_CALLS)
		return result_of(CV_NOT_SUPPORTED);
	return host_calls[offset](a1, a2, a3, a4, a5);
}
