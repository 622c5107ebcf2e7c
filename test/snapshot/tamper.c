/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tamper FILE OLDER FLIPS: let cvm restore changed copies of a snapshot of tick.S, and see that
 * each is refused: FLIPS single bits at random places, cut off at each record's end, each two
 * neighbouring records swapped, each record left out or doubled, each taken from an older snapshot
 * of the same VM. Prints one line for each kind, and which message came how often.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD 96
#define RECORD 4136
#define MAX_SIZE (4U << 20)
#define CHANGED "/t/changed"
#define SAID "/t/said"
#define MAX_MESSAGES 16

static unsigned char original[MAX_SIZE], older[MAX_SIZE], copy[MAX_SIZE];
static size_t size, older_size;
static unsigned long tried, refused;

static struct {
	char text[100];
	unsigned long count;
} messages[MAX_MESSAGES];

static size_t read_file(const char *name, unsigned char *to)
{
	FILE *file = fopen(name, "rb");
	size_t n = file != NULL ? fread(to, 1, MAX_SIZE, file) : 0;

	if (n < HEAD + RECORD || n == MAX_SIZE) {
		printf("tamper: %s: not a small snapshot\n", name);
		exit(1);
	}
	fclose(file);
	return n;
}

/* What cvm said, without the numbers in it. */
static void note_message(void)
{
	char line[256] = "";
	FILE *file = fopen(SAID, "r");
	char *text;
	unsigned int i;

	/* The last line: progress comes before it. */
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		;
	if (file != NULL)
		fclose(file);
	text = strstr(line, CHANGED ": ");
	text = text != NULL ? text + strlen(CHANGED ": ") : line;
	text[strcspn(text, "0123456789(\n")] = '\0';
	for (i = 0; i < MAX_MESSAGES - 1 && messages[i].count > 0; i++) {
		if (strncmp(messages[i].text, text, sizeof(messages[i].text) - 1) == 0)
			break;
	}
	snprintf(messages[i].text, sizeof(messages[i].text), "%s", text);
	messages[i].count++;
}

/* cvm restore of the copy: 1 is a refusal; anything else, or that it runs, is not. */
static void try_copy(size_t length, const char *what, size_t where)
{
	int fd = open(CHANGED, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int status = 0;
	pid_t child;

	if (fd < 0 || write(fd, copy, length) != (ssize_t)length) {
		perror(CHANGED);
		exit(1);
	}
	close(fd);
	child = fork();
	if (child == 0) {
		alarm(5);
		fd = open(SAID, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execlp("cvm", "cvm", "restore", CHANGED, (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	tried++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
		refused++;
		note_message();
	} else {
		printf("tamper: NOT REFUSED: %s at %zu (status %#x)\n", what, where, status);
	}
}

static void report(const char *what)
{
	printf("tamper: %s: %lu tried, %lu refused\n", what, tried, refused);
	fflush(stdout);
	tried = refused = 0;
}

static void fresh(void)
{
	memcpy(copy, original, size);
}

static void flip(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		size_t bit = (size_t)random() % (8 * size);

		fresh();
		copy[bit / 8] ^= (unsigned char)(1U << bit % 8);
		try_copy(size, "bit", bit);
	}
	report("single bits");
}

static size_t at(size_t record)
{
	return HEAD + record * RECORD;
}

static void cut(size_t records)
{
	for (size_t r = 0; r < records; r++) {
		fresh();
		try_copy(at(r), "cut off", r);
	}
	fresh();
	memset(copy + size, 0, RECORD);
	try_copy(size + RECORD, "longer", records);
	report("cut off at a record, or longer");
}

static void move(size_t records)
{
	for (size_t r = 0; r + 1 < records; r++) {
		fresh();
		memcpy(copy + at(r), original + at(r + 1), RECORD);
		memcpy(copy + at(r + 1), original + at(r), RECORD);
		try_copy(size, "swapped", r);
	}
	report("two records swapped");
	for (size_t r = 0; r < records; r++) {
		fresh();
		memmove(copy + at(r), copy + at(r + 1), size - at(r + 1));
		try_copy(size - RECORD, "left out", r);
		fresh();
		memcpy(copy + at(r + 1), original + at(r), size - at(r));
		try_copy(size + RECORD, "doubled", r);
	}
	report("a record left out, or doubled");
}

/* Records of the older one where they lie at the same place and differ. */
static void mix(size_t records)
{
	for (size_t r = 0; r < records && at(r + 1) <= older_size; r++) {
		if (memcmp(original + at(r), older + at(r), RECORD) == 0)
			continue;
		fresh();
		memcpy(copy + at(r), older + at(r), RECORD);
		try_copy(size, "older record", r);
	}
	report("a record of an older snapshot");
}

int main(int argc, char **argv)
{
	size_t records;

	if (argc != 4) {
		fprintf(stderr, "usage: tamper SNAPSHOT OLDER FLIPS\n");
		return 2;
	}
	size = read_file(argv[1], original);
	older_size = read_file(argv[2], older);
	records = (size - HEAD) / RECORD;
	srandom(1);
	printf("tamper: %zu records, %zu bytes\n", records, size);
	cut(records);
	move(records);
	mix(records);
	flip((unsigned int)strtoul(argv[3], NULL, 10));
	for (unsigned int i = 0; i < MAX_MESSAGES && messages[i].count > 0; i++)
		printf("tamper: said %lu times: %s\n", messages[i].count, messages[i].text);
	return 0;
}
