# SPDX-License-Identifier: BSD-2-Clause
# The benchmark (docs/PERFORMANCE.md): what it runs, and `make bench`. Included by the Makefile.
#
#	make bench				everything
#	make bench PARTS=svm ROWS="cpuid rdmsr"	one part, some rows

BENCH_ARGS := $(if $(PARTS),--parts $(PARTS)) $(ROWS)

$(B)/bench/count.so: test/bench/count.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -g $(WARN) -shared -fPIC -fvisibility=hidden -o $@ $<

$(B)/bench/linux-bench: test/bench/linux.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -g $(WARN) -static -o $@ $<

$(B)/bench/linux.img: $(B)/bench/linux-bench test/bench/linux-init tools/initramfs
	$(call say,INITRD,$@)
	$(Q)tools/initramfs -o $@ --init test/bench/linux-init linux-bench=$<

# Comes with the kernel, but not where that was fetched by an older tools/debian-kernel.
$(B)/debian/modules: $(B)/debian/vmlinuz
	$(Q)[ -d $@ ] || tools/debian-kernel $(B)/debian
	$(Q)touch $@

$(B)/bench/peer.cpio: test/bench/peer.py test/bench/init tools/initramfs | $(B)/debian/modules
	@mkdir -p $(@D)
	$(call say,PEER,$@)
	$(Q)test/bench/peer.py -o $@

BENCH_NEEDS := $(B)/plinth-stripped.elf $(B)/guests/bench.elf $(B)/bench/count.so

.PHONY: bench
bench: $(BENCH_NEEDS) $(B)/bench/linux.img $(B)/bench/peer.cpio $(B)/debian/vmlinux.elf
	$(Q)test/bench/run.py $(BENCH_ARGS)
