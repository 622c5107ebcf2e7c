/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose a VM's memory is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "guest.h"
#include "vm.h"

#define MB (1UL << 20)

static sigjmp_buf back;

static void on_fault(int signal)
{
	siglongjmp(back, signal);
}

/* The signal that touching an address brings, or 0. */
static int touch(volatile uint8_t *address, bool write)
{
	struct sigaction action = {.sa_handler = on_fault};
	int signal;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	signal = sigsetjmp(back, 1);
	if (signal != 0)
		return signal;
	if (write)
		*address = 1;
	else
		(void)*address;
	return 0;
}

/* The same in a child. */
static int touch_in_child(volatile uint8_t *address)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(touch(address, false));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static long by_pipe(const void *address)
{
	int fds[2];
	long n;

	if (pipe(fds) != 0)
		return 0;
	n = write(fds[1], address, 4096) < 0 ? -errno : 1;
	close(fds[0]);
	close(fds[1]);
	return n;
}

static long by_process_vm(void *address)
{
	char buffer[64];
	struct iovec to = {buffer, sizeof(buffer)}, from = {address, sizeof(buffer)};

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) < 0 ? -errno : 1;
}

static long by_proc_mem(void *address, bool write)
{
	int fd = open("/proc/self/mem", O_RDWR);
	char buffer[64] = {0};
	long n;

	n = write ? pwrite(fd, buffer, sizeof(buffer), (off_t)(uintptr_t)address)
		  : pread(fd, buffer, sizeof(buffer), (off_t)(uintptr_t)address);
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

static void test_host_access(void)
{
	uint64_t word;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, 4 * MB, 1, guest_spin, 0));
	EXPECT(touch(vm.ram, false), 0);
	EXPECT_OK(vm_told(&vm, &word));
	/* An image page, and one that nobody has touched. */
	for (uint8_t *p = vm.ram; p <= vm.ram + 2 * MB; p += 2 * MB) {
		EXPECT(touch(p, false), SIGBUS);
		EXPECT(touch(p, true), SIGBUS);
		EXPECT(touch_in_child(p), SIGSEGV);
		EXPECT(by_pipe(p), -EFAULT);
		EXPECT(by_process_vm(p), -EFAULT);
		EXPECT(by_proc_mem(p, false), -EIO);
		EXPECT(by_proc_mem(p, true), -EIO);
		EXPECT(madvise(p, 4096, MADV_DOFORK) == 0, 0);
	}
	vm_close(&vm);
}

/* All of it is zero at first, and keeps what the VM writes; 2 MB at a time, or 4 KB. */
static void guest_sees(size_t size, size_t pages)
{
	uint64_t word = 1;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, size, 1, guest_memory, pages));
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0);
	EXPECT_OK(vm_ends(&vm));
	vm_close(&vm);
}

static void set_huge(const char *value)
{
	int fd = open("/sys/module/corevisor/parameters/huge", O_WRONLY);

	expect(write(fd, value, 1) == 1, "huge", fd);
	close(fd);
}

static void test_guest_memory(void)
{
	guest_sees(MB, 200);
	guest_sees(16 * MB, 4000);
	set_huge("N");
	guest_sees(16 * MB, 4000);
	set_huge("Y");
}

static void test_share(void)
{
	size_t shared = (size_t)(guest_image_end - guest_image);
	uint64_t word = 1;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_share, 0));
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0);
	EXPECT(touch(vm.ram + shared, false), 0);
	EXPECT(vm.ram[shared], 0x55);
	vm.ram[shared + 8] = 0x66;
	EXPECT(touch(vm.ram, false), SIGBUS);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0x66);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0);
	EXPECT(touch(vm.ram + shared, false), SIGBUS);
	vm_close(&vm);
}

/* Memory of a file, shared: it can be an image as well. The file keeps what it has. */
static void test_backing(void)
{
	int fd = memfd_create("ram", 0);
	uint64_t word;
	uint8_t byte = 0;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_mmio, 0));
	EXPECT(write(fd, guest_image, (size_t)(guest_image_end - guest_image)),
	       guest_image_end - guest_image);
	EXPECT_OK(ftruncate(fd, MB));
	expect(mmap(vm.ram, MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == vm.ram,
	       "a mapping", errno);
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0xab);
	EXPECT(pread(fd, &byte, 1, 0), 1);
	EXPECT(byte, (uint8_t)guest_image[0]);
	vm_close(&vm);
	close(fd);
}

/* Two slots, with more runs of pages than a VM may have regions. */
static void test_regions(void)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = GUEST_RAM + 4 * MB,
		.memory_size = MB,
	};
	uint8_t *more = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t word;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_mmio, 0));
	region.userspace_addr = (uintptr_t)more;
	EXPECT_OK(call(vm.fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region));
	for (size_t at = 32 * 4096; at < MB; at += 3 * 4096 + (at & 0x1000)) {
		vm.ram[at] = 1;
		more[at] = 1;
	}
	EXPECT_OK(vm_told(&vm, &word));
	EXPECT((long)word, 0xab);
	vm_close(&vm);
	EXPECT(touch(more, false), SIGBUS);
	EXPECT(sysfs_vms(), 1);
	munmap(more, MB);
	EXPECT(sysfs_vms(), 0);
}

/* Whatever goes last, its memory or its files, the VM goes with it. */
static void test_order(void)
{
	uint64_t word;
	struct vm vm;
	int kept;

	EXPECT_OK(vm_create(&vm, 4 * MB, 2, guest_spin, 0));
	EXPECT_OK(vm_told(&vm, &word));
	kept = dup(vm.vcpu[1]);
	close(vm.fd);
	close(vm.vcpu[0]);
	close(vm.vcpu[1]);
	munmap(vm.run[0], 4096);
	EXPECT(touch(vm.ram, false), SIGBUS);
	munmap(vm.ram + MB, MB);
	munmap(vm.ram, MB);
	munmap(vm.ram + 2 * MB, 2 * MB);
	munmap(vm.run[1], 4096);
	EXPECT(sysfs_vms(), 1);
	EXPECT(call(kept, KVM_SET_MP_STATE, 0), -EFAULT);
	close(kept);
	EXPECT(sysfs_vms(), 0);
}

/* More RAM than the host has: KVM_RUN says so, and nobody else suffers. */
static void test_exhaust(void)
{
	uint64_t word;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, 4096 * MB, 1, guest_memory, 4000 * MB / 4096));
	EXPECT(vm_told(&vm, &word), -ENOMEM);
	EXPECT(vm_told(&vm, &word), -ENOMEM);
	vm_close(&vm);
	guest_sees(16 * MB, 4000);
}

static void test_memlock(void)
{
	struct rlimit limit = {8 * MB, 8 * MB};
	uint64_t word;
	int status = -1;
	struct vm vm;
	pid_t pid = fork();

	if (pid == 0) {
		/* Root has no limit: become somebody. /dev/kvm is open by then. */
		setrlimit(RLIMIT_MEMLOCK, &limit);
		if (vm_create(&vm, 16 * MB, 1, guest_spin, 0) != 0 || setuid(1000) != 0)
			_exit(1);
		if (vm_run(&vm, 0) != -ENOMEM)
			_exit(2);
		vm_close(&vm);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	EXPECT(status, 0);
	EXPECT_OK(vm_create(&vm, 16 * MB, 1, guest_spin, 0));
	EXPECT_OK(vm_told(&vm, &word));
	vm_close(&vm);
}

static void test_measurement(void)
{
	char text[128] = "", *end = text;
	uint64_t word;
	FILE *f;
	struct vm vm;

	EXPECT_OK(vm_create(&vm, MB, 1, guest_measurement, 0));
	for (int i = 0; i < 6; i++) {
		EXPECT_OK(vm_told(&vm, &word));
		for (int b = 0; b < 8; b++)
			end += sprintf(end, "%02x", (unsigned int)(word >> (8 * b)) & 0xff);
	}
	f = popen("cat /sys/kernel/corevisor/vms/*/measurement", "r");
	if (f != NULL) {
		char shown[128] = "";

		expect(fgets(shown, sizeof(shown), f) != NULL, "a measurement in sysfs", 0);
		shown[strcspn(shown, "\n")] = 0;
		EXPECT(strcmp(shown, text), 0);
		pclose(f);
	}
	vm_close(&vm);
}

const struct host_case memory_cases[] = {
	{"memory/host-access", test_host_access},
	{"memory/guest", test_guest_memory},
	{"memory/share", test_share},
	{"memory/backing", test_backing},
	{"memory/regions", test_regions},
	{"memory/order", test_order},
	{"memory/exhaust", test_exhaust},
	{"memory/memlock", test_memlock},
	{"memory/measurement", test_measurement},
	{0, 0},
};
