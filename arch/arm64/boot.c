/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the first C function to the host's first instruction.
 */
#include "boot.h"

#include <libfdt.h>

#include "cache.h"
#include "carve.h"
#include "console.h"
#include "core/init.h"
#include "core/machine.h"
#include "core/state.h"
#include "core/table.h"
#include "cpu.h"
#include "devices.h"
#include "entropy.h"
#include "layout.h"
#include "mmu.h"
#include "percpu.h"
#include "platform.h"
#include "firmware.h"
#include "gic.h"
#include "smmu.h"
#include "sysreg.h"

/* The host's input addresses; covers QEMU's high PCIe window (512 GB to 1 TB). */
#define IPA_BITS 40U
/* Less RAM than this leaves the host none to speak of. */
#define MIN_RAM (128ULL << 20)
/* MPIDR_EL1 without its flags: Aff3, Aff2, Aff1, Aff0 (D19.2.98). */
#define MPIDR_AFFINITY 0xff00ffffffULL
/* Two windows of device registers: the console of the header, and the tree's. */
#define UART_WINDOW(n) (VA_DEVICES + (n)*0x200000ULL)

struct percpu percpu[CV_MAX_CPUS];
u32 nr_cpus;

extern char _image_start[];
extern u64 secondary_ttbr;
_Noreturn void enter_host(u64 x0, u64 stack);

/* What the packer wrote into the image's header. */
struct header {
	u64 core_size;
	u64 host_offset;
	u64 host_size;
	u64 fdt_offset;
	u64 uart;
};

static u64 header_field(u32 offset)
{
	return *(const u64 *)(const void *)(_image_start + offset);
}

static struct header read_header(void)
{
	return (struct header){
		.core_size = header_field(HEADER_CORE_SIZE),
		.host_offset = header_field(HEADER_HOST_OFFSET),
		.host_size = header_field(HEADER_HOST_SIZE),
		.fdt_offset = header_field(HEADER_FDT_OFFSET),
		.uart = header_field(HEADER_UART),
	};
}

/* One line says what is wrong; then nothing more happens. */
static _Noreturn void boot_fail(const char *what, const char *where)
{
	log_line(LOG_FATAL, "cannot boot: %s%s%s", what, where != NULL ? ": " : "",
		 where != NULL ? where : "");
	for (;;)
		__asm__ volatile("wfi");
}

static void use_uart(u32 window, u64 pa)
{
	u64 page = pa & ~(CV_PAGE_SIZE - 1U);

	if (pa == 0 || !mmu_map(UART_WINDOW(window), page, CV_PAGE_SIZE, MMU_DEVICE))
		return;
	console_set(UART_WINDOW(window) + (pa - page));
}

/* The loader's device tree, checked; the console it names is in use from then on. */
static const void *find_fdt(u64 fdt_pa)
{
	const void *fdt = pa_to_va(fdt_pa);

	if (fdt_pa == 0 || (fdt_pa & 7) != 0 || fdt_pa >= LINEAR_LIMIT)
		boot_fail("X0 is not the address of a device tree", NULL);
	if (fdt_check_header(fdt) != 0 || fdt_totalsize(fdt) > FDT_SLOT)
		boot_fail("device tree is broken", "header");
	if (fdt_check_full(fdt, fdt_totalsize(fdt)) != 0)
		boot_fail("device tree is broken", "structure");
	platform_open(fdt);
	use_uart(1, platform.uart);
	return fdt;
}

static void set_log_level(const void *fdt)
{
	static const char *const names[] = {"quiet", "warn", "info", "debug"};
	char value[8];

	platform_option(fdt, "corevisor.log", value, sizeof(value));
	for (u32 level = 0; level < sizeof(names) / sizeof(names[0]); level++) {
		if (strcmp(value, names[level]) == 0) {
			log_level = level;
			return;
		}
	}
	if (value[0] != '\0')
		log_line(LOG_FATAL, "corevisor.log=%s: must be quiet, warn, info or debug", value);
}

static bool in_one_bank(struct range r)
{
	for (u32 i = 0; i < platform.nr_ram; i++) {
		const struct range *bank = &platform.ram[i];

		if (r.base >= bank->base && r.base + r.size <= bank->base + bank->size)
			return true;
	}
	return false;
}

/* The image, the host in it and the device tree slot must be where they are useful. */
static void check_image(u64 pa, const struct header *header)
{
	struct range all = {pa, header->fdt_offset + FDT_SLOT};
	const struct range *last = &platform.ram[platform.nr_ram - 1];

	if ((pa & (CARVE_ALIGN - 1U)) != 0)
		boot_fail("the image is not loaded at a multiple of 2 MB", NULL);
	if (platform_ram_bytes() < MIN_RAM)
		boot_fail("too little memory", "/memory: less than 128 MB");
	if (!in_one_bank(all))
		boot_fail("the image, the host and the device tree do not fit in one bank of RAM",
			  "too little memory, or loaded elsewhere");
	if ((last->base + last->size) >> CV_PAGE_SHIFT > CV_MAX_FRAMES)
		boot_fail("RAM above 256 GB", "/memory");
	platform.avoid[platform.nr_avoid++] = all;
}

/* RAM through the linear map: all but what is the core's own. */
static void map_ram(const struct range *kept, u32 nr_kept)
{
	for (u32 i = 0; i < platform.nr_ram; i++) {
		u64 at = platform.ram[i].base;
		u64 end = at + platform.ram[i].size;

		while (at < end) {
			u64 stop = end, next = end;

			for (u32 k = 0; k < nr_kept; k++) {
				if (kept[k].base >= at && kept[k].base < stop) {
					stop = kept[k].base;
					next = stop + kept[k].size;
				}
			}
			if (!mmu_map(VA_LINEAR + at, at, stop - at, MMU_DATA))
				boot_fail("out of tables for the core's own map", "/memory");
			at = next;
		}
	}
}

static struct frame_range to_frames(struct range r)
{
	return (struct frame_range){r.base >> CV_PAGE_SHIFT, r.size >> CV_PAGE_SHIFT};
}

/* The devices first: the core asks how many streams there are, and binds them. */
static void init_core(const void *fdt, const struct range *kept, u32 nr_kept,
		      const struct carve *carve)
{
	static struct core_config config;
	const char *error = devices_init(fdt);

	if (error != NULL)
		boot_fail("devices", error);

	config.nr_ram = platform.nr_ram;
	for (u32 i = 0; i < platform.nr_ram; i++)
		config.ram[i] = to_frames(platform.ram[i]);
	config.nr_kept = nr_kept;
	for (u32 i = 0; i < nr_kept; i++)
		config.kept[i] = to_frames(kept[i]);
	config.ipa_bits = IPA_BITS;
	config.nr_tables = carve->nr_tables;
	config.pool_pfn = carve->range.base >> CV_PAGE_SHIFT;
	if (core_init(config) != 0)
		boot_fail("the core refuses this machine's memory", "/memory");
	smmu_enable();
	/* VMIDs are VM ids; of 8 bits there is none for the last VM. */
	if (cpu_vmid_bits() == 8)
		vm_id_taken[CV_MAX_VMS] = 1;
}

/* Who is who among the CPUs; this one is on. */
static struct percpu *init_percpu(void)
{
	struct percpu *self = NULL;

	nr_cpus = platform.nr_cpus;
	for (u32 i = 0; i < nr_cpus; i++) {
		percpu[i].index = i;
		percpu[i].mpidr = platform.mpidr[i];
		if (percpu[i].mpidr == (sysreg_read(mpidr_el1) & MPIDR_AFFINITY))
			self = &percpu[i];
	}
	if (self == NULL)
		boot_fail("the boot CPU is not in the device tree", "/cpus");
	self->power = POWER_ON;
	return self;
}

/* Become the host: Linux's boot protocol (booting.rst), at EL1. */
static _Noreturn void start_host(struct percpu *cpu, u64 entry, u64 x0)
{
	sysreg_write(elr_el2, entry);
	sysreg_write(spsr_el2, SPSR_EL1H | SPSR_DAIF);
	isb();
	enter_host(x0, stack_top(cpu->index));
}

/* The tree for the host, in its slot; the caller has room for it. */
static void make_fdt(const void *fdt, void *slot, const struct range *kept, u32 nr_kept)
{
	const char *error;
	void *seed;
	u32 size;

	if (fdt_open_into(fdt, slot, FDT_SLOT) != 0)
		boot_fail("device tree is broken", "cannot be copied");
	error = platform_edit(slot, kept, nr_kept);
	if (error == NULL)
		error = devices_edit(slot);
	if (error != NULL)
		boot_fail("device tree cannot be edited", error);
	seed = platform_seed_writable(slot, &size);
	if (seed != NULL)
		entropy_host_seed(seed, size);
	fdt_pack(slot);
	cache_flush(slot, fdt_totalsize(slot));
}

static void init_entropy(const void *fdt)
{
	u32 size;
	const void *seed = platform_seed(fdt, &size);

	if (!entropy_init(seed, size))
		boot_fail("no source of random numbers",
			  "neither FEAT_RNG nor 32 bytes of /chosen/rng-seed");
}

/* Things without which nothing can be done; the console may be the header's. */
static const void *check_start(u64 fdt_pa, u64 el, const struct header *header)
{
	const void *fdt;

	use_uart(0, header->uart);
	fdt = find_fdt(fdt_pa);
	if (el != 2 << 2)
		boot_fail("started at EL1, needs EL2",
			  "is virtualization on? (QEMU: -M virt,virtualization=on)");
	if (header->host_size == 0)
		boot_fail("no host in this image", "make one with corevisor-pack");
	set_log_level(fdt);
	return fdt;
}

_Noreturn void boot_main(u64 pa, u64 fdt_pa, u64 el)
{
	struct header header = read_header();
	const void *fdt = check_start(fdt_pa, el, &header);
	struct range kept[2];
	struct carve carve;
	const char *error = platform_read(fdt, fdt_pa);
	struct percpu *self;

	if (error != NULL)
		boot_fail("device tree", error);
	error = cpu_missing(IPA_BITS);
	if (error != NULL)
		boot_fail("this CPU lacks", error);
	check_image(pa, &header);
	if (!carve_choose(&carve))
		boot_fail("too little memory", "/memory");
	kept[0] = (struct range){pa, header.host_offset & ~(CARVE_ALIGN - 1ULL)};
	kept[1] = carve.range;
	map_ram(kept, 2);
	if (!carve_map(&carve))
		boot_fail("out of tables for the core's own map", "records");
	init_entropy(fdt);
	self = init_percpu();
	sysreg_write(tpidr_el2, self);
	init_core(fdt, kept, 2, &carve);
	gic_init();
	make_fdt(fdt, pa_to_va(pa + header.fdt_offset), kept, 2);
	if (firmware_init() == 0)
		boot_fail("the firmware does not answer PSCI_VERSION", "/psci");
	secondary_ttbr = mmu_root();
	cache_flush(&secondary_ttbr, sizeof(secondary_ttbr));
	log_line(LOG_INFO, "%u CPUs, %u tables, core at %x and %x, ticks %l", nr_cpus,
		 carve.nr_tables, pa, carve.range.base, machine_counter());
	cpu_init_host(IPA_BITS, map_root_pfn(MAP_HOST) << CV_PAGE_SHIFT);
	start_host(self, pa + header.host_offset, pa + header.fdt_offset);
}

_Noreturn void boot_secondary(u32 index)
{
	struct percpu *self = &percpu[index];

	sysreg_write(tpidr_el2, self);
	cpu_init_host(IPA_BITS, map_root_pfn(MAP_HOST) << CV_PAGE_SHIFT);
	__atomic_store_n(&self->power, POWER_ON, __ATOMIC_RELEASE);
	start_host(self, self->entry, self->context);
}
