/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a call to Corevisor returns in X0. Zero is success; a negative value
 * is one of these and means that nothing has changed.
 */
#ifndef COREVISOR_ERROR_H
#define COREVISOR_ERROR_H

enum cv_error {
	CV_OK = 0,
	CV_NOT_SUPPORTED = -1, /* no such call, or not for this caller (SMCCC) */
	CV_EINVAL = -2, /* an argument is out of range or misaligned */
	CV_EPERM = -3, /* the frame, device or context belongs to somebody else */
	CV_ESTATE = -4, /* the VM or vCPU is in a state that does not allow it */
	CV_EBUSY = -5, /* shared, mapped for DMA, or a vCPU is running */
	CV_EEXIST = -6, /* something is there already */
	CV_ENOENT = -7, /* nothing is there */
	CV_ENOMEM = -8, /* the pool of table frames is exhausted */
	CV_ENOSPC = -9, /* no free id, slot or context */
	CV_EAUTH = -10, /* hash, signature or ciphertext is not authentic */
	CV_ESTALE = -11, /* an older snapshot than one that is known of this VM */
};

#endif
