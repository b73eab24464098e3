/* SPDX-License-Identifier: BSD-3-Clause */
/* Filling a cardinal_error. */
#ifndef CARDINAL_OPS_ERROR_H
#define CARDINAL_OPS_ERROR_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* Fills *error (if not NULL) as printf would. */
__attribute__((format(printf, 3, 4))) void cardinal_explain(cardinal_error *error, cardinal_status status,
                                                            const char *format, ...);

/* The same, and gives `status`, which is named twice. A macro, so that compilers and analysers see that it isn't 0. */
#define cardinal_fail(error, status, ...) (cardinal_explain((error), (status), __VA_ARGS__), (status))

#endif
