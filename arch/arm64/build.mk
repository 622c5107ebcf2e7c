# SPDX-License-Identifier: BSD-3-Clause
#
# The core for Arm64: $(B)/corevisor.bin, and $(B)/corevisor-pack, which puts a
# host kernel behind it. Included by the top-level Makefile.

HOSTCC ?= gcc
A64 ?= aarch64-linux-gnu-

# In debug builds only: the invariant checker, and the call that runs it (arch/arm64/debug.h).
A64_DEBUG_SRC := arch/arm64/debug.c $(wildcard core/invariant*.c)
A64_SRC := $(filter-out $(A64_DEBUG_SRC),$(sort $(wildcard arch/arm64/*.c) $(wildcard core/*.c))) \
	crypto/bearssl.c
A64_ASM := arch/arm64/head.S arch/arm64/vectors.S arch/arm64/fpsimd.S
A64_DIR := $(B)/obj/arm64
A64_OBJ := $(A64_SRC:%.c=$(A64_DIR)/%.o) $(A64_ASM:%.S=$(A64_DIR)/%.o)
A64_DEBUG_DIR := $(B)/obj/arm64-debug
A64_DEBUG_OBJ := $(patsubst %.c,$(A64_DEBUG_DIR)/%.o,$(A64_SRC) $(A64_DEBUG_SRC)) \
	$(A64_ASM:%.S=$(A64_DIR)/%.o)
A64_LIB := $(B)/arm64/lib
BEAR := $(B)/arm64/src/bearssl
# What crypto/bearssl.c names, and what that needs.
BEAR_SRC := hash/sha2big mac/hmac rand/hmac_drbg symcipher/chacha20_ct symcipher/poly1305_ctmul \
	ec/ec_prime_i31 ec/ecdsa_i31_vrfy_raw ec/ecdsa_i31_bits \
	ec/ec_secp256r1 ec/ec_secp384r1 ec/ec_secp521r1 \
	$(patsubst %,int/i31_%,add bitlen decmod decode decred encode fmont iszero moddiv modpow \
	modpow2 montmul mulacc muladd ninv31 reduce rshift sub tmont) int/i32_div32 \
	codec/ccopy codec/dec32be codec/dec32le codec/dec64be codec/enc32be codec/enc32le codec/enc64be
BEAR_OBJ := $(BEAR_SRC:%=$(A64_DIR)/bearssl/%.o)

# Asked for when something is compiled: the compiler may be installed only by then.
A64_INCLUDE = $(shell $(A64)gcc -print-file-name=include)

# No FP registers: they are the host's. No unaligned access before the MMU is on.
A64_FLAGS = -std=c11 -O2 -g -march=armv8-a -mgeneral-regs-only -mstrict-align \
	-mno-outline-atomics -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-common -fno-jump-tables -fomit-frame-pointer \
	-nostdinc -isystem arch/arm64/libc -isystem $(A64_INCLUDE) \
	-MMD -MP
A64_CFLAGS = $(A64_FLAGS) -flto -Wall -Wextra -Wconversion -Wsign-conversion -Werror \
	-I. -Iinclude -Iarch/arm64 -isystem $(B)/arm64/include -isystem $(BEAR)/inc

ALL += $(B)/corevisor.bin $(B)/corevisor-pack

.PHONY: arm64
arm64: $(B)/corevisor.bin $(B)/corevisor-pack	## build the core for Arm64 and its packer

.PHONY: debug
debug: $(B)/debug/corevisor.bin	## the same core with a call that checks its invariants (arch/arm64/debug.h)

$(A64_LIB)/.done: | $(B)/deps-boot
	tools/fetch.sh libs

# What the compiler itself calls.
$(A64_DIR)/arch/arm64/libc.o $(A64_DEBUG_DIR)/arch/arm64/libc.o: A64_CFLAGS += -fno-lto

$(A64_DIR)/%.o: %.c arch/arm64/build.mk | $(A64_LIB)/.done
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(A64_CFLAGS) -c -o $@ $<

$(A64_DEBUG_DIR)/%.o: %.c arch/arm64/build.mk | $(A64_LIB)/.done
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(A64_CFLAGS) -DCV_DEBUG -c -o $@ $<

# The library as its authors wrote it, compiled like the rest of what runs at EL2.
$(A64_DIR)/bearssl/%.o: arch/arm64/build.mk | $(A64_LIB)/.done
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(A64_FLAGS) -w -I$(BEAR)/inc -I$(BEAR)/src -c -o $@ $(BEAR)/src/$*.c

$(A64_DIR)/%.o: %.S arch/arm64/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,AS,$@)$(A64)gcc -march=armv8.2-a -Iarch/arm64 -MMD -MP -c -o $@ $<

$(A64_DIR)/corevisor.lds: arch/arm64/corevisor.lds.S arch/arm64/layout.h | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CPP,$@)$(A64)gcc -E -P -x assembler-with-cpp -Iarch/arm64 -o $@ $<

# One compilation of all of the core (-flto): calls across files cost nothing. Beside fpsimd.S, and
# libfdt, which only boot calls, nothing may touch an FP register.
define link_core
	@mkdir -p $(@D)
	$(call say,LD,$@)$(A64)gcc $(A64_FLAGS) -flto=auto -nostdlib -static -Wl,--fatal-warnings \
		-Wl,-z,noexecstack -Wl,--build-id=none -T $(A64_DIR)/corevisor.lds -o $@ \
		$(filter %.o,$^) -L$(A64_LIB) -lfdt
	@! $(A64)objdump -d --no-show-raw-insn $@ | \
		awk '/^[0-9a-f]+ </ { f = $$2 } f !~ /^<(fdt|fp|sve)_/ { print }' | \
		grep -m 1 -E '[[:space:],{][vqdszp][0-9]+(\.|,|$$)' || \
		{ echo 'error: the core uses FP registers' >&2; rm -f $@; exit 1; }
endef

$(B)/corevisor.elf: $(A64_OBJ) $(BEAR_OBJ) $(A64_DIR)/corevisor.lds $(A64_LIB)/.done
	$(link_core)

$(B)/debug/corevisor.elf: $(A64_DEBUG_OBJ) $(BEAR_OBJ) $(A64_DIR)/corevisor.lds $(A64_LIB)/.done
	$(link_core)

%/corevisor.bin: %/corevisor.elf
	$(call say,BIN,$@)$(A64)objcopy -O binary $< $@

$(B)/corevisor-pack: tools/corevisor-pack.c arch/arm64/layout.h arch/arm64/store_format.h | $(B)/deps
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)$(HOSTCC) -std=gnu11 -O2 -Wall -Wextra -Wconversion -Wsign-conversion \
		-Werror -I. -o $@ $<

.PHONY: boot-test boot-test-full shell
boot-test: arm64		## boot Debian hosts on the core under QEMU (short matrix, bad input)
	B=$(B) test/boot/boot-test.sh

boot-test-full: arm64		## the same, every kernel x CPU model x number of CPUs
	B=$(B) test/boot/boot-test.sh --full

shell: arm64 $(B)/cvm $(B)/host/6.12/corevisor.ko $(B)/guest/initramfs-6.12	## an interactive Debian host on the core, with cvm
	@B=$(B) test/boot/boot-test.sh --shell

CLEAN += $(B)/corevisor.bin $(B)/corevisor.elf $(B)/corevisor-pack

-include $(A64_OBJ:.o=.d) $(A64_DEBUG_OBJ:.o=.d)
