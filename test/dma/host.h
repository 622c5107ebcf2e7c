/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the hostile host share. */
#ifndef DMA_HOST_H
#define DMA_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "corevisor/limits.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define PAGE 4096ULL
#define RAM_BASE 0x40000000ULL
/* Free RAM for the tests: above what the loader uses, below the core's tables. */
#define ARENA 0x50000000ULL

/* What devices write where they must not; what VMs' memory holds. */
#define EVIL 0x21216b6361747461ULL
#define SECRET 0x7465726365732121ULL

/* start.S; no call changes more than the caller-saved registers. */
u64 hypercall(u32 id, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 *x1);
extern volatile u64 last_abort;

static inline u64 get(u64 address, u32 size)
{
	switch (size) {
	case 1:
		return *(volatile u8 *)address;
	case 2:
		return *(volatile u16 *)address;
	case 4:
		return *(volatile u32 *)address;
	default:
		return *(volatile u64 *)address;
	}
}

static inline void put(u64 address, u32 size, u64 value)
{
	if (size == 1)
		*(volatile u8 *)address = (u8)value;
	else if (size == 2)
		*(volatile u16 *)address = (u16)value;
	else if (size == 4)
		*(volatile u32 *)address = (u32)value;
	else
		*(volatile u64 *)address = value;
	__asm__ volatile("dsb sy" : : : "memory");
}

/* lib.c */
#define PATIENCE 2000U /* milliseconds a device is given */
u64 milliseconds(void);
void events(void); /* let the core report what the SMMU saw */
void print(const char *format, ...); /* %s, %x */
void fill(u64 page, u64 word);
bool holds(u64 page, u64 word); /* is it anywhere in the page? */
u64 new_page(void); /* zero */
u64 boot_option(const char *name); /* "name=0x..." on the command line; 0 if not there */
void working(const char *what, bool works); /* the attack's means, on what is the host's */
void result(const char *name, bool blocked, const char *evidence);
/*
 * An attack was made on the frame at pa. When all is over dma-test.py looks at it in the machine's
 * memory: it must be "zero", have no "evil" in it, or be what the core's "image" is. "reset":
 * QEMU must have reset a device.
 */
void target(const char *name, u64 pa, const char *must, const char *evidence);
void fdt_read(u64 fdt);
extern u64 tables; /* where the pool of the core's tables begins */

/* pci.c: function `devfn` of bus 0 gets its BAR n at an address, and may be bus master. */
u64 config(u32 devfn, u32 offset, u32 size);
void config_set(u32 devfn, u32 offset, u32 size, u64 value);
u32 pci_find(u32 id); /* vendor | device << 16; a devfn, or 256 */
u64 pci_enable(u32 devfn, u32 bar);

/* edu.c: QEMU's edu device. One page between its buffer and memory. */
bool edu_init(void);
void edu_start(u64 pa, bool to_memory);
void edu_wait(void);
void edu_load(u64 pa); /* memory -> buffer */
void edu_store(u64 pa); /* buffer -> memory */

/* vm.c: a VM with some frames of the arena; its image is full of SECRET. */
#define VM_GFN 0x40000ULL
extern u64 run_page; /* of the last one */
u64 vm_make(void);
void vm_add_page(u64 vm, u64 pa);
void vm_add_image(u64 vm, u64 pa);
s64 vm_verify(u64 vm);
s64 vm_donate(u64 vm, u64 gfn, u64 pa);

/* attacks_*.c */
void attack_edu(void);
void attack_registers(void);
void attack_gic(void);
void attack_virtio(void);
void attack_nvme(void);
void attack_streams(void);
void attack_fuzz(void);
void attack_assigned(void);

#endif
