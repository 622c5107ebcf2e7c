# SPDX-License-Identifier: GPL-2.0-only
#
# The host's module, for each kernel of $(HOST_SERIES): $(B)/host/SERIES/corevisor.ko. Built
# in a copy of host/linux, beside the headers of include/corevisor: what dkms is given as well.

HOST_SERIES ?= 6.1 6.12 sid
HOST_SRC := $(sort $(wildcard host/linux/*.[ch])) host/linux/Kbuild $(wildcard include/corevisor/*.h)
HOST_KO := $(HOST_SERIES:%=$(B)/host/%/corevisor.ko)

ALL += $(HOST_KO)

# The compiler is this system's, not the one of the kernel: what it does not know is taken back.
HOST_KBUILD = ARCH=arm64 CROSS_COMPILE=$(A64) CC=$(A64)gcc CONFIG_DEBUG_INFO_BTF_MODULES= \
	CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= KCFLAGS='-Werror -Wno-attributes'

.PHONY: modules dkms-source
modules: $(HOST_KO)		## build the host's module for every kernel series

$(B)/kernel/%/headers/done:
	tools/fetch.sh headers-$*

$(B)/host/%/corevisor.ko: $(HOST_SRC) host/linux/build.mk | $(B)/kernel/%/headers/done
	@mkdir -p $(@D)/include/corevisor
	@cp -pu host/linux/*.[ch] host/linux/Kbuild $(@D)
	@cp -pu include/corevisor/*.h $(@D)/include/corevisor
	$(call say,KBUILD,$@)$(MAKE) -s -C $(B)/kernel/$*/headers/build M=$(abspath $(@D)) \
		$(HOST_KBUILD) modules >$(@D)/log 2>&1 || { cat $(@D)/log >&2; exit 1; }
	@touch $@

# dkms add build/dkms/corevisor-1.0
dkms-source:			## a source tree of the module for dkms
	@rm -rf $(B)/dkms
	@mkdir -p $(B)/dkms/corevisor-1.0/include/corevisor
	cp -p host/linux/*.[ch] host/linux/Kbuild host/linux/dkms.conf $(B)/dkms/corevisor-1.0
	cp -p include/corevisor/*.h $(B)/dkms/corevisor-1.0/include/corevisor

CLEAN += $(B)/host $(B)/dkms
