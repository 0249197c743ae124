# SPDX-License-Identifier: BSD-2-Clause
# The demo's initramfs; its small guest is built by test/guest/rules.mk.

$(B)/guests/initrd.img: tools/initramfs guests/demo/init $(wildcard /bin/busybox)
	@mkdir -p $(@D)
	$(call say,INITRD,$@)
	$(Q)tools/initramfs -o $@ --init guests/demo/init
