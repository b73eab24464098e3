/* SPDX-License-Identifier: BSD-3-Clause */
/* Filling a cardinal_error. */
#ifndef CARDINAL_OPS_ERROR_H
#define CARDINAL_OPS_ERROR_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* Fills *error (if not NULL) as printf would, and returns status. */
__attribute__((format(printf, 3, 4))) cardinal_status cardinal_fail(cardinal_error *error, cardinal_status status,
                                                                    const char *format, ...);

#endif
