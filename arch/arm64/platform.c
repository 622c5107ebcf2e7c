/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading and editing the device tree (Devicetree Specification 0.4; Linux
 * Documentation/devicetree/bindings for the nodes' meaning), with libfdt.
 */
#include "platform.h"

#include <libfdt.h>

#include "layout.h"

struct platform platform;

bool range_meets(struct range r, const struct range *others, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (r.base < others[i].base + others[i].size && others[i].base < r.base + r.size)
			return true;
	}
	return false;
}

u64 platform_ram_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < platform.nr_ram; i++)
		sum += platform.ram[i].size;
	return sum;
}

/* A number of `cells` 32-bit cells; more than two keep the low 64 bits. */
static u64 read_cells(const fdt32_t *p, int cells)
{
	u64 value = 0;

	for (int i = 0; i < cells; i++)
		value = (value << 32) | fdt32_ld(p + i);
	return value;
}

/*
 * One entry of a bus's `ranges`: does it translate `address`? Child cells, parent
 * cells and size cells give the layout (2.3.8).
 */
static bool translate_entry(const fdt32_t *entry, const int cells[3], u64 *address)
{
	u64 child = read_cells(entry, cells[0]);
	u64 parent = read_cells(entry + cells[0], cells[1]);
	u64 size = read_cells(entry + cells[0] + cells[1], cells[2]);

	if (*address < child || *address - child >= size)
		return false;
	*address = *address - child + parent;
	return true;
}

/* Above a node of this depth: only deep ones are worth a search from the start of the tree. */
static int parent_of(const void *fdt, int node, int depth)
{
	return depth == 1 ? 0 : fdt_parent_offset(fdt, node);
}

/* An address on bus `bus`, which is that deep in the tree, as the CPUs see it. */
static bool translate(const void *fdt, int bus, int depth, u64 *address)
{
	for (; bus > 0; depth--) {
		int parent = parent_of(fdt, bus, depth);
		int size, cells[3];
		const fdt32_t *ranges = fdt_getprop(fdt, bus, "ranges", &size);
		bool found = size == 0;

		if (ranges == NULL || parent < 0)
			return false;
		cells[0] = fdt_address_cells(fdt, bus);
		cells[1] = fdt_address_cells(fdt, parent);
		cells[2] = fdt_size_cells(fdt, bus);
		if (cells[0] < 0 || cells[1] < 0 || cells[2] < 0 || cells[0] + cells[1] == 0)
			return false;
		for (int i = 0, n = cells[0] + cells[1] + cells[2]; !found && (i + n) * 4 <= size;
		     i += n)
			found = translate_entry(ranges + i, cells, address);
		if (!found)
			return false;
		bus = parent;
	}
	return true;
}

struct tree_node platform_root(const void *fdt)
{
	return (struct tree_node){fdt, 0, -1, 0};
}

bool platform_next(struct tree_node *node)
{
	int last = node->offset, depth = node->depth;

	node->offset = fdt_next_node(node->fdt, last, &node->depth);
	if (node->offset < 0)
		return false;
	if (node->depth > depth)
		node->parent = last;
	else if (node->depth < depth)
		node->parent = parent_of(node->fdt, node->offset, node->depth);
	return true;
}

bool platform_reg(const struct tree_node *node, int index, struct range *out)
{
	const void *fdt = node->fdt;
	int ac = node->parent < 0 ? -1 : fdt_address_cells(fdt, node->parent);
	int sc = node->parent < 0 ? -1 : fdt_size_cells(fdt, node->parent);
	int size;
	const fdt32_t *reg = fdt_getprop(fdt, node->offset, "reg", &size);

	if (reg == NULL || ac < 1 || sc < 1 || (index + 1) * (ac + sc) * 4 > size)
		return false;
	out->base = read_cells(reg + index * (ac + sc), ac);
	out->size = read_cells(reg + index * (ac + sc) + ac, sc);
	return translate(fdt, node->parent, node->depth - 1, &out->base);
}

static bool is_available(const struct tree_node *node)
{
	const char *status = fdt_getprop(node->fdt, node->offset, "status", NULL);

	return status == NULL || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

/* The console: what /chosen says, if that is a PL011. Returns its address, or 0. */
static u64 find_uart(const void *fdt)
{
	int size, length = 0, offset;
	const char *path = fdt_getprop(fdt, platform.chosen, "stdout-path", &size);
	struct tree_node node = platform_root(fdt);
	struct range reg;

	if (path == NULL)
		return 0;
	/* "path:options"; path may be an alias, which libfdt resolves. */
	while (length < size && path[length] != '\0' && path[length] != ':')
		length++;
	offset = fdt_path_offset_namelen(fdt, path, length);
	while (node.offset != offset) {
		if (!platform_next(&node))
			return 0;
	}
	if (fdt_node_check_compatible(fdt, offset, "arm,pl011") != 0)
		return 0;
	return platform_reg(&node, 0, &reg) ? reg.base : 0;
}

void platform_open(const void *fdt)
{
	platform.chosen = fdt_path_offset(fdt, "/chosen");
	platform.uart = find_uart(fdt);
}

/* Add a bank in its place. Parts of frames do not count. */
static const char *add_ram(struct range r)
{
	u64 end = (r.base + r.size) & ~(CV_PAGE_SIZE - 1U);
	u32 i = platform.nr_ram;

	r.base = (r.base + CV_PAGE_SIZE - 1U) & ~(CV_PAGE_SIZE - 1U);
	if (end <= r.base)
		return NULL;
	r.size = end - r.base;
	if (range_meets(r, platform.ram, platform.nr_ram))
		return "/memory: banks overlap";
	if (platform.nr_ram == CORE_MAX_BANKS)
		return "/memory: more than 16 banks";
	for (; i > 0 && platform.ram[i - 1].base > r.base; i--)
		platform.ram[i] = platform.ram[i - 1];
	platform.ram[i] = r;
	platform.nr_ram++;
	return NULL;
}

/* Banks that touch are one. */
static void merge_ram(void)
{
	u32 n = 0;

	for (u32 i = 1; i < platform.nr_ram; i++) {
		struct range *last = &platform.ram[n];

		if (last->base + last->size == platform.ram[i].base)
			last->size += platform.ram[i].size;
		else
			platform.ram[++n] = platform.ram[i];
	}
	platform.nr_ram = n + 1;
}

static const char *read_memory(const struct tree_node *node)
{
	const char *error = NULL;
	struct range r;

	for (int i = 0; error == NULL && is_available(node) && platform_reg(node, i, &r); i++)
		error = add_ram(r);
	return error;
}

static const char *avoid(u64 base, u64 size)
{
	if (platform.nr_avoid == MAX_AVOID)
		return "/reserved-memory: more than 28 ranges";
	platform.avoid[platform.nr_avoid++] = (struct range){base, size};
	return NULL;
}

/* The property of /chosen that is one address of 32 or 64 bits. */
static u64 chosen_address(const void *fdt, const char *name)
{
	int size;
	const fdt32_t *p = fdt_getprop(fdt, platform.chosen, name, &size);

	return p == NULL ? 0 : read_cells(p, size / 4);
}

/* What the loader put there: the tree, the initrd; and what the header of the tree reserves. */
static const char *read_reservations(const void *fdt, u64 fdt_pa)
{
	u64 initrd = chosen_address(fdt, "linux,initrd-start");
	u64 initrd_end = chosen_address(fdt, "linux,initrd-end");
	const char *error = avoid(fdt_pa, fdt_totalsize(fdt));
	struct range r;

	if (error == NULL && initrd_end > initrd)
		error = avoid(initrd, initrd_end - initrd);
	for (int i = 0; error == NULL && i < fdt_num_mem_rsv(fdt); i++) {
		if (fdt_get_mem_rsv(fdt, i, &r.base, &r.size) == 0)
			error = avoid(r.base, r.size);
	}
	return error;
}

/* A child of /reserved-memory. */
static const char *read_reserved(const struct tree_node *node)
{
	const char *error = NULL;
	struct range r;

	for (int i = 0; error == NULL && platform_reg(node, i, &r); i++)
		error = avoid(r.base, r.size);
	return error;
}

static const char *read_cpu(const struct tree_node *node)
{
	int size;
	const fdt32_t *reg = fdt_getprop(node->fdt, node->offset, "reg", &size);
	const char *method = fdt_getprop(node->fdt, node->offset, "enable-method", NULL);

	if (reg == NULL || size < 4)
		return "/cpus: a CPU without reg";
	if (method != NULL && strcmp(method, "psci") != 0)
		return "/cpus: enable-method other than psci";
	if (platform.nr_cpus == CV_MAX_CPUS)
		return "/cpus: more than 64 CPUs";
	platform.mpidr[platform.nr_cpus++] =
		read_cells(reg, fdt_address_cells(node->fdt, node->parent) == 1 ? 1 : 2);
	return NULL;
}

static bool is_psci(const struct tree_node *node)
{
	return fdt_node_check_compatible(node->fdt, node->offset, "arm,psci-1.0") == 0 ||
	       fdt_node_check_compatible(node->fdt, node->offset, "arm,psci-0.2") == 0;
}

static const char *read_psci(const struct tree_node *node)
{
	const char *method = fdt_getprop(node->fdt, node->offset, "method", NULL);

	if (method == NULL || strcmp(method, "smc") != 0)
		return "/psci: method is not smc (is there firmware below EL2?)";
	platform.psci = true;
	return NULL;
}

/* The nodes that matter, in whatever order: one reading of the tree. */
static const char *read_nodes(const void *fdt)
{
	struct tree_node node = platform_root(fdt);
	const char *error = NULL;
	int reserved = -1;

	while (error == NULL && platform_next(&node)) {
		const char *type = fdt_getprop(fdt, node.offset, "device_type", NULL);

		if (node.depth == 1 &&
		    strcmp(fdt_get_name(fdt, node.offset, NULL), "reserved-memory") == 0)
			reserved = node.offset;
		else if (node.parent == reserved)
			error = read_reserved(&node);
		else if (type != NULL && strcmp(type, "memory") == 0)
			error = read_memory(&node);
		else if (type != NULL && strcmp(type, "cpu") == 0)
			error = read_cpu(&node);
		else if (is_psci(&node))
			error = read_psci(&node);
	}
	return error;
}

const char *platform_read(const void *fdt, u64 fdt_pa)
{
	const char *error = read_nodes(fdt);

	if (error == NULL)
		error = read_reservations(fdt, fdt_pa);
	if (error == NULL && platform.nr_ram == 0)
		error = "/memory: no RAM";
	if (error == NULL && platform.nr_cpus == 0)
		error = "/cpus: no CPU";
	if (error == NULL && !platform.psci)
		error = "/psci: no PSCI 0.2 or later";
	if (error == NULL)
		merge_ram();
	return error;
}

void platform_option(const void *fdt, const char *name, char *value, u32 size)
{
	const char *args = fdt_getprop(fdt, platform.chosen, "bootargs", NULL);
	size_t length = strlen(name);
	u32 n = 0;

	value[0] = '\0';
	while (args != NULL && *args != '\0') {
		if (strncmp(args, name, length) == 0 && args[length] == '=') {
			for (args += length + 1; *args != '\0' && *args != ' ' && n + 1 < size;)
				value[n++] = *args++;
			value[n] = '\0';
			return;
		}
		while (*args != '\0' && *args != ' ')
			args++;
		while (*args == ' ')
			args++;
	}
}

const void *platform_seed(const void *fdt, u32 *size)
{
	int length;
	const void *seed = fdt_getprop(fdt, platform.chosen, "rng-seed", &length);

	*size = seed == NULL ? 0 : (u32)length;
	return seed;
}

void *platform_seed_writable(void *fdt, u32 *size)
{
	int length;
	void *seed = fdt_getprop_w(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &length);

	*size = seed == NULL ? 0 : (u32)length;
	return seed;
}

/* The node /reserved-memory, made if it is not there. */
static int reserved_node(void *fdt)
{
	int node = fdt_path_offset(fdt, "/reserved-memory");

	if (node >= 0)
		return node;
	node = fdt_add_subnode(fdt, 0, "reserved-memory");
	if (node < 0)
		return node;
	if (fdt_setprop_u32(fdt, node, "#address-cells", 2) != 0 ||
	    fdt_setprop_u32(fdt, node, "#size-cells", 2) != 0 ||
	    fdt_setprop(fdt, node, "ranges", NULL, 0) != 0)
		return -FDT_ERR_NOSPACE;
	return node;
}

/* One range the host must neither use nor map: Linux's reserved-memory.yaml. */
static bool reserve(void *fdt, struct range r, u32 index)
{
	char name[] = "corevisor@0";
	int parent = reserved_node(fdt), node;

	name[sizeof(name) - 2] = (char)('0' + index);
	node = parent < 0 ? parent : fdt_add_subnode(fdt, parent, name);
	return node >= 0 && fdt_setprop(fdt, node, "no-map", NULL, 0) == 0 &&
	       fdt_appendprop_addrrange(fdt, parent, node, "reg", r.base, r.size) == 0;
}

/*
 * With names for the first two of its interrupts only, Linux finds no virtual
 * timer and drives the physical one (PPI 30): the virtual one is the VMs'.
 */
static bool edit_timer(void *fdt)
{
	static const char names[] = "sec-phys\0phys";
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,armv8-timer");

	return node >= 0 && fdt_setprop(fdt, node, "interrupt-names", names, sizeof(names)) == 0;
}

const char *platform_edit(void *fdt, const struct range *kept, u32 nr_kept)
{
	for (u32 i = 0; i < nr_kept; i++) {
		if (!reserve(fdt, kept[i], i))
			return "/reserved-memory: cannot add a range";
	}
	if (!edit_timer(fdt))
		return "/timer: no arm,armv8-timer to edit";
	return NULL;
}
