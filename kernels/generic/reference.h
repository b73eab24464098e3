/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * References for tests and benchmarks, on plain NCHW and OIHW tensors: what the fast kernels are compared with.
 *
 * cardinal_naive_conv is the textbook convolution in seven loops, plain multiply and add in float, as a programmer
 * would first write it; the benchmarks' starting point. cardinal_reference_conv is the same in double precision
 * and also gives S = |bias| + sum |w x| + |residual| of each output, from which the error bound
 *
 *     |y - reference| <= gamma(K + 2) S + (K + 2) 2^-149,   gamma(n) = n u / (1 - n u),   u = 2^-24
 *
 * follows for any order of K products and additions in float (Higham 2002, "Accuracy and Stability of Numerical
 * Algorithms", section 3.1; the second term covers products and sums that underflow).
 */
#ifndef CARDINAL_KERNELS_GENERIC_REFERENCE_H
#define CARDINAL_KERNELS_GENERIC_REFERENCE_H

#include <stddef.h>

#include "kernels/window.h"

typedef struct cardinal_reference_shape {
  size_t batch, groups, in_channels, in_height, in_width, out_channels, out_height, out_width;
  cardinal_window window;
} cardinal_reference_shape;

/* y = relu?(conv(x, w) + bias + residual); bias and residual may be NULL. */
void cardinal_naive_conv(const cardinal_reference_shape *shape, const float *x, const float *weights, const float *bias,
                         const float *residual, int relu, float *y);

/* The same in double. `magnitude`, as large as y, takes S of each output, or is NULL. Taps in the padding are skipped.
 */
void cardinal_reference_conv(const cardinal_reference_shape *shape, const float *x, const float *weights,
                             const float *bias, const float *residual, int relu, double *y, double *magnitude);

/* Products in one output's sum when no tap is in the padding: K of the bound. */
size_t cardinal_reference_products(const cardinal_reference_shape *shape);

/* The bound for an output of that magnitude. */
double cardinal_reference_bound(size_t products, double magnitude);

/* Max pooling over all channels ([batch][channels] planes); groups and out_channels of the shape are ignored. */
void cardinal_naive_max_pool(const cardinal_reference_shape *shape, const float *x, float *y);

#endif
