/* SPDX-License-Identifier: GPL-2.0-only */
/* What main.c starts and stops when the module is loaded and unloaded. */
#ifndef COREVISOR_MODULE_H
#define COREVISOR_MODULE_H

int cv_selftest_init(void);
void cv_selftest_exit(void);

#endif
