/* SPDX-License-Identifier: BSD-3-Clause */
/* cvm: run a Linux VM on /dev/kvm, and look at the VMs of Corevisor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corevisor/manifest.h"
#include "vmm/commands.h"
#include "vmm/console.h"
#include "vmm/control.h"
#include "vmm/inspect.h"
#include "vmm/load.h"
#include "vmm/options.h"
#include "vmm/report.h"
#include "vmm/snapshot.h"
#include "vmm/vm.h"

static const char usage[] =
	"usage: cvm run --kernel IMAGE [option...]   run a VM; its console is this terminal\n"
	"       cvm measure --kernel IMAGE [...]     print the measurement that it would have\n"
	"       cvm sign --key PEM -o FILE --kernel IMAGE [...]\n"
	"                                            write a manifest that only it will match\n"
	"       cvm save VM FILE                     stop a VM and keep it, encrypted, in a new file\n"
	"       cvm restore FILE                     let it go on, on this terminal\n"
	"       cvm ps                               list the VMs of Corevisor\n"
	"       cvm info [VM]                        tell about one of them, or about Corevisor\n"
	"\n" OPTIONS_OF_IMAGE "  -M, --manifest FILE  run it only if it is what its owner signed\n"
	"  -K, --key PEM        the owner's private key, ECDSA over P-384\n"
	"  -o, --output FILE    where the manifest goes; of measure: the memory measured\n"
	"      --no-reboot      end when the VM resets, instead of starting it again\n"
	"      --protected      do not run it on a kernel without Corevisor\n"
	"  -h, --help           this text\n"
	"\n"
	"Ctrl-A X leaves the VM and ends it; Ctrl-A H tells the other keys.\n"
	"Exit code: 0 the VM powered off, 1 it was not started, 2 wrong usage, 3 it reset\n"
	"(--no-reboot), 4 it was stopped, 5 left with Ctrl-A X, 6 it was saved.\n";

static int hand_in_manifest(struct vm *vm, const char *name)
{
	struct cv_manifest manifest;
	FILE *file = fopen(name, "rbe");
	size_t size;

	if (file == NULL)
		return complain("%s: %s", name, strerror(errno));
	size = fread(&manifest, 1, sizeof(manifest), file);
	if (size != sizeof(manifest) || fgetc(file) != EOF || manifest.magic != CV_MANIFEST_MAGIC)
		size = 0;
	fclose(file);
	if (size == 0)
		return complain("%s: not a manifest", name);
	return vm_set_manifest(vm, &manifest);
}

/* Run it to its end. VM_RUNS: the user left it. */
static int serve(struct vm *vm, enum vm_end *end)
{
	const char *error = NULL;

	if (control_open(vm) != 0)
		return -1;
	if (vm_start(vm) != 0) {
		control_close();
		return -1;
	}
	*end = console_serve(vm);
	vm_stop(vm);
	if (*end == VM_SAVE)
		error = control_save(vm);
	control_close();
	return error == NULL ? 0 : complain("the VM could not be saved: %s", error);
}

/* From power on to its end. */
static int run_once(const struct run_options *options, enum vm_end *end)
{
	static struct vm vm;
	struct image image;
	int error;

	if (vm_create(&vm, options->memory, options->cpus) != 0)
		return -1;
	image = (struct image){vm.ram, vm.ram_size, vm.nr_vcpus, 0, 0};
	error = load_linux(&image, options);
	if (error == 0 && options->manifest != NULL)
		error = hand_in_manifest(&vm, options->manifest);
	if (error == 0)
		error = vm_set_entry(&vm, image.pc, image.x0);
	if (error == 0)
		error = serve(&vm, end);
	vm_destroy(&vm);
	return error;
}

static int exit_code(enum vm_end end)
{
	switch (end) {
	case VM_POWERED_OFF:
		return EXIT_POWERED_OFF;
	case VM_RESET:
		complain("the VM has reset");
		return EXIT_RESET;
	case VM_SAVE:
		complain("the VM has been saved");
		return EXIT_SAVED;
	case VM_RUNS:
		complain("left");
		return EXIT_LEFT;
	default:
		return EXIT_STOPPED;
	}
}

static int command_run(int argc, char **argv)
{
	struct run_options options;
	enum vm_end end;

	if (options_parse(&options, argc, argv) != 0) {
		fputs("Try: cvm --help\n", stderr);
		return EXIT_USAGE;
	}
	if (options.help) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (options.key != NULL || options.output != NULL) {
		complain("--key and --output are not for run");
		return EXIT_USAGE;
	}
	if (!inspect_corevisor() && options.protect) {
		complain("this kernel has no Corevisor: it could read what is in the VM "
			 "(--protected forbids that)");
		return EXIT_NOT_STARTED;
	}
	if (!inspect_corevisor())
		complain("note: this kernel has no Corevisor: the host can read what is in the VM");
	console_open();
	do {
		if (run_once(&options, &end) != 0)
			return EXIT_NOT_STARTED;
	} while (end == VM_RESET && options.reboot);
	return exit_code(end);
}

static int command_restore(const char *name)
{
	static struct vm vm;
	enum vm_end end;
	int error;

	if (snapshot_restore(&vm, name) != 0)
		return EXIT_NOT_STARTED;
	console_open();
	error = serve(&vm, &end);
	vm_destroy(&vm);
	return error == 0 ? exit_code(end) : EXIT_NOT_STARTED;
}

static int command_save(const char *id, const char *name)
{
	int pid = inspect_pid(id);

	return pid < 0 ? EXIT_NOT_STARTED : control_request_save(pid, name);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "run") == 0)
		return command_run(argc - 1, argv + 1);
	if (strcmp(command, "measure") == 0 || strcmp(command, "sign") == 0)
		return command_owner(argc - 1, argv + 1, usage);
	if (strcmp(command, "save") == 0 && argc == 4)
		return command_save(argv[2], argv[3]);
	if (strcmp(command, "restore") == 0 && argc == 3)
		return command_restore(argv[2]);
	if (strcmp(command, "ps") == 0 && argc == 2)
		return inspect_ps();
	if (strcmp(command, "info") == 0 && argc <= 3)
		return argc == 3 ? inspect_vm(argv[2]) : inspect_host();
	if (strcmp(command, "-h") == 0 || strcmp(command, "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
