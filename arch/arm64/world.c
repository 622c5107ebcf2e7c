/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world switch (core/machine.h) is not there yet: VCPU_RUN is refused before it
 * reaches the core (trap.c), so that none of these is ever called.
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
