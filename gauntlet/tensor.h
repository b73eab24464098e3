/* SPDX-License-Identifier: BSD-3-Clause */
/* Activation tensors in each of the public layouts. */
#ifndef CARDINAL_GAUNTLET_TENSOR_H
#define CARDINAL_GAUNTLET_TENSOR_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* Index of an element of a tensor of `channels` channels and `pixels` pixels an image. */
size_t tensor_index(cardinal_layout layout, size_t channels, size_t pixels, size_t image, size_t channel, size_t pixel);
size_t tensor_floats(cardinal_layout layout, size_t batch, size_t channels, size_t pixels);
const char *tensor_layout_name(cardinal_layout layout);

/* Spreads an NCHW tensor into a layout, with +0 in padding lanes. */
void tensor_spread(cardinal_layout layout, float *to, const float *nchw, size_t batch, size_t channels, size_t pixels);

/* Index, NCHW, of the first element that isn't the same as in the NCHW tensor `expected`; the number of elements if all
 * are, and all padding lanes are +0; that number plus one if a padding lane isn't. */
size_t tensor_difference(cardinal_layout layout, const float *found, const float *expected, size_t batch,
                         size_t channels, size_t pixels);

#endif
