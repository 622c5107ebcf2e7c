// SPDX-License-Identifier: GPL-2.0-only
#include "call.h"

#include <linux/errno.h>

#include "corevisor/error.h"

int cv_errno(s64 error)
{
	switch (error) {
	case CV_OK:
		return 0;
	case CV_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case CV_EINVAL:
		return -EINVAL;
	case CV_EPERM:
		return -EPERM;
	case CV_ESTATE:
		return -EBADFD;
	case CV_EBUSY:
		return -EBUSY;
	case CV_EEXIST:
		return -EEXIST;
	case CV_ENOENT:
		return -ENOENT;
	case CV_ENOMEM:
		return -ENOMEM;
	case CV_ENOSPC:
		return -ENOSPC;
	case CV_EAUTH:
		return -EKEYREJECTED;
	case CV_ESTALE:
		return -ESTALE;
	default:
		return -EIO;
	}
}

int cv_call_errno(u32 id, u64 x1, u64 x2, u64 x3)
{
	return cv_errno(cv_call(id, x1, x2, x3).error);
}
