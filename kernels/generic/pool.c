/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable pooling. */
#include <stdbool.h>

#include "kernels/generic/lanes.h"

/* Number `at` in f32, which holds those of all formats. */
CARDINAL_INLINE float number(const void *numbers, cardinal_format format, size_t at) {
  if (format == CARDINAL_FORMAT_F32)
    return ((const float *)numbers)[at];
  return format == CARDINAL_FORMAT_BF16 ? cardinal_bf16_to_f32(((const cardinal_bf16 *)numbers)[at])
                                        : (float)((const int8_t *)numbers)[at];
}

/* m = x in the lanes where x is greater, or the first NaN. */
CARDINAL_INLINE void take_greater(cardinal_floats *m, const void *x, cardinal_format format, size_t at) {
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const float value = number(x, format, at + l), most = m->lane[l];
    const int new_nan = (value != value) & (most == most);
    m->lane[l] = (value > most) | new_nan ? value : most;
  }
}

/* The maxima of one output pixel; zeros if no tap exists. */
CARDINAL_INLINE void maxima_of_pixel(cardinal_floats *m, const cardinal_pool_args *a, cardinal_format format,
                                     size_t row, size_t column) {
  bool first = true;
  *m = (cardinal_floats){{0}};
  for (size_t ky = 0; ky < a->window.kernel_h; ++ky) {
    const size_t iy = row * a->window.stride_h + ky - a->window.pad_top; /* wraps past in_height in the top padding */
    if (iy >= a->in_height)
      continue;
    for (size_t kx = 0; kx < a->window.kernel_w; ++kx) {
      const size_t ix = column * a->window.stride_w + kx - a->window.pad_left;
      if (ix >= a->in_width)
        continue;
      const size_t at = iy * a->x_row + ix * CARDINAL_BLOCK;
      if (first) {
        CARDINAL_LANES
        for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
          m->lane[l] = number(a->x, format, at + l);
        first = false;
      } else {
        take_greater(m, a->x, format, at);
      }
    }
  }
}

/* Stores a number that was one of this format. */
CARDINAL_INLINE void put_number(void *numbers, cardinal_format format, size_t at, float value) {
  if (format == CARDINAL_FORMAT_F32) {
    ((float *)numbers)[at] = value;
  } else if (format == CARDINAL_FORMAT_BF16) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    ((cardinal_bf16 *)numbers)[at] = (cardinal_bf16)(bits >> 16);
  } else {
    ((int8_t *)numbers)[at] = (int8_t)value;
  }
}

CARDINAL_INLINE void max_pool(const cardinal_pool_args *a, cardinal_format format) {
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column) {
      cardinal_floats m;
      maxima_of_pixel(&m, a, format, row, column);
      const size_t at = row * a->y_row + column * CARDINAL_BLOCK;
      CARDINAL_LANES
      for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
        put_number(a->y, format, at + l, a->lane_mask >> l & 1u ? m.lane[l] : 0.0f);
    }
}

void cardinal_maxpool_f32_generic(const cardinal_pool_args *a) {
  max_pool(a, CARDINAL_FORMAT_F32);
}

void cardinal_maxpool_bf16_generic(const cardinal_pool_args *a) {
  max_pool(a, CARDINAL_FORMAT_BF16);
}

void cardinal_maxpool_int8_generic(const cardinal_pool_args *a) {
  max_pool(a, CARDINAL_FORMAT_INT8);
}

CARDINAL_INLINE void sum_of_floats(const cardinal_pool_args *a, cardinal_format format, float sum[CARDINAL_BLOCK]) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    sum[l] = 0.0f;
  for (size_t row = 0; row < a->in_height; ++row)
    for (size_t column = 0; column < a->in_width; ++column)
      for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
        sum[l] += number(a->x, format, row * a->x_row + column * CARDINAL_BLOCK + l);
  const float scale = (float)(1.0 / ((double)a->in_height * (double)a->in_width));
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    sum[l] = a->lane_mask >> l & 1u ? sum[l] * scale : 0.0f;
}

void cardinal_avgpool_f32_generic(const cardinal_pool_args *a) {
  sum_of_floats(a, CARDINAL_FORMAT_F32, a->y);
}

void cardinal_avgpool_bf16_generic(const cardinal_pool_args *a) {
  float averages[CARDINAL_BLOCK];
  sum_of_floats(a, CARDINAL_FORMAT_BF16, averages);
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    ((cardinal_bf16 *)a->y)[l] = cardinal_bf16_of_f32(averages[l]);
}

void cardinal_avgpool_int8_generic(const cardinal_pool_args *a) {
  int32_t sum[CARDINAL_BLOCK] = {0};
  const int8_t *x = a->x;
  int8_t *y = a->y;
  for (size_t row = 0; row < a->in_height; ++row)
    for (size_t column = 0; column < a->in_width; ++column)
      for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
        sum[l] += x[row * a->x_row + column * CARDINAL_BLOCK + l];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    y[l] = a->lane_mask >> l & 1u ? cardinal_int8_of_f32((float)sum[l] * a->scale) : 0;
}
