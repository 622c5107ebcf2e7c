/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/devtree.h"
#include "vmm/layout.h"
#include "vmm/report.h"

struct file {
	const char *name;
	uint8_t *bytes; /* NULL: empty, or none */
	uint64_t size;
};

static int open_file(struct file *file, const char *name)
{
	struct stat status;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int error;

	*file = (struct file){.name = name};
	if (fd < 0)
		return complain("%s: %s", name, strerror(errno));
	error = fstat(fd, &status) != 0 ? errno : 0;
	if (error == 0 && !S_ISREG(status.st_mode))
		error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	if (error == 0 && status.st_size > 0) {
		file->size = (uint64_t)status.st_size;
		file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
		error = file->bytes == MAP_FAILED ? errno : 0;
	}
	close(fd);
	if (error == 0)
		return 0;
	file->bytes = NULL;
	return complain("%s: %s", name, error == EINVAL ? "not a regular file" : strerror(error));
}

static void close_file(struct file *file)
{
	if (file->bytes != NULL)
		munmap(file->bytes, file->size);
}

/* The memory of the guest at this address; NULL if it has not that much there. */
static void *memory_at(const struct image *image, uint64_t address, uint64_t size)
{
	uint64_t offset = address - LAYOUT_RAM_BASE;

	if (address < LAYOUT_RAM_BASE || offset > image->ram_size ||
	    size > image->ram_size - offset)
		return NULL;
	return image->ram + offset;
}

static int copy(struct image *image, uint64_t address, const struct file *file)
{
	void *to = memory_at(image, address, file->size);

	if (to == NULL)
		return complain("%s: no room in the VM's memory", file->name);
	memcpy(to, file->bytes, file->size);
	return 0;
}

static int write_devtree(struct image *image, const struct layout *layout,
			 const struct run_options *options, uint64_t initrd_size)
{
	struct devtree tree = {.bootargs = options->append,
			       .memory = image->ram_size,
			       .cpus = image->nr_vcpus,
			       .initrd = layout->initrd,
			       .initrd_size = initrd_size};
	int error = devtree_write(memory_at(image, layout->fdt, LAYOUT_FDT_SIZE), LAYOUT_FDT_SIZE,
				  &tree);

	if (error != 0)
		return complain("no device tree (libfdt error %d): is --append too long?", -error);
	return 0;
}

static int place(struct image *image, const struct run_options *options, const struct file *kernel,
		 const struct file *initrd)
{
	struct layout layout;
	char why[256];
	int problem = layout_plan(&layout, kernel->bytes, kernel->size, initrd->size,
				  image->ram_size, why, sizeof(why));

	if (problem != 0)
		return complain("%s: %s",
				problem == LAYOUT_BAD_INITRD ? initrd->name : kernel->name, why);
	if (copy(image, layout.kernel, kernel) != 0 ||
	    write_devtree(image, &layout, options, initrd->size) != 0 ||
	    (layout.initrd != 0 && copy(image, layout.initrd, initrd) != 0))
		return -1;
	image->pc = layout.kernel;
	image->x0 = layout.fdt;
	return 0;
}

int load_linux(struct image *image, const struct run_options *options)
{
	struct file kernel;
	struct file initrd = {0};
	int error;

	if (open_file(&kernel, options->kernel) != 0)
		return -1;
	error = options->initrd != NULL ? open_file(&initrd, options->initrd) : 0;
	if (error == 0 && options->initrd != NULL && initrd.size == 0)
		error = complain("%s: an empty initrd", initrd.name);
	if (error == 0)
		error = place(image, options, &kernel, &initrd);
	close_file(&initrd);
	close_file(&kernel);
	return error;
}
