/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/attack/live.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "test/attack/attack.h"
#include "test/attack/kernel.h"

#define ROOT "/sys/kernel/corevisor/vms"
#define FRAME 4096U
#define SMALLEST (64ULL << 20)

static pid_t pid_of(const char *id)
{
	char path[300];
	long pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), ROOT "/%s/pid", id);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	fclose(file);
	return (pid_t)pid;
}

/* The VMM's largest private mapping is the VM's memory. */
static void find_memory(struct live_vm *vm)
{
	unsigned long long from, to;
	char path[64], line[512], mode[8];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)vm->pid);
	maps = fopen(path, "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%llx-%llx %7s", &from, &to, mode) != 3 || mode[1] != 'w' ||
		    (to - from) / FRAME <= vm->pages)
			continue;
		vm->address = from;
		vm->pages = (to - from) / FRAME;
	}
	if (maps != NULL)
		fclose(maps);
}

unsigned int live_vms(struct live_vm *vms)
{
	DIR *folder = opendir(ROOT);
	struct dirent *entry;
	unsigned int n = 0;

	while (folder != NULL && n < LIVE_MAX && (entry = readdir(folder)) != NULL) {
		vms[n] = (struct live_vm){.id = strtoull(entry->d_name, NULL, 10),
					  .pid = pid_of(entry->d_name)};
		if (vms[n].id == 0 || vms[n].pid == 0)
			continue;
		find_memory(&vms[n]);
		if (vms[n].pages * FRAME >= SMALLEST)
			n++;
	}
	if (folder != NULL)
		closedir(folder);
	if (n == 0)
		failed("no VM runs (cvm ps)");
	return n;
}

/* The VMs that run, without a complaint if there is none. */
static void signal_all(int signal)
{
	DIR *folder = opendir(ROOT);
	struct dirent *entry;
	pid_t pid;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid = pid_of(entry->d_name);
		if (pid > 0 && pid != getpid())
			kill(pid, signal);
	}
	if (folder != NULL)
		closedir(folder);
}

void live_freeze(void)
{
	signal_all(SIGSTOP);
	/* Until the last vCPU has left its VM. */
	usleep(50000);
}

void live_thaw(void)
{
	signal_all(SIGCONT);
}

unsigned int live_frames(uint64_t *pfns, unsigned int most)
{
	struct live_vm vms[LIVE_MAX];
	uint64_t owned = live_frames_owned(vms, live_vms(vms));
	uint64_t n = kernel_probe(owned / most + 1, pfns, most);

	if (n < most / 4)
		leak("the VMs own %llu frames, but in a sample of RAM the kernel reads all but %llu",
		     (unsigned long long)owned, (unsigned long long)n);
	if (n == 0)
		failed("no frame of a VM is found");
	return n < most ? (unsigned int)n : most;
}

uint64_t live_frames_owned(const struct live_vm *vms, unsigned int n)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct hostile_call call = {.x = {(uint32_t)CV_CALL_VM_INFO, vms[i].id}};

		hvc_full(&call);
		sum += (int64_t)call.x[0] == CV_OK ? call.x[2] : 0;
	}
	return sum;
}
