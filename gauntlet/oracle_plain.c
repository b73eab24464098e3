/* SPDX-License-Identifier: BSD-3-Clause */
/* What an operator promises, on plain tensors. */
#include <math.h>

#include "gauntlet/number.h"
#include "gauntlet/oracle.h"

/* One output's sum on its way. */
typedef struct plain_sum {
  float acc;
  int64_t exact; /* int8 */
} plain_sum;

/* The product of a channel that lies in the image, or of one that a cell of bf16 has beyond them: then x is NULL. */
static void add(plain_sum *sum, cardinal_format format, const float *x, const float *w) {
  const float value = x ? *x : 0.0f, weight = x ? *w : 0.0f;
  if (format == CARDINAL_FORMAT_INT8)
    sum->exact += (int64_t)value * (int64_t)weight;
  else if (format == CARDINAL_FORMAT_BF16)
    sum->acc = gauntlet_flush(fmaf(gauntlet_flush(value), gauntlet_flush(weight), sum->acc));
  else
    sum->acc = fmaf(value, weight, sum->acc);
}

/* A cell begins at channel c; `pixel` and `tap` are the places in a plane of x and in a window of w. */
static void add_cell(plain_sum *sum, const data_problem *p, const float *x, const float *w, size_t c, size_t pixel,
                     size_t tap) {
  const cardinal_reference_shape *s = &p->shape;
  const size_t channels = s->in_channels / s->groups, plane = s->in_height * s->in_width;
  const size_t taps = s->window.kernel_h * s->window.kernel_w;
  if (p->format == CARDINAL_FORMAT_BF16) /* the odd channel first */
    add(sum, p->format, c + 1 < channels ? &x[(c + 1) * plane + pixel] : NULL, &w[(c + 1) * taps + tap]);
  add(sum, p->format, &x[c * plane + pixel], &w[c * taps + tap]);
}

/* Position (oy, ox) of one output channel, whose weights are w; x is the first plane of its group. */
static void add_products(plain_sum *sum, const data_problem *p, const float *x, const float *w, size_t oy, size_t ox) {
  const cardinal_reference_shape *s = &p->shape;
  const size_t channels = s->in_channels / s->groups, step = p->format == CARDINAL_FORMAT_BF16 ? 2 : 1;
  for (size_t first = 0; first < channels; first += CARDINAL_BLOCK)
    for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
      for (size_t c = first; c < channels && c < first + CARDINAL_BLOCK; c += step)
        for (size_t kx = 0; kx < s->window.kernel_w; ++kx) {
          const int64_t iy =
              (int64_t)(oy * s->window.stride_h + ky * s->window.dilation_h) - (int64_t)s->window.pad_top;
          const int64_t ix =
              (int64_t)(ox * s->window.stride_w + kx * s->window.dilation_w) - (int64_t)s->window.pad_left;
          if (iy < 0 || ix < 0 || iy >= (int64_t)s->in_height || ix >= (int64_t)s->in_width)
            continue;
          add_cell(sum, p, x, w, c, (size_t)iy * s->in_width + (size_t)ix, ky * s->window.kernel_w + kx);
        }
}

/* Bias, or of int8 scale and bias; residual; ReLU; rounding. */
static float finish(const plain_sum *sum, const data_problem *p, size_t o, const float *residual, int relu) {
  float value = sum->acc;
  if (p->format == CARDINAL_FORMAT_INT8)
    value = fmaf((float)sum->exact, p->scale[o], p->bias ? p->bias[o] : 0.0f);
  if (residual && p->format == CARDINAL_FORMAT_INT8)
    value = fmaf(*residual, p->residual_scale, value);
  else if (residual && p->format == CARDINAL_FORMAT_BF16)
    value = gauntlet_flush(value + gauntlet_flush(*residual));
  else if (residual)
    value = value + *residual;
  return gauntlet_round(p->y_format, relu ? oracle_relu(value) : value);
}

void oracle_plain(const data_problem *p, int relu, float *y) {
  const cardinal_reference_shape *s = &p->shape;
  const size_t in_group = s->in_channels / s->groups, out_group = s->out_channels / s->groups;
  size_t at = 0;
  for (size_t n = 0; n < s->batch; ++n)
    for (size_t o = 0; o < s->out_channels; ++o) {
      const float *group = p->x + (n * s->in_channels + o / out_group * in_group) * s->in_height * s->in_width;
      const float *w = p->weights + o * in_group * s->window.kernel_h * s->window.kernel_w;
      const float bias = p->bias ? p->bias[o] : +0.0f;
      for (size_t oy = 0; oy < s->out_height; ++oy)
        for (size_t ox = 0; ox < s->out_width; ++ox, ++at) {
          plain_sum sum = {.acc = p->format == CARDINAL_FORMAT_BF16 ? gauntlet_flush(bias) : bias};
          add_products(&sum, p, group, w, oy, ox);
          y[at] = finish(&sum, p, o, p->residual ? &p->residual[at] : NULL, relu);
        }
    }
}
