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
#define SAMPLE 64U
#define PLANT 0xbadc0ffee0ddf00dULL

struct sample {
	struct live_vm vms[LIVE_MAX];
	unsigned int nr_vms;
	const struct live_vm *vm[LIVE_MAX * SAMPLE];
	uint64_t pfn[LIVE_MAX * SAMPLE];
	uint64_t index[LIVE_MAX * SAMPLE];
	unsigned int n;
};

/* Frames of every VM that runs. */
static void take_sample(struct sample *s)
{
	unsigned int before;

	s->n = 0;
	s->nr_vms = live_vms(s->vms);
	for (unsigned int i = 0; i < s->nr_vms; i++) {
		before = s->n;
		s->n += live_protected(&s->vms[i], &s->pfn[before], &s->index[before], SAMPLE);
		if (s->n < before + SAMPLE / 2)
			leak("of VM %llu only %u frames cannot be read",
			     (unsigned long long)s->vms[i].id, s->n - before);
		while (before < s->n)
			s->vm[before++] = &s->vms[i];
	}
}

static uint64_t address_of(const struct sample *s, unsigned int i)
{
	return s->vm[i]->address + s->index[i] * FRAME;
}

static bool is_zero(const uint64_t *frame)
{
	for (unsigned int i = 0; i < FRAME / 8; i++) {
		if (frame[i] != 0)
			return false;
	}
	return true;
}

static void linear_map_read(void)
{
	uint64_t frame[FRAME / 8];
	struct live_vm vms[LIVE_MAX];
	unsigned int n = live_vms(vms);
	unsigned long refused = 0, empty = 0;

	for (unsigned int i = 0; i < n; i++) {
		for (uint64_t index = 0; index < vms[i].frames; index++) {
			uint64_t pfn = live_pfn(&vms[i], index);

			if (pfn == 0 || frame_read(pfn, frame, FRAME) != 0)
				refused++;
			else if (is_zero(frame))
				empty++; /* not lent yet, or lent and taken back: nothing in it */
			else
				leak("VM %llu: frame %#llx has something in it that the host reads",
				     (unsigned long long)vms[i].id, (unsigned long long)pfn);
		}
	}
	blocked("%lu pages of %u VMs: fault in the kernel; %lu not lent yet, and zero", refused, n,
		empty);
}

static void linear_map_write(void)
{
	struct sample s;
	uint64_t word = PLANT;

	take_sample(&s);
	for (unsigned int i = 0; i < s.n; i++) {
		if (frame_write(s.pfn[i], &word, sizeof(word)) == 0)
			corrupted("the kernel wrote to frame %#llx", (unsigned long long)s.pfn[i]);
	}
	blocked("%u frames: fault in the kernel (EFAULT)", s.n);
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
	struct sample s;

	take_sample(&s);
	for (unsigned int i = 0; i < s.n; i++) {
		void *map = frame_map(s.pfn[i], 1);

		if (survives(touch, map))
			bad("%s frame %#llx, mapped into a program, worked", what,
			    (unsigned long long)s.pfn[i]);
		frame_unmap(map, 1);
	}
	blocked("%u frames mapped into a program: SIGBUS", s.n);
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

static void process_vm(vm_io io, void (*bad)(const char *format, ...), const char *what)
{
	uint64_t frame[FRAME / 8] = {PLANT};
	struct sample s;
	ssize_t n;
	int error = 0;

	take_sample(&s);
	for (unsigned int i = 0; i < s.n; i++) {
		struct iovec local = {frame, FRAME};
		struct iovec remote = {(void *)address_of(&s, i), FRAME};

		n = io(s.vm[i]->pid, &local, 1, &remote, 1, 0);
		error = errno;
		if (n > 0)
			bad("%s moved %zd bytes of VM %llu", what, n,
			    (unsigned long long)s.vm[i]->id);
	}
	blocked("%u pages of the VMM: %s", s.n, strerror(error));
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
	struct sample s;
	unsigned int refused = 0;

	take_sample(&s);
	for (unsigned int i = 0; i < s.n; i++) {
		pid_t pid = s.vm[i]->pid;

		if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0)
			failed("the VMM cannot be traced: %s", strerror(errno));
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		waitpid(pid, NULL, __WALL);
		errno = 0;
		(void)ptrace(PTRACE_PEEKDATA, pid, (void *)address_of(&s, i), NULL);
		if (errno == 0)
			leak("ptrace read a word of VM %llu", (unsigned long long)s.vm[i]->id);
		else
			refused++;
		if (ptrace(PTRACE_POKEDATA, pid, (void *)address_of(&s, i), PLANT) == 0)
			corrupted("ptrace wrote a word of VM %llu",
				  (unsigned long long)s.vm[i]->id);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	blocked("PEEKDATA and POKEDATA of %u pages: %s", refused, strerror(EIO));
}

/* A file that is the VMM's, or the machine's, memory. */
static void memory_file(const char *path, bool physical)
{
	uint64_t frame[FRAME / 8];
	struct sample s;
	char name[64];
	int error = 0;

	take_sample(&s);
	for (unsigned int i = 0; i < s.n; i++) {
		off_t at = (off_t)(physical ? s.pfn[i] * FRAME : address_of(&s, i));
		int fd;

		snprintf(name, sizeof(name), path, (int)s.vm[i]->pid);
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
	blocked("%u frames: %s", s.n, strerror(error));
}

static void proc_mem(void)
{
	memory_file("/proc/%d/mem", false);
}

static void dev_mem(void)
{
	memory_file("/dev/mem", true);
}

/* The kernel is made to move, merge and swap out what it thinks is its own. */
static void move_pages_about(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	uint64_t before[LIVE_MAX * SAMPLE];
	struct sample s;
	unsigned int moved = 0;

	take_sample(&s);
	memcpy(before, s.pfn, sizeof(before));
	if (fd < 0 || write(fd, "1", 1) != 1 || drop < 0 || write(drop, "3", 1) != 1)
		failed("memory cannot be compacted: %s", strerror(errno));
	close(fd);
	close(drop);
	for (unsigned int i = 0; i < s.n; i++)
		moved += live_pfn(s.vm[i], s.index[i]) != before[i];
	if (moved != 0)
		corrupted("%u pages of VMs have moved", moved);
	blocked("none of %u pages moved", s.n);
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
	{"vm-memory/kernel-read", linear_map_read},
	{"vm-memory/kernel-write", linear_map_write},
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
