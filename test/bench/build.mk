# SPDX-License-Identifier: BSD-3-Clause
#
# make bench: what the core costs its host, in instructions (doc/benchmarks.md).

$(B)/bench/bench: test/bench/bench.c test/bench/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -o $@ $<

.PHONY: bench
bench: arm64 $(SWITCH)/test.img $(B)/bench/bench	## what the core costs the host, in instructions, against none
	B=$(B) test/bench/bench.sh

CLEAN += $(B)/bench
