/* SPDX-License-Identifier: BSD-3-Clause */
#include "devices.h"

#include <libfdt.h>

#include "console.h"
#include "io.h"
#include "its.h"
#include "pci.h"
#include "platform.h"
#include "redist.h"
#include "smmu.h"
#include "store.h"

/* What the core does with a device. */
enum kind {
	KIND_NONE, /* the node is no device */
	KIND_UNKNOWN, /* nobody gets it: it might write memory */
	KIND_HOST, /* it has no DMA: the host's */
	KIND_KEPT, /* the core's, or nobody's */
	KIND_SMMU,
	KIND_GIC,
	KIND_ITS,
	KIND_PCI,
	KIND_VIRTIO,
	KIND_FLASH,
};

static const struct {
	const char *compatible;
	enum kind kind;
} known[] = {
	{"arm,pl011", KIND_HOST},	 {"arm,pl031", KIND_HOST},
	{"arm,pl061", KIND_HOST},	 {"cfi-flash", KIND_FLASH},
	{"tcg,tpm-tis-mmio", KIND_HOST}, {"qemu,fw-cfg-mmio", KIND_KEPT},
	{"arm,smmu-v3", KIND_SMMU},	 {"arm,gic-v3", KIND_GIC},
	{"arm,gic-v3-its", KIND_ITS},	 {"pci-host-ecam-generic", KIND_PCI},
	{"virtio,mmio", KIND_VIRTIO},
};

#define MAX_HOST_DEVICES 64U
#define MAX_CUT_DEVICES 32U
#define MAX_WINDOWS 4U
/* A PCI address's first cell: which space it is in (IEEE 1275 PCI binding, 2.2.1.1). */
#define PCI_SPACE(cell) (((cell) >> 24) & 3)
#define PCI_SPACE_IO 1U
/* Virtio over MMIO (Virtio 1.2, 4.2.2): a transport without a device has DeviceID 0. */
#define VIRTIO_DEVICE_ID 8U
#define PAGE_MASK (CV_PAGE_SIZE - 1ULL)
/* PCI functions a host bridge's iommu-map must translate: those of bus 0. */
#define RIDS 0x100U
/* Where smmu_set_doorbell() can map one. */
#define DOORBELL_LIMIT (1ULL << 39)

/* Boot writes it; then it is constant. */
static struct {
	struct range host[MAX_HOST_DEVICES];
	struct range cut[MAX_CUT_DEVICES]; /* frames within host[] that nobody gets */
	struct range windows[MAX_WINDOWS]; /* of PCI memory behind the SMMU */
	u32 nr_host;
	u32 nr_cut;
	u32 nr_windows;
	const char *open; /* which bus master nothing confines; NULL: none */
	const char *its_missing; /* why the host has no ITS */
	u32 smmu_phandle; /* 0: no SMMU is used */
} devices;

static enum kind kind_of(const struct tree_node *node)
{
	int size;
	const char *compatible = fdt_getprop(node->fdt, node->offset, "compatible", &size);
	struct range r;

	if (compatible == NULL || !platform_reg(node, 0, &r))
		return KIND_NONE;
	for (u32 i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (fdt_stringlist_contains(compatible, size, known[i].compatible))
			return known[i].kind;
	}
	return KIND_UNKNOWN;
}

/* Another range of whole frames for the host; one that grows the last one joins it. */
static const char *allow(struct range r)
{
	struct range *last = &devices.host[devices.nr_host - 1];
	u64 end = (r.base + r.size + PAGE_MASK) & ~PAGE_MASK;

	r.base &= ~PAGE_MASK;
	if (devices.nr_host > 0 && r.base >= last->base && r.base <= last->base + last->size) {
		if (end > last->base + last->size)
			last->size = end - last->base;
		return NULL;
	}
	if (devices.nr_host == MAX_HOST_DEVICES)
		return "more than 64 ranges of devices";
	devices.host[devices.nr_host++] = (struct range){r.base, end - r.base};
	return NULL;
}

static const char *allow_all(const struct tree_node *node)
{
	const char *error = NULL;
	struct range r;

	for (int i = 0; error == NULL && platform_reg(node, i, &r); i++)
		error = allow(r);
	return error;
}

/* Distributor, then regions of redistributors; the rest (GICv2's frames) is not used. */
static const char *init_gic(const struct tree_node *node)
{
	const fdt32_t *prop = fdt_getprop(node->fdt, node->offset, "#redistributor-regions", NULL);
	u32 regions = prop == NULL ? 1 : fdt32_ld(prop);
	const char *error = NULL;
	struct range r;

	if (platform_reg(node, 0, &r))
		error = allow(r);
	for (u32 i = 0; i < regions && error == NULL; i++) {
		if (!platform_reg(node, (int)i + 1, &r))
			return "a GIC without redistributors";
		error = redist_init(r.base, r.size);
	}
	return error;
}

static const char *init_smmu(const struct tree_node *node)
{
	struct range r;
	const char *error;

	if (devices.smmu_phandle != 0)
		return NULL; /* one is driven; what is behind another is not confined */
	if (!platform_reg(node, 0, &r))
		return "an SMMU without registers";
	error = smmu_init(r.base, r.size);
	if (error == NULL)
		devices.smmu_phandle = fdt_get_phandle(node->fdt, node->offset);
	else
		log_line(LOG_WARN, "the SMMU is not used, it lacks %s", error);
	return NULL;
}

/* Does any RAM lie in the GB of this address? */
static bool ram_in_gb(u64 pa)
{
	struct range gb = {pa >> 30 << 30, 1ULL << 30};

	return range_meets(gb, platform.ram, platform.nr_ram);
}

static void init_its(const struct tree_node *node)
{
	struct range r;

	devices.its_missing = "its node is broken";
	if (!platform_reg(node, 0, &r))
		return;
	devices.its_missing = its_init(r.base, r.size);
	if (devices.its_missing == NULL &&
	    (r.base >= DOORBELL_LIMIT || ram_in_gb(its_doorbell(r.base))))
		devices.its_missing = "its doorbell is among RAM, or above 512 GB";
	if (devices.its_missing == NULL)
		smmu_set_doorbell(its_doorbell(r.base));
}

/* Does the SMMU translate every function of bus 0, as stream ID = requester ID? */
static bool behind_smmu(const struct tree_node *node)
{
	int size;
	const fdt32_t *map = fdt_getprop(node->fdt, node->offset, "iommu-map", &size);

	return map != NULL && size >= 16 && devices.smmu_phandle != 0 && fdt32_ld(map) == 0 &&
	       fdt32_ld(map + 1) == devices.smmu_phandle && fdt32_ld(map + 2) == 0 &&
	       fdt32_ld(map + 3) >= RIDS &&
	       fdt_getprop(node->fdt, node->offset, "iommu-map-mask", NULL) == NULL;
}

/* Windows of a PCI host bridge (IEEE 1275): 3 cells of PCI, then the CPUs' address, a size. */
static const char *allow_windows(const struct tree_node *node)
{
	int size, ac = fdt_address_cells(node->fdt, node->parent);
	const fdt32_t *ranges = fdt_getprop(node->fdt, node->offset, "ranges", &size);
	const char *error = NULL;

	if (ranges == NULL || ac != 2)
		return "a PCI host bridge without windows";
	for (; error == NULL && size >= 28; size -= 28, ranges += 7) {
		struct range r = {fdt64_ld((const fdt64_t *)(const void *)(ranges + 3)),
				  fdt64_ld((const fdt64_t *)(const void *)(ranges + 5))};

		error = allow(r);
		if (PCI_SPACE(fdt32_ld(ranges)) != PCI_SPACE_IO && devices.nr_windows < MAX_WINDOWS)
			devices.windows[devices.nr_windows++] = r;
	}
	return error;
}

static const char *init_pci(const struct tree_node *node)
{
	const char *error = allow_windows(node);
	struct range r;

	if (error != NULL || !platform_reg(node, 0, &r))
		return error;
	if (behind_smmu(node))
		return pci_init(r.base, r.size);
	devices.nr_windows = 0;
	devices.open = "PCI devices are not behind an SMMU (QEMU: -M virt,iommu=smmuv3)";
	return allow(r);
}

/* Nobody gets the frame of this device. */
static const char *cut_off(struct range r)
{
	if (range_meets(r, devices.cut, devices.nr_cut))
		return NULL;
	if (devices.nr_cut == MAX_CUT_DEVICES)
		return "more than 32 virtio-mmio devices";
	devices.cut[devices.nr_cut++] = (struct range){r.base & ~PAGE_MASK, CV_PAGE_SIZE};
	return NULL;
}

/* Virtio over MMIO never goes through an SMMU: with a device behind it, it is cut off. */
static const char *init_virtio(const struct tree_node *node)
{
	struct range r;
	u64 va;
	u32 device;

	if (!platform_reg(node, 0, &r))
		return NULL;
	va = io_map(r.base & ~PAGE_MASK, CV_PAGE_SIZE);
	if (va == 0)
		return "no room in the core's map for virtio";
	device = io_read32(va + (r.base & PAGE_MASK) + VIRTIO_DEVICE_ID);
	if (device == 0)
		return allow(r);
	if (devices.smmu_phandle == 0) {
		devices.open = "a virtio-mmio device is not behind an SMMU";
		return allow(r);
	}
	log_line(LOG_WARN, "virtio-mmio device %x (type %u) is cut off: its DMA bypasses the SMMU",
		 r.base, device);
	return cut_off(r);
}

/* A bank that is the core's store is not the host's. */
static const char *init_flash(const struct tree_node *node)
{
	const char *error = NULL;
	struct range r;

	for (int i = 0; error == NULL && platform_reg(node, i, &r); i++) {
		error = store_init(r);
		if (error == NULL && !store_is_at(r.base))
			error = allow(r);
	}
	return error;
}

/* Is one of the node's banks the core's store? */
static bool has_store(const struct tree_node *node)
{
	struct range r;

	for (int i = 0; platform_reg(node, i, &r); i++) {
		if (store_is_at(r.base))
			return true;
	}
	return false;
}

static const char *init_node(const struct tree_node *node)
{
	switch (kind_of(node)) {
	case KIND_HOST:
		return allow_all(node);
	case KIND_GIC:
		return init_gic(node);
	case KIND_ITS:
		init_its(node);
		return NULL;
	case KIND_PCI:
		return init_pci(node);
	case KIND_FLASH:
		return init_flash(node);
	case KIND_VIRTIO:
		return init_virtio(node);
	case KIND_UNKNOWN:
		log_line(LOG_WARN, "device %s is cut off: the core does not know it",
			 fdt_get_name(node->fdt, node->offset, NULL));
		return NULL;
	default:
		return NULL;
	}
}

const char *devices_init(const void *fdt)
{
	struct tree_node node = platform_root(fdt);
	const char *error = NULL;

	while (error == NULL && platform_next(&node)) {
		if (kind_of(&node) == KIND_SMMU)
			error = init_smmu(&node);
	}
	node = platform_root(fdt);
	while (error == NULL && platform_next(&node))
		error = init_node(&node);
	if (error == NULL && devices.open != NULL)
		log_line(LOG_WARN, "no VM can be made here: %s", devices.open);
	if (error == NULL && devices.its_missing != NULL)
		log_line(LOG_WARN, "the host has no ITS: %s", devices.its_missing);
	return error;
}

/* Is this device's node to say that it is not there? */
static bool disabled(const struct tree_node *node)
{
	struct range r;

	switch (kind_of(node)) {
	case KIND_UNKNOWN:
	case KIND_KEPT:
	case KIND_SMMU:
		return true;
	case KIND_FLASH:
		return has_store(node);
	case KIND_ITS:
		return devices.its_missing != NULL;
	case KIND_VIRTIO:
		return platform_reg(node, 0, &r) && range_meets(r, devices.cut, devices.nr_cut);
	default:
		return false;
	}
}

const char *devices_edit(void *fdt)
{
	struct tree_node node = platform_root(fdt);

	while (platform_next(&node)) {
		if (disabled(&node) && fdt_setprop(fdt, node.offset, "status", "disabled", 9) != 0)
			return "no room to disable a device";
	}
	return NULL;
}

bool devices_host_frame(u64 pa)
{
	struct range frame = {pa & ~PAGE_MASK, CV_PAGE_SIZE};

	if (range_meets(frame, devices.cut, devices.nr_cut))
		return false;
	return range_meets(frame, devices.host, devices.nr_host) || redist_host_frame(pa);
}

bool devices_assignable_frame(u64 pa)
{
	struct range frame = {pa & ~PAGE_MASK, CV_PAGE_SIZE};

	return range_meets(frame, devices.windows, devices.nr_windows);
}

bool devices_confined(void)
{
	return devices.open == NULL;
}
