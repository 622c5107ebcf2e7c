/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of the running VMs, read and written in every way a host has. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/attack/attack.h"
#include "test/attack/kernel.h"
#include "test/attack/live.h"
#include "test/guest/secret.h"

#define FRAME 4096U
#define SAMPLE 256U
#define PAGES 32U
#define PLANT 0xbadc0ffee0ddf00dULL

static void kernel_read(void)
{
	struct live_vm vms[LIVE_MAX];
	unsigned int n = live_vms(vms);
	uint64_t owned = live_frames_owned(vms, n);
	uint64_t refused = kernel_probe(1, NULL, 0);

	if (refused < owned)
		leak("%u VMs own %llu frames, and the kernel reads all but %llu", n,
		     (unsigned long long)owned, (unsigned long long)refused);
	blocked("all %llu frames of %u VMs: fault in the kernel (EFAULT)",
		(unsigned long long)refused, n);
}

static void kernel_write(void)
{
	uint64_t pfns[SAMPLE], word = PLANT;
	unsigned int n = live_frames(pfns, SAMPLE);

	for (unsigned int i = 0; i < n; i++) {
		if (frame_write(pfns[i], &word, sizeof(word)) == 0)
			corrupted("the kernel wrote to frame %#llx", (unsigned long long)pfns[i]);
	}
	blocked("%u frames: fault in the kernel (EFAULT)", n);
}

static void load_word(void *address)
{
	(void)*(volatile uint64_t *)address;
}

static void store_word(void *address)
{
	*(volatile uint64_t *)address = PLANT;
}

static void mapped(void (*touch)(void *address), void (*bad)(const char *format, ...),
		   const char *what)
{
	uint64_t pfns[SAMPLE];
	unsigned int n = live_frames(pfns, SAMPLE);

	for (unsigned int i = 0; i < n; i++) {
		void *map = frame_map(pfns[i], 1);

		if (survives(touch, map))
			bad("%s frame %#llx, mapped into a program, worked", what,
			    (unsigned long long)pfns[i]);
		frame_unmap(map, 1);
	}
	blocked("%u frames mapped into a program: SIGBUS", n);
}

static void mapped_read(void)
{
	mapped(load_word, leak, "reading");
}

static void mapped_write(void)
{
	mapped(store_word, corrupted, "writing");
}

typedef ssize_t (*vm_io)(pid_t pid, const struct iovec *local, unsigned long nr_local,
			 const struct iovec *remote, unsigned long nr_remote, unsigned long flags);

/* Address `i` of PAGES that are tried in the memory of a VMM. */
static uint64_t page_of(const struct live_vm *vm, unsigned int i)
{
	return vm->address + vm->pages / PAGES * i * FRAME;
}

static void process_vm(vm_io io, void (*bad)(const char *format, ...), const char *what)
{
	uint64_t frame[FRAME / 8] = {PLANT};
	struct live_vm vms[LIVE_MAX];
	unsigned int n = live_vms(vms);
	int error = 0;

	for (unsigned int i = 0; i < n * PAGES; i++) {
		const struct live_vm *vm = &vms[i / PAGES];
		struct iovec local = {frame, FRAME};
		struct iovec remote = {(void *)page_of(vm, i % PAGES), FRAME};
		ssize_t moved = io(vm->pid, &local, 1, &remote, 1, 0);

		error = errno;
		if (moved > 0)
			bad("%s moved %zd bytes of VM %llu", what, moved,
			    (unsigned long long)vm->id);
	}
	blocked("%u pages of %u VMMs: %s", n * PAGES, n, strerror(error));
}

static void process_vm_read(void)
{
	process_vm(process_vm_readv, leak, "process_vm_readv");
}

static void process_vm_write(void)
{
	process_vm(process_vm_writev, corrupted, "process_vm_writev");
}

static void debugger(void)
{
	struct live_vm vms[LIVE_MAX];
	unsigned int n = live_vms(vms);

	for (unsigned int i = 0; i < n * PAGES; i++) {
		pid_t pid = vms[i / PAGES].pid;
		void *address = (void *)page_of(&vms[i / PAGES], i % PAGES);

		if (i % PAGES == 0) {
			if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0)
				failed("the VMM cannot be traced: %s", strerror(errno));
			ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
			waitpid(pid, NULL, __WALL);
		}
		errno = 0;
		(void)ptrace(PTRACE_PEEKDATA, pid, address, NULL);
		if (errno == 0)
			leak("ptrace read a word of VM %llu",
			     (unsigned long long)vms[i / PAGES].id);
		if (ptrace(PTRACE_POKEDATA, pid, address, PLANT) == 0)
			corrupted("ptrace wrote a word of VM %llu",
				  (unsigned long long)vms[i / PAGES].id);
		if (i % PAGES == PAGES - 1)
			ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	blocked("PEEKDATA and POKEDATA of %u pages of %u VMMs: EIO", n * PAGES, n);
}

/* A file that is the memory of the VMM with this PID. */
static void proc_mem(void)
{
	uint64_t frame[FRAME / 8];
	struct live_vm vms[LIVE_MAX];
	unsigned int n = live_vms(vms);
	char name[64];
	int error = 0;

	for (unsigned int i = 0; i < n * PAGES; i++) {
		const struct live_vm *vm = &vms[i / PAGES];
		off_t at = (off_t)page_of(vm, i % PAGES);
		int fd;

		snprintf(name, sizeof(name), "/proc/%d/mem", (int)vm->pid);
		fd = open(name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			failed("%s: %s", name, strerror(errno));
		if (pread(fd, frame, FRAME, at) > 0)
			leak("%s was read", name);
		error = errno;
		if (pwrite(fd, frame, 8, at) > 0)
			corrupted("%s was written", name);
		close(fd);
	}
	blocked("%u pages of %u VMMs: %s", n * PAGES, n, strerror(error));
}

static void dev_mem(void)
{
	uint64_t pfns[SAMPLE], frame[FRAME / 8];
	unsigned int n = live_frames(pfns, SAMPLE);
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC), error = 0;

	if (fd < 0)
		failed("/dev/mem: %s", strerror(errno));
	for (unsigned int i = 0; i < n; i++) {
		if (pread(fd, frame, FRAME, (off_t)(pfns[i] * FRAME)) > 0)
			leak("frame %#llx was read", (unsigned long long)pfns[i]);
		error = errno;
		if (pwrite(fd, frame, 8, (off_t)(pfns[i] * FRAME)) > 0)
			corrupted("frame %#llx was written", (unsigned long long)pfns[i]);
	}
	blocked("%u frames: %s", n, strerror(error));
}

/* The kernel is made to move, merge and drop what it thinks is its own. */
static void move_pages_about(void)
{
	int compact = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	uint64_t pfns[SAMPLE];
	unsigned int n = live_frames(pfns, SAMPLE);
	uint8_t byte;

	if (compact < 0 || write(compact, "1", 1) != 1 || drop < 0 || write(drop, "3", 1) != 1)
		failed("memory cannot be compacted: %s", strerror(errno));
	for (unsigned int i = 0; i < n; i++) {
		if (frame_read(pfns[i], &byte, 1) == 0)
			leak("frame %#llx can be read afterwards", (unsigned long long)pfns[i]);
	}
	blocked("compaction and reclaim: %u frames are still the VMs'", n);
}

/* The way of looking must find a secret that is there, or it says nothing. */
static void scan_finds(void)
{
	uint64_t pfn = frames_alloc(0);
	struct hostile_scan scan;
	uint64_t word = secret_word(3);

	if (frame_write(pfn, &word, sizeof(word)) != 0)
		failed("a frame of the host cannot be written");
	kernel_scan(pfn, pfn + 1, &scan);
	word = 0;
	frame_write(pfn, &word, sizeof(word));
	frames_free(pfn, 0);
	if (scan.hits != 1)
		failed("the scan does not find a secret that is there");
	blocked("a planted word of it is found");
}

static void scan_everything(void)
{
	struct hostile_scan scan;
	uint64_t first, end;

	machine_ram(&first, &end);
	kernel_scan(first, end, &scan);
	if (scan.hits != 0)
		leak("%llu frames with the secret, the first %#llx", scan.hits, scan.hit_pfn);
	if (scan.refused == 0)
		leak("every frame can be read");
	blocked("the secret is in none of %llu frames; %llu refused", scan.readable, scan.refused);
}

const struct attack attacks_memory[] = {
	{"vm-memory/kernel-read", kernel_read},
	{"vm-memory/kernel-write", kernel_write},
	{"vm-memory/mapped-read", mapped_read},
	{"vm-memory/mapped-write", mapped_write},
	{"vm-memory/process-vm-readv", process_vm_read},
	{"vm-memory/process-vm-writev", process_vm_write},
	{"vm-memory/ptrace", debugger},
	{"vm-memory/proc-mem", proc_mem},
	{"vm-memory/dev-mem", dev_mem},
	{"vm-memory/migrate", move_pages_about},
	{"self-test/scan-finds-a-secret", scan_finds},
	{"vm-memory/scan-all-ram", scan_everything},
	{NULL, NULL},
};
