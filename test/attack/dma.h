/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacks by way of devices: what is attacked, and the device that carries most of them out. */
#ifndef TEST_ATTACK_DMA_H
#define TEST_ATTACK_DMA_H

#include <stdbool.h>
#include <stdint.h>

#include "test/attack/guest.h"
#include "test/attack/pci.h"
#include "test/attack/raw.h"

#define FRAME 4096U
#define EVIL 0x21216b6361747461ULL /* what devices write where they must not */
#define VICTIM_PAGES 4U
#define BASE_GFN ((uint64_t)GUEST_BASE / FRAME)
#define VICTIM_GFN (BASE_GFN + 0x20)

/*
 * A VM with a page full of the secret, and some that are zero. On stock KVM, where devices reach
 * everything, pages of the host's that nobody gave to a device.
 */
struct victim {
	bool stock;
	struct raw_vm vm;
	uint64_t secret; /* physical addresses */
	uint64_t zero[VICTIM_PAGES];
};

/* First thing in an attack with devices: the VMs beside it do not talk into what the core reports. */
void dma_begin(void);
bool dma_on_stock(void);

void victim_new(struct victim *victim);
/* Say CORRUPTED if one of its pages has changed, seen from inside. */
void victim_check(struct victim *victim);
void victim_end(struct victim *victim);

/* Pages of the host's: physical addresses. */
uint64_t page_new(uint64_t word);
void page_free(uint64_t pa);
bool page_holds(uint64_t pa, uint64_t word);
/* Say LEAK if anything of the secret, or of anything but zero, is there. */
void page_must_be_zero(uint64_t pa, const char *what);

/* The machine's log, and its memory seen from outside, must bear it out (report.py, memory.py). */
void expect_event(const struct pci *pci, bool write, uint64_t pa);
void expect_unchanged(uint64_t pa);
/* Until the core has reported what the SMMU saw. */
void settle(void);

/* Where the core's image begins, where its tables do, and a symbol of the image (attack.sh). */
uint64_t core_image(void);
uint64_t core_tables(void);
uint64_t core_symbol(const char *name);

/* QEMU's edu: a DMA engine, with a buffer of a page. */
struct edu {
	struct pci pci;
};

#define EDU_ID 0x11e81234U
#define EDU_BUFFER 0x40000ULL
#define EDU_RAISE 0x60
#define EDU_ACKNOWLEDGE 0x64
#define EDU_SOURCE 0x80
#define EDU_TARGET 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_RUN 1U
#define EDU_TO_MEMORY 2U

/* The host's; it can carry a page of the host's to another, or the attack has failed. */
void edu_open(struct edu *edu);
void edu_start(const struct edu *edu, uint64_t pa, bool to_memory);
void edu_wait(const struct edu *edu);
void edu_load(const struct edu *edu, uint64_t pa); /* memory -> buffer */
void edu_store(const struct edu *edu, uint64_t pa); /* buffer -> memory */
/* What it gets of a page, carried to a page of the host's, which is the result. */
uint64_t edu_read(const struct edu *edu, uint64_t pa);
/* A page of EVIL to pa. */
void edu_write(const struct edu *edu, uint64_t pa);
/* Raise an MSI: a write of `data` to pa. */
void edu_msi(const struct edu *edu, uint64_t pa, uint32_t data);

#endif
