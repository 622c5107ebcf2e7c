# SPDX-License-Identifier: BSD-3-Clause
#
# $(B)/vgic_test: the interrupt controller of host/linux, tested in a process (vgic_test.c).
# $(B)/asan and $(B)/tsan have it too.

VGIC_SRC := $(sort $(wildcard host/linux/vgic*.c)) $(sort $(wildcard test/host/vgic_*.c))
VGIC_CFLAGS := -std=gnu11 -g -Iinclude -I. $(WARN)
# The thread sanitizer does not model fences; what is shared here needs none to be free of races.
asan_VGIC := -O1 $(asan_CFLAGS)
tsan_VGIC := -O1 $(tsan_CFLAGS) -Wno-tsan

$(B)/vgic_test: CFLAGS_VGIC := -O2
$(B)/asan/vgic_test: CFLAGS_VGIC := $(asan_VGIC)
$(B)/tsan/vgic_test: CFLAGS_VGIC := $(tsan_VGIC)

$(B)/vgic_test $(B)/asan/vgic_test $(B)/tsan/vgic_test: $(VGIC_SRC) \
		$(wildcard host/linux/vgic*.h test/host/*.h include/corevisor/*.h) test/host/build.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(VGIC_CFLAGS) $(CFLAGS_VGIC) -o $@ $(VGIC_SRC) -pthread

.PHONY: vgic-test
vgic-test: $(B)/vgic_test $(B)/asan/vgic_test $(B)/tsan/vgic_test

CLEAN += $(B)/vgic_test

# $(B)/host/host-test: tests of the module, to be run on a host that has it.
HOST_TEST_SRC := $(addprefix test/host/,main.c api.c life.c memory.c load.c vm.c guest.S)
HOST_TEST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wconversion -Werror -pthread -Itest/host -Iinclude

$(B)/host/host-test: $(HOST_TEST_SRC) $(wildcard test/host/*.h) host/linux/selftest.h \
		test/host/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(HOST_TEST_CFLAGS) -static -o $@ $(HOST_TEST_SRC)

.PHONY: host-test
host-test: arm64 modules $(B)/host/host-test	## test the host's module under QEMU
	B=$(B) test/host/host-test.sh
