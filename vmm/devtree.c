/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No seed for random numbers is in it: the VM asks Corevisor for them (SMCCC TRNG), a
 * host's would be worth nothing, and the VM's measurement would never be the same twice.
 */
#include "vmm/devtree.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "vmm/layout.h"

#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2
/* Cells of an interrupt of a GICv3. */
#define GIC_SPI 0
#define GIC_PPI 1
#define IRQ_LEVEL_HIGH 4
#define UART_HZ 24000000

struct range {
	uint64_t base, size;
};

static int put_string(void *fdt, const char *name, const char *text)
{
	return fdt_property(fdt, name, text, (int)strlen(text) + 1);
}

static int put_cells(void *fdt, const char *name, const uint32_t *cells, unsigned int n)
{
	fdt32_t raw[16];

	for (unsigned int i = 0; i < n; i++)
		raw[i] = cpu_to_fdt32(cells[i]);
	return fdt_property(fdt, name, raw, (int)(n * sizeof(raw[0])));
}

static int put_reg(void *fdt, const struct range *ranges, unsigned int n)
{
	fdt64_t raw[4];

	for (unsigned int i = 0; i < n; i++) {
		raw[2 * i] = cpu_to_fdt64(ranges[i].base);
		raw[2 * i + 1] = cpu_to_fdt64(ranges[i].size);
	}
	return fdt_property(fdt, "reg", raw, (int)(n * sizeof(ranges[0])));
}

static void put_chosen(void *fdt, const struct devtree *tree)
{
	fdt_begin_node(fdt, "chosen");
	put_string(fdt, "bootargs", tree->bootargs);
	put_string(fdt, "stdout-path", "/pl011@9000000");
	if (tree->initrd != 0) {
		fdt_property_u64(fdt, "linux,initrd-start", tree->initrd);
		fdt_property_u64(fdt, "linux,initrd-end", tree->initrd + tree->initrd_size);
	}
	fdt_end_node(fdt);
}

static void put_memory(void *fdt, const struct devtree *tree)
{
	struct range ram = {LAYOUT_RAM_BASE, tree->memory};

	fdt_begin_node(fdt, "memory@40000000");
	put_string(fdt, "device_type", "memory");
	put_reg(fdt, &ram, 1);
	fdt_end_node(fdt);
}

/* vCPU n has Aff0 = n % 16, Aff1 = n / 16, in KVM as in Corevisor. */
static uint32_t affinity(unsigned int cpu)
{
	return (cpu / 16) << 8 | cpu % 16;
}

static void put_cpus(void *fdt, unsigned int cpus)
{
	char name[16];

	fdt_begin_node(fdt, "cpus");
	fdt_property_u32(fdt, "#address-cells", 1);
	fdt_property_u32(fdt, "#size-cells", 0);
	for (unsigned int i = 0; i < cpus; i++) {
		snprintf(name, sizeof(name), "cpu@%x", affinity(i));
		fdt_begin_node(fdt, name);
		put_string(fdt, "device_type", "cpu");
		put_string(fdt, "compatible", "arm,arm-v8");
		fdt_property_u32(fdt, "reg", affinity(i));
		put_string(fdt, "enable-method", "psci");
		fdt_end_node(fdt);
	}
	fdt_end_node(fdt);
}

static void put_psci(void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	fdt_begin_node(fdt, "psci");
	fdt_property(fdt, "compatible", compatible, sizeof(compatible));
	put_string(fdt, "method", "hvc");
	fdt_end_node(fdt);
}

static void put_gic(void *fdt, unsigned int cpus)
{
	struct range frames[] = {{LAYOUT_GICD_BASE, LAYOUT_GICD_SIZE},
				 {LAYOUT_GICR_BASE, cpus * LAYOUT_GICR_SIZE}};

	fdt_begin_node(fdt, "interrupt-controller@8000000");
	put_string(fdt, "compatible", "arm,gic-v3");
	fdt_property_u32(fdt, "#interrupt-cells", 3);
	fdt_property(fdt, "interrupt-controller", NULL, 0);
	put_reg(fdt, frames, 2);
	fdt_property_u32(fdt, "phandle", PHANDLE_GIC);
	fdt_end_node(fdt);
}

/* Secure and non-secure physical, virtual, hypervisor's: PPIs 29, 30, 27, 26. */
static void put_timer(void *fdt)
{
	static const uint32_t interrupts[] = {GIC_PPI, 13, IRQ_LEVEL_HIGH,
					      GIC_PPI, 14, IRQ_LEVEL_HIGH,
					      GIC_PPI, 11, IRQ_LEVEL_HIGH,
					      GIC_PPI, 10, IRQ_LEVEL_HIGH};

	fdt_begin_node(fdt, "timer");
	put_string(fdt, "compatible", "arm,armv8-timer");
	put_cells(fdt, "interrupts", interrupts, 12);
	fdt_property(fdt, "always-on", NULL, 0);
	fdt_end_node(fdt);
}

static void put_uart(void *fdt)
{
	static const uint32_t interrupts[] = {GIC_SPI, LAYOUT_UART_SPI, IRQ_LEVEL_HIGH};
	static const uint32_t clocks[] = {PHANDLE_CLOCK, PHANDLE_CLOCK};
	static const char compatible[] = "arm,pl011\0arm,primecell";
	static const char clock_names[] = "uartclk\0apb_pclk";
	struct range frame = {LAYOUT_UART_BASE, LAYOUT_UART_SIZE};

	fdt_begin_node(fdt, "clock");
	put_string(fdt, "compatible", "fixed-clock");
	fdt_property_u32(fdt, "#clock-cells", 0);
	fdt_property_u32(fdt, "clock-frequency", UART_HZ);
	fdt_property_u32(fdt, "phandle", PHANDLE_CLOCK);
	fdt_end_node(fdt);

	fdt_begin_node(fdt, "pl011@9000000");
	fdt_property(fdt, "compatible", compatible, sizeof(compatible));
	put_reg(fdt, &frame, 1);
	put_cells(fdt, "interrupts", interrupts, 3);
	put_cells(fdt, "clocks", clocks, 2);
	fdt_property(fdt, "clock-names", clock_names, sizeof(clock_names));
	fdt_end_node(fdt);
}

/* libfdt keeps an error until the end, so only fdt_finish() is looked at. */
int devtree_write(void *out, size_t size, const struct devtree *tree)
{
	fdt_create(out, (int)size);
	fdt_finish_reservemap(out);
	fdt_begin_node(out, "");
	put_string(out, "compatible", "linux,dummy-virt");
	put_string(out, "model", "Corevisor cvm");
	fdt_property_u32(out, "#address-cells", 2);
	fdt_property_u32(out, "#size-cells", 2);
	fdt_property_u32(out, "interrupt-parent", PHANDLE_GIC);
	put_chosen(out, tree);
	put_memory(out, tree);
	put_cpus(out, tree->cpus);
	put_psci(out);
	put_gic(out, tree->cpus);
	put_timer(out);
	put_uart(out);
	fdt_end_node(out);
	return fdt_finish(out);
}
