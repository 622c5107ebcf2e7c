# SPDX-License-Identifier: BSD-3-Clause
#
# The hostile host: $(B)/attack/attack, a static program for arm64, its kernel module
# $(B)/attack/SERIES/hostile.ko, and the guest it attacks, $(B)/attack/guest.bin.

ATTACK_DIR := $(B)/obj/attack
ATTACK_SRC := $(sort $(wildcard test/attack/*.c))
ATTACK_OBJ := $(ATTACK_SRC:%.c=$(ATTACK_DIR)/%.o) $(ATTACK_DIR)/blob.o
# Those parts of cvm that make and run a VM.
ATTACK_VMM := vm vcpu gic device pl011 report
ATTACK_VMM_OBJ := $(ATTACK_VMM:%=$(B)/obj/vmm/vmm/%.o)
ATTACK_CFLAGS = $(VMM_CFLAGS)
ATTACK_MODULE_SRC := $(wildcard test/attack/module/*) test/attack/hostile.h
ATTACK_SERIES ?= 6.12

ATTACK_KBUILD = ARCH=arm64 CROSS_COMPILE=$(A64) CC=$(A64)gcc CONFIG_DEBUG_INFO_BTF_MODULES= \
	CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= KCFLAGS='-Werror -Wno-attributes'

# All that attack.sh boots.
ATTACK_NEEDS := $(B)/corevisor.bin $(B)/corevisor-pack $(B)/cvm $(B)/attack/attack \
	$(ATTACK_SERIES:%=$(B)/guest/initramfs-%) $(ATTACK_SERIES:%=$(B)/host/%/corevisor.ko) \
	$(ATTACK_SERIES:%=$(B)/attack/%/hostile.ko)

$(ATTACK_DIR)/%.o: %.c test/attack/build.mk | $(B)/deps-boot $(A64_LIB)/.done
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(ATTACK_CFLAGS) -c -o $@ $<

$(B)/attack/guest.bin: test/attack/guest.S test/attack/guest.h
	@mkdir -p $(@D) $(ATTACK_DIR)
	$(call say,AS,$@)$(A64)gcc -march=armv8.2-a -I. -c -o $(ATTACK_DIR)/guest.o $<
	@$(A64)objcopy -O binary $(ATTACK_DIR)/guest.o $@

$(ATTACK_DIR)/blob.o: test/attack/blob.s $(B)/attack/guest.bin
	$(call say,AS,$@)$(A64)gcc -Wa,-I$(B)/attack -c -o $@ $<

$(B)/attack/attack: $(ATTACK_OBJ) $(ATTACK_VMM_OBJ) $(A64_LIB)/libbearssl.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(A64)gcc -static -pthread -o $@ $(filter %.o,$^) -L$(A64_LIB) -lbearssl

$(B)/attack/%/hostile.ko: $(ATTACK_MODULE_SRC) test/attack/build.mk
	@mkdir -p $(@D)/module
	@tools/fetch.sh headers-$* >/dev/null
	@cp -p test/attack/hostile.h $(@D)
	@cp -p test/attack/module/* $(@D)/module
	$(call say,KBUILD,$@)$(MAKE) -s -C $(B)/kernel/$*/headers/build M=$(abspath $(@D)/module) \
		$(ATTACK_KBUILD) modules >$(@D)/log 2>&1 || { cat $(@D)/log >&2; exit 1; }
	@cp $(@D)/module/hostile.ko $@

.PHONY: run attack
run: $(ATTACK_NEEDS)		## the main job: a Debian host on Corevisor, two protected Debian VMs, attacks on them
	@B=$(B) test/attack/attack.sh

attack: $(ATTACK_NEEDS)		## a hostile host attacks running VMs: a table of what it tried
	@B=$(B) test/attack/attack.sh -q $(ATTACK_FLAGS)

CLEAN += $(B)/attack $(B)/attack.json

-include $(wildcard $(ATTACK_DIR)/*/*/*.d)
