# SPDX-License-Identifier: BSD-3-Clause
#
# cvm, the VMM: $(B)/cvm, a static program for arm64.

VMM_DIR := $(B)/obj/vmm
VMM_LIB_SRC := $(filter-out vmm/main.c vmm/owner.c,$(sort $(wildcard vmm/*.c)))
VMM_LIB_OBJ := $(VMM_LIB_SRC:%.c=$(VMM_DIR)/%.o)
VMM_CFLAGS := -std=gnu11 -O2 -g -pthread -Wall -Wextra -Wconversion -Wsign-conversion -Werror \
	-I. -Iinclude -isystem $(B)/arm64/include -MMD -MP

ALL += $(B)/cvm $(B)/cvm-sign

.PHONY: cvm
cvm: $(B)/cvm			## build cvm, the VMM

$(VMM_DIR)/%.o: %.c vmm/build.mk | $(B)/deps-boot $(A64_LIB)/.done
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(VMM_CFLAGS) -c -o $@ $<

# A tree that was fetched before cvm signed has not got it.
$(A64_LIB)/libbearssl.a: | $(A64_LIB)/.done
	tools/fetch.sh libs

$(B)/cvm: $(VMM_DIR)/vmm/main.o $(VMM_LIB_OBJ) $(A64_LIB)/libbearssl.a
	$(call say,LD,$@)$(A64)gcc -static -pthread -o $@ $(filter %.o,$^) -L$(A64_LIB) -lfdt -lbearssl

# The owner's part of it, for the machine that builds.
OWNER_SRC := $(addprefix vmm/,owner.c commands.c sign.c measure.c key.c load.c devtree.c layout.c \
	options.c report.c)

$(B)/cvm-sign: $(OWNER_SRC) $(wildcard vmm/*.h include/corevisor/*.h) vmm/build.mk | $(B)/deps
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=gnu11 -O2 -g -Wall -Wextra -Wconversion -Wsign-conversion -Werror \
		-I. -Iinclude -o $@ $(OWNER_SRC) -lfdt -lbearssl

# What needs no KVM is tested where it is built.
VMM_TEST_SRC := vmm/options.c vmm/layout.c vmm/pl011.c vmm/console_key.c vmm/report.c \
	$(sort $(wildcard test/vmm/*.c))

$(B)/vmm-test: $(VMM_TEST_SRC) $(wildcard vmm/*.h) vmm/build.mk | $(B)/deps
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Wconversion -Wsign-conversion -Werror \
		-fsanitize=address,undefined -fno-sanitize-recover=all -I. -o $@ $(VMM_TEST_SRC)

CLEAN += $(B)/cvm $(B)/cvm-sign $(B)/vmm-test

-include $(wildcard $(VMM_DIR)/*/*.d $(VMM_DIR)/*/*/*.d)
