/* SPDX-License-Identifier: BSD-3-Clause */
/* Which shapes a kernel serves: each function gives the reason why not, or NULL. Shared by kernels of all ISAs. */
#ifndef CARDINAL_KERNELS_DECLINES_H
#define CARDINAL_KERNELS_DECLINES_H

#include "kernels/shape.h"

/* The widest window that the kernels for any window take. */
#define CARDINAL_WINDOW_MOST_KERNEL_W 32

const char *cardinal_declines_conv1x1(const cardinal_shape *s);
const char *cardinal_declines_conv1x1_pairs(const cardinal_shape *s);
const char *cardinal_declines_fc(const cardinal_shape *s);
const char *cardinal_declines_gconv3x3_w1(const cardinal_shape *s);
const char *cardinal_declines_gconv3x3_w4(const cardinal_shape *s);
const char *cardinal_declines_gconv3x3_w8(const cardinal_shape *s);
const char *cardinal_declines_gconv3x3_w16(const cardinal_shape *s);
const char *cardinal_declines_conv7x7s2_nchw(const cardinal_shape *s);
const char *cardinal_declines_conv_window(const cardinal_shape *s);
const char *cardinal_declines_conv(const cardinal_shape *s);
const char *cardinal_declines_max_pool(const cardinal_shape *s);
const char *cardinal_declines_average_pool(const cardinal_shape *s);

#endif
