# SPDX-License-Identifier: BSD-3-Clause
#
# `make help` says what there is. Everything built lies in build/.

ifeq ($(origin CC),default)
CC := gcc
endif
B ?= build
CHECK_FLAGS ?=

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wconversion -Wsign-conversion -Werror
BASE_CFLAGS := -std=c11 -Iinclude -I. -MMD -MP $(WARN)
# The core is what runs at EL2: nothing of a hosted C may slip in.
CORE_CFLAGS := -ffreestanding
LIBS := -lbearssl -pthread

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# What `make` builds; arch/arm64/build.mk adds to it.
ALL := $(B)/cvsim

# ---------------------------------------------------------------- the simulator and the tests

CORE_SRC := $(sort $(wildcard core/*.c))
CRYPTO_SRC := crypto/bearssl.c
SIM_SRC := $(sort $(wildcard arch/sim/*.c))
UNIT_SRC := $(sort $(wildcard test/unit/*.c))

CVSIM_SRC := $(CORE_SRC) $(CRYPTO_SRC) $(SIM_SRC)
# Unit tests bring a machine of their own (test/unit/machine.c), so that they see every call.
UNIT_ALL_SRC := $(CORE_SRC) $(CRYPTO_SRC) $(UNIT_SRC)

# Each variant is the same sources with other flags: objects in $(B)/obj/VARIANT, programs in
# $(B)/VARIANT (the plain one: in $(B)).
VARIANTS := plain asan tsan cov
plain_CFLAGS :=
# The sanitizers' own code makes gcc warn of what is not in the source; the plain build has -Werror.
asan_CFLAGS := -Wno-error -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
tsan_CFLAGS := -Wno-error -fsanitize=thread -fno-omit-frame-pointer
cov_CFLAGS := --coverage -O0 -fprofile-update=atomic
plain_DIR := $(B)
asan_DIR := $(B)/asan
tsan_DIR := $(B)/tsan
cov_DIR := $(B)/cov

objects = $(patsubst %.c,$(B)/obj/$(1)/%.o,$(2))

define variant
$(B)/obj/$(1)/core/%.o: core/%.c $(B)/obj/$(1)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$(CC) $(BASE_CFLAGS) $(CFLAGS) $$($(1)_CFLAGS) $(CORE_CFLAGS) -c -o $$@ $$<

$(B)/obj/$(1)/%.o: %.c $(B)/obj/$(1)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$(CC) $(BASE_CFLAGS) $(CFLAGS) $$($(1)_CFLAGS) -pthread -c -o $$@ $$<

$($(1)_DIR)/cvsim: $(call objects,$(1),$(CVSIM_SRC))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$(CC) $(CFLAGS) $$($(1)_CFLAGS) -o $$@ $$^ $(LIBS)

$($(1)_DIR)/unit: $(call objects,$(1),$(UNIT_ALL_SRC))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$(CC) $(CFLAGS) $$($(1)_CFLAGS) -o $$@ $$^ $(LIBS)

# Rewritten when the compiler or its flags change, so that everything is built anew.
$(B)/obj/$(1)/flags: FORCE | $(B)/deps
	@mkdir -p $$(@D)
	@echo '$(CC) $(BASE_CFLAGS) $(CFLAGS) $$($(1)_CFLAGS) $(CORE_CFLAGS)' >$$@.new
	@cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

-include $$(wildcard $(B)/obj/$(1)/*/*.d $(B)/obj/$(1)/*/*/*.d)
endef

# `make V=1` shows the commands.
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)'; )

.PHONY: FORCE
FORCE:

$(foreach v,$(VARIANTS),$(eval $(call variant,$(v))))

$(B)/deps: tools/install-deps.sh
	@mkdir -p $(B)
	@tools/install-deps.sh build && touch $@

$(B)/deps-check: tools/install-deps.sh
	@mkdir -p $(B)
	@tools/install-deps.sh build check && touch $@

$(B)/deps-boot: tools/install-deps.sh
	@mkdir -p $(B)
	@tools/install-deps.sh build boot && touch $@

$(B)/deps-prove: tools/install-deps.sh
	@mkdir -p $(B)
	@tools/install-deps.sh build prove && touch $@

# ---------------------------------------------------------------- planted faults

# Those that show at run time: one whose patch says "# Not by: fuzz" is for the unit tests.
FAULTS := $(sort $(patsubst test/faults/%.patch,%,$(shell grep -L '^# Not by: fuzz' test/faults/*.patch)))

FAULT_CFLAGS := $(BASE_CFLAGS) $(CFLAGS) $(CORE_CFLAGS)

# The simulator with one line of the core made wrong: a copy of the file is patched.
$(B)/faults/cvsim-%: test/faults/%.patch $(call objects,plain,$(CVSIM_SRC)) tools/build-fault.sh
	$(call say,FAULT,$@)tools/build-fault.sh --cc '$(CC)' --cflags '$(FAULT_CFLAGS)' \
		--libs '$(LIBS)' --objects $(B)/obj/plain --out $@ $< $(CVSIM_SRC)

.PHONY: faults-build faults
faults-build: $(B)/cvsim $(FAULTS:%=$(B)/faults/cvsim-%)

# ---------------------------------------------------------------- fuzzing with coverage (clang)

FUZZ_SRC := $(sort $(wildcard test/fuzz/*.c)) test/unit/machine.c test/unit/world.c test/unit/unit.c
FUZZ_CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

$(B)/obj/fuzz/core/%.o: core/%.c | $(B)/deps-check
	@mkdir -p $(@D)
	$(call say,CC,$@)clang $(BASE_CFLAGS) $(FUZZ_CFLAGS) $(CORE_CFLAGS) -c -o $@ $<

$(B)/obj/fuzz/%.o: %.c | $(B)/deps-check
	@mkdir -p $(@D)
	$(call say,CC,$@)clang $(BASE_CFLAGS) $(FUZZ_CFLAGS) -pthread -c -o $@ $<

$(B)/fuzz/fuzz_core: $(call objects,fuzz,$(FUZZ_SRC) $(CORE_SRC) $(CRYPTO_SRC))
	@mkdir -p $(@D)
	$(call say,LD,$@)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

-include $(wildcard $(B)/obj/fuzz/*/*.d $(B)/obj/fuzz/*/*/*.d)

# ---------------------------------------------------------------- the rest of the tree

# Each part that needs rules of its own has a build.mk.
include $(sort $(wildcard */build.mk */*/build.mk))

# ---------------------------------------------------------------- what a person types

.PHONY: all demo-sim sim unit check fuzz fuzz-smoke prove mutants faults coverage size format abi clean help

all: $(ALL)			## build everything that is for users: cvsim, the core, host and VMM parts

demo-sim: $(B)/cvsim		## a VM's life on the simulated machine, and attacks on it
	tools/run-demo.sh '$(B)'

sim: $(B)/cvsim			## run every simulator script of test/scripts
	$(B)/cvsim run $(sort $(wildcard test/scripts/*.cvs))

unit: $(B)/unit			## run the unit tests
	$(B)/unit

check: | $(B)/deps-check $(B)/deps-prove $(B)/deps-boot	## everything that must be green; ends with "N passed, N failed"
	@tools/run-checks --build '$(B)' $(CHECK_FLAGS)

FUZZ_OPS ?= 10000000
FUZZ_CPUS ?= 4
FUZZ_SEED ?= 1
fuzz: $(B)/cvsim		## a long random run: FUZZ_OPS=10000000 FUZZ_CPUS=4 FUZZ_SEED=1
	$(B)/cvsim fuzz --ops $(FUZZ_OPS) --cpus $(FUZZ_CPUS) --seed $(FUZZ_SEED)

fuzz-smoke: $(B)/fuzz/fuzz_core	## 30 s of coverage-guided fuzzing from the corpus of test/fuzz
	tools/fuzz-smoke.sh --build '$(B)'

PROVE_FLAGS ?=
prove: | $(B)/deps-prove		## prove the core (proof/): PROVE_FLAGS=--allow-open SMOKE=1
	@proof/prove.py --build '$(B)' --compile '$(CC) $(BASE_CFLAGS) $(CORE_CFLAGS)' \
		--compile '$(A64)gcc $(A64_CFLAGS)' $(if $(SMOKE),--smoke) $(PROVE_FLAGS)

mutants: | $(B)/deps-prove	## each fault of proof/mutants and test/faults breaks a proof; CHECKS=1: each check taken out
	@proof/$(if $(CHECKS),checks,mutants).py --build '$(B)' $(MUTANT_FLAGS)
	$(if $(CHECKS)$(MUTANT_FLAGS),,@BUILD='$(B)' LIMIT=600 proof/cbmc/run.sh '^bug-')

faults: faults-build $(B)/unit	## each fault of test/faults found: by the unit tests, by seeds 1 to 5
	tools/find-faults.sh --build '$(B)' unit
	tools/find-faults.sh --build '$(B)' --seeds 5 fuzz

coverage: | $(B)/deps-check	## branch coverage of core/; prints the branches never taken
	tools/coverage.py --build '$(B)'

SIZE_DMA := core/dma.* $(foreach f,devices emulate io its pci redist smmu,arch/arm64/$(f).*)
SIZE_VM := $(foreach f,boot guest psci run trap vcpu vcpu_context vm,core/$(f).*) \
	$(foreach f,idreg vm_exit world,arch/arm64/$(f).*)
SIZE_SNAPSHOT := $(foreach f,bytes crypto rollback save,core/$(f).*) arch/arm64/libc/* \
	$(foreach f,entropy fp fpsimd libc store store_format,arch/arm64/$(f).*)

size:				## lines of code of the trusted core (in brackets: only in debug builds)
	@tools/count-lines.py --apart 'core/invariant*.c' --apart 'arch/arm64/debug.c' \
		--part "devices' DMA=$(SIZE_DMA)" --part "running VMs=$(SIZE_VM)" \
		--part "snapshots, signatures, their cryptography=$(SIZE_SNAPSHOT)" core arch/arm64

format: | $(B)/deps-check	## rewrite the C sources with clang-format
	tools/check-format.sh --fix

abi:				## write doc/abi.md anew from the headers
	tools/gen-abi.py >doc/abi.md

clean:				## remove what was built, but not what was fetched or downloaded
	rm -rf $(B)/obj $(B)/cvsim $(B)/unit $(B)/asan $(B)/tsan $(B)/cov $(B)/faults $(B)/fuzz \
		$(B)/check $(B)/deps $(B)/deps-check $(B)/deps-prove $(B)/deps-boot $(CLEAN)

help:				## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
		awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'
