/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How `cvm save` reaches the cvm that runs the VM: a socket with an abstract name, which has that
 * process's number in it. Only the same user, or root, is listened to.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include "vmm/vm.h"

/* Listen, in a thread, for who wants the VM saved: it ends with VM_SAVE then. 0, or -1 (said). */
int control_open(struct vm *vm);
/* After VM_SAVE: save it, telling who asked. NULL, or what went wrong. */
const char *control_save(struct vm *vm);
void control_close(void);

/* `cvm save`: ask the process `pid` to save its VM to a new file. cvm's exit code. */
int control_request_save(int pid, const char *name);

#endif
