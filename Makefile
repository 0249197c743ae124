# SPDX-License-Identifier: BSD-2-Clause
# One Makefile for everything. `make help` lists the targets; V=1 shows the commands.

B      := build
CC     ?= clang
ifeq ($(origin CC),default)
CC     := clang
endif
HOSTCC ?= clang
LD     := ld.lld
NASM   := nasm
PYTHON := /usr/bin/python3
comma  := ,
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# --- What is linked into the hypervisor -----------------------------------------------------------

HV_DIRS  := lib arch/x86_64 ept sched core vm vmx svm devices drivers guests boot monitor
HV_C     := $(foreach d,$(HV_DIRS),$(wildcard $(d)/*.c))
HV_ASM   := $(foreach d,$(HV_DIRS),$(wildcard $(d)/*.asm))
HV_OBJ   := $(HV_C:%.c=$(B)/hv/%.o) $(HV_ASM:%.asm=$(B)/hv/%.asm.o)

WARN     := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
            -Wimplicit-fallthrough -Wno-unused-parameter -Wno-sign-compare
CPPFLAGS := -I. -I$(B)/gen
CFLAGS   := -std=gnu11 -O2 -g $(WARN)
HV_FLAGS := -ffreestanding -ffunction-sections -fdata-sections -fno-pic -mcmodel=kernel -mno-red-zone -mno-mmx -mno-sse -mno-sse2 -mno-80387 \
            -fno-omit-frame-pointer -momit-leaf-frame-pointer -fno-strict-aliasing \
            -mstack-protector-guard=global -fno-asynchronous-unwind-tables -nostdinc \
            -isystem $(shell $(CC) -print-file-name=include) -fcf-protection=none -fno-jump-tables \
            -DPLINTH_DEBUG -falign-functions=1 $(if $(findstring clang,$(CC)),-mstack-alignment=8,-mpreferred-stack-boundary=3)

.PHONY: all run test test-unit test-system soak check image iso clean help coverage
all: $(B)/plinth.elf $(B)/BOOTX64.EFI

help:
	@echo 'run          boots the demo under OVMF in QEMU (ACCEL=kvm: on this processor)'
	@echo 'test         everything below'
	@echo 'check          what a script can say about the code'
	@echo 'test-unit      unit tests on the host'
	@echo 'test-fuzz      fuzzing, about a minute a target (test/fuzz/rules.mk)'
	@echo 'test-system    boots it under QEMU and looks'
	@echo 'soak         the long system tests, and what is in test/soak: 200 cold boots, hostile guests (SOAK=test/soak/boots: only that)'
	@echo 'bench        what exits cost, beside KVM (PARTS=svm ROWS="cpuid ipi": test/bench/rules.mk)'
	@echo 'fuzz         ten minutes of fuzzing; fuzz-short: half a minute (test/fuzz/rules.mk)'
	@echo 'all          build/plinth.elf, the hypervisor, and build/BOOTX64.EFI with it inside'
	@echo 'image        the demo as an image of a UEFI disk or USB stick (build/plinth.img)'
	@echo 'iso          the demo as a CD image with GRUB, BIOS or UEFI (build/plinth.iso)'
	@echo 'sim-minute   fair in the simulator, 60 s of every scene: a quarter of an hour'
	@echo 'sim          schedulers in the simulator: a table and plots in build/sim/'
	@echo 'coverage     line coverage of the unit tests'
	@echo 'clean        removes build/'
	@echo 'V=1 shows the commands, CC=gcc takes another compiler for the hypervisor.'

$(B)/gen/asm-offsets.inc: tools/asm-offsets.c
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(HV_FLAGS) -MMD -MP -MT $@ -MF $(B)/gen/asm-offsets.d -S -o - $< | \
	    sed -n 's/^[^"]*"OFFSET \([A-Z0-9_]*\) \$$*\(-*[0-9]*\)".*/\1 equ \2/p' > $@

# What runs at every exit and every switch is made fast; all the rest small.
HV_FAST := $(addprefix svm/,exit.c vcpu.c) $(addprefix vmx/,exit.c vcpu.c) devices/pic.c devices/pm.c \
           $(addprefix vm/,run.c apic_page.c exit_io.c cpuid.c device.c)
# Somewhat faster; those behind core/time.c are even smaller so than with clang's -Oz.
HV_BRISK := $(addprefix sched/,fair_turn.c tree.c tour.c) $(addprefix core/,loop.c timer.c window.c time.c machine.c memmap.c trap.c) \
            svm/cpu.c arch/x86_64/cpu.c $(addprefix devices/,cmos.c lapic_access.c lapic_irq.c lapic_timer.c) \
            vm/bus.c vm/msr.c vm/insn_muldiv.c vmx/check_segment.c
$(HV_FAST:%.c=$(B)/hv/%.o): HV_OPT := -O2 -falign-loops=1
$(HV_BRISK:%.c=$(B)/hv/%.o): HV_OPT := -Os
HV_OPT  := $(if $(findstring clang,$(CC)),-Oz,-Os)

# A canary in each function with an array; where bytes from outside are parsed, in each with a local that has an address.
HV_STACK := -fstack-protector --param ssp-buffer-size=1
$(foreach d,boot drivers guests monitor,$(B)/hv/$(d)/%.o): HV_STACK := -fstack-protector-strong

$(B)/hv/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(HV_OPT) $(HV_FLAGS) $(HV_STACK) -MMD -MP -c -o $@ $<

$(B)/hv/%.asm.o: %.asm $(B)/gen/asm-offsets.inc
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf64 -g -F dwarf -I. -I$(B)/gen/ -MD $(@:.o=.d) -MP -o $@ $<

# Functions that are the same are there once: nobody compares their addresses.
# Twice: the second time with the names of the first one's functions, which do not move by it.
HV_LINK := $(LD) -O2 --gc-sections -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none --icf=all \
           --orphan-handling=error -T linker.ld

$(B)/plinth-nameless.elf: $(HV_OBJ) linker.ld
	$(call say,LD,$@)
	$(Q)$(HV_LINK) -o $@ $(HV_OBJ)

$(B)/gen/symbols.asm: $(B)/plinth-nameless.elf tools/symbols
	$(call say,GEN,$@)
	$(Q)tools/symbols -o $@ $<

$(B)/plinth.elf: $(B)/plinth-nameless.elf $(B)/gen/symbols.asm
	$(call say,LD,$@)
	$(Q)$(NASM) -f elf64 -o $(B)/gen/symbols.o $(B)/gen/symbols.asm
	$(Q)$(HV_LINK) -o $@ $(HV_OBJ) $(B)/gen/symbols.o
	$(Q)tools/symbols -c $(B)/gen/symbols.asm $@

# What is booted: without the symbols, which GRUB would load too.
$(B)/plinth-stripped.elf: $(B)/plinth.elf
	$(call say,STRIP,$@)
	$(Q)llvm-objcopy --strip-all $< $@

# --- The UEFI program, with the hypervisor inside -------------------------------------------------
# A program for another ABI, whatever compiler the rest takes: Windows' objects are what UEFI's
# are, and lld links them. Its long has 32 bits, so that formats of the hypervisor's would warn.

EFI_CC    := clang
EFI_C     := $(wildcard boot/efi/*.c) boot/collect.c boot/gop.c $(wildcard guests/config*.c) $(wildcard lib/*.c)
EFI_OBJ   := $(EFI_C:%.c=$(B)/efi/%.o) $(B)/efi/payload.o
EFI_FLAGS := -target x86_64-unknown-windows-gnu -ffreestanding -mno-red-zone -mno-mmx -mno-sse \
             -mno-stack-arg-probe -fno-strict-aliasing -ffunction-sections -fdata-sections \
             -Wno-format -DGNU_EFI_USE_MS_ABI \
             -isystem /usr/include/efi -isystem /usr/include/efi/x86_64

$(B)/efi/%.o: %.c
	@mkdir -p $(@D)
	$(call say,EFICC,$<)
	$(Q)$(EFI_CC) $(CPPFLAGS) $(CFLAGS) $(EFI_FLAGS) -MMD -MP -c -o $@ $<

$(B)/efi/payload.o: boot/efi/payload.asm $(B)/plinth-stripped.elf
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f win64 -DPAYLOAD='"$(B)/plinth-stripped.elf"' -o $@ $<

$(B)/BOOTX64.EFI: $(EFI_OBJ)
	$(call say,LD,$@)
	$(Q)lld-link /nologo /nodefaultlib /subsystem:efi_application /entry:efi_main /opt:ref /Brepro \
	    /out:$@ $^

# --- The demo's images ----------------------------------------------------------------------------

DEMO_CONF  := guests/demo/plinth.conf
DEMO_FILES := debian/vmlinuz=$(B)/debian/vmlinuz debian/initrd.img=$(B)/guests/initrd.img \
              demo/ticker.elf=$(B)/guests/ticker.elf
DEMO_DEPS  := $(DEMO_CONF) $(foreach f,$(DEMO_FILES),$(lastword $(subst =, ,$(f)))) tools/tree.sh

$(B)/debian/vmlinuz: tools/debian-kernel
	$(Q)tools/debian-kernel $(@D)

$(B)/plinth.img: $(B)/BOOTX64.EFI $(DEMO_DEPS) tools/image
	$(call say,IMAGE,$@)
	$(Q)tools/image -o $@ -c $(DEMO_CONF) -b $< $(DEMO_FILES)

$(B)/plinth.iso: $(B)/plinth-stripped.elf $(DEMO_DEPS) tools/iso
	$(call say,ISO,$@)
	$(Q)tools/iso -o $@ -c $(DEMO_CONF) -b $< $(DEMO_FILES)

image: $(B)/plinth.img
iso: $(B)/plinth.iso

run: $(B)/plinth.img
	$(Q)ACCEL=$(ACCEL) tools/run $<

# --- Unit tests on the host, under ASan and UBSan -------------------------------------------------

HOST_DIRS  := lib ept sched vm devices guests monitor test/host
HOST_EXTRA := core/frame.c core/memmap.c core/hostmap.c core/service/boot_info.c drivers/acpi.c boot/collect.c boot/multiboot2.c
HOST_EXTRA += $(wildcard core/console*.c) core/ansi.c core/symbols.c drivers/acpi_madt.c drivers/calibrate.c \
              drivers/cmos_decode.c drivers/framebuffer.c drivers/panels.c drivers/font.c drivers/scancode.c \
              drivers/ioapic_isa.c
HOST_EXTRA += boot/gop.c core/isolation.c core/mtrr.c drivers/pci_serial.c
HOST_EXTRA += vmx/controls.c vmx/check.c vmx/check_control.c vmx/check_segment.c vmx/vmcs.c
# Its contract is also implemented by core/console.c, so it is linked only where it is asked for.
FAKE_CONSOLE_TESTS := test_pc test_pc_irq test_pc_systems test_vm_failures
HOST_C     := $(filter-out lib/string.c test/host/fake_console.c,$(foreach d,$(HOST_DIRS),$(wildcard $(d)/*.c))) $(wildcard $(HOST_EXTRA))
HOST_C     += $(filter-out test/sim/main.c,$(wildcard test/sim/*.c))
HOST_OBJ   := $(HOST_C:%.c=$(B)/host/%.o)
UNIT_C     := $(wildcard test/unit/test_*.c)
UNIT       := $(UNIT_C:test/unit/%.c=$(B)/unit/%)
# %m: one file for each program, to which its runs are added.
PROFILE    := $(abspath $(B))/profile/%m.profraw
HOST_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fcoverage-mapping \
              -fprofile-instr-generate=$(PROFILE) -DPLINTH_DEBUG -DPLINTH_HOST

$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) $(HOST_FLAGS) -MMD -MP -c -o $@ $<

$(B)/unit/%: $(B)/host/test/unit/%.o $(B)/libhost.a
	@mkdir -p $(@D)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -o $@ $(filter %.o,$^) $(B)/libhost.a -lcmocka

# Threads, under ThreadSanitizer: built for itself.
TURNS_C := test/unit/test_turns.c $(wildcard sched/*.c) test/host/fake_log.c lib/fmt.c lib/str.c

$(B)/unit/test_turns: $(TURNS_C) test/unit/turns_rig.h $(wildcard sched/*.h) lib/turnlock.h lib/lock.h
	@mkdir -p $(@D)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) $(subst address$(comma)undefined,thread,$(HOST_FLAGS)) -o $@ $(TURNS_C) -lcmocka

$(FAKE_CONSOLE_TESTS:%=$(B)/unit/%): $(B)/host/test/host/fake_console.o

$(B)/libhost.a: $(HOST_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

include guests/rules.mk
-include guests/demo/rules.mk test/guest/rules.mk
include test/fuzz/rules.mk
include test/bench/rules.mk

COVERED := lib ept sched vm devices guests

# Several at a time; all of them, also after one has failed.
run-units = rm -rf $(B)/profile; printf '%s\n' $(UNIT) | xargs -P $$(nproc) -n 1 tools/unit-test

test-unit: $(UNIT)
	$(Q)$(run-units)
	$(Q)HOSTCC=$(HOSTCC) tools/coverage $(B) $(COVERED)

coverage: $(UNIT)
	$(Q)$(run-units)
	$(Q)HOSTCC=$(HOSTCC) tools/coverage -f $(B) $(COVERED)

# --- The scheduler's simulator: up to 4096 pCPUs, so built for itself ------------------------------

SIM_C := $(wildcard test/sim/*.c sched/*.c) test/host/fake_log.c lib/fmt.c lib/str.c

$(B)/sim/sim: $(SIM_C) $(wildcard test/sim/*.h sched/*.h)
	@mkdir -p $(@D)
	$(call say,SIM,$@)
	$(Q)$(HOSTCC) -I. $(CFLAGS) -Wno-missing-field-initializers -DPLINTH_HOST -DPLINTH_DEBUG -DSCHED_CPUS_MAX=4096 -o $@ $(SIM_C) -lm

.PHONY: sim sim-minute
sim-minute: $(B)/sim/sim
	$(Q)$< minute

sim: $(B)/sim/sim
	$(Q)$< $(B)/sim; bad=$$?; if command -v gnuplot >/dev/null; then gnuplot -e "dir='$(B)/sim'" test/sim/plot.gp; fi; exit $$bad

# --- Everything that proves something -------------------------------------------------------------

check:
	$(call say,CHECK,layers)
	$(Q)tools/check-layers

test: check test-unit test-fuzz test-system

# Longer than a test may be: the system tests marked so, and whatever can be run in test/soak. SOAK=test/soak/boots: only that.
SOAK ?= tests $(sort $(shell find test/soak -maxdepth 1 -type f -perm -u+x))

soak: all image iso guests
	$(Q)$(if $(filter tests,$(SOAK)),$(PYTHON) -m pytest -q test/system --soak)
	$(Q)set -e; for one in $(filter-out tests,$(SOAK)); do echo "  SOAK    $$one"; BOOTS=$(BOOTS) $$one; done

# One after the other, and the quick ones first, also with -j.
ifneq ($(filter test,$(MAKECMDGOALS)),)
test-unit: | check
test-fuzz: | test-unit
test-system: | test-fuzz
endif

# FEATURES="-vpid -apicv": all of it without these (docs/TESTING.md).
test-system: all image iso guests
	$(Q)$(PYTHON) -m pytest -q -n $(shell nproc) --dist loadgroup test/system

clean:
	$(Q)rm -rf $(B)

.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
