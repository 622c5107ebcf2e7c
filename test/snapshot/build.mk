# SPDX-License-Identifier: BSD-3-Clause
#
# Snapshots on a live core: a tiny guest, and programs that change and search its snapshot.

SNAPSHOT_DIR := $(B)/snapshot
SNAPSHOT_NEEDS := $(SNAPSHOT_DIR)/tick.bin $(SNAPSHOT_DIR)/tamper $(SNAPSHOT_DIR)/leak \
	$(B)/corevisor.bin $(B)/corevisor-pack $(B)/cvm $(B)/cvm-sign $(B)/host/6.12/corevisor.ko $(B)/guest/load

$(SNAPSHOT_DIR)/tick.bin: test/snapshot/tick.S test/snapshot/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,AS,$@)$(A64)gcc -c -o $(@D)/tick.o $<
	@$(A64)objcopy -O binary $(@D)/tick.o $@

$(SNAPSHOT_DIR)/%: test/snapshot/%.c test/snapshot/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wconversion -Wsign-conversion -Werror \
		-static -o $@ $< -lm

# Of a snapshot test: bits to flip; vCPUs and MB of the Linux VM, and of these what its load fills.
FLIPS ?= 100
SNAPSHOT_VCPUS ?= 2
SNAPSHOT_MB ?= 256
SNAPSHOT_LOAD_MB ?= 16

.PHONY: snapshot-test snapshot-linux-test snapshot-build
snapshot-build: $(SNAPSHOT_NEEDS)

snapshot-linux-test: snapshot-build	## the Linux VM only: SNAPSHOT_VCPUS=4 SNAPSHOT_MB=1024
	B=$(B) test/snapshot/snapshot-test.sh -l -c $(SNAPSHOT_VCPUS) -m $(SNAPSHOT_MB) -w $(SNAPSHOT_LOAD_MB)

snapshot-test: snapshot-build	## save VMs, change what was saved, reboot the host, restore them
	B=$(B) test/snapshot/snapshot-test.sh -f $(FLIPS) -c $(SNAPSHOT_VCPUS) -m $(SNAPSHOT_MB) -w $(SNAPSHOT_LOAD_MB)

CLEAN += $(SNAPSHOT_DIR)
