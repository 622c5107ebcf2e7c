// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: enter the core's VCPU_RUN until user space has something to do. All that is known of
 * the vCPU is what its run page says.
 */
#include "vcpu.h"

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/string.h>
#include <asm/arch_timer.h>

#include "call.h"
#include "compat.h"
#include "corevisor/error.h"
#include "corevisor/state.h"
#include "ioeventfd.h"
#include "memory.h"
#include "vgic.h"
#include "vm.h"

/* The interrupt of CNTV (BSA; what the device trees of VMMs say). */
#define TIMER_PPI 27
#define NEVER (~0ULL)

/* Microseconds that a vCPU in WFI looks on before it sleeps. */
#define POLL_MIN_US 10ULL
#define POLL_MAX_US 200ULL

/* What an exit comes to, besides an errno: */
enum {
	RUN_ON = 1, /* back into the VM */
	TO_USER = 0, /* v->run says why */
};

static u64 page_get(const struct cv_vcpu *v, u32 offset)
{
	return READ_ONCE(*(u64 *)(v->page + offset));
}

static void page_set(struct cv_vcpu *v, u32 offset, u64 value)
{
	WRITE_ONCE(*(u64 *)(v->page + offset), value);
}

void cv_vcpu_kick(struct cv_vcpu *v)
{
	int cpu;

	/*
	 * With the barrier that is in it: what there is to see is written before v->wait and
	 * v->cpu are read; wait_for_interrupt() and enter_vm() have the other half.
	 */
	if (wq_has_sleeper(&v->wait))
		wake_up(&v->wait);
	cpu = READ_ONCE(v->cpu);
	/* Busy: such an interrupt is on its way already. */
	if (cpu >= 0 && cpu != raw_smp_processor_id())
		smp_call_function_single_async(cpu, &v->csd);
}

/* ---------------------------------------------------------------- the virtual timer */

/* Its interrupt is level-sensitive: up from the deadline until the VM sets another. */
static void timer_update(struct cv_vcpu *v)
{
	bool level = v->timer != NEVER && arch_timer_read_counter() >= v->timer;

	if (level != v->timer_level && vgic_inject(v->vm, v->id, TIMER_PPI, level) == 0)
		v->timer_level = level;
}

/* Sleep until it fires, or something else happens. The task's state is set. */
static void timer_sleep(struct cv_vcpu *v)
{
	u64 now = arch_timer_read_counter();
	ktime_t left;

	if (v->timer == NEVER) {
		schedule();
	} else if (v->timer > now) {
		/* A year is as good as for ever. */
		left = mul_u64_u32_div(min(v->timer - now, 1ULL << 54), NSEC_PER_SEC,
				       arch_timer_get_cntfrq());
		schedule_hrtimeout(&left, HRTIMER_MODE_REL);
	}
}

/* ---------------------------------------------------------------- waiting */

static bool wfi_ends(struct cv_vcpu *v)
{
	timer_update(v);
	return vgic_has_pending(v) || READ_ONCE(v->vm->phase) == CV_PHASE_DEAD;
}

/* Look on, without sleeping, while nobody else wants the CPU: for what is likely to come soon. */
static bool poll_for_interrupt(struct cv_vcpu *v)
{
	u64 end = arch_timer_read_counter() + v->poll;

	while (!wfi_ends(v)) {
		if (arch_timer_read_counter() >= end || need_resched() ||
		    !single_task_running() || signal_pending(current))
			return false;
		cpu_relax();
	}
	return true;
}

/* Looking on pays if the wait was short: longer, then, and not at all after a long one. */
static void poll_adapt(struct cv_vcpu *v, u64 waited)
{
	u64 us = arch_timer_get_cntfrq() / USEC_PER_SEC;

	v->poll = waited < POLL_MAX_US * us ?
			  clamp(2 * v->poll, POLL_MIN_US * us, POLL_MAX_US * us) : 0;
}

static int sleep_until_interrupt(struct cv_vcpu *v)
{
	DEFINE_WAIT(wait);
	int error = 0;

	for (;;) {
		prepare_to_wait(&v->wait, &wait, TASK_INTERRUPTIBLE);
		if (wfi_ends(v))
			break;
		if (signal_pending(current)) {
			error = -EINTR;
			break;
		}
		timer_sleep(v);
	}
	finish_wait(&v->wait, &wait);
	return error;
}

/* WFI. 0 or -EINTR. */
static int wait_for_interrupt(struct cv_vcpu *v)
{
	u64 start = arch_timer_read_counter();
	int error;

	if (poll_for_interrupt(v))
		return 0;
	error = sleep_until_interrupt(v);
	poll_adapt(v, arch_timer_read_counter() - start);
	return error;
}

/* The core knows; what the host hears of CPU_ON and CPU_OFF may come in either order. */
static bool is_powered(const struct cv_vcpu *v)
{
	return cv_call(CV_CALL_VCPU_INFO, v->vm->id, v->id, 0).value[1] != 0;
}

/* Until PSCI CPU_ON. When the VM has ended there is nothing more to come but a signal. */
static int wait_for_power(struct cv_vcpu *v)
{
	struct cv_vm *vm = v->vm;

	if (wait_event_interruptible(vm->started, READ_ONCE(vm->phase) > CV_PHASE_LOADING))
		return -EINTR;
	if (wait_event_interruptible(v->wait, READ_ONCE(vm->phase) == CV_PHASE_STARTED &&
						      is_powered(v)))
		return -EINTR;
	v->off = false;
	return 0;
}

/* ---------------------------------------------------------------- exits */

static int mmio_to_user(struct cv_vcpu *v, u64 addr, u32 size, bool write, u64 data)
{
	struct kvm_run *run = v->run;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = addr;
	run->mmio.len = size;
	run->mmio.is_write = write;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (write)
		memcpy(run->mmio.data, &data, size);
	v->mmio_read = !write;
	return TO_USER;
}

static int exit_mmio(struct cv_vcpu *v, bool write)
{
	u64 addr = page_get(v, CV_RUN_ARG0), data = write ? page_get(v, CV_RUN_ARG2) : 0;
	u32 size = min_t(u64, page_get(v, CV_RUN_ARG1), sizeof(data));

	if (v->vm->vgic && vgic_mmio(v, addr, size, write, &data)) {
		page_set(v, CV_RUN_DATA, data);
		return RUN_ON;
	}
	if (write && cv_ioeventfd_write(v->vm, addr, size, data))
		return RUN_ON;
	return mmio_to_user(v, addr, size, write, data);
}

static int exit_system(struct cv_vcpu *v, u32 type)
{
	cv_vm_stop(v->vm);
	v->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	v->run->system_event.type = type;
	v->run->system_event.ndata = 0;
	return TO_USER;
}

static int exit_cpu_on(struct cv_vcpu *v)
{
	struct cv_vcpu *target = cv_vm_vcpu(v->vm, (u32)page_get(v, CV_RUN_ARG0));

	if (target)
		wake_up(&target->wait);
	return RUN_ON;
}

/* VCPU_RUN was refused. */
static int not_entered(struct cv_vcpu *v, s64 error)
{
	/* Switched off, or the VM has ended on another vCPU. */
	if (error == CV_ESTATE && !is_powered(v)) {
		v->off = true;
		return RUN_ON;
	}
	if (error == CV_ESTATE &&
	    cv_call(CV_CALL_VM_INFO, v->vm->id, 0, 0).value[0] == CV_VM_POWEROFF) {
		cv_vm_stop(v->vm);
		return RUN_ON;
	}
	v->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	v->run->fail_entry.hardware_entry_failure_reason = (u64)-error;
	v->run->fail_entry.cpu = raw_smp_processor_id();
	return TO_USER;
}

static int handle_exit(struct cv_vcpu *v)
{
	int error;

	switch (page_get(v, CV_RUN_EXIT)) {
	case CV_EXIT_INTERRUPT:
		return RUN_ON;
	case CV_EXIT_MEMORY:
		error = cv_memory_fault(v->vm, page_get(v, CV_RUN_ARG0));
		return error ? error : RUN_ON;
	case CV_EXIT_MMIO_READ:
		return exit_mmio(v, false);
	case CV_EXIT_MMIO_WRITE:
		return exit_mmio(v, true);
	case CV_EXIT_WFI:
		error = wait_for_interrupt(v);
		return error ? error : RUN_ON;
	case CV_EXIT_SGI:
		if (v->vm->vgic)
			vgic_sgi(v, page_get(v, CV_RUN_ARG0));
		return RUN_ON;
	case CV_EXIT_CPU_ON:
		return exit_cpu_on(v);
	case CV_EXIT_CPU_OFF:
		v->off = true;
		return RUN_ON;
	case CV_EXIT_SYSTEM_OFF:
		return exit_system(v, KVM_SYSTEM_EVENT_SHUTDOWN);
	case CV_EXIT_SYSTEM_RESET:
		return exit_system(v, KVM_SYSTEM_EVENT_RESET);
	case CV_EXIT_POWEROFF:
		cv_vm_stop(v->vm);
		return RUN_ON;
	default:
		v->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
		v->run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
		v->run->internal.ndata = 1;
		v->run->internal.data[0] = page_get(v, CV_RUN_EXIT);
		return TO_USER;
	}
}

/* ---------------------------------------------------------------- entering */

/*
 * One VCPU_RUN. Interrupts stay off: one that comes ends the run, and is taken on return. Who
 * kicks after v->cpu is set interrupts this CPU; what came before is seen by vgic_flush().
 */
static s64 enter_vm(struct cv_vcpu *v)
{
	u64 *lr = v->page + CV_RUN_LR(0), hcr = 0;
	s64 error;

	WRITE_ONCE(v->cpu, raw_smp_processor_id());
	smp_mb();
	timer_update(v);
	if (v->vm->vgic)
		vgic_flush(v, lr, &hcr);
	page_set(v, CV_RUN_GIC_HCR, hcr);
	error = cv_call(CV_CALL_VCPU_RUN, v->vm->id, v->id, 0).error;
	if (v->vm->vgic)
		vgic_sync(v, lr);
	v->timer = page_get(v, CV_RUN_TIMER);
	WRITE_ONCE(v->cpu, -1);
	return error;
}

/*
 * Before entering, interrupts on: give way, hear signals. Not xfer_to_guest_mode_handle_work(),
 * which wants a struct kvm_vcpu up to 6.17: what else waits for the return to user space waits on.
 */
static int handle_work(void)
{
	if (need_resched())
		schedule();
	return signal_pending(current) ? -EINTR : 0;
}

static int run_once(struct cv_vcpu *v)
{
	s64 error;

	if (v->off || READ_ONCE(v->vm->phase) != CV_PHASE_STARTED)
		return wait_for_power(v) ?: RUN_ON;
	error = handle_work();
	if (error)
		return (int)error;
	local_irq_disable();
	if (need_resched() || signal_pending(current)) {
		local_irq_enable();
		return RUN_ON;
	}
	error = enter_vm(v);
	local_irq_enable();
	return error ? not_entered(v, error) : handle_exit(v);
}

/* The answer to a read that user space was asked for. */
static void finish_mmio(struct cv_vcpu *v)
{
	u64 data = 0;

	if (!v->mmio_read)
		return;
	memcpy(&data, v->run->mmio.data, min_t(u32, v->run->mmio.len, sizeof(data)));
	page_set(v, CV_RUN_DATA, data);
	v->mmio_read = false;
}

static int run(struct cv_vcpu *v)
{
	int result = RUN_ON;

	finish_mmio(v);
	if (cv_immediate_exit(v->run))
		return -EINTR;
	if (!v->off)
		result = cv_vm_start(v->vm) ?: RUN_ON;
	while (result == RUN_ON)
		result = run_once(v);
	return result;
}

int cv_vcpu_run(struct cv_vcpu *v)
{
	int result;

	if (!v->initialized)
		return -ENOEXEC;
	if (v->sigset_active)
		sigprocmask(SIG_SETMASK, &v->sigset, &current->real_blocked);
	v->run->exit_reason = KVM_EXIT_UNKNOWN;
	result = run(v);
	if (result == -EINTR)
		v->run->exit_reason = KVM_EXIT_INTR;
	if (v->sigset_active) {
		sigprocmask(SIG_SETMASK, &current->real_blocked, NULL);
		sigemptyset(&current->real_blocked);
	}
	return result;
}
