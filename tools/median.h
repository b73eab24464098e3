/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_TOOLS_MEDIAN_H
#define CARDINAL_TOOLS_MEDIAN_H

#include <stddef.h>

/* The median, which sorts the values; NAN of none. */
double median(double *values, size_t count);

#endif
