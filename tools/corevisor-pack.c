/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * corevisor-pack: put the core and an arm64 Linux Image into one file that any
 * loader of such Images boots (Linux Documentation/arch/arm64/booting.rst).
 *
 *   offset 0            the core, its image_size made that of the whole
 *   host_offset         the host Image as it is, at a 2 MB boundary + its text_offset
 *   fdt_offset          not in the file: 2 MB of memory for the host's device tree
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/arm64/layout.h"
#include "arch/arm64/store_format.h"

struct file {
	const char *name;
	uint8_t *data;
	size_t size;
};

static void usage(FILE *out)
{
	fputs("usage: corevisor-pack [-o FILE] [-c CORE] [-k KEY] [-u ADDRESS] HOST_IMAGE\n"
	      "       corevisor-pack --nv FILE [--nv-size BYTES]\n"
	      "\n"
	      "Make one file of Corevisor and a host kernel; boot it wherever the kernel's own\n"
	      "Image would boot, at EL2.\n"
	      "\n"
	      "  HOST_IMAGE       an uncompressed arm64 Linux Image\n"
	      "  -o, --output     the file to write (default: corevisor-HOST_IMAGE beside it)\n"
	      "  -c, --core       the core (default: corevisor.bin beside this program)\n"
	      "  -k, --key        file of 32 secret bytes: the platform key that seals snapshots;\n"
	      "                   without it snapshots do not outlive a boot\n"
	      "  -u, --uart       physical address of a PL011 for messages before the device\n"
	      "                   tree is read, or 0 (default: 0x9000000, that of QEMU virt)\n"
	      "  -n, --nv         make a new file instead: the empty store of newest snapshots, for\n"
	      "                   a bank of flash that the core keeps (QEMU virt: the second pflash)\n"
	      "  -s, --nv-size    its size, that of the bank (default: 67108864, that of QEMU virt)\n"
	      "  -h, --help       this text\n",
	      out);
}

static _Noreturn void fail(const char *format, ...)
{
	va_list args;

	fputs("corevisor-pack: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static struct file read_file(const char *name)
{
	struct file file = {name, NULL, 0};
	FILE *in = fopen(name, "rb");
	long size;

	if (in == NULL)
		fail("%s: %s", name, strerror(errno));
	if (fseek(in, 0, SEEK_END) != 0 || (size = ftell(in)) < 0)
		fail("%s: cannot tell its size (is it a regular file?)", name);
	rewind(in);
	file.size = (size_t)size;
	file.data = malloc(file.size + 1);
	if (file.data == NULL)
		fail("%s: out of memory", name);
	if (fread(file.data, 1, file.size, in) != file.size)
		fail("%s: cannot read it", name);
	fclose(in);
	return file;
}

static uint64_t get64(const struct file *file, size_t offset)
{
	uint64_t value = 0;

	for (size_t i = 8; i-- > 0;)
		value = value << 8 | file->data[offset + i];
	return value;
}

static void put64(struct file *file, size_t offset, uint64_t value)
{
	for (size_t i = 0; i < 8; i++, value >>= 8)
		file->data[offset + i] = (uint8_t)value;
}

static int starts_with(const struct file *file, size_t offset, const char *magic, size_t size)
{
	return file->size >= offset + size && memcmp(file->data + offset, magic, size) == 0;
}

/* What else people have at hand that is not an Image, by its first bytes. */
static void refuse_lookalikes(const struct file *file)
{
	if (starts_with(file, 0, "\x1f\x8b", 2))
		fail("%s: compressed with gzip; uncompress it first (gzip -dc)", file->name);
	if (starts_with(file, 0, "\x28\xb5\x2f\xfd", 4))
		fail("%s: compressed with zstd; uncompress it first (zstd -dc)", file->name);
	if (starts_with(file, 0, "MZ\0\0zimg", 8))
		fail("%s: an EFI zboot image; take the Image it was made of", file->name);
	if (starts_with(file, 0, "\177ELF", 4))
		fail("%s: an ELF file (vmlinux?); take arch/arm64/boot/Image", file->name);
	if (starts_with(file, 0, "\x27\x05\x19\x56", 4))
		fail("%s: a U-Boot uImage; take the Image inside", file->name);
	if (starts_with(file, 0x202, "HdrS", 4))
		fail("%s: an x86 bzImage; the host is arm64", file->name);
}

static void check_host(const struct file *host)
{
	uint64_t image_size, flags;

	refuse_lookalikes(host);
	if (!starts_with(host, HEADER_MAGIC, "ARM\x64", 4))
		fail("%s: not an arm64 Linux Image (no \"ARM\\x64\" at offset 56)", host->name);
	if (starts_with(host, HEADER_CORE_MAGIC, "COREVISR", 8))
		fail("%s: a Corevisor image, not a host kernel", host->name);
	image_size = get64(host, HEADER_IMAGE_SIZE);
	flags = get64(host, HEADER_FLAGS);
	if (image_size == 0)
		fail("%s: its header gives no image_size (a kernel before 3.17)", host->name);
	if (image_size < host->size)
		fail("%s: larger than its header says (%llu > %llu bytes)", host->name,
		     (unsigned long long)host->size, (unsigned long long)image_size);
	if (image_size > 1ULL << 30)
		fail("%s: its header says it needs more than 1 GB", host->name);
	if (flags & 1)
		fail("%s: a big-endian kernel", host->name);
	if (get64(host, HEADER_TEXT_OFFSET) >= CARVE_ALIGN)
		fail("%s: text_offset of 2 MB or more", host->name);
}

static void check_core(const struct file *core)
{
	if (!starts_with(core, HEADER_MAGIC, "ARM\x64", 4) ||
	    !starts_with(core, HEADER_CORE_MAGIC, "COREVISR", 8))
		fail("%s: not corevisor.bin", core->name);
	if (core->data[HEADER_CORE_VERSION] != HEADER_VERSION)
		fail("%s: made for another corevisor-pack (header version %u, not %u)", core->name,
		     core->data[HEADER_CORE_VERSION], HEADER_VERSION);
	if (get64(core, HEADER_CORE_SIZE) < core->size)
		fail("%s: damaged: larger than its header says", core->name);
}

static uint64_t round_up(uint64_t value)
{
	return (value + CARVE_ALIGN - 1) & ~(uint64_t)(CARVE_ALIGN - 1);
}

static struct file pack(struct file *core, const struct file *host)
{
	uint64_t host_offset =
		round_up(get64(core, HEADER_CORE_SIZE)) + get64(host, HEADER_TEXT_OFFSET);
	uint64_t host_size = get64(host, HEADER_IMAGE_SIZE);
	uint64_t fdt_offset = round_up(host_offset + host_size);
	struct file out = {NULL, NULL, host_offset + host->size};

	out.data = calloc(1, out.size);
	if (out.data == NULL)
		fail("out of memory");
	memcpy(out.data, core->data, core->size);
	memcpy(out.data + host_offset, host->data, host->size);
	put64(&out, HEADER_IMAGE_SIZE, fdt_offset + FDT_SLOT);
	put64(&out, HEADER_HOST_OFFSET, host_offset);
	put64(&out, HEADER_HOST_SIZE, host_size);
	put64(&out, HEADER_FDT_OFFSET, fdt_offset);
	return out;
}

static void put_key(struct file *out, const char *name)
{
	struct file key = read_file(name);

	if (key.size != PLATFORM_KEY_SIZE)
		fail("%s: a platform key is %u bytes, this file has %llu", name, PLATFORM_KEY_SIZE,
		     (unsigned long long)key.size);
	memcpy(out->data + HEADER_PLATFORM_KEY, key.data, key.size);
}

static void write_file(const char *name, const struct file *file)
{
	FILE *out = fopen(name, "wb");

	if (out == NULL)
		fail("%s: %s", name, strerror(errno));
	if (fwrite(file->data, 1, file->size, out) != file->size || fclose(out) != 0) {
		unlink(name);
		fail("%s: cannot write it: %s", name, strerror(errno));
	}
}

/* `name` in the directory of `path`. */
static char *beside(const char *path, const char *prefix, const char *name)
{
	const char *slash = strrchr(path, '/');
	int length = slash == NULL ? 0 : (int)(slash - path) + 1;
	size_t size = (size_t)length + strlen(prefix) + strlen(name) + 1;
	char *result = malloc(size);

	if (result == NULL)
		fail("out of memory");
	snprintf(result, size, "%.*s%s%s", length, path, prefix, name);
	return result;
}

static uint64_t parse_address(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (*text == '\0' || *end != '\0' || (value & 3) != 0)
		fail("--uart %s: not an address that is a multiple of 4", text);
	return value;
}

/* What a store that has been used forgets is what it is for: never over a file that is there. */
static void make_store(const char *name, const char *size_text)
{
	struct store_record header = {{STORE_AREA_MAGIC, 0, 1, 0}};
	char *end = "";
	unsigned long long size = size_text != NULL ? strtoull(size_text, &end, 0) : 64ULL << 20;
	struct file store = {name, malloc(STORE_SIZE), STORE_SIZE};
	FILE *out;

	if (*end != '\0' || size < STORE_SIZE)
		fail("--nv-size %s: not a number of bytes that is at least %u", size_text,
		     STORE_SIZE);
	out = fopen(name, "wbx");
	if (store.data == NULL || out == NULL)
		fail("%s: %s", name, strerror(errno));
	memset(store.data, 0xff, STORE_SIZE);
	put64(&store, 0, STORE_MAGIC);
	header.word[STORE_WORDS - 1] = store_check(&header);
	for (size_t i = 0; i < STORE_WORDS; i++)
		put64(&store, STORE_BLOCK + 8 * i, header.word[i]);
	if (fwrite(store.data, 1, STORE_SIZE, out) != STORE_SIZE || fflush(out) != 0 ||
	    ftruncate(fileno(out), (off_t)size) != 0 || fclose(out) != 0) {
		unlink(name);
		fail("%s: cannot write it: %s", name, strerror(errno));
	}
	free(store.data);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'}, {"core", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'},	  {"uart", required_argument, NULL, 'u'},
		{"nv", required_argument, NULL, 'n'},	  {"nv-size", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	const char *output = NULL, *core_name = NULL, *key = NULL, *uart = NULL, *nv = NULL;
	const char *nv_size = NULL;
	struct file core, host, out;

	for (int c; (c = getopt_long(argc, argv, "o:c:k:u:n:s:h", options, NULL)) != -1;) {
		switch (c) {
		case 'o':
			output = optarg;
			break;
		case 'c':
			core_name = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'u':
			uart = optarg;
			break;
		case 'n':
			nv = optarg;
			break;
		case 's':
			nv_size = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind + (nv == NULL) != argc || (nv == NULL && nv_size != NULL)) {
		usage(stderr);
		return 2;
	}
	if (nv != NULL) {
		make_store(nv, nv_size);
		return 0;
	}
	host = read_file(argv[optind]);
	check_host(&host);
	core = read_file(core_name != NULL ? core_name : beside(argv[0], "", "corevisor.bin"));
	check_core(&core);
	out = pack(&core, &host);
	if (uart != NULL)
		put64(&out, HEADER_UART, parse_address(uart));
	if (key != NULL)
		put_key(&out, key);
	if (output == NULL) {
		const char *slash = strrchr(host.name, '/');

		output = beside(host.name, "corevisor-", slash == NULL ? host.name : slash + 1);
	}
	write_file(output, &out);
	return 0;
}
