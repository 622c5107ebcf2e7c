# SPDX-License-Identifier: BSD-3-Clause
#
# make vm-bench: what operations of a VM cost, on Corevisor and on stock KVM.

VMBENCH_SRC := test/vmbench/vmbench.c test/vmbench/guest.S test/host/vm.c

$(B)/vmbench/vmbench: $(VMBENCH_SRC) test/vmbench/vmbench.h $(wildcard test/host/*.h) \
		test/vmbench/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc -std=gnu11 -O2 -g -Wall -Wextra -Wconversion -Werror -pthread \
		-Itest/host -I. -static -o $@ $(VMBENCH_SRC)

.PHONY: vm-bench
vm-bench: arm64 $(B)/host/6.12/corevisor.ko $(B)/vmbench/vmbench	## instructions of a VM's operations, on Corevisor and on KVM
	B=$(B) test/vmbench/vmbench.sh

CLEAN += $(B)/vmbench $(B)/bench.json
