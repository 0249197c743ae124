# SPDX-License-Identifier: BSD-2-Clause
# The guests' DSDT: compiled by iasl, then spelled as a C array, which both hypervisor and host objects include.

IASL := iasl

$(B)/gen/dsdt.aml: guests/dsdt.asl
	@mkdir -p $(@D)
	$(call say,IASL,$<)
	$(Q)$(IASL) -we -p $(basename $@) $< > $(basename $@).log 2>&1 || { cat $(basename $@).log; rm -f $@; exit 1; }

$(B)/gen/dsdt.h: $(B)/gen/dsdt.aml
	$(call say,GEN,$@)
	$(Q){ echo '/* Made by guests/rules.mk from dsdt.asl. */'; echo 'static const u8 dsdt_aml[] = {'; \
	    od -An -v -tx1 $< | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1, /g'; echo '};'; } > $@.tmp && mv $@.tmp $@

$(B)/hv/guests/acpi_tables.o $(B)/host/guests/acpi_tables.o: $(B)/gen/dsdt.h
