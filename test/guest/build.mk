# SPDX-License-Identifier: BSD-3-Clause
#
# What runs in the VMs of tests: $(B)/guest/load, a static program for arm64, and
# $(B)/guest/initramfs-SERIES, which has it.

GUEST_SRC := $(sort $(wildcard test/guest/*.c))
GUEST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wconversion -Wsign-conversion -Werror -I. -MMD -MP

.PHONY: guest
guest: $(B)/guest/load

$(B)/obj/guest/%.o: %.c test/guest/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(GUEST_CFLAGS) -c -o $@ $<

$(B)/guest/load: $(GUEST_SRC:%.c=$(B)/obj/guest/%.o)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(A64)gcc -static -pthread -o $@ $^

$(B)/guest/initramfs-%: test/guest/init $(B)/guest/load tools/initramfs.sh
	@tools/fetch.sh busybox kernel-$* >/dev/null
	$(call say,CPIO,$@)tools/initramfs.sh -b -k $* -i $< -o $@ $(B)/guest/load

.PHONY: guest-test
guest-test: arm64 $(B)/cvm $(B)/guest/load $(B)/host/6.12/corevisor.ko	## boot VMs: each kernel, 1 to 4 vCPUs, 128 MB and 1 GB
	B=$(B) test/guest/guest-test.sh

CLEAN += $(B)/guest $(B)/guest-test

-include $(wildcard $(B)/obj/guest/test/guest/*.d)
