/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/snapshot.h"

#include <bearssl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "corevisor/kvm.h"
#include "vmm/progress.h"
#include "vmm/report.h"
#include "vmm/vm_private.h"

#define MAGIC "CVMSNAP1"
#define MAGIC_SIZE 8
#define VERSION 2U
#define PAGE_BYTES 4096

/* What cvm itself has to remember; not secret, and not protected. Little-endian, as arm64 is. */
struct file_head {
	char magic[MAGIC_SIZE];
	uint32_t version;
	uint32_t nr_vcpus;
	uint64_t ram_size;
	uint32_t ibrd, fbrd, lcr_h, cr, ifls, imsc, latched, level;
	uint32_t received; /* bytes of fifo */
	uint32_t zero;
	uint8_t fifo[PL011_FIFO];
};

static void head_from_vm(struct file_head *head, const struct vm *vm)
{
	const struct pl011 *uart = &vm->uart;

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, MAGIC, MAGIC_SIZE);
	head->version = VERSION;
	head->nr_vcpus = vm->nr_vcpus;
	head->ram_size = vm->ram_size;
	head->ibrd = uart->ibrd;
	head->fbrd = uart->fbrd;
	head->lcr_h = uart->lcr_h;
	head->cr = uart->cr;
	head->ifls = uart->ifls;
	head->imsc = uart->imsc;
	head->latched = uart->latched;
	head->level = uart->level;
	head->received = uart->count;
	for (unsigned int i = 0; i < uart->count; i++)
		head->fifo[i] = uart->fifo[(uart->head + i) % PL011_FIFO];
}

static void uart_from_head(struct pl011 *uart, const struct file_head *head)
{
	uart->ibrd = head->ibrd;
	uart->fbrd = head->fbrd;
	uart->lcr_h = head->lcr_h;
	uart->cr = head->cr;
	uart->ifls = head->ifls;
	uart->imsc = head->imsc;
	uart->latched = head->latched;
	uart->level = head->level != 0;
	uart->head = 0;
	uart->count = head->received;
	memcpy(uart->fifo, head->fifo, sizeof(uart->fifo));
}

static bool write_all(int fd, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* How far it has come, in bytes of memory. */
static void count(uint64_t *done, uint64_t *total, const struct cv_record *record)
{
	if (record->kind == CV_RECORD_HEAD)
		*total = record->number * PAGE_BYTES;
	if (record->kind == CV_RECORD_PAGE)
		*done += PAGE_BYTES;
}

/*
 * The end has the SHA-384 of all before it, and nothing else. It is against accidents: what the
 * core sealed needs none, and what is the host's the host can change, and the sum with it.
 */
static void end_record(struct cv_record *end, const br_sha384_context *sum)
{
	memset(end, 0, sizeof(*end));
	end->kind = CV_RECORD_END;
	br_sha384_out(sum, end->data);
}

/* Every record of the VM, until the end. */
static const char *save_records(struct vm *vm, int fd, br_sha384_context *sum,
				snapshot_progress progress, void *context)
{
	struct cv_record record;
	uint64_t total = 0;
	uint64_t done = 0;

	do {
		if (ioctl(vm->fd, KVM_COREVISOR_SAVE, &record) != 0)
			return errno == ESTALE ? "another copy of this VM was saved since this one "
						 "was restored"
					       : strerror(errno);
		if (record.kind == CV_RECORD_END)
			end_record(&record, sum);
		br_sha384_update(sum, &record, sizeof(record));
		if (!write_all(fd, &record, sizeof(record)))
			return strerror(errno);
		count(&done, &total, &record);
		progress(context, done, total);
	} while (record.kind != CV_RECORD_END);
	return NULL;
}

const char *snapshot_save(struct vm *vm, int fd, snapshot_progress progress, void *context)
{
	br_sha384_context sum;
	struct file_head head;
	const char *error;

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COREVISOR_SNAPSHOT) <= 0)
		return "this kernel has no Corevisor that could save a VM";
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		vcpu_settle(&vm->vcpus[i]);
	head_from_vm(&head, vm);
	br_sha384_init(&sum);
	br_sha384_update(&sum, &head, sizeof(head));
	if (!write_all(fd, &head, sizeof(head)))
		return strerror(errno);
	error = save_records(vm, fd, &sum, progress, context);
	if (error == NULL && fsync(fd) != 0 && errno != EINVAL)
		error = strerror(errno);
	return error;
}

/* ---------------------------------------------------------------- back */

static int read_head(struct file_head *head, FILE *file, const char *name)
{
	if (fread(head, sizeof(*head), 1, file) != 1 || memcmp(head->magic, MAGIC, MAGIC_SIZE) != 0)
		return complain("%s: not a snapshot of cvm", name);
	if (head->version != VERSION)
		return complain("%s: a snapshot of version %u; this cvm knows %u", name,
				head->version, VERSION);
	if (head->nr_vcpus == 0 || head->nr_vcpus > LAYOUT_MAX_CPUS || head->ram_size == 0 ||
	    head->ram_size > LAYOUT_RAM_LIMIT - LAYOUT_RAM_BASE ||
	    head->ram_size % PAGE_BYTES != 0 || head->received > PL011_FIFO)
		return complain("%s: a damaged snapshot: its head makes no sense", name);
	return 0;
}

static const char *const kinds[] = {
	[CV_RECORD_END] = "the end", [CV_RECORD_HEAD] = "the head", [CV_RECORD_PAGE] = "memory",
	[CV_RECORD_VCPU] = "a vCPU", [CV_RECORD_TAIL] = "the tail", [CV_RECORD_GIC] = "interrupts",
};

/* Why a record was refused. */
static int refused(const char *name, uint64_t number, const struct cv_record *record, int error)
{
	const char *kind = record->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[record->kind]
									   : "no kind there is";

	switch (error) {
	case EKEYREJECTED:
		return complain("%s: record %" PRIu64 " (%s): not authentic, of another snapshot, "
				"out of order, or sealed by another platform key",
				name, number, kind);
	case ESTALE:
		return complain("%s: record %" PRIu64
				" (%s): an older snapshot of this VM: a newer "
				"one was made or restored",
				name, number, kind);
	case EBADMSG:
	case EINVAL:
		return complain("%s: record %" PRIu64 " (%s): a damaged snapshot", name, number,
				kind);
	case EBADFD:
		return complain("%s: record %" PRIu64 " (%s): out of place: records are missing, "
				"or there is one too many",
				name, number, kind);
	default:
		return complain("%s: record %" PRIu64 " (%s): %s", name, number, kind,
				strerror(error));
	}
}

/* Is the end of the file the one that it must have? */
static bool is_end_of(const struct cv_record *record, const br_sha384_context *sum, FILE *file)
{
	struct cv_record end;

	end_record(&end, sum);
	return memcmp(&end, record, sizeof(end)) == 0 && fgetc(file) == EOF;
}

static int load_records(struct vm *vm, FILE *file, br_sha384_context *sum, const char *name)
{
	struct cv_record record;
	uint64_t number = 0;
	uint64_t total = 0;
	uint64_t done = 0;

	do {
		if (fread(&record, sizeof(record), 1, file) != 1)
			return complain("%s: the snapshot is cut off after %" PRIu64 " records",
					name, number);
		if (record.kind == CV_RECORD_END && !is_end_of(&record, sum, file))
			return complain("%s: a damaged snapshot: its sum is wrong, or something "
					"follows its end",
					name);
		br_sha384_update(sum, &record, sizeof(record));
		if (ioctl(vm->fd, KVM_COREVISOR_LOAD, &record) != 0)
			return refused(name, number, &record, errno);
		count(&done, &total, &record);
		progress_show("restoring", done, total);
		number++;
	} while (record.kind != CV_RECORD_END);
	return 0;
}

static int restore(struct vm *vm, FILE *file, const char *name)
{
	br_sha384_context sum;
	struct file_head head;

	if (read_head(&head, file, name) != 0 || vm_create(vm, head.ram_size, head.nr_vcpus) != 0)
		return -1;
	uart_from_head(&vm->uart, &head);
	br_sha384_init(&sum);
	br_sha384_update(&sum, &head, sizeof(head));
	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COREVISOR_SNAPSHOT) <= 0)
		complain("this kernel has no Corevisor that could restore a VM");
	else if (load_records(vm, file, &sum, name) == 0)
		return 0;
	vm_destroy(vm);
	return -1;
}

int snapshot_restore(struct vm *vm, const char *name)
{
	FILE *file = fopen(name, "rbe");
	int error;

	if (file == NULL)
		return complain("%s: %s", name, strerror(errno));
	error = restore(vm, file, name);
	fclose(file);
	return error;
}
