# SPDX-License-Identifier: BSD-2-Clause
# The stranger's kernel, as ELF32 and by the a.out kludge. Included by test/guest/rules.mk.

SUITE_FLAGS := $(filter-out -mno-red-zone -Itest/guest/rt,$(GUEST_FLAGS)) -m32 -march=i686
SUITE       := $(B)/guests/suite.elf $(B)/guests/kludge.bin
GUESTS      += $(SUITE)

$(B)/guests/obj/test/guest/suite/suite32.o: test/guest/suite/suite.c
	@mkdir -p $(@D)
	$(call say,GUESTCC,$<)
	$(Q)clang $(CPPFLAGS) $(CFLAGS) $(SUITE_FLAGS) -Wno-int-to-pointer-cast -MMD -MP -c -o $@ $<

# NAME, nasm's options
define suite_rule
$(B)/guests/obj/test/guest/suite/$(1).o: test/guest/suite/start.asm
	@mkdir -p $$(@D)
	$$(call say,NASM,$$<)
	$$(Q)$$(NASM) -f elf32 $(2) -o $$@ $$<

$(B)/guests/$(1).elf: $(B)/guests/obj/test/guest/suite/$(1).o $(B)/guests/obj/test/guest/suite/suite32.o \
                      test/guest/suite/suite.ld
	$$(call say,LD,$$@)
	$$(Q)$$(LD) -m elf_i386 -nostdlib -static -z noexecstack --build-id=none -T test/guest/suite/suite.ld -o $$@ \
	    $$(filter %.o,$$^)
endef
$(eval $(call suite_rule,suite,))
$(eval $(call suite_rule,kludge,-DKLUDGE))

$(B)/guests/kludge.bin: $(B)/guests/kludge.elf
	$(Q)llvm-objcopy -O binary $< $@
