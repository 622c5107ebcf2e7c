/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instructions a page of an image that is measured, of a snapshot that is made, and of one that is
 * loaded; and what of them is the library's: the very objects that the core is linked with, called
 * here. The VM never runs.
 */
#include <bearssl.h>

#include "host.h"

#define PAGES 64U
#define GFN 0x40000ULL
#define TAG_SIZE 16U
#define AAD_SIZE 24U /* of a record: core/save.c */

struct sealed {
	u64 pfn;
	u64 gfn;
	u64 tag[2];
};

static u64 pages[PAGES];
static struct sealed sealed[PAGES];

static void line(const char *what, u64 n)
{
	print("BENCH %s %d\n", what, n);
}

static u64 new_vm(void)
{
	u64 out[4];

	CHECK_EQ(call(CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, out), CV_OK);
	return out[0];
}

static void destroy(u64 vm, const u64 *pfn, u32 nr)
{
	CHECK_EQ(call(CV_CALL_POWEROFF_VM, vm, 0, 0, 0, 0, NULL), CV_OK);
	for (u32 i = 0; i < nr; i++)
		CHECK_EQ(call(CV_CALL_RECLAIM, vm, pfn[i], 0, 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_DESTROY_VM, vm, 0, 0, 0, 0, NULL), CV_OK);
}

/* A VM of so many pages of image; what its VERIFY_VM takes. */
static u64 verify(u32 nr, u64 *vm)
{
	u64 out[4], left[4] = {1}, error = CV_OK, start;

	*vm = new_vm();
	CHECK_EQ(call(CV_CALL_SET_RAM, *vm, GFN, PAGES, 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_SET_ENTRY, *vm, GFN * CV_PAGE_SIZE, 0, 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_REGISTER_VCPU, *vm, 0, frame_new(), 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_SET_BOOT_INFO, *vm, GFN * CV_PAGE_SIZE, nr * CV_PAGE_SIZE, 0, 0, out),
		 CV_OK);
	for (u32 i = 0; i < nr; i++) {
		pages[i] = frame_new();
		fill(frame(pages[i]), (u8)(i + 1), CV_PAGE_SIZE);
		CHECK_EQ(call(CV_CALL_REMAP_VM_IMAGE, *vm, pages[i], out[0], 0, 0, NULL), CV_OK);
	}
	start = ticks();
	while (error == CV_OK && left[0] != 0)
		error = call(CV_CALL_VERIFY_VM, *vm, 0, 0, 0, 0, left);
	CHECK_EQ(error, CV_OK);
	return ticks() - start;
}

static void hash_library(void)
{
	const u8 *page = frame(frame_new());
	br_sha384_context sum;
	u64 word = 0, start;

	br_sha384_init(&sum);
	start = ticks();
	for (u32 i = 0; i < PAGES; i++) {
		br_sha384_update(&sum, &word, sizeof(word));
		br_sha384_update(&sum, page, CV_PAGE_SIZE);
	}
	line("measure-4k-library", (ticks() - start) / PAGES);
}

static void seal_library(int encrypt)
{
	static u8 key[32], nonce[12], aad[AAD_SIZE], tag[TAG_SIZE];
	u8 *page = frame(frame_new());
	u64 start = ticks();

	for (u32 i = 0; i < PAGES; i++)
		br_poly1305_ctmul_run(key, nonce, page, CV_PAGE_SIZE, aad, sizeof(aad), tag,
				      br_chacha20_ct_run, encrypt);
	line(encrypt ? "save-4k-library" : "load-4k-library", (ticks() - start) / PAGES);
}

static void save(u64 vm, u64 head)
{
	u64 out[4], start, sum = 0;

	CHECK_EQ(call(CV_CALL_POWEROFF_VM, vm, 0, 0, 0, 0, NULL), CV_OK);
	CHECK_EQ(call(CV_CALL_SAVE_BEGIN, vm, head, 0, 0, 0, NULL), CV_OK);
	for (u32 i = 0; i < PAGES; i++) {
		sealed[i].pfn = frame_new();
		start = ticks();
		CHECK_EQ(call(CV_CALL_SAVE_PAGE, vm, pages[i], sealed[i].pfn, 0, 0, out), CV_OK);
		sum += ticks() - start;
		sealed[i].gfn = out[0];
		sealed[i].tag[0] = out[1];
		sealed[i].tag[1] = out[2];
	}
	line("save-4k", sum / PAGES);
}

static void load(u64 vm, u64 head)
{
	u64 sum = 0;

	CHECK_EQ(call(CV_CALL_LOAD_BEGIN, vm, head, 0, 0, 0, NULL), CV_OK);
	for (u32 i = 0; i < PAGES; i++) {
		u64 start = ticks();

		CHECK_EQ(call(CV_CALL_LOAD_PAGE, vm, sealed[i].pfn, sealed[i].gfn, sealed[i].tag[0],
			      sealed[i].tag[1], NULL),
			 CV_OK);
		sum += ticks() - start;
	}
	line("load-4k", sum / PAGES);
}

void bench_snapshot(void)
{
	u64 vm, half, whole, head = frame_new();

	half = verify(PAGES / 2, &vm);
	destroy(vm, pages, PAGES / 2);
	whole = verify(PAGES, &vm);
	line("measure-4k", (whole - half) / (PAGES - PAGES / 2));
	hash_library();
	save(vm, head);
	seal_library(1);
	destroy(vm, pages, PAGES);
	load(new_vm(), head);
	seal_library(0);
}
