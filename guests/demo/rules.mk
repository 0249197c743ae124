# SPDX-License-Identifier: BSD-2-Clause
# The demo's initramfs; its small guest is built by test/guest/rules.mk.

$(B)/guests/initrd.img: tools/initramfs guests/demo/init $(wildcard /bin/busybox)
	@mkdir -p $(@D)
	$(call say,INITRD,$@)
	$(Q)tools/initramfs -o $@ --init guests/demo/init

# Debian's kernel without its packing, for emulators that would take a minute to unpack it.
$(B)/debian/vmlinux.elf: $(B)/debian/vmlinuz tools/unpack-vmlinux
	$(call say,UNPACK,$@)
	$(Q)tools/unpack-vmlinux $< $@

test-system: $(B)/debian/vmlinux.elf
