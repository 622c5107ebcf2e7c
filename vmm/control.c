/* SPDX-License-Identifier: BSD-3-Clause */
/* struct ucred, accept4() */
#define _GNU_SOURCE
#include "vmm/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/progress.h"
#include "vmm/report.h"
#include "vmm/snapshot.h"
#include "vmm/vm_private.h"

/* Bytes between two messages about progress. */
#define STEP ((uint64_t)4 << 20)

/* What the one that runs the VM tells the one that asked. */
struct message {
	enum { MESSAGE_PROGRESS, MESSAGE_DONE, MESSAGE_ERROR } kind;
	uint64_t done, total;
	char text[160];
};

static struct {
	struct vm *vm;
	pthread_t thread;
	int listener;
	int client; /* who asked */
	int file; /* and for where */
	uint64_t told;
} control = {.listener = -1, .client = -1, .file = -1};

static socklen_t address_of(struct sockaddr_un *address, int pid)
{
	int length;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	/* A zero first: an abstract name. */
	length = snprintf(&address->sun_path[1], sizeof(address->sun_path) - 1, "corevisor/cvm/%d",
			  pid);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

/* ---------------------------------------------------------------- the one that runs the VM */

static bool is_allowed(int client)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

/* The file that comes with the request, or -1. */
static int receive_file(int client)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} space;
	char request;
	struct iovec part = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space.bytes,
				 .msg_controllen = sizeof(space.bytes)};
	struct cmsghdr *head;
	int file;

	if (recvmsg(client, &message, MSG_CMSG_CLOEXEC) != sizeof(request))
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (head == NULL || head->cmsg_type != SCM_RIGHTS ||
	    head->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&file, CMSG_DATA(head), sizeof(file));
	return file;
}

static void *listen_for_save(void *argument)
{
	struct vm *vm = argument;

	for (;;) {
		int client = accept4(control.listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0 && errno != EINTR && errno != ECONNABORTED)
			return NULL;
		if (client < 0)
			continue;
		control.file = is_allowed(client) ? receive_file(client) : -1;
		if (control.file >= 0) {
			control.client = client;
			vm_set_end(vm, VM_SAVE);
			return NULL;
		}
		close(client);
	}
}

int control_open(struct vm *vm)
{
	struct sockaddr_un address;
	socklen_t size = address_of(&address, getpid());

	control.vm = vm;
	control.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (control.listener < 0 ||
	    bind(control.listener, (struct sockaddr *)&address, size) != 0 ||
	    listen(control.listener, 1) != 0 ||
	    pthread_create(&control.thread, NULL, listen_for_save, vm) != 0) {
		complain("cannot be asked to save the VM: %s", strerror(errno));
		if (control.listener >= 0)
			close(control.listener);
		control.listener = -1;
		return -1;
	}
	return 0;
}

void control_close(void)
{
	if (control.listener < 0)
		return;
	/* Ends accept4(), too. */
	shutdown(control.listener, SHUT_RDWR);
	pthread_join(control.thread, NULL);
	close(control.listener);
	if (control.client >= 0)
		close(control.client);
	if (control.file >= 0)
		close(control.file);
	control.listener = control.client = control.file = -1;
}

static void tell(int kind, uint64_t done, uint64_t total, const char *text)
{
	struct message message = {.kind = kind, .done = done, .total = total};

	snprintf(message.text, sizeof(message.text), "%s", text);
	/* That it is not there any more does not keep the VM from being saved. */
	(void)send(control.client, &message, sizeof(message), MSG_NOSIGNAL);
}

static void tell_progress(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	if (done < control.told + STEP && done != total)
		return;
	control.told = done;
	tell(MESSAGE_PROGRESS, done, total, "");
}

const char *control_save(struct vm *vm)
{
	const char *error;

	control.told = 0;
	error = snapshot_save(vm, control.file, tell_progress, NULL);
	tell(error == NULL ? MESSAGE_DONE : MESSAGE_ERROR, 0, 0, error == NULL ? "" : error);
	return error;
}

/* ---------------------------------------------------------------- the one that asks */

static int send_file(int server, int file)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} space = {{0}};
	char request = 's';
	struct iovec part = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space.bytes,
				 .msg_controllen = sizeof(space.bytes)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &file, sizeof(file));
	return sendmsg(server, &message, MSG_NOSIGNAL) == sizeof(request) ? 0 : -1;
}

/* Until it is saved, or not. */
static int follow(int server)
{
	struct message message;

	for (;;) {
		ssize_t n = recv(server, &message, sizeof(message), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(message))
			return complain("the cvm that runs the VM has gone, or does not listen to "
					"you");
		message.text[sizeof(message.text) - 1] = '\0';
		if (message.kind == MESSAGE_DONE)
			return 0;
		if (message.kind == MESSAGE_ERROR)
			return complain("the VM could not be saved: %s", message.text);
		progress_show("saving", message.done, message.total);
	}
}

int control_request_save(int pid, const char *name)
{
	struct sockaddr_un address;
	socklen_t size = address_of(&address, pid);
	int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int file, error;

	if (server < 0 || connect(server, (struct sockaddr *)&address, size) != 0) {
		complain("process %d, whose VM it is, is no cvm: %s", pid, strerror(errno));
		return EXIT_NOT_STARTED;
	}
	file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0) {
		complain("%s: %s", name, strerror(errno));
		close(server);
		return EXIT_NOT_STARTED;
	}
	error = send_file(server, file);
	if (error != 0)
		complain("the cvm that runs the VM: %s", strerror(errno));
	if (error == 0)
		error = follow(server);
	close(file);
	close(server);
	if (error != 0)
		unlink(name);
	return error == 0 ? EXIT_POWERED_OFF : EXIT_NOT_STARTED;
}
