/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "corevisor/kvm.h"
#include "vmm/report.h"
#include "vmm/vm_private.h"

#define KVM_API 12
#define HUGE_PAGE (2ULL << 20)

static int open_kvm(struct vm *vm)
{
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		return complain(
			"this kernel has no Corevisor: there is no /dev/kvm "
			"(boot on corevisor.bin, then insmod corevisor.ko), nor has it KVM");
	if (vm->kvm < 0)
		return complain("cannot open /dev/kvm: %s", strerror(errno));
	if (ioctl(vm->kvm, KVM_GET_API_VERSION, 0) != KVM_API)
		return complain("/dev/kvm does not speak version %d of the KVM API", KVM_API);
	vm->run_size = (size_t)ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0UL);
	if (vm->fd < 0)
		return complain("no VM to be had from /dev/kvm: %s", strerror(errno));
	return 0;
}

/*
 * Stock KVM maps what is here: in huge pages, if it is aligned to them. Corevisor copies the
 * image and gives the VM blocks of its own: there, huge pages are only zeros to look through. Not
 * for a core dump: once it is the VM's, nobody reads it.
 */
static int create_memory(struct vm *vm, uint64_t size)
{
	struct kvm_userspace_memory_region region = {.guest_phys_addr = LAYOUT_RAM_BASE,
						     .memory_size = size};
	bool takes_image = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COREVISOR_MANIFEST) > 0;
	size_t skip;
	uint8_t *map = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return complain("no memory for a VM of %llu MB: %s",
				(unsigned long long)(size >> 20), strerror(errno));
	skip = (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
	if (skip > 0)
		munmap(map, skip);
	munmap(map + skip + size, HUGE_PAGE - skip);
	vm->ram = map + skip;
	vm->ram_size = size;
	(void)madvise(vm->ram, size, takes_image ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	(void)madvise(vm->ram, size, MADV_DONTDUMP);
	region.userspace_addr = (uintptr_t)vm->ram;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) != 0)
		return complain("KVM does not take %llu MB as memory: %s",
				(unsigned long long)(size >> 20), strerror(errno));
	return 0;
}

static int create_vcpus(struct vm *vm, unsigned int n)
{
	int most = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	if (most > 0 && n > (unsigned int)most)
		return complain("--cpus %u: this kernel gives a VM at most %d", n, most);
	while (vm->nr_vcpus < n) {
		if (vcpu_create(&vm->vcpus[vm->nr_vcpus], vm, vm->nr_vcpus) != 0)
			return -1;
		vm->nr_vcpus++;
	}
	return 0;
}

int vm_create(struct vm *vm, uint64_t memory, unsigned int nr_vcpus)
{
	memset(vm, 0, sizeof(*vm));
	vm->kvm = vm->fd = vm->gic = -1;
	vm->ended = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&vm->lock, NULL);
	device_init(vm);
	if (open_kvm(vm) != 0 || create_memory(vm, memory) != 0 || gic_create(vm) != 0 ||
	    create_vcpus(vm, nr_vcpus) != 0 || gic_init(vm) != 0) {
		vm_destroy(vm);
		return -1;
	}
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vm_destroy(struct vm *vm)
{
	while (vm->nr_vcpus > 0)
		vcpu_destroy(&vm->vcpus[--vm->nr_vcpus]);
	close_fd(&vm->gic);
	close_fd(&vm->fd);
	close_fd(&vm->kvm);
	close_fd(&vm->ended);
	if (vm->ram != NULL)
		munmap(vm->ram, vm->ram_size);
	vm->ram = NULL;
	pthread_mutex_destroy(&vm->lock);
}

#define CORE_REG(field) (offsetof(struct kvm_regs, regs.field) / sizeof(__u32))

int vm_set_entry(struct vm *vm, uint64_t pc, uint64_t x0)
{
	if (vcpu_set_core(&vm->vcpus[0], CORE_REG(pc), pc) != 0)
		return -1;
	return vcpu_set_core(&vm->vcpus[0], CORE_REG(regs[0]), x0);
}

int vm_set_manifest(struct vm *vm, const void *manifest)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_COREVISOR_MANIFEST,
				     .args = {(uintptr_t)manifest}};

	if (ioctl(vm->fd, KVM_ENABLE_CAP, &cap) == 0)
		return 0;
	return complain("this kernel does not take a manifest: %s", strerror(errno));
}

void vm_set_end(struct vm *vm, enum vm_end end)
{
	enum vm_end runs = VM_RUNS;
	uint64_t one = 1;

	if (!atomic_compare_exchange_strong(&vm->end, &runs, end))
		return;
	if (write(vm->ended, &one, sizeof(one)) != sizeof(one))
		complain("eventfd: %s", strerror(errno));
}

int vm_start(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		if (vcpu_start(&vm->vcpus[i]) != 0) {
			vm_stop(vm);
			return -1;
		}
	}
	return 0;
}

void vm_stop(struct vm *vm)
{
	vm_set_end(vm, VM_FAILED);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		vcpu_stop(&vm->vcpus[i]);
}
