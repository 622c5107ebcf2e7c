/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* How soon to look again whether the serial port has room for what waits. */
#define FULL_MS 10

static struct termios saved;
static bool raw;
static bool escaped;
static bool input_ended;

static void restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raw = false;
}

/* Ended by a signal, the terminal must not stay raw. Only calls that a handler may make. */
static void ended(int signal)
{
	restore();
	_exit(128 + signal);
}

void console_open(void)
{
	struct sigaction action = {.sa_handler = ended};
	struct termios mode;

	signal(SIGPIPE, SIG_IGN);
	if (tcgetattr(STDIN_FILENO, &saved) != 0)
		return;
	/* In the background, the terminal is somebody else's. */
	if (tcgetpgrp(STDIN_FILENO) != getpgrp()) {
		input_ended = true;
		return;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	mode = saved;
	cfmakeraw(&mode);
	raw = true;
	atexit(restore);
	tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

static void say(const char *text, size_t length)
{
	if (write(STDERR_FILENO, text, length) < 0)
		return;
}

/* Returns false when the user leaves. */
static bool take(struct vm *vm, uint8_t byte)
{
	static const char help[] = "\r\ncvm: Ctrl-A X leaves the VM (and ends it), Ctrl-A Ctrl-A "
				   "sends a Ctrl-A, Ctrl-A H is this help\r\n";
	enum console_key key = raw ? console_key(&escaped, byte) : CONSOLE_BYTE;

	if (key == CONSOLE_HELP)
		say(help, sizeof(help) - 1);
	if (key == CONSOLE_BYTE) {
		pthread_mutex_lock(&vm->lock);
		pl011_receive(&vm->uart, byte);
		pthread_mutex_unlock(&vm->lock);
	}
	return key != CONSOLE_LEAVE;
}

static unsigned int room(struct vm *vm)
{
	unsigned int bytes;

	pthread_mutex_lock(&vm->lock);
	bytes = pl011_room(&vm->uart);
	pthread_mutex_unlock(&vm->lock);
	return bytes;
}

/* Returns false when the user leaves. */
static bool feed(struct vm *vm, unsigned int bytes)
{
	uint8_t buffer[PL011_FIFO];
	ssize_t n = read(STDIN_FILENO, buffer, bytes);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		input_ended = true; /* the VM lives on */
	for (ssize_t i = 0; i < n; i++) {
		if (!take(vm, buffer[i]))
			return false;
	}
	return true;
}

enum vm_end console_serve(struct vm *vm)
{
	struct pollfd fds[2] = {{.fd = vm->ended, .events = POLLIN}, {.events = POLLIN}};

	while (vm->end == VM_RUNS) {
		unsigned int bytes = input_ended ? 0 : room(vm);

		fds[1].fd = bytes > 0 ? STDIN_FILENO : -1;
		fds[1].revents = 0;
		if (poll(fds, 2, bytes > 0 || input_ended ? -1 : FULL_MS) < 0)
			continue;
		if (fds[1].revents != 0 && !feed(vm, bytes))
			return VM_RUNS;
	}
	return vm->end;
}
