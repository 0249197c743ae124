# SPDX-License-Identifier: BSD-2-Clause
# Fuzzing with libFuzzer, under ASan and UBSan. Included by the Makefile. A target is one file of
# test/fuzz/; its corpus in the tree is small, what a run adds stays in build/.
#
#   make fuzz                     two minutes a target: ten on two processors; FUZZ_SECONDS=n for n seconds each
#   make test-fuzz                part of `make test`: about a minute a target, five in all on two processors
#   make fuzz-short               the corpus again, then five seconds a target
#   make fuzz FUZZ_TARGETS=acpi   one of them
#   build/fuzz/acpi FILE          what a crash said it was

FUZZ_ALL     := acpi bzimage config devices insn multiboot multiboot2 pt pvh
FUZZ_TARGETS := $(FUZZ_ALL)
FUZZ_SECONDS ?= 120
FUZZ_TEST_SECONDS ?= 60
FUZZ_INSNS   ?= 40000000
FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=all -DPLINTH_DEBUG -DPLINTH_HOST -O1
FUZZ_insn    := insn_exec insn_zydis
FUZZ_LIBS_insn := -lZydis

FUZZ_HOST_OBJ := $(HOST_C:%.c=$(B)/fuzz/obj/%.o)

$(B)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(B)/fuzz/obj/guests/acpi_tables.o: $(B)/gen/dsdt.h

$(B)/fuzz/libfuzz.a: $(FUZZ_HOST_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

fuzz_objs = $(foreach n,$(1) $(FUZZ_$(1)),$(B)/fuzz/obj/test/fuzz/$(n).o)

define fuzz_rule
$(B)/fuzz/$(1): $(call fuzz_objs,$(1)) $(B)/fuzz/libfuzz.a
	$$(call say,FUZZLD,$$@)
	$$(Q)$$(HOSTCC) $$(FUZZ_FLAGS) -fsanitize=fuzzer -o $$@ $$^ $(FUZZ_LIBS_$(1))
endef
$(foreach t,$(FUZZ_ALL),$(eval $(call fuzz_rule,$(t))))

$(B)/fuzz/insn_random: $(foreach n,insn_random $(FUZZ_insn),$(B)/fuzz/obj/test/fuzz/$(n).o) $(B)/fuzz/libfuzz.a
	$(call say,FUZZLD,$@)
	$(Q)$(HOSTCC) $(FUZZ_FLAGS) -o $@ $^ $(FUZZ_LIBS_insn)

FUZZ_BIN := $(FUZZ_TARGETS:%=$(B)/fuzz/%) $(B)/fuzz/insn_random

# Lines of words for test/fuzz/run: each target with its seconds, then so many random instructions.
fuzz_jobs = $(foreach t,$(FUZZ_TARGETS),'$(strip $(t) $(1) $(FUZZ_ARGS))') 'insn_random $(2) '$$(date +%s)
# As many at a time as there are processors; all of them, also after one has failed.
fuzz_run  = printf '%s\n' $(call fuzz_jobs,$(1),$(2)) | xargs -P $$(nproc) -L 1 test/fuzz/run $(B)

.PHONY: fuzz fuzz-short fuzz-build test-fuzz
fuzz-build: $(FUZZ_BIN)

fuzz: $(FUZZ_BIN)
	$(Q)$(call fuzz_run,$(FUZZ_SECONDS),$(FUZZ_INSNS))

test-fuzz: $(FUZZ_BIN)
	$(Q)$(call fuzz_run,$(FUZZ_TEST_SECONDS),20000000)

fuzz-short: $(FUZZ_BIN)
	$(Q)$(call fuzz_run,5,5000000)
