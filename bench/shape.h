/* SPDX-License-Identifier: BSD-3-Clause */
/* The shape of a layer in a few words, for tables. */
#ifndef CARDINAL_BENCH_SHAPE_H
#define CARDINAL_BENCH_SHAPE_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* "128>128 3x3/2 g32 56x56": channels, window and stride, groups if there are several, input. */
void bench_shape_of_conv(const cardinal_conv_desc *conv, char *text, size_t size);

/* "64 max 3x3/2 112x112", "2048 mean 7x7" */
void bench_shape_of_pool(const cardinal_pool_desc *pool, char *text, size_t size);

#endif
