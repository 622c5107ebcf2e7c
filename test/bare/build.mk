# SPDX-License-Identifier: BSD-3-Clause
#
# $(B)/switch/test.img: the core with a bare-metal host (EL1) that runs VMs of its own and tests the
# world switch. `make bare-test` boots it.

SWITCH := $(B)/switch
SWITCH_FLAGS := -std=c11 -O2 -g -march=armv8-a -mgeneral-regs-only -mstrict-align -ffreestanding \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-common -fno-builtin \
	-Wall -Wextra -Werror -I. -Iinclude -Itest/bare -MMD -MP
SWITCH_HOST := $(addprefix $(SWITCH)/,start.o lib.o gic.o vm.o main.o test_run.o test_state.o \
	test_gic.o test_memory.o bench.o bench_snapshot.o guest_image.o)
SWITCH_GUEST := $(addprefix $(SWITCH)/guest/,guest_start.o guest_asm.o guest.o)

$(SWITCH)/%.o: test/bare/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(SWITCH_FLAGS) -fpie -fvisibility=hidden -c -o $@ $<

$(SWITCH)/guest/%.o: test/bare/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(SWITCH_FLAGS) -fno-pie -c -o $@ $<

$(SWITCH)/%.o: test/bare/%.S
	@mkdir -p $(@D)
	$(call say,AS,$@)$(A64)gcc -march=armv8.2-a -I. -Iinclude -Itest/bare -MMD -MP -c -o $@ $<

$(SWITCH)/guest/%.o: test/bare/%.S
	@mkdir -p $(@D)
	$(call say,AS,$@)$(A64)gcc -march=armv8.2-a -I. -Iinclude -Itest/bare -MMD -MP -c -o $@ $<

$(SWITCH)/guest.bin: $(SWITCH_GUEST) test/bare/guest.lds
	$(call say,LD,$@)$(A64)ld -nostdlib -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments \
		-T test/bare/guest.lds -o $(SWITCH)/guest.elf $(SWITCH_GUEST)
	@$(A64)objcopy -O binary $(SWITCH)/guest.elf $@

$(SWITCH)/guest_image.o: $(SWITCH)/guest.bin
	@printf '.section .rodata\n.balign 4096\n.global guest_image, guest_image_end\n%s\n' \
		'guest_image: .incbin "$<"' '.balign 4096' 'guest_image_end:' | \
		$(A64)gcc -x assembler -c -o $@ -

$(SWITCH)/bench_snapshot.o: SWITCH_FLAGS += -isystem arch/arm64/libc -isystem $(BEAR)/inc
$(SWITCH)/bench_snapshot.o: | $(A64_LIB)/.done

# What the library's share is measured with: the objects of the core.
SWITCH_BEAR := $(patsubst %,$(A64_DIR)/bearssl/%.o,hash/sha2big symcipher/chacha20_ct \
	symcipher/poly1305_ctmul codec/dec32be codec/dec32le codec/dec64be codec/enc32be codec/enc32le \
	codec/enc64be) $(A64_DIR)/arch/arm64/libc.o

$(SWITCH)/host.bin: $(SWITCH_HOST) $(SWITCH_BEAR) test/bare/host.lds
	$(call say,LD,$@)$(A64)ld -nostdlib -pie --no-dynamic-linker -z noexecstack -z max-page-size=4096 \
		--no-warn-rwx-segments -T test/bare/host.lds -o $(SWITCH)/host.elf $(SWITCH_HOST) $(SWITCH_BEAR)
	@$(A64)objcopy -O binary $(SWITCH)/host.elf $@

$(SWITCH)/test.img: $(SWITCH)/host.bin $(B)/corevisor.bin $(B)/corevisor-pack
	$(call say,PACK,$@)$(B)/corevisor-pack -o $@ $<

.PHONY: bare-test bare-bench
bare-test: $(SWITCH)/test.img	## the world switch, tested by a bare-metal host under QEMU, on three CPUs
	B=$(B) test/bare/bare-test.sh

bare-bench: $(SWITCH)/test.img	## instructions of the core for a call, a trap, an exit, a donation
	B=$(B) test/bare/bare-test.sh --bench

CLEAN += $(SWITCH)

-include $(SWITCH_HOST:.o=.d) $(SWITCH_GUEST:.o=.d)
