/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4: a vector is one group. */
#define CHANNELS 4
#include "kernels/arm/gconv3x3_one_vector.h"

void cardinal_gconv3x3_f32_w4_neon(const cardinal_conv_args *a) {
  cardinal_neon_gconv_one_vector(a);
}
