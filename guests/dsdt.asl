// SPDX-License-Identifier: BSD-2-Clause
/*
 * The namespace of a Plinth guest: what of its board a kernel cannot find by looking. Addresses are those of
 * board_layout.h; test_acpi_tables.c compares the ones that matter. No methods: everything is constant.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "PLINTH", "BOARD", 1)
{
	/* SLP_TYPa and SLP_TYPb of soft-off. There is no other sleep state. */
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_SEG, 0)
			Name (_BBN, 0)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0x00, 0xff, 0, 0x100)
				IO (Decode16, 0xcf8, 0xcf8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0000, 0x0cf7, 0, 0x0cf8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0d00, 0xffff, 0, 0xf300)
				/* From the end of MMCONFIG to the IOAPIC. */
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
					0, 0xc0000000, 0xfebfffff, 0, 0x3ec00000)
			})

			/* No slot has an interrupt pin yet. */
			Name (_PRT, Package () { })
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x70, 0x70, 1, 2)
				IRQNoFlags () { 8 }
			})
		}

		Device (TIMR)
		{
			Name (_HID, EisaId ("PNP0100"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x40, 0x40, 1, 4)
				IRQNoFlags () { 0 }
			})
		}

		Device (KBD)
		{
			Name (_HID, EisaId ("PNP0303"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x60, 0x60, 1, 1)
				IO (Decode16, 0x64, 0x64, 1, 1)
				IRQNoFlags () { 1 }
			})
		}

		Device (MOU)
		{
			Name (_HID, EisaId ("PNP0F13"))
			Name (_CRS, ResourceTemplate ()
			{
				IRQNoFlags () { 12 }
			})
		}

		Device (PIC)
		{
			Name (_HID, EisaId ("PNP0000"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x20, 0x20, 1, 2)
				IO (Decode16, 0xa0, 0xa0, 1, 2)
				IO (Decode16, 0x4d0, 0x4d0, 1, 2)
				IRQNoFlags () { 2 }
			})
		}

		/* What no driver claims: MMCONFIG, IOAPIC, HPET, LAPIC, ports 61h and 92h, SMI and PM ports. */
		Device (MBRD)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				Memory32Fixed (ReadWrite, 0xb0000000, 0x10000000)
				Memory32Fixed (ReadWrite, 0xfec00000, 0x1000)
				Memory32Fixed (ReadWrite, 0xfed00000, 0x400)
				Memory32Fixed (ReadWrite, 0xfee00000, 0x1000)
				IO (Decode16, 0x61, 0x61, 1, 1)
				IO (Decode16, 0x92, 0x92, 1, 1)
				IO (Decode16, 0xb2, 0xb2, 1, 2)
				IO (Decode16, 0x600, 0x600, 1, 0x40)
			})
		}
	}
}
