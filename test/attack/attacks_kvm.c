/* SPDX-License-Identifier: BSD-3-Clause */
/* What the VMM itself, and others of its user, can do by way of the KVM API and its mapping. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"
#include "vmm/vm_private.h"

#define FRAME 4096U
#define MEMORY (64ULL << 20)
#define PLANT 0xbadc0ffee0ddf00dULL
#define WORD_AT (GUEST_BASE + GUEST_FRESH + 8)
#define ALIAS_BASE 0x80000000ULL

extern const uint8_t guest_blob[], guest_blob_end[];

static struct vm vm;

static void start(uint64_t mode, unsigned int nr_vcpus)
{
	size_t size = (size_t)(guest_blob_end - guest_blob);

	if (vm_create(&vm, MEMORY, nr_vcpus) != 0)
		failed("no VM to be had from KVM");
	memcpy(vm.ram, guest_blob, size);
	if (vm_set_entry(&vm, GUEST_BASE, mode) != 0)
		failed("the entry cannot be set");
}

#define RUN_SECONDS 10U

static void on_alarm(int signal)
{
	(void)signal;
}

/* KVM_RUN; 0 or an errno. EINTR: the guest did nothing that ends it. */
static int run_once(void)
{
	struct sigaction action = {.sa_handler = on_alarm};
	int error;

	sigaction(SIGALRM, &action, NULL);
	alarm(RUN_SECONDS);
	error = ioctl(vm.vcpus[0].fd, KVM_RUN, 0) == 0 ? 0 : errno;
	alarm(0);
	return error;
}

/* Run to the next access to the device; the run page has it. */
static struct kvm_run *to_device(bool write, uint64_t offset)
{
	struct kvm_run *run = vm.vcpus[0].run;
	int error = run_once();

	if (error != 0)
		failed("KVM_RUN: %s", strerror(error));
	if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.is_write != write ||
	    run->mmio.phys_addr != GUEST_DEVICE + offset)
		failed("exit %u of the guest, not the access that was expected", run->exit_reason);
	return run;
}

static void ask(uint64_t word)
{
	memcpy(to_device(false, GUEST_ASK)->mmio.data, &word, sizeof(word));
}

static uint64_t told(void)
{
	uint64_t word;

	memcpy(&word, to_device(true, GUEST_TELL)->mmio.data, sizeof(word));
	return word;
}

static uint64_t guest_load(uint64_t address)
{
	ask(GUEST_LOAD);
	ask(address);
	return told();
}

static void guest_store(uint64_t address, uint64_t word)
{
	ask(GUEST_STORE);
	ask(address);
	ask(word);
	(void)told();
}

/* A guest that has its secret, and a word of ours, in its memory. */
static void start_with_words(void)
{
	start(GUEST_COMMANDS, 1);
	guest_store(WORD_AT, PLANT);
}

static void check_words(void)
{
	if (guest_load(WORD_AT) != PLANT)
		corrupted("the VM's word has changed");
}

static void load_word(void *address)
{
	uint64_t word = *(volatile uint64_t *)address;

	(void)word;
}

static void store_word(void *address)
{
	*(volatile uint64_t *)address = 1;
}

static void own_mapping_read(void)
{
	unsigned int pages = 0;

	start_with_words();
	for (uint64_t at = 0; at < 3 * FRAME; at += FRAME, pages++) {
		if (survives(load_word, vm.ram + at))
			leak("page %llu of the VM can be read", (unsigned long long)(at / FRAME));
	}
	if (survives(load_word, vm.ram + GUEST_FRESH))
		leak("a page that the VM wrote can be read");
	check_words();
	blocked("%u pages of the VMM's own mapping: SIGBUS", pages + 1);
}

static void own_mapping_write(void)
{
	start_with_words();
	for (uint64_t at = 0; at < 3 * FRAME; at += FRAME) {
		if (survives(store_word, vm.ram + at))
			corrupted("page %llu of the VM can be written",
				  (unsigned long long)(at / FRAME));
	}
	if (survives(store_word, vm.ram + GUEST_FRESH + 8))
		corrupted("a page that the VM wrote can be written");
	check_words();
	blocked("4 pages of the VMM's own mapping: SIGBUS");
}

static void system_calls(void)
{
	char data[16] = "hostile bytes";
	int fds[2], file = memfd_create("out", 0);

	start_with_words();
	if (pipe(fds) != 0)
		failed("no pipe");
	if (write(fds[1], vm.ram + GUEST_SECRET, 64) > 0)
		leak("write(2) to a pipe took bytes of the VM");
	if (write(file, vm.ram + GUEST_SECRET, 64) > 0)
		leak("write(2) to a file took bytes of the VM");
	if (write(fds[1], data, sizeof(data)) != sizeof(data))
		failed("the pipe takes nothing");
	if (read(fds[0], vm.ram + GUEST_FRESH, sizeof(data)) > 0)
		corrupted("read(2) put bytes into the VM");
	if (uname((void *)(vm.ram + GUEST_FRESH)) == 0)
		corrupted("uname(2) wrote into the VM");
	check_words();
	blocked("write(2) from, read(2) and uname(2) into the VM's memory: EFAULT");
}

/* The registers KVM's API has names for. */
static bool get_core(uint64_t index, uint64_t size, void *value)
{
	struct kvm_one_reg reg = {.id = KVM_REG_ARM64 | size | KVM_REG_ARM_CORE | index,
				  .addr = (uintptr_t)value};

	return ioctl(vm.vcpus[0].fd, KVM_GET_ONE_REG, &reg) == 0;
}

static void get_registers(void)
{
	uint64_t value[2];
	unsigned int got = 0, exits = 0;

	start(GUEST_EXITS_NO_WFI, 2);
	for (; exits < 4; exits++) {
		if (run_once() != 0)
			failed("KVM_RUN: %s", strerror(errno));
		for (uint64_t i = 0; i < sizeof(struct kvm_regs) / 4; i++) {
			value[0] = value[1] = 0;
			got += get_core(i, KVM_REG_SIZE_U64, value);
			got += get_core(i, KVM_REG_SIZE_U128, value);
			if (has_secret(value, sizeof(value)))
				leak("GET_ONE_REG of core register %llu gives the secret",
				     (unsigned long long)i);
		}
	}
	blocked("%u exits, every core register: %u given, none with the secret", exits, got);
}

#define CORE_REG(field) (offsetof(struct kvm_regs, field) / sizeof(__u32))

static void set_registers(void)
{
	static const uint64_t targets[] = {CORE_REG(regs.pc),	    CORE_REG(regs.regs[28]),
					   CORE_REG(regs.regs[20]), CORE_REG(regs.pstate),
					   CORE_REG(regs.sp),	    CORE_REG(sp_el1),
					   CORE_REG(elr_el1)};
	uint64_t evil = GUEST_BASE + 0x20000;
	unsigned int refusals = 0;
	struct kvm_vcpu_init init;

	start_with_words();
	for (unsigned int i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct kvm_one_reg reg = {.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 |
						KVM_REG_ARM_CORE | targets[i],
					  .addr = (uintptr_t)&evil};

		if (ioctl(vm.vcpus[0].fd, KVM_SET_ONE_REG, &reg) != 0)
			refusals++;
		else
			corrupted("SET_ONE_REG of a vCPU that has run is accepted");
		check_words();
	}
	if (ioctl(vm.fd, KVM_ARM_PREFERRED_TARGET, &init) == 0)
		refusals += ioctl(vm.vcpus[0].fd, KVM_ARM_VCPU_INIT, &init) != 0;
	check_words();
	blocked("PC, SP, PSTATE, x20, x28, and a new VCPU_INIT: %u refused, none with an effect",
		refusals);
}

static void kvm_run_page(void)
{
	struct kvm_run *run;
	unsigned int exits = 0;

	start(GUEST_EXITS_NO_WFI, 2);
	run = vm.vcpus[0].run;
	for (; exits < 100 && run_once() == 0; exits++) {
		if (has_secret(run, vm.run_size))
			leak("kvm_run holds the secret after exit %u", run->exit_reason);
		if (run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
		    run->mmio.phys_addr == GUEST_DEVICE + GUEST_VERDICT && run->mmio.data[0] != 0)
			corrupted("a register of the VM did not keep its value");
		if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
			break;
	}
	if (run->exit_reason != KVM_EXIT_SYSTEM_EVENT)
		failed("the guest did not come to its end: exit %u", run->exit_reason);
	blocked("%u exits, %zu bytes: no secret; the VM's registers kept it", exits + 1,
		vm.run_size);
}

static void change_slots(void)
{
	struct kvm_userspace_memory_region slot = {.guest_phys_addr = LAYOUT_RAM_BASE};
	unsigned int refusals = 0;
	uint8_t *other =
		mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	start_with_words();
	refusals += ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0;
	slot.memory_size = MEMORY;
	slot.userspace_addr = (uintptr_t)other;
	refusals += ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0;
	slot.slot = 1;
	slot.guest_phys_addr = LAYOUT_RAM_BASE + FRAME;
	refusals += ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0;
	check_words();
	blocked("deleting, moving, overlapping the memory slot: %u of 3 refused, the VM unchanged",
		refusals);
}

/* The same memory at a second place in the guest. */
static void alias_slot(void)
{
	struct kvm_userspace_memory_region slot = {
		.slot = 1, .guest_phys_addr = ALIAS_BASE, .memory_size = MEMORY};
	struct kvm_run *run;
	uint64_t word = 0;
	int error;

	start(GUEST_COMMANDS, 1);
	slot.userspace_addr = (uintptr_t)vm.ram;
	if (ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0) {
		blocked("a second slot over the same memory: %s", strerror(errno));
		return;
	}
	run = vm.vcpus[0].run;
	error = run_once();
	if (error != 0) {
		blocked("one memory at two places: the VM does not start (%s)", strerror(error));
		return;
	}
	word = GUEST_LOAD;
	memcpy(run->mmio.data, &word, sizeof(word));
	ask(ALIAS_BASE + GUEST_SECRET);
	error = run_once();
	if (error == 0 && run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write) {
		memcpy(&word, run->mmio.data, sizeof(word));
		if (has_secret(&word, sizeof(word)))
			corrupted("the VM sees one page at two places");
	}
	blocked("one memory at two places: the second does not show the first (%s)",
		error != 0 ? strerror(error) : "reads other words");
}

#define MOST_FRAMES (1U << 18)

/* Frames that the kernel could read before a VM was made, and cannot now: that VM's. */
static uint64_t *before, *mine;
static uint64_t nr_before, nr_mine;

static void note_frames_before(void)
{
	before = malloc(MOST_FRAMES * sizeof(before[0]));
	mine = malloc(MOST_FRAMES * sizeof(mine[0]));
	if (before == NULL || mine == NULL)
		failed("no memory");
	live_freeze();
	nr_before = kernel_probe(1, before, MOST_FRAMES);
}

static int by_frame(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void note_frames_of_vm(void)
{
	uint64_t n = kernel_probe(1, mine, MOST_FRAMES);

	live_thaw();
	if (nr_before > MOST_FRAMES || n > MOST_FRAMES)
		failed("too many frames");
	nr_mine = 0;
	for (uint64_t i = 0; i < n; i++) {
		if (bsearch(&mine[i], before, nr_before, sizeof(before[0]), by_frame) == NULL)
			mine[nr_mine++] = mine[i];
	}
	if (nr_mine < 3)
		failed("the frames of the VM are not found");
}

static uint64_t readable_of_mine(void)
{
	uint64_t readable = 0;
	uint8_t byte;

	for (uint64_t i = 0; i < nr_mine; i++)
		readable += frame_read(mine[i], &byte, 1) == 0;
	return readable;
}

/* The host throws the memory away under the VM. */
static void unmap_memory(void)
{
	uint64_t readable;

	note_frames_before();
	start_with_words();
	note_frames_of_vm();
	(void)madvise(vm.ram, MEMORY, MADV_DONTNEED);
	if (munmap(vm.ram, MEMORY) != 0)
		failed("the memory cannot be unmapped: %s", strerror(errno));
	vm.ram = NULL;
	readable = readable_of_mine();
	if (readable != 0)
		leak("%llu frames can be read once they are unmapped",
		     (unsigned long long)readable);
	check_words();
	blocked("discarded and unmapped under the VM: it keeps %llu frames, and nobody reads them",
		(unsigned long long)nr_mine);
}

static void inherited_by_fork(void)
{
	pid_t pid;
	int status;

	start_with_words();
	pid = fork();
	if (pid == 0) {
		if (survives(load_word, vm.ram + GUEST_SECRET))
			leak("a child of the VMM reads the VM");
		if (survives(store_word, vm.ram + GUEST_FRESH + 8))
			corrupted("a child of the VMM writes the VM");
		_exit(run_once() == 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		corrupted("a child of the VMM can run the vCPU");
	check_words();
	blocked("a child of the VMM: SIGBUS on the memory, KVM_RUN refused");
}

/* The vCPU of a VM that runs, stolen from its VMM. */
static int steal_vcpu(const struct live_vm *live)
{
	char path[64], name[400], target[128];
	int pidfd = (int)syscall(SYS_pidfd_open, live->pid, 0);
	int stolen = -1;
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)live->pid);
	fds = opendir(path);
	while (fds != NULL && stolen < 0 && (entry = readdir(fds)) != NULL) {
		ssize_t n;

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strstr(target, "vcpu") != NULL)
			stolen = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);
	}
	if (fds != NULL)
		closedir(fds);
	close(pidfd);
	return stolen;
}

static void stolen_vcpu(void)
{
	struct live_vm live[LIVE_MAX];
	unsigned int n = live_vms(live);
	uint64_t value[2] = {0};
	struct kvm_one_reg reg = {.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE,
				  .addr = (uintptr_t)value};

	for (unsigned int i = 0; i < n; i++) {
		int fd = steal_vcpu(&live[i]);

		if (fd < 0)
			failed("no vCPU found among the files of the VMM");
		if (ioctl(fd, KVM_RUN, 0) == 0)
			corrupted("another process can run the vCPU");
		(void)ioctl(fd, KVM_GET_ONE_REG, &reg);
		if (has_secret(value, sizeof(value)))
			leak("another process reads registers of the vCPU");
		close(fd);
	}
	blocked("a vCPU of each of %u running VMs, taken with pidfd_getfd: KVM_RUN refused", n);
}

/* Runs a VM until it is killed. */
static _Noreturn void to_be_killed(int out)
{
	start_with_words();
	if (write(out, "", 1) != 1)
		_exit(1);
	for (;;)
		(void)guest_load(WORD_AT);
}

static void killed_vmm(void)
{
	struct hostile_scan scan;
	int fds[2];
	char byte;
	pid_t pid;

	note_frames_before();
	if (pipe(fds) != 0)
		failed("no pipe");
	pid = fork();
	if (pid == 0)
		to_be_killed(fds[1]);
	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		failed("the VMM to be killed does not start");
	note_frames_of_vm();
	usleep(10000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The last reference of the VM may be dropped a little later. */
	for (unsigned int i = 0; i < 300 && readable_of_mine() < nr_mine; i++)
		usleep(10000);
	for (uint64_t i = 0; i < nr_mine; i++) {
		kernel_scan(mine[i], mine[i] + 1, &scan);
		if (scan.hits != 0)
			leak("a frame of the killed VM holds the secret");
	}
	/* Another VM may have been given some of them meanwhile. */
	if (readable_of_mine() == 0)
		failed("%llu of %llu frames do not come back",
		       (unsigned long long)(nr_mine - readable_of_mine()),
		       (unsigned long long)nr_mine);
	blocked("kill -9 in the middle of a run: %llu frames come back without the secret",
		(unsigned long long)readable_of_mine());
}

const struct attack attacks_kvm[] = {
	{"vmm/own-mapping-read", own_mapping_read},
	{"vmm/own-mapping-write", own_mapping_write},
	{"vmm/system-calls", system_calls},
	{"vmm/get-registers", get_registers},
	{"vmm/set-registers", set_registers},
	{"vmm/run-page", kvm_run_page},
	{"vmm/change-slots", change_slots},
	{"vmm/alias-slot", alias_slot},
	{"vmm/unmap-memory", unmap_memory},
	{"vmm/fork", inherited_by_fork},
	{"vmm/stolen-vcpu", stolen_vcpu},
	{"vmm/kill-9", killed_vmm},
	{NULL, NULL},
};
