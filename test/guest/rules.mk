# SPDX-License-Identifier: BSD-2-Clause
# The tiny guests: PVH kernels of our own, each build/guests/NAME.elf. Included by the Makefile.

GUEST_RT       := $(wildcard test/guest/rt/*.c) $(wildcard test/guest/rt/*.asm) lib/fmt.c lib/string.c lib/str.c
GUEST_NAMES    := hello quickreset triplefault cpucheck devcheck modes statedump smp hog thief scrub bench ticker emulator hostile apart
GUEST_hello    := test/guest/hello.c
GUEST_quickreset := test/guest/quickreset.c
GUEST_triplefault := test/guest/triplefault.c
GUEST_cpucheck := $(wildcard test/guest/cpucheck/*.c) $(wildcard test/guest/cpucheck/*.asm)
GUEST_devcheck := $(wildcard test/guest/devcheck/*.c) test/guest/cpucheck/check.c
GUEST_modes    := test/guest/modes/main.c test/guest/modes/blob.asm
GUEST_statedump := $(wildcard test/guest/statedump/*.c) $(wildcard test/guest/statedump/*.asm)
GUEST_smp      := test/guest/smp.c
GUEST_hog      := test/guest/hog.c
GUEST_scrub    := test/guest/scrub.c
GUEST_thief    := test/guest/thief.c
GUEST_emulator := test/guest/emulator.c
GUEST_hostile  := $(wildcard test/guest/hostile/*.c) test/guest/hostile/storm.asm
GUEST_apart    := test/guest/apart.c
GUEST_bench    := $(wildcard test/guest/bench/*.c) $(wildcard test/guest/bench/*.asm)
GUEST_ticker   := guests/demo/ticker.c
GUESTS         := $(GUEST_NAMES:%=$(B)/guests/%.elf)

GUEST_FLAGS    := -ffreestanding -fno-builtin -fno-pic -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
                  -fno-strict-aliasing -fno-asynchronous-unwind-tables -fcf-protection=none -fno-omit-frame-pointer \
                  -nostdinc -isystem $(shell $(CC) -print-file-name=include) -Itest/guest/rt

guest_objs      = $(foreach s,$(1),$(B)/guests/obj/$(s).o)

include test/guest/suite/rules.mk

.PHONY: guests
guests: $(GUESTS)

$(B)/guests/obj/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,GUESTCC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

$(B)/guests/obj/%.asm.o: %.asm test/guest/rt/layout.inc
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf64 -g -F dwarf -Itest/guest/rt/ -o $@ $<

# The guest modes has a part for the first 64 KiB, in a binary of its own.
MODES_LOW := $(B)/guests/obj/test/guest/modes/low.bin

$(MODES_LOW): $(wildcard test/guest/modes/*.asm) test/guest/modes/low.inc test/guest/rt/layout.inc
	@mkdir -p $(@D)
	$(call say,NASM,$@)
	$(Q)$(NASM) -f bin -Itest/guest/modes/ -Itest/guest/rt/ -l $(@:.bin=.lst) -o $@ test/guest/modes/low.asm

$(B)/guests/obj/test/guest/modes/blob.asm.o: test/guest/modes/blob.asm $(MODES_LOW)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf64 -DBLOB='"$(MODES_LOW)"' -o $@ $<

define guest_rule
$(B)/guests/$(1).elf: $(call guest_objs,$(GUEST_$(1)) $(GUEST_RT)) test/guest/rt/guest.ld
	$$(call say,LD,$$@)
	$$(Q)$$(LD) -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -T test/guest/rt/guest.ld \
	    -o $$@ $$(filter %.o,$$^)
endef
$(foreach g,$(GUEST_NAMES),$(eval $(call guest_rule,$(g))))
