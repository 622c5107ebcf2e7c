/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The image: one contiguous range of memory from _image_start (2 MB aligned
 * wherever it is loaded) to _image_end, of which the file holds the part up to _file_end. Each of
 * the three kinds of memory starts on a page: W^X is per page.
 */
#include "layout.h"

OUTPUT_ARCH(aarch64)
ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = VA_IMAGE;
	_image_start = .;
	.text : {
		KEEP(*(.head))
		_head_end = .;
		*(.vectors)
		*(.text .text.*)
		. = ALIGN(4096);
	} :text
	_text_end = .;
	.rodata : {
		*(.rodata .rodata.*)
		. = ALIGN(4096);
	} :rodata
	_rodata_end = .;
	.data : {
		*(.data .data.*)
		*(.got .got.plt)
		. = ALIGN(4096);
	} :data
	_file_end = .;
	/* Written with the MMU off; not cleared with .bss. */
	.early (NOLOAD) : {
		_early_start = .;
		*(.early)
		. = ALIGN(4096);
		_early_end = .;
	}
	.bss (NOLOAD) : {
		_bss_start = .;
		*(.bss)
		*(COMMON)
		. = ALIGN(4096);
		_bss_end = .;
	}
	_image_end = .;
	_image_size = ABSOLUTE(_image_end - _image_start);

	/* Backed by memory at boot as far as RAM needs it (carve.c). */
	. = VA_FRAMES;
	.frames (NOLOAD) : { *(.bss.frames) }
	. = VA_TABLES;
	.tables (NOLOAD) : { *(.bss.table_pool) } :data
	PROVIDE(table_pool = VA_TABLES);

	/DISCARD/ : { *(.comment) *(.note.*) *(.eh_frame*) }
}

ASSERT(_head_end - _image_start <= 4096, "the code that turns the MMU on leaves the first page")
ASSERT(_image_end - _image_start < 0x2000000, "the core is larger than 32 MB")
