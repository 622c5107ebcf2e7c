/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world switch (core/machine.h). Not there yet: a VM that is entered leaves
 * again at once, as if a physical interrupt had come (trap.c).
 */
#include "core/machine.h"

void machine_enter_vm(u32 vm, u32 slot)
{
	(void)vm;
	(void)slot;
}

void machine_leave_vm(u32 vm, u32 slot)
{
	(void)vm;
	(void)slot;
}

void machine_inject_vm_abort(u32 slot)
{
	(void)slot;
}

void machine_kick_vm(u32 vm)
{
	(void)vm;
}
