# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts without an operating system (arm64 Images), to be packed with a debug build of the core.

BARE := test/hypercall-fuzz
BARE_DIR := $(B)/obj/bare
BARE_FLAGS := -std=c11 -O2 -g -march=armv8-a -mgeneral-regs-only -mstrict-align -ffreestanding \
	-fno-builtin -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-common \
	-fno-jump-tables -Iinclude -I$(BARE) -MMD -MP -Wall -Wextra -Wconversion -Wsign-conversion -Werror
BARE_PROGRAMS := fuzz psci

$(BARE_DIR)/%.o: $(BARE)/%.c $(BARE)/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(BARE_FLAGS) -c -o $@ $<

$(BARE_DIR)/%.o: $(BARE)/%.S $(BARE)/build.mk | $(B)/deps-boot
	@mkdir -p $(@D)
	$(call say,AS,$@)$(A64)gcc -c -o $@ $<

# Pointers in initialized data would need relocation, which nobody does.
$(BARE_DIR)/%.elf: $(BARE_DIR)/start.o $(BARE_DIR)/host.o $(BARE_DIR)/%.o $(BARE)/bare.lds
	$(call say,LD,$@)$(A64)ld -nostdlib --fatal-warnings --no-warn-rwx-segments -z noexecstack \
		--emit-relocs \
		-T $(BARE)/bare.lds -o $@ $(filter %.o,$^)
	@! $(A64)readelf -rW $@ | sed '/\.rela\.debug/,/^$$/d' | grep -v _image_size | grep ABS64 || \
		{ echo 'error: an absolute address in a bare host' >&2; rm -f $@; exit 1; }

$(B)/bare/%.img: $(BARE_DIR)/%.elf $(B)/debug/corevisor.bin $(B)/corevisor-pack
	@mkdir -p $(@D)
	$(call say,PACK,$@)$(A64)objcopy -O binary $< $(@:.img=.bin) && \
		$(B)/corevisor-pack -c $(B)/debug/corevisor.bin -o $@ $(@:.img=.bin)

.PHONY: hypercall-fuzz bare
bare: $(BARE_PROGRAMS:%=$(B)/bare/%.img)

FUZZ_CALLS ?= 1000000
hypercall-fuzz: $(B)/bare/fuzz.img	## every hypercall with random arguments, under QEMU, the invariants checked: FUZZ_CALLS=1000000
	B=$(B) $(BARE)/run.sh fuzz --calls $(FUZZ_CALLS)

CLEAN += $(B)/bare $(B)/debug

-include $(wildcard $(BARE_DIR)/*.d)
