/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves with NEON: squares of 4×4. */
#include <arm_neon.h>

typedef float cardinal_number;
#include "kernels/move_paths.h"

/* Pairs of floats are exchanged as doubles, which keeps all bits. */
CARDINAL_INLINE float32x4_t low_pairs(float32x4_t a, float32x4_t b) {
  return vreinterpretq_f32_f64(vtrn1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}

CARDINAL_INLINE float32x4_t high_pairs(float32x4_t a, float32x4_t b) {
  return vreinterpretq_f32_f64(vtrn2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}

CARDINAL_INLINE void square_4(const float *from, size_t from_row, float *to, size_t to_row) {
  const float32x4_t a = vld1q_f32(from), b = vld1q_f32(from + from_row);
  const float32x4_t c = vld1q_f32(from + 2 * from_row), d = vld1q_f32(from + 3 * from_row);
  const float32x4_t ab_even = vtrn1q_f32(a, b), ab_odd = vtrn2q_f32(a, b);
  const float32x4_t cd_even = vtrn1q_f32(c, d), cd_odd = vtrn2q_f32(c, d);
  vst1q_f32(to, low_pairs(ab_even, cd_even));
  vst1q_f32(to + to_row, low_pairs(ab_odd, cd_odd));
  vst1q_f32(to + 2 * to_row, high_pairs(ab_even, cd_even));
  vst1q_f32(to + 3 * to_row, high_pairs(ab_odd, cd_odd));
}

void cardinal_move_f32_neon(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 4, square_4))
    cardinal_move_elements(args);
}
