/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: a vector is four groups, each lane of which reads its own channel. */
#define CHANNELS 1
#include "kernels/arm/gconv3x3_one_vector.h"

void cardinal_gconv3x3_f32_w1_neon(const cardinal_conv_args *a) {
  cardinal_neon_gconv_one_vector(a);
}
