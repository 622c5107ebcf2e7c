/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The image of a VM that its owner has signed, changed by the host: before it is handed in, between
 * two steps of VERIFY_VM, and by another CPU while it is hashed. The VM runs only what was signed.
 */
#include <bearssl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corevisor/error.h"
#include "corevisor/manifest.h"
#include "test/attack/attack.h"
#include "test/attack/guest.h"
#include "test/attack/kernel.h"
#include "test/attack/raw.h"

#define FRAME 4096U
#define BASE_GFN (GUEST_BASE / FRAME)
/* A second region of the image, of words that are their own addresses. */
#define DATA 0x100000U
#define DATA_PAGES 80U /* more than the core takes in a step */
/* What the host puts in their place. */
#define PLANT 0xbadc0ffee0ddf00dULL
#define ROUNDS 16U

extern const uint8_t guest_blob[], guest_blob_end[];

static uint64_t data_word(uint64_t page, uint64_t word)
{
	return GUEST_BASE + DATA + page * FRAME + word * 8;
}

static void data_page(uint64_t page, uint64_t words[FRAME / 8])
{
	for (uint64_t i = 0; i < FRAME / 8; i++)
		words[i] = data_word(page, i);
}

static void announce_data(struct raw_vm *vm)
{
	struct hostile_call call = {.x = {(uint32_t)CV_CALL_SET_BOOT_INFO, vm->id,
					  GUEST_BASE + DATA, DATA_PAGES * FRAME}};
	uint64_t words[FRAME / 8];

	hvc_full(&call);
	if ((int64_t)call.x[0] != CV_OK)
		failed("SET_BOOT_INFO is refused");
	for (uint64_t i = 0; i < DATA_PAGES; i++) {
		uint64_t pfn = frames_alloc(0);

		data_page(i, words);
		vm->frames[vm->nr_frames++] = (struct raw_frame){BASE_GFN + DATA / FRAME + i, pfn};
		if (frame_write(pfn, words, FRAME) != 0 ||
		    hvc(CV_CALL_REMAP_VM_IMAGE, vm->id, pfn, call.x[1], 0, 0) != CV_OK)
			failed("REMAP_VM_IMAGE is refused");
	}
}

static void add_words(br_sha384_context *sum, const uint64_t *words, unsigned int nr)
{
	br_sha384_update(sum, words, 8 * nr);
}

/* What the owner measures: doc/measurement.md. */
static void measure(const uint8_t owner[48], uint8_t measurement[48])
{
	uint64_t code = (uint64_t)(guest_blob_end - guest_blob) / FRAME;
	uint64_t words[FRAME / 8];
	br_sha384_context sum;

	br_sha384_init(&sum);
	add_words(&sum, (uint64_t[]){1, 1, 2, 1, GUEST_BASE, GUEST_COMMANDS}, 6);
	br_sha384_update(&sum, owner, 48);
	add_words(&sum, (uint64_t[]){BASE_GFN, GUEST_FRAMES}, 2);
	add_words(&sum, (uint64_t[]){BASE_GFN, code, BASE_GFN + DATA / FRAME, DATA_PAGES}, 4);
	for (uint64_t i = 0; i < code; i++) {
		add_words(&sum, (uint64_t[]){BASE_GFN + i}, 1);
		br_sha384_update(&sum, guest_blob + i * FRAME, FRAME);
	}
	for (uint64_t i = 0; i < DATA_PAGES; i++) {
		data_page(i, words);
		add_words(&sum, (uint64_t[]){BASE_GFN + DATA / FRAME + i}, 1);
		add_words(&sum, words, FRAME / 8);
	}
	br_sha384_out(&sum, measurement);
}

/* The owner's manifest. Its key is this constant. */
static void make_manifest(struct cv_manifest *manifest)
{
	uint8_t secret[48], digest[48];
	br_ec_private_key key = {BR_EC_secp384r1, secret, sizeof(secret)};
	br_sha384_context sum;

	memset(secret, 0x3c, sizeof(secret));
	memset(manifest, 0, sizeof(*manifest));
	manifest->magic = CV_MANIFEST_MAGIC;
	br_ec_compute_pub(&br_ec_prime_i31, NULL, manifest->key, &key);
	br_sha384_init(&sum);
	br_sha384_update(&sum, manifest->key, sizeof(manifest->key));
	br_sha384_out(&sum, digest);
	measure(digest, manifest->measurement);
	br_sha384_init(&sum);
	br_sha384_update(&sum, manifest, 8 + sizeof(manifest->measurement));
	br_sha384_out(&sum, digest);
	br_ecdsa_i31_sign_raw(&br_ec_prime_i31, &br_sha384_vtable, digest, &key,
			      manifest->signature);
}

/* A VM whose signed image is announced; what is to be done is VERIFY_VM. */
static void new_signed(struct raw_vm *vm)
{
	static struct cv_manifest manifest;
	uint64_t pfn = frames_alloc(0);

	if (manifest.magic == 0)
		make_manifest(&manifest);
	raw_register(vm, GUEST_COMMANDS, 1);
	raw_announce(vm);
	announce_data(vm);
	if (frame_write(pfn, &manifest, sizeof(manifest)) != 0 ||
	    hvc(CV_CALL_SET_MANIFEST, vm->id, pfn, 0, 0, 0) != CV_OK)
		failed("SET_MANIFEST is refused");
	frames_free(pfn, 0);
}

static void plant(const struct raw_vm *vm, uint64_t page)
{
	uint64_t word = PLANT;

	if (frame_write(raw_pfn(vm, BASE_GFN + DATA / FRAME + page), &word, 8) != 0)
		failed("a page that is not taken yet cannot be written: nothing to try");
}

/* It was changed: it must not be VERIFIED, and not run. */
static void must_not_start(struct raw_vm *vm, const char *what)
{
	if (refused(raw_verify(vm), what))
		refused(raw_run_once(vm, 0), "running what was not signed");
	raw_end(vm);
}

static void change_after_signing(void)
{
	struct raw_vm vm;

	new_signed(&vm);
	if (raw_verify(&vm) != CV_OK)
		failed("the image as it was signed is refused");
	if (raw_load(&vm, GUEST_BASE + DATA) != data_word(0, 0))
		corrupted("the VM does not have what was signed");
	raw_end(&vm);
	new_signed(&vm);
	plant(&vm, 0);
	must_not_start(&vm, "the first page changed after it was signed");
	new_signed(&vm);
	plant(&vm, DATA_PAGES - 1);
	must_not_start(&vm, "the last page changed after it was signed");
	blocked("as signed it runs; with a word of the first or last page changed: refused");
}

/* One step of VERIFY_VM: what is left, or an error. */
static int64_t verify_step(const struct raw_vm *vm)
{
	struct hostile_call call = {.x = {(uint32_t)CV_CALL_VERIFY_VM, vm->id}};

	hvc_full(&call);
	return (int64_t)call.x[0] == CV_OK ? (int64_t)call.x[1] : (int64_t)call.x[0];
}

static void change_between_steps(void)
{
	uint64_t word = PLANT;
	unsigned int steps = 0;
	struct raw_vm vm;
	int64_t left;

	new_signed(&vm);
	/* The code and the first page of the data have been taken. */
	do {
		left = verify_step(&vm);
		steps++;
	} while (left > (int64_t)DATA_PAGES - 1);
	if (left <= 0)
		failed("VERIFY_VM was done after %u steps: %lld", steps, (long long)left);
	if (frame_write(raw_pfn(&vm, BASE_GFN + DATA / FRAME), &word, 8) == 0)
		corrupted("a page that was hashed can still be written");
	plant(&vm, DATA_PAGES - 1);
	must_not_start(&vm, "a page changed between two steps of VERIFY_VM");
	blocked("after %u steps %llu pages left: those taken EFAULT, the last one changed: refused",
		steps, (unsigned long long)left);
}

/*
 * What the other CPU does until the frame is taken from it: the word is right every other time. An
 * emulated CPU can be stopped only where a block of its code ends, which ISB makes of each store.
 */
static void toggle(void *argument)
{
	volatile uint64_t *words = argument;

	for (;;) {
		words[FRAME / 8 - 1] = PLANT;
		__asm__ volatile("isb");
		words[FRAME / 8 - 1] = data_word(DATA_PAGES - 1, FRAME / 8 - 1);
		__asm__ volatile("isb");
	}
}

static pid_t toggle_elsewhere(const struct raw_vm *vm)
{
	void *page = frame_map(raw_pfn(vm, BASE_GFN + DATA / FRAME + DATA_PAGES - 1), 1);
	pid_t pid = fork();

	if (pid == 0) {
		on_cpu(1);
		(void)survives(toggle, page);
		_exit(0);
	}
	frame_unmap(page, 1);
	usleep(20000);
	return pid;
}

static void change_while_hashed(void)
{
	uint64_t last = DATA_PAGES - 1, word = FRAME / 8 - 1;
	unsigned int ran = 0;

	if (nr_cpus() < 2)
		failed("needs two CPUs");
	on_cpu(0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct raw_vm vm;
		pid_t writer;
		int64_t result;

		new_signed(&vm);
		writer = toggle_elsewhere(&vm);
		result = raw_verify(&vm);
		usleep(1000);
		if (result == CV_OK &&
		    raw_load(&vm, data_word(last, word)) != data_word(last, word))
			corrupted("a VM runs with what was not signed");
		ran += result == CV_OK;
		if (result != CV_OK)
			refused(raw_run_once(&vm, 0), "running what was not signed");
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
		raw_end(&vm);
	}
	if (ran == 0 || ran == ROUNDS)
		failed("%u times, and always with the same end: nothing was changed in time",
		       ROUNDS);
	blocked("%u times: %u had what was signed and ran with it, %u were refused", ROUNDS, ran,
		ROUNDS - ran);
}

const struct attack attacks_image[] = {
	{"image/after-signing", change_after_signing},
	{"image/between-steps", change_between_steps},
	{"image/while-hashed", change_while_hashed},
	{NULL, NULL},
};
