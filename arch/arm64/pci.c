/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A function of bus 0 has a stream ID that nobody can change. Behind a bridge the host
 * gives bus numbers, so a device could take the stream ID of another: bridges are left out, and
 * with them what is behind them, or is plugged in there later. Virtio devices say
 * whether their DMA is translated (Virtio 1.2, 6: VIRTIO_F_ACCESS_PLATFORM).
 */
#include "pci.h"

#include "console.h"
#include "corevisor/limits.h"
#include "io.h"
#include "platform.h"
#include "spin.h"

#define FUNCTIONS 256U
#define FUNCTION_SIZE 0x1000ULL
#define BUS_SIZE (FUNCTIONS * FUNCTION_SIZE)

/* Configuration space. */
#define VENDOR 0x00U
#define DEVICE 0x02U
#define COMMAND 0x04U
#define STATUS 0x06U
#define STATUS_CAPABILITIES (1U << 4)
#define HEADER_TYPE 0x0eU
#define HEADER_TYPE_MASK 0x7fU
#define BARS 0x10U
#define NR_BARS 6U
#define BAR_IO 1U
#define BAR_64(bar) (((bar)&7) == 4)
#define BAR_ADDRESS 0xfffffff0U
#define ROM 0x30U
#define ROM_ADDRESS 0xfffff800U
#define CAPABILITIES 0x34U
#define CAP_VENDOR 0x09U
#define CAP_EXPRESS 0x10U
#define EXPRESS_DEVCAP 0x04U
#define EXPRESS_DEVCAP_FLR (1U << 28)
#define EXPRESS_DEVCTL 0x08U
#define EXPRESS_DEVCTL_FLR (1U << 15)
#define EXTENDED_CAPABILITIES 0x100U
#define EXT_CAP_SRIOV 0x10U
#define EXT_CAP_RESIZABLE_BAR 0x15U
#define EXT_CAP_SIZE 0x40U /* of the longer of these */
#define NONE 0xffffU
/* Longest list of capabilities there is room for. */
#define MAX_CAPS 64U

/* Virtio over PCI (4.1.4): what a vendor capability holds, and the common configuration. */
#define VIRTIO_VENDOR 0x1af4U
#define VIRTIO_FIRST 0x1000U
#define VIRTIO_LAST 0x107fU
#define VIRTIO_CFG_TYPE 3U
#define VIRTIO_COMMON 1U
#define VIRTIO_PCI_CFG 5U
#define VIRTIO_BAR 4U
#define VIRTIO_OFFSET 8U
#define VIRTIO_LENGTH 12U
#define VIRTIO_DATA 16U
#define FEATURE_SELECT 0U
#define FEATURE 4U
#define FEATURES_HIGH 1U
#define ACCESS_PLATFORM (1U << (33 - 32))

/*
 * allowed: the host may have it. owner: the host, or the VM it is, or was, given to; lock. The rest
 * is written at boot. size: of each memory BAR, of the ROM last; 0: there is none. fixed: places of
 * capabilities that would move or resize BARs, or make more of them.
 */
struct function {
	bool allowed;
	u32 owner;
	u64 size[NR_BARS + 1];
	u32 fixed[2];
};

static struct {
	u64 pa;
	u64 size;
	u64 va;
	struct spin lock; /* accesses to configuration space, `allowed`, `owner` */
	struct function functions[FUNCTIONS];
} pci;

static u32 config_read(u32 function, u32 offset, u32 size)
{
	return (u32)io_read(pci.va + function * FUNCTION_SIZE + offset, size);
}

static void config_write(u32 function, u32 offset, u32 size, u32 value)
{
	io_write(pci.va + function * FUNCTION_SIZE + offset, size, value);
}

/* The first capability with this id, or the first behind the one at `at`; 0: there is none. */
static u32 capability(u32 function, u32 id, u32 at)
{
	u32 next = at == 0 ? CAPABILITIES : at + 1U;

	if ((config_read(function, STATUS, 2) & STATUS_CAPABILITIES) == 0)
		return 0;
	at = config_read(function, next, 1) & ~3U;
	for (u32 i = 0; at != 0 && i < MAX_CAPS; i++) {
		if (config_read(function, at, 1) == id)
			return at;
		at = config_read(function, at + 1U, 1) & ~3U;
	}
	return 0;
}

/* The virtio capability of a type, 0 if there is none. */
static u32 virtio_cap(u32 function, u32 type)
{
	u32 at = capability(function, CAP_VENDOR, 0);

	for (u32 i = 0; at != 0 && i < MAX_CAPS; i++) {
		if (config_read(function, at + VIRTIO_CFG_TYPE, 1) == type)
			return at;
		at = capability(function, CAP_VENDOR, at);
	}
	return 0;
}

/* Through the window that configuration space has on the BARs, which have no address yet. */
static void virtio_select(u32 function, u32 window, u32 common, u32 reg)
{
	config_write(function, window + VIRTIO_BAR, 1,
		     config_read(function, common + VIRTIO_BAR, 1));
	config_write(function, window + VIRTIO_OFFSET, 4,
		     config_read(function, common + VIRTIO_OFFSET, 4) + reg);
	config_write(function, window + VIRTIO_LENGTH, 4, 4);
}

/* Does a virtio device offer, and so insist on, translated DMA? */
static bool virtio_translates(u32 function)
{
	u32 common = virtio_cap(function, VIRTIO_COMMON);
	u32 window = virtio_cap(function, VIRTIO_PCI_CFG);

	if (common == 0 || window == 0)
		return false;
	virtio_select(function, window, common, FEATURE_SELECT);
	config_write(function, window + VIRTIO_DATA, 4, FEATURES_HIGH);
	virtio_select(function, window, common, FEATURE);
	return (config_read(function, window + VIRTIO_DATA, 4) & ACCESS_PLATFORM) != 0;
}

/* Place of an extended capability, 0 if there is none. */
static u32 extended_cap(u32 function, u32 id)
{
	u32 at = EXTENDED_CAPABILITIES;

	for (u32 i = 0; at >= EXTENDED_CAPABILITIES && i < MAX_CAPS; i++) {
		u32 header = config_read(function, at, 4);

		if ((header & 0xffff) == id)
			return at;
		at = (header >> 20) & ~3U;
	}
	return 0;
}

/* Why the host must not have this function; NULL: it may. */
static const char *objection(u32 function)
{
	u32 device = config_read(function, DEVICE, 2);

	if ((config_read(function, HEADER_TYPE, 1) & HEADER_TYPE_MASK) != 0)
		return "a bridge, and what is behind it has no stream ID of its own";
	if (config_read(function, VENDOR, 2) != VIRTIO_VENDOR || device < VIRTIO_FIRST ||
	    device > VIRTIO_LAST)
		return NULL;
	if (!virtio_translates(function))
		return "its DMA bypasses the SMMU (QEMU: add disable-legacy=on,iommu_platform=on)";
	/* Its virtual functions cannot be asked. */
	return extended_cap(function, EXT_CAP_SRIOV) != 0 ? "virtio with virtual functions" : NULL;
}

/* Where BAR i would be if the register at `offset` held `value`; an empty range if nowhere. */
static struct range bar_range(u32 function, u32 i, u32 offset, u32 value)
{
	u32 at = i == NR_BARS ? ROM : BARS + i * 4;
	u32 low = at == offset ? value : config_read(function, at, 4);
	u64 base = low & (i == NR_BARS ? ROM_ADDRESS : BAR_ADDRESS);
	u64 size = pci.functions[function].size[i];

	if (i < NR_BARS - 1 && BAR_64(config_read(function, at, 4)))
		base |= (u64)(at + 4 == offset ? value : config_read(function, at + 4, 4)) << 32;
	return (struct range){size == 0 ? 0 : base & ~(size - 1U), size};
}

/* What a BAR of 32 bits answers to all ones; decoding is off. */
static u32 bar_mask(u32 function, u32 at)
{
	u32 old = config_read(function, at, 4), mask;

	config_write(function, at, 4, ~0U);
	mask = config_read(function, at, 4);
	config_write(function, at, 4, old);
	return mask;
}

/* Sizes of memory BARs (PCI 3.0, 6.2.5.1). */
static void size_bars(u32 function)
{
	struct function *f = &pci.functions[function];
	u32 command = config_read(function, COMMAND, 2);
	u32 rom;

	config_write(function, COMMAND, 2, 0);
	for (u32 i = 0; i < NR_BARS; i++) {
		u32 at = BARS + i * 4, mask = bar_mask(function, at);
		u64 wide = mask & BAR_ADDRESS;

		if ((mask & BAR_IO) != 0 || mask == 0)
			continue;
		if (BAR_64(mask) && i < NR_BARS - 1)
			wide |= (u64)bar_mask(function, at + 4) << 32;
		else
			wide |= 0xffffffffULL << 32;
		f->size[i] = ~wide + 1U;
		i += BAR_64(mask) ? 1 : 0;
	}
	rom = bar_mask(function, ROM) & ROM_ADDRESS;
	f->size[NR_BARS] = rom == 0 ? 0 : ~(rom | 0xffffffffULL << 32) + 1U;
	config_write(function, COMMAND, 2, command);
}

static void allow_function(u32 function)
{
	struct function *f = &pci.functions[function];

	f->allowed = true;
	f->owner = CV_HOSTVISOR;
	f->fixed[0] = extended_cap(function, EXT_CAP_SRIOV);
	f->fixed[1] = extended_cap(function, EXT_CAP_RESIZABLE_BAR);
	size_bars(function);
}

const char *pci_init(u64 pa, u64 size)
{
	if (pci.size != 0)
		return "more than one PCI host bridge";
	if (size < BUS_SIZE)
		return "configuration space smaller than a bus";
	pci.va = io_map(pa, BUS_SIZE);
	if (pci.va == 0)
		return "no room in the core's map for PCI";
	pci.pa = pa;
	pci.size = size;
	for (u32 f = 0; f < FUNCTIONS; f++) {
		const char *why;

		if (config_read(f, VENDOR, 2) == NONE)
			continue;
		why = objection(f);
		if (why == NULL) {
			allow_function(f);
			continue;
		}
		config_write(f, COMMAND, 2, 0);
		log_line(LOG_WARN, "PCI device %u.%u (%x) is cut off: %s", f >> 3, f & 7,
			 (u64)config_read(f, VENDOR, 4), why);
	}
	return NULL;
}

static bool is_vms(const struct function *f)
{
	return f->allowed && f->owner != CV_HOSTVISOR;
}

/* Does a range meet a BAR of a function other than `but`? Of VMs' functions only, or of all. */
static bool meets_bar(struct range r, u32 but, bool vms_only)
{
	for (u32 f = 0; f < FUNCTIONS; f++) {
		if (f == but || !pci.functions[f].allowed ||
		    (vms_only && !is_vms(&pci.functions[f])))
			continue;
		for (u32 i = 0; i <= NR_BARS; i++) {
			struct range bar = bar_range(f, i, 0, 0);

			if (bar.size != 0 && range_meets(r, &bar, 1))
				return true;
		}
	}
	return false;
}

/* May the host write this register? No BAR may come to lie where one of a VM's function is. */
static bool may_write(u32 function, u32 offset, const struct access *a)
{
	const struct function *f = &pci.functions[function];

	if (is_vms(f))
		return false;
	for (u32 i = 0; i < 2; i++) {
		if (f->fixed[i] != 0 && offset - f->fixed[i] < EXT_CAP_SIZE)
			return false;
	}
	if (offset - BARS >= NR_BARS * 4U && (offset & ~3U) != ROM)
		return true;
	if (a->size != 4)
		return false;
	for (u32 i = 0; i <= NR_BARS; i++) {
		struct range r = bar_range(function, i, offset, (u32)a->value);

		if (r.size != 0 && meets_bar(r, function, true))
			return false;
	}
	return true;
}

bool pci_access(struct access *access)
{
	u64 offset = access->pa - pci.pa;
	u32 function = (u32)(offset / FUNCTION_SIZE), at = (u32)(offset % FUNCTION_SIZE);

	if (offset >= pci.size)
		return false;
	spin_lock(&pci.lock);
	if (offset >= BUS_SIZE || !pci.functions[function].allowed || access->size > 4) {
		if (!access->write)
			access->value = ~0ULL;
	} else if (!access->write) {
		access->value = config_read(function, at, access->size);
	} else if (may_write(function, at, access)) {
		config_write(function, at, access->size, (u32)access->value);
	}
	spin_unlock(&pci.lock);
	return true;
}

/*
 * Have a function that was a VM's forget what it holds, if it can (PCI Express 6.0, 6.6.2). It
 * takes its time, but nobody asks it anything any more. One that cannot is silent too: it
 * masters no bus, and decodes no address.
 */
static void retire(u32 function)
{
	u32 at = capability(function, CAP_EXPRESS, 0);

	config_write(function, COMMAND, 2, 0);
	if (at == 0 || (config_read(function, at + EXPRESS_DEVCAP, 4) & EXPRESS_DEVCAP_FLR) == 0)
		return;
	config_write(function, at + EXPRESS_DEVCTL, 2,
		     config_read(function, at + EXPRESS_DEVCTL, 2) | EXPRESS_DEVCTL_FLR);
}

bool pci_stream_bound(u32 stream, u32 owner)
{
	struct function *f = &pci.functions[stream];
	bool retired;

	if (stream >= FUNCTIONS)
		return true;
	spin_lock(&pci.lock);
	retired = f->owner != CV_HOSTVISOR && (f->owner != owner || !f->allowed);
	if (retired && f->allowed)
		retire(stream);
	if (retired)
		f->allowed = false;
	else
		f->owner = owner;
	spin_unlock(&pci.lock);
	return !retired;
}

bool pci_may_claim(u64 pa, u64 vm)
{
	struct range frame = {pa, CV_PAGE_SIZE};
	bool found = false;

	spin_lock(&pci.lock);
	for (u32 f = 0; f < FUNCTIONS && !found; f++) {
		if (!is_vms(&pci.functions[f]) || pci.functions[f].owner != vm)
			continue;
		for (u32 i = 0; i < NR_BARS && !found; i++) {
			struct range bar = bar_range(f, i, 0, 0);

			found = bar.size >= CV_PAGE_SIZE && pa - bar.base < bar.size &&
				!meets_bar(frame, f, false);
		}
	}
	spin_unlock(&pci.lock);
	return found;
}
