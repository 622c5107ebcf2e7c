/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers that a run of a VM must neither lose, nor show to the other side. */
#include "sysregs.h"
#include "test.h"
#include "vm.h"

static struct vm vm;

/* What the host has in a register that the guest fills with secrets. */
#define HOST_PATTERN 0x0050c0de0050c0deULL

#define FILL_REG(reg)                     \
	old[n] = reg_read(reg);           \
	reg_write(reg, HOST_PATTERN + n); \
	want[n++] = reg_read(reg);
#define CHECK_REG(reg) CHECK_EQ(reg_read(reg), want[n++]);
#define RESTORE_REG(reg) reg_write(reg, old[n++]);

void test_system_registers(void)
{
	u64 old[MAX_SYSREGS] = {0}, want[MAX_SYSREGS] = {0};
	bool keys = HAS_KEYS(reg_read(id_aa64isar1_el1), reg_read(s3_0_c0_c6_2));
	u32 n = 0;

	vm_make(&vm, GUEST_SYSREGS);
	PLAIN_SYSREGS(FILL_REG)
	if (keys) {
		KEY_SYSREGS(FILL_REG)
	}
	for (u32 i = 0; i < 100 && !vm.done; i++) {
		CHECK(vm_run(&vm, 0) > 0);
		n = 0;
		PLAIN_SYSREGS(CHECK_REG)
		if (keys) {
			KEY_SYSREGS(CHECK_REG)
		}
	}
	n = 0;
	PLAIN_SYSREGS(RESTORE_REG)
	if (keys) {
		KEY_SYSREGS(RESTORE_REG)
	}
	CHECK_EQ(vm.reports[2], n);
	vm_finish(&vm);
	vm_destroy(&vm);
}

/* Two VMs in turns, and the host: nobody's FP registers are lost, or seen by another. */
void test_fp(void)
{
	static struct vm other;
	u64 seed = HOST_PATTERN;

	vm_make(&vm, GUEST_FP);
	vm_make(&other, GUEST_FP_FRESH);
	fp_fill(seed);
	reg_write(fpcr, 1 << 22);
	reg_write(fpsr, 0x7);
	while (!vm.done) {
		CHECK(vm_run(&vm, 0) > 0);
		CHECK_EQ(fp_check(seed), 0);
		CHECK_EQ(reg_read(fpcr), 1 << 22);
		CHECK_EQ(reg_read(fpsr), 0x7);
		if (!other.done)
			vm_finish(&other);
	}
	reg_write(fpcr, 0);
	CHECK_EQ(vm.reports[REPORT_DONE], 0);
	vm_destroy(&vm);
	vm_destroy(&other);
}

/* The host's SVE and streaming mode, where there are such. */
void test_sve(void)
{
	u64 pfr0 = reg_read(id_aa64pfr0_el1), pfr1 = reg_read(id_aa64pfr1_el1);
	u64 cpacr = reg_read(cpacr_el1);

	if ((pfr0 >> 32 & 0xf) == 0)
		return;
	reg_write(cpacr_el1, cpacr | 3 << 16 | 3 << 24); /* ZEN, SMEN */
	reg_write(s3_0_c1_c2_0, 0xf); /* ZCR_EL1 */
	for (u32 streaming = 0; streaming < ((pfr1 >> 24 & 0xf) != 0 ? 2 : 1); streaming++) {
		vm_make(&vm, GUEST_FP);
		if (streaming) {
			reg_write(s3_0_c1_c2_6, 0xf | 1ULL << 31); /* SMCR_EL1: LEN, FA64 */
			reg_write(s3_3_c4_c2_2, 1); /* SVCR.SM */
		}
		sve_fill(HOST_PATTERN);
		while (!vm.done) {
			CHECK(vm_run(&vm, 0) > 0);
			CHECK_EQ(sve_check(HOST_PATTERN), 0);
			if (streaming)
				CHECK_EQ(reg_read(s3_3_c4_c2_2), 1);
		}
		CHECK_EQ(vm.reports[REPORT_DONE], 0);
		if (streaming)
			reg_write(s3_3_c4_c2_2, 0);
		vm_destroy(&vm);
	}
	reg_write(cpacr_el1, cpacr);
}

static u64 field(u32 crm, u32 op2, u32 shift)
{
	return vm.reports[crm * 8 + op2] >> shift & 0xf;
}

/* What a VM cannot use is not announced; what it can, is. */
void test_id_registers(void)
{
	vm_make(&vm, GUEST_IDREGS);
	vm_finish(&vm);
	CHECK_EQ(vm.reports[0x48], reg_read(midr_el1));
	CHECK_EQ(vm.reports[4 * 8] & 0xff, 0x11); /* AArch64 at EL0 and EL1, */
	CHECK_EQ(field(4, 0, 8) | field(4, 0, 12), 0); /* nothing above */
	CHECK_EQ(field(4, 0, 16), reg_read(id_aa64pfr0_el1) >> 16 & 0xf); /* FP */
	CHECK_EQ(field(4, 0, 24), 1); /* GICv3 */
	CHECK_EQ(field(4, 0, 28) | field(4, 0, 32) | field(4, 0, 40) | field(4, 0, 44), 0);
	CHECK_EQ(vm.reports[4 * 8 + 1] & ~0xffULL, 0); /* no MTE, SME, ... */
	for (u32 op2 = 2; op2 < 8; op2++)
		CHECK_EQ(vm.reports[4 * 8 + op2], 0);
	CHECK_EQ(vm.reports[5 * 8], 0x101006); /* no PMU, SPE, trace */
	CHECK_EQ(vm.reports[5 * 8 + 1], 0);
	CHECK_EQ(vm.reports[6 * 8] | 0xfULL << 24, reg_read(id_aa64isar0_el1) | 0xfULL << 24);
	CHECK_EQ(field(6, 1, 4), reg_read(id_aa64isar1_el1) >> 4 & 0xf); /* APA */
	CHECK_EQ(field(6, 2, 0) | field(6, 2, 16), 0); /* WFxT, MOPS */
	CHECK(field(7, 0, 0) <= 2); /* 40 bits */
	CHECK_EQ(field(7, 0, 56) | field(7, 0, 60), 0); /* FGT, ECV */
	CHECK_EQ(field(7, 1, 8) | field(7, 1, 40), 0); /* VHE, HCX */
	CHECK_EQ(field(7, 2, 24), 0); /* NV */
	CHECK_EQ(vm.reports[7 * 8 + 3], 0);
	for (u32 i = 8; i < 32; i++)
		CHECK_EQ(vm.reports[i], 0); /* AArch32 */
	vm_destroy(&vm);
}

void test_absent(void)
{
	vm_make(&vm, GUEST_ABSENT);
	vm_finish(&vm);
	vm_destroy(&vm);
}
