/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "gauntlet/number.h"
#include "gauntlet/oracle.h"

void oracle_max_pool(const cardinal_pool_args *a, cardinal_format format) {
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column)
      for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
        float m = 0.0f;
        bool first = true;
        for (size_t ky = 0; ky < a->window.kernel_h; ++ky)
          for (size_t kx = 0; kx < a->window.kernel_w; ++kx) {
            const int64_t iy = (int64_t)(row * a->window.stride_h + ky) - (int64_t)a->window.pad_top;
            const int64_t ix = (int64_t)(column * a->window.stride_w + kx) - (int64_t)a->window.pad_left;
            if (iy < 0 || ix < 0 || iy >= (int64_t)a->in_height || ix >= (int64_t)a->in_width)
              continue;
            const float x = gauntlet_number(format, a->x, (size_t)iy * a->x_row + (size_t)ix * CARDINAL_BLOCK + l);
            if (first || (!isnan(m) && (x > m || isnan(x))))
              m = x;
            first = false;
          }
        gauntlet_number_store(format, a->y, row * a->y_row + column * CARDINAL_BLOCK + l,
                              a->lane_mask & 1u << l ? m : +0.0f);
      }
}

/* Of floats, each addition and the product are rounded to f32. */
static float average_of_floats(const cardinal_pool_args *a, cardinal_format format, size_t lane) {
  float acc = +0.0f;
  for (size_t row = 0; row < a->in_height; ++row)
    for (size_t column = 0; column < a->in_width; ++column)
      acc = acc + gauntlet_number(format, a->x, row * a->x_row + column * CARDINAL_BLOCK + lane);
  return acc * (float)(1.0 / (double)(a->in_height * a->in_width));
}

static float average_of_int8(const cardinal_pool_args *a, size_t lane) {
  int64_t sum = 0;
  for (size_t row = 0; row < a->in_height; ++row)
    for (size_t column = 0; column < a->in_width; ++column)
      sum += (int64_t)gauntlet_number(CARDINAL_FORMAT_INT8, a->x, row * a->x_row + column * CARDINAL_BLOCK + lane);
  return (float)sum * a->scale;
}

void oracle_average_pool(const cardinal_pool_args *a, cardinal_format format) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float average = format == CARDINAL_FORMAT_INT8 ? average_of_int8(a, l) : average_of_floats(a, format, l);
    if (format == CARDINAL_FORMAT_BF16)
      average = gauntlet_flush(average);
    gauntlet_number_store(format, a->y, l, a->lane_mask & 1u << l ? gauntlet_round(format, average) : +0.0f);
  }
}
