/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio (1.2): an entropy device, which writes where its descriptors say. */
#include "host.h"

#define VIRTIO_RNG 0x10441af4U
#define VIRTIO_RNG_OLD 0x10051af4U
#define STATUS_OK 15U /* ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK */
#define COMMON 1U
#define NOTIFY 2U

static u64 common, notify;

/* The structure of a type, in BAR 4. */
static u64 structure(u32 devfn, u64 bar, u32 type)
{
	for (u32 at = (u32)config(devfn, 0x34, 1); at != 0; at = (u32)config(devfn, at + 1, 1)) {
		if (config(devfn, at, 1) == 9 && config(devfn, at + 3, 1) == type)
			return bar + config(devfn, at + 8, 4);
	}
	return 0;
}

static void negotiate(void)
{
	put(common + 20, 1, 0);
	put(common + 20, 1, 3);
	put(common + 8, 4, 1);
	put(common + 12, 4, 3); /* VERSION_1, ACCESS_PLATFORM */
	put(common + 20, 1, 11);
}

/* Queue 0 with one descriptor: a page to be filled. Returns false if the device does not. */
static bool receive(u64 pa)
{
	u64 desc = new_page(), avail = new_page(), used = new_page();

	negotiate();
	put(common + 22, 2, 0);
	put(common + 24, 2, 1);
	put(common + 32, 8, desc);
	put(common + 40, 8, avail);
	put(common + 48, 8, used);
	put(common + 28, 2, 1);
	put(common + 20, 1, STATUS_OK);
	put(desc, 8, pa);
	put(desc + 8, 8, PAGE | 2ULL << 32); /* length, WRITE */
	put(avail, 4, 1ULL << 16);
	put(notify, 2, 0);
	for (u64 start = milliseconds(); milliseconds() - start < PATIENCE;) {
		if (get(used + 2, 2) != 0)
			return true;
	}
	return false;
}

static bool is_zero(u64 page)
{
	for (u64 i = 0; i < PAGE; i += 8) {
		if (get(page + i, 8) != 0)
			return false;
	}
	return true;
}

void attack_virtio(void)
{
	u64 mine = new_page(), image = boot_option("image"), bar;
	u32 devfn = pci_find(VIRTIO_RNG);

	result("virtio-bypass", pci_find(VIRTIO_RNG_OLD) == 256, "without translation: not there");
	result("bridge", pci_find(0xc1b36) == 256, "a root port: not there");
	if (devfn == 256) {
		print("DMA-MEANS BROKEN no virtio\n");
		return;
	}
	bar = pci_enable(devfn, 4);
	common = structure(devfn, bar, COMMON);
	notify = structure(devfn, bar, NOTIFY);
	receive(mine);
	working("virtio", !is_zero(mine));
	target("virtio-core", image + 0x2000, "image", "a descriptor points into the core");
	receive(image + 0x2000);
	events();
}
