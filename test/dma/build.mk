# SPDX-License-Identifier: BSD-3-Clause
#
# $(B)/dma/test.img: the core with a hostile bare-metal host that drives devices. `make dma-test`
# boots it and judges.

DMA := $(B)/dma
DMA_OBJ := $(patsubst test/dma/%,$(DMA)/%.o,$(basename $(wildcard test/dma/*.c test/dma/*.S)))
DMA_FLAGS := -std=c11 -O2 -g -march=armv8-a -mgeneral-regs-only -mstrict-align -ffreestanding \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-common -fno-builtin \
	-fno-jump-tables -fno-pic -fno-pie -Wall -Wextra -Werror -Iinclude -Itest/dma -MMD -MP

$(DMA)/%.o: test/dma/%.c test/dma/build.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)$(A64)gcc $(DMA_FLAGS) -c -o $@ $<

$(DMA)/%.o: test/dma/%.S
	@mkdir -p $(@D)
	$(call say,AS,$@)$(A64)gcc -march=armv8-a -c -o $@ $<

$(DMA)/host.bin: $(DMA_OBJ) test/dma/host.lds
	$(call say,LD,$@)$(A64)ld -nostdlib -z noexecstack -z max-page-size=4096 \
		--no-warn-rwx-segments -T test/dma/host.lds -o $(DMA)/host.elf $(DMA_OBJ)
	@$(A64)objcopy -O binary $(DMA)/host.elf $@

$(DMA)/test.img: $(DMA)/host.bin $(B)/corevisor.bin $(B)/corevisor-pack
	$(call say,PACK,$@)$(B)/corevisor-pack -o $@ $<

.PHONY: dma-test dma-faults dma-load
dma-test: $(DMA)/test.img	## DMA attacks of a bare-metal host under QEMU: edu, nvme, virtio, GIC ITS
	test/dma/dma-test.py --build $(B)

dma-faults: $(DMA)/test.img	## take one protection out of the core at a time: dma-test must see it
	B=$(B) test/dma/faults.sh

dma-load: $(DMA)/test.img $(B)/cvm $(B)/guest/initramfs-6.12 $(B)/host/6.12/corevisor.ko	## disks of a Linux host work while VMs come and go
	B=$(B) test/dma/load-test.sh

CLEAN += $(DMA) $(B)/dma-faults

-include $(DMA_OBJ:.o=.d)
