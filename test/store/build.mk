# SPDX-License-Identifier: BSD-3-Clause
#
# The driver of the flash store, on the machine that builds it, with flash that loses power.

$(B)/store/store_test: test/store/store_test.c arch/arm64/store.c core/rollback.c test/store/build.mk \
		$(wildcard arch/arm64/store*.h core/*.h include/corevisor/*.h) | $(B)/deps
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(BASE_CFLAGS) -O2 -g -Iarch/arm64 -o $@ $< core/rollback.c

.PHONY: store-test
store-test: $(B)/store/store_test $(B)/corevisor-pack	## power failures in the middle of the flash store's writes
	@rm -f $(B)/store/image && $(B)/corevisor-pack --nv $(B)/store/image
	$(B)/store/store_test $(B)/store/image

CLEAN += $(B)/store
