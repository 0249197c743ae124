# SPDX-License-Identifier: BSD-2-Clause
# Fuzzing with libFuzzer, under ASan and UBSan. Included by the Makefile. A target is one file of
# test/fuzz/; its corpus in the tree is small, what a run adds stays in build/.
#
#   make fuzz                     ten minutes in all; FUZZ_SECONDS=n for n seconds a target
#   make fuzz-short               the corpus again, then five seconds a target
#   make fuzz FUZZ_TARGETS=acpi   one of them
#   build/fuzz/acpi FILE          what a crash said it was

FUZZ_ALL     := acpi bzimage config devices insn multiboot multiboot2 pt pvh
FUZZ_TARGETS := $(FUZZ_ALL)
FUZZ_SECONDS ?= 60
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

# The target's name, seconds.
define fuzz_run
	@mkdir -p $(B)/fuzz/corpus/$(1) $(B)/fuzz/found
	$(call say,FUZZ,$(1) $(2) s)
	$(Q)$(B)/fuzz/$(1) -max_total_time=$(2) -timeout=10 -rss_limit_mb=2048 -max_len=4096 -len_control=10 \
	    -print_final_stats=1 -verbosity=0 -artifact_prefix=$(B)/fuzz/found/$(1)- $(FUZZ_ARGS) \
	    $(B)/fuzz/corpus/$(1) test/fuzz/corpus/$(1) > $(B)/fuzz/$(1).log 2>&1 || { tail -60 $(B)/fuzz/$(1).log; exit 1; }
	@sed -n 's/stat::number_of_executed_units: */          inputs tried: /p' $(B)/fuzz/$(1).log

endef

FUZZ_BIN := $(FUZZ_TARGETS:%=$(B)/fuzz/%) $(B)/fuzz/insn_random

.PHONY: fuzz fuzz-short fuzz-build
fuzz-build: $(FUZZ_BIN)

fuzz: $(FUZZ_BIN)
	$(Q)$(B)/fuzz/insn_random $(FUZZ_INSNS) $$(date +%s)
	$(foreach t,$(FUZZ_TARGETS),$(call fuzz_run,$(t),$(FUZZ_SECONDS)))

fuzz-short: $(FUZZ_BIN)
	$(Q)$(B)/fuzz/insn_random 5000000 1
	$(foreach t,$(FUZZ_TARGETS),$(call fuzz_run,$(t),5))
