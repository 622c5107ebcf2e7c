/* SPDX-License-Identifier: BSD-3-Clause */
	.section .rodata
	.globl	guest_blob, guest_blob_end
	.balign	4096
guest_blob:
	.incbin	"guest.bin"
guest_blob_end:
	.section .note.GNU-stack, "", %progbits
