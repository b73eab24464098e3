/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/oracle.h"

#include <math.h>
#include <string.h>

const char *oracle_order_name(oracle_order order) {
  static const char *const names[] = {"canonical",  "kx before channel", "channel before ky",  "descending",
                                      "two chains", "unfused",           "residual before sum"};
  return names[order];
}

/* The sums of 16 lanes on their way. */
typedef struct sums {
  float lane[2][CARDINAL_BLOCK]; /* the second only for ORACLE_TWO_CHAINS */
  size_t products;
} sums;

static void start(sums *s, const float *bias, const float *residual, oracle_order order) {
  s->products = 0;
  for (int l = 0; l < CARDINAL_BLOCK; ++l) {
    s->lane[0][l] = order == ORACLE_RESIDUAL_FIRST && residual ? bias[l] + residual[l] : bias[l];
    s->lane[1][l] = 0.0f;
  }
}

/* Lane l gets x[l / slot * slot] * w[l]. */
static void add_products(sums *s, const float *x, size_t slot, const float *w, oracle_order order) {
  float *acc = s->lane[order == ORACLE_TWO_CHAINS ? s->products % 2 : 0];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const float value = x[l / slot * slot];
    acc[l] = order == ORACLE_UNFUSED ? value * w[l] + acc[l] : fmaf(value, w[l], acc[l]);
  }
  ++s->products;
}

/* Negative numbers become +0; NaN and -0 stay. By sign and size, since of "value < 0 ? 0 : value" clang 14 makes an
 * fmax for aarch64, and of -0 a +0. */
static float relu_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t magnitude = bits & 0x7FFFFFFFu, infinity = 0x7F800000u;
  return bits >> 31 && magnitude && magnitude <= infinity ? +0.0f : value;
}

static void finish(const sums *s, const float *residual, uint32_t relu, uint32_t lane_mask, oracle_order order,
                   float *y) {
  for (int l = 0; l < CARDINAL_BLOCK; ++l) {
    float acc = s->lane[0][l];
    if (order == ORACLE_TWO_CHAINS)
      acc += s->lane[1][l];
    if (residual && order != ORACLE_RESIDUAL_FIRST)
      acc = acc + residual[l];
    if (relu)
      acc = relu_of(acc);
    y[l] = lane_mask & 1u << l ? acc : +0.0f;
  }
}

static size_t in_order(size_t i, size_t count, oracle_order order) {
  return order == ORACLE_DESCENDING ? count - 1 - i : i;
}

void oracle_conv1x1(const cardinal_conv1x1_args *a, oracle_order order) {
  for (size_t block = 0; block < a->blocks; ++block)
    for (size_t pixel = 0; pixel < a->pixels; ++pixel) {
      const size_t at = block * a->y_block + pixel * CARDINAL_BLOCK;
      const float *residual = a->residual ? (const float *)a->residual + at : NULL;
      sums s;
      start(&s, a->bias + block * CARDINAL_BLOCK, residual, order);
      for (size_t i = 0; i < a->channels; ++i) {
        const size_t c = in_order(i, a->channels, order);
        add_products(
            &s, (const float *)a->x + c / CARDINAL_BLOCK * a->x_block + pixel * CARDINAL_BLOCK + c % CARDINAL_BLOCK,
            CARDINAL_BLOCK, (const float *)a->w + block * a->w_panel + c * CARDINAL_BLOCK, order);
      }
      finish(&s, residual, a->relu, block + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES, order,
             (float *)a->y + at);
    }
}

void oracle_fc(const cardinal_fc_args *a, oracle_order order) {
  for (size_t image = 0; image < a->images; ++image)
    for (size_t block = 0; block < a->blocks; ++block) {
      const size_t at = image * a->y_image + block * CARDINAL_BLOCK;
      const float *residual = a->residual ? (const float *)a->residual + at : NULL;
      sums s;
      start(&s, a->bias + block * CARDINAL_BLOCK, residual, order);
      for (size_t i = 0; i < a->channels; ++i) {
        const size_t c = in_order(i, a->channels, order);
        add_products(&s, (const float *)a->x + image * a->x_image + c, CARDINAL_BLOCK,
                     (const float *)a->w + block * a->w_panel + c * CARDINAL_BLOCK, order);
      }
      finish(&s, residual, a->relu, block + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES, order,
             (float *)a->y + at);
    }
}

/* The tap that comes i-th among those of one block of input channels. */
typedef struct tap {
  size_t ky, channel, kx;
} tap;

static tap tap_at(size_t i, size_t kernel_h, size_t channels, size_t kernel_w, oracle_order order) {
  i = in_order(i, kernel_h * channels * kernel_w, order);
  switch (order) {
  case ORACLE_KX_BEFORE_CHANNEL:
    return (tap){i / channels / kernel_w, i % channels, i / channels % kernel_w};
  case ORACLE_CHANNEL_BEFORE_KY:
    return (tap){i / kernel_w % kernel_h, i / kernel_w / kernel_h, i % kernel_w};
  default:
    return (tap){i / kernel_w / channels, i / kernel_w % channels, i % kernel_w};
  }
}

void oracle_conv(const cardinal_conv_args *a, bool planes, oracle_order order) {
  const size_t blocks = (a->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column) {
      const size_t at = row * a->y_row + column * CARDINAL_BLOCK;
      const float *residual = a->residual ? (const float *)a->residual + at : NULL;
      sums s;
      start(&s, a->bias, residual, order);
      for (size_t i = 0; i < blocks; ++i) {
        const size_t block = in_order(i, blocks, order);
        const size_t first = block * CARDINAL_BLOCK;
        const size_t channels = a->channels - first < CARDINAL_BLOCK ? a->channels - first : CARDINAL_BLOCK;
        const float *w = (const float *)a->w + first * a->window.kernel_h * a->window.kernel_w * CARDINAL_BLOCK;
        for (size_t j = 0; j < a->window.kernel_h * channels * a->window.kernel_w; ++j) {
          const tap t = tap_at(j, a->window.kernel_h, channels, a->window.kernel_w, order);
          const int64_t iy =
              (int64_t)(row * a->window.stride_h + t.ky * a->window.dilation_h) - (int64_t)a->window.pad_top;
          const int64_t ix =
              (int64_t)(column * a->window.stride_w + t.kx * a->window.dilation_w) - (int64_t)a->window.pad_left;
          if (iy < 0 || ix < 0 || iy >= (int64_t)a->in_height || ix >= (int64_t)a->in_width)
            continue;
          const float *x = (const float *)a->x + (size_t)iy * a->x_row;
          if (planes)
            x += (first + t.channel) * a->x_block + (size_t)ix;
          else
            x += block * a->x_block + (size_t)ix * CARDINAL_BLOCK + t.channel;
          add_products(&s, x, planes ? CARDINAL_BLOCK : a->slot,
                       w + ((t.ky * channels + t.channel) * a->window.kernel_w + t.kx) * CARDINAL_BLOCK, order);
        }
      }
      finish(&s, residual, a->relu, a->lane_mask, order, (float *)a->y + at);
    }
}

/* One output: position (oy, ox) of output channel o; x is the first plane of its group. */
static float plain_sum(const cardinal_reference_shape *s, const float *x, const float *w, float acc, size_t oy,
                       size_t ox) {
  const size_t channels = s->in_channels / s->groups;
  for (size_t first = 0; first < channels; first += CARDINAL_BLOCK)
    for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
      for (size_t c = first; c < channels && c < first + CARDINAL_BLOCK; ++c)
        for (size_t kx = 0; kx < s->window.kernel_w; ++kx) {
          const int64_t iy =
              (int64_t)(oy * s->window.stride_h + ky * s->window.dilation_h) - (int64_t)s->window.pad_top;
          const int64_t ix =
              (int64_t)(ox * s->window.stride_w + kx * s->window.dilation_w) - (int64_t)s->window.pad_left;
          if (iy < 0 || ix < 0 || iy >= (int64_t)s->in_height || ix >= (int64_t)s->in_width)
            continue;
          acc = fmaf(x[(c * s->in_height + (size_t)iy) * s->in_width + (size_t)ix],
                     w[(c * s->window.kernel_h + ky) * s->window.kernel_w + kx], acc);
        }
  return acc;
}

void oracle_plain_conv(const cardinal_reference_shape *s, const float *x, const float *weights, const float *bias,
                       const float *residual, int relu, float *y) {
  const size_t in_group = s->in_channels / s->groups, out_group = s->out_channels / s->groups;
  size_t at = 0;
  for (size_t n = 0; n < s->batch; ++n)
    for (size_t o = 0; o < s->out_channels; ++o) {
      const float *group = x + (n * s->in_channels + o / out_group * in_group) * s->in_height * s->in_width;
      const float *w = weights + o * in_group * s->window.kernel_h * s->window.kernel_w;
      for (size_t oy = 0; oy < s->out_height; ++oy)
        for (size_t ox = 0; ox < s->out_width; ++ox, ++at) {
          float acc = plain_sum(s, group, w, bias ? bias[o] : +0.0f, oy, ox);
          if (residual)
            acc = acc + residual[at];
          if (relu)
            acc = relu_of(acc);
          y[at] = acc;
        }
    }
}

void oracle_max_pool(const cardinal_pool_args *a) {
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
            const float x = ((const float *)a->x)[(size_t)iy * a->x_row + (size_t)ix * CARDINAL_BLOCK + l];
            if (first || (!isnan(m) && (x > m || isnan(x))))
              m = x;
            first = false;
          }
        ((float *)a->y)[row * a->y_row + column * CARDINAL_BLOCK + l] = a->lane_mask & 1u << l ? m : +0.0f;
      }
}

void oracle_average_pool(const cardinal_pool_args *a) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float acc = +0.0f;
    for (size_t row = 0; row < a->in_height; ++row)
      for (size_t column = 0; column < a->in_width; ++column)
        acc = acc + ((const float *)a->x)[row * a->x_row + column * CARDINAL_BLOCK + l];
    acc *= (float)(1.0 / (double)(a->in_height * a->in_width));
    ((float *)a->y)[l] = a->lane_mask & 1u << l ? acc : +0.0f;
  }
}
