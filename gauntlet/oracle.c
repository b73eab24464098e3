/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/oracle.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "gauntlet/number.h"
#include "kernels/format.h"

const char *oracle_order_name(oracle_order order) {
  static const char *const names[] = {"canonical",  "kx before channel", "channel before ky",   "descending",
                                      "two chains", "unfused",           "residual before sum", "even before odd",
                                      "pair first", "unflushed",         "other rounding"};
  return names[order];
}

bool oracle_order_applies(oracle_order order, cardinal_format format) {
  switch (order) {
  case ORACLE_CANONICAL:
  case ORACLE_UNFUSED:
  case ORACLE_RESIDUAL_FIRST:
    return true;
  case ORACLE_EVEN_FIRST:
  case ORACLE_PAIR_FIRST:
  case ORACLE_UNFLUSHED:
    return format == CARDINAL_FORMAT_BF16;
  case ORACLE_OTHER_ROUNDING:
    return format != CARDINAL_FORMAT_F32;
  default:
    return format != CARDINAL_FORMAT_INT8;
  }
}

/* ---- sums ------------------------------------------------------------------------------------------------------ */

/* What a call says of its sums. */
typedef struct rules {
  cardinal_format format;
  oracle_order order;
  const float *bias, *scale; /* of the block */
  float residual_scale;
  uint32_t relu, lane_mask;
  cardinal_format y_format;
} rules;

/* The sums of 16 lanes on their way. */
typedef struct sums {
  float lane[2][CARDINAL_BLOCK]; /* the second only for ORACLE_TWO_CHAINS */
  int64_t exact[CARDINAL_BLOCK]; /* int8 */
  size_t products;
  bool promised;
} sums;

static float flush(float value, const rules *r) {
  return r->format == CARDINAL_FORMAT_BF16 && r->order != ORACLE_UNFLUSHED ? gauntlet_flush(value) : value;
}

/* What int8 adds to its sum: residual and bias, in the wrong order. */
static float bias_with_residual(float bias, float residual, const rules *r) {
  return r->format == CARDINAL_FORMAT_INT8 ? fmaf(residual, r->residual_scale, bias) : flush(bias + residual, r);
}

static sums start(const rules *r, const void *residual) {
  sums s = {.promised = true};
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    s.lane[0][l] = flush(r->bias[l], r);
    if (residual && r->order == ORACLE_RESIDUAL_FIRST)
      s.lane[0][l] = bias_with_residual(s.lane[0][l], gauntlet_number(r->y_format, residual, l), r);
  }
  return s;
}

/* acc + x * w. A result that is the smallest normal number may have been rounded up to it. */
static float step(sums *s, const rules *r, float acc, float x, float w) {
  if (r->order == ORACLE_UNFUSED)
    return flush(flush(x * w, r) + acc, r);
  const float sum = fmaf(x, w, acc);
  if (r->format == CARDINAL_FORMAT_BF16 && fabsf(sum) == FLT_MIN && x != 0.0f && w != 0.0f && acc != 0.0f)
    s->promised = false;
  return flush(sum, r);
}

static const void *number_at(const void *numbers, cardinal_format format, size_t index) {
  return (const char *)numbers + index * cardinal_format_bytes(format);
}

/* The address of a word of packed weights. */
static const void *word(const void *w, size_t index) {
  return (const char *)w + index * CARDINAL_CELL_BYTES;
}

/* Adds a cell of bf16 to one lane. A channel that doesn't exist is a zero. */
static float add_pair(sums *s, const rules *r, float acc, const void *x, const void *w, size_t exist) {
  float value[2] = {0.0f, 0.0f}, weight[2] = {0.0f, 0.0f};
  for (size_t c = 0; c < exist; ++c) {
    value[c] = flush(gauntlet_number(CARDINAL_FORMAT_BF16, x, c), r);
    weight[c] = flush(gauntlet_number(CARDINAL_FORMAT_BF16, w, c), r);
  }
  if (r->order == ORACLE_PAIR_FIRST) {
    const double pair = (double)value[1] * (double)weight[1] + (double)value[0] * (double)weight[0];
    return flush(acc + flush((float)pair, r), r);
  }
  const size_t first = r->order == ORACLE_EVEN_FIRST ? 0 : 1;
  acc = step(s, r, acc, value[first], weight[first]);
  return step(s, r, acc, value[1 - first], weight[1 - first]);
}

static int64_t sum_of_products(const signed char *x, const signed char *w, size_t exist) {
  int64_t sum = 0;
  for (size_t c = 0; c < exist; ++c)
    sum += (int64_t)x[c] * (int64_t)w[c];
  return sum;
}

/* Lane l gets the cell that begins at x[l / slot * slot], of whose channels so many exist, times the l-th cell of w. */
static void add_products(sums *s, const rules *r, const void *x, size_t exist, size_t slot, const void *w) {
  float *acc = s->lane[r->order == ORACLE_TWO_CHAINS ? s->products % 2 : 0];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const void *value = number_at(x, r->format, l / slot * slot), *weight = word(w, l);
    if (r->format == CARDINAL_FORMAT_F32)
      acc[l] = step(s, r, acc[l], *(const float *)value, *(const float *)weight);
    else if (r->format == CARDINAL_FORMAT_BF16)
      acc[l] = add_pair(s, r, acc[l], value, weight, exist);
    else
      s->exact[l] += sum_of_products(value, weight, exist);
  }
  ++s->products;
}

/* By sign and size, since of "value < 0 ? 0 : value" clang 14 makes an fmax for aarch64, and of -0 a +0. */
float oracle_relu(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t magnitude = bits & 0x7FFFFFFFu, infinity = 0x7F800000u;
  return bits >> 31 && magnitude && magnitude <= infinity ? +0.0f : value;
}

/* t = sum * scale + bias, before the residual. */
static float requantised(const sums *s, const rules *r, size_t l) {
  const float sum = (float)s->exact[l], bias = s->lane[0][l];
  return r->order == ORACLE_UNFUSED ? sum * r->scale[l] + bias : fmaf(sum, r->scale[l], bias);
}

static float with_residual(float value, float residual, const rules *r) {
  if (r->format != CARDINAL_FORMAT_INT8)
    return flush(value + flush(residual, r), r);
  return r->order == ORACLE_UNFUSED ? residual * r->residual_scale + value : fmaf(residual, r->residual_scale, value);
}

static float other_rounding(cardinal_format format, float value) {
  if (format == CARDINAL_FORMAT_INT8)
    return roundf(fminf(fmaxf(value, -127.0f), 127.0f));
  return value; /* bf16 is stored by the upper half of its bits */
}

/* Numbers `at` to at + 15 of y; the residual lies as y. */
static bool finish(const sums *s, const rules *r, const void *residual, void *y, size_t at) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float value = r->format == CARDINAL_FORMAT_INT8 ? requantised(s, r, l) : s->lane[0][l];
    if (r->order == ORACLE_TWO_CHAINS)
      value = flush(value + s->lane[1][l], r);
    if (residual && r->order != ORACLE_RESIDUAL_FIRST)
      value = with_residual(value, gauntlet_number(r->y_format, residual, l), r);
    if (r->relu)
      value = oracle_relu(value);
    if (!(r->lane_mask & 1u << l))
      value = +0.0f;
    value = r->order == ORACLE_OTHER_ROUNDING ? other_rounding(r->y_format, value) : gauntlet_round(r->y_format, value);
    gauntlet_number_store(r->y_format, y, at + l, value);
  }
  return s->promised;
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

/* NULL stays NULL. */
static const void *residual_at(const void *residual, const rules *r, size_t index) {
  return residual ? number_at(residual, r->y_format, index) : NULL;
}

static size_t in_order(size_t i, size_t count, oracle_order order) {
  return order == ORACLE_DESCENDING ? count - 1 - i : i;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* The rules of output block `block` of `blocks`, for arguments of whatever form. */
#define RULES_OF(a, of_format, of_order, block, blocks)                                                                \
  (rules) {                                                                                                            \
    .format = (of_format), .order = (of_order), .bias = (a)->bias + (block)*CARDINAL_BLOCK,                            \
    .scale = (a)->scale ? (a)->scale + (block)*CARDINAL_BLOCK : NULL, .residual_scale = (a)->residual_scale,           \
    .relu = (a)->relu, .lane_mask = (block) + 1 == (blocks) ? (a)->lane_mask : CARDINAL_ALL_LANES,                     \
    .y_format = (a)->y_f32 ? CARDINAL_FORMAT_F32 : (of_format)                                                         \
  }

bool oracle_conv1x1(const cardinal_conv1x1_args *a, cardinal_format format, oracle_order order) {
  const size_t each = cardinal_cell_channels(format), cells = cardinal_cells(format, a->channels);
  bool promised = true;
  for (size_t block = 0; block < a->blocks; ++block)
    for (size_t pixel = 0; pixel < a->pixels; ++pixel) {
      const rules r = RULES_OF(a, format, order, block, a->blocks);
      const size_t y = block * a->y_block + pixel * CARDINAL_BLOCK;
      const void *residual = residual_at(a->residual, &r, y);
      sums s = start(&r, residual);
      for (size_t i = 0; i < cells; ++i) {
        const size_t cell = in_order(i, cells, order), c = cell * each;
        const size_t x = c / CARDINAL_BLOCK * a->x_block + pixel * CARDINAL_BLOCK + c % CARDINAL_BLOCK;
        add_products(&s, &r, number_at(a->x, format, x), least(each, a->channels - c), CARDINAL_BLOCK,
                     word(a->w, block * a->w_panel + cell * CARDINAL_BLOCK));
      }
      promised &= finish(&s, &r, residual, a->y, y);
    }
  return promised;
}

bool oracle_fc(const cardinal_fc_args *a, cardinal_format format, oracle_order order) {
  const size_t each = cardinal_cell_channels(format), cells = cardinal_cells(format, a->channels);
  bool promised = true;
  for (size_t image = 0; image < a->images; ++image)
    for (size_t block = 0; block < a->blocks; ++block) {
      const rules r = RULES_OF(a, format, order, block, a->blocks);
      const size_t y = image * a->y_image + block * CARDINAL_BLOCK;
      const void *residual = residual_at(a->residual, &r, y);
      sums s = start(&r, residual);
      for (size_t i = 0; i < cells; ++i) {
        const size_t cell = in_order(i, cells, order), c = cell * each;
        add_products(&s, &r, number_at(a->x, format, image * a->x_image + c), least(each, a->channels - c),
                     CARDINAL_BLOCK, word(a->w, block * a->w_panel + cell * CARDINAL_BLOCK));
      }
      promised &= finish(&s, &r, residual, a->y, y);
    }
  return promised;
}

/* The tap that comes i-th among those of one block of input channels. */
typedef struct tap {
  size_t ky, cell, kx;
} tap;

static tap tap_at(size_t i, size_t kernel_h, size_t cells, size_t kernel_w, oracle_order order) {
  i = in_order(i, kernel_h * cells * kernel_w, order);
  switch (order) {
  case ORACLE_KX_BEFORE_CHANNEL:
    return (tap){i / cells / kernel_w, i % cells, i / cells % kernel_w};
  case ORACLE_CHANNEL_BEFORE_KY:
    return (tap){i / kernel_w % kernel_h, i / kernel_w / kernel_h, i % kernel_w};
  default:
    return (tap){i / kernel_w / cells, i / kernel_w % cells, i % kernel_w};
  }
}

/* Adds the products of one block of input channels to the sums of output pixel (row, column). */
static void add_block(sums *s, const cardinal_conv_args *a, const rules *r, bool planes, size_t row, size_t column,
                      size_t block) {
  const cardinal_window *window = &a->window;
  const size_t each = cardinal_cell_channels(r->format);
  const size_t first = block * CARDINAL_BLOCK, channels = least(CARDINAL_BLOCK, a->channels - first);
  const size_t cells = cardinal_cells(r->format, channels);
  const size_t w = first / each * window->kernel_h * window->kernel_w * CARDINAL_BLOCK;
  for (size_t i = 0; i < window->kernel_h * cells * window->kernel_w; ++i) {
    const tap t = tap_at(i, window->kernel_h, cells, window->kernel_w, r->order);
    const int64_t iy = (int64_t)(row * window->stride_h + t.ky * window->dilation_h) - (int64_t)window->pad_top;
    const int64_t ix = (int64_t)(column * window->stride_w + t.kx * window->dilation_w) - (int64_t)window->pad_left;
    if (iy < 0 || ix < 0 || iy >= (int64_t)a->in_height || ix >= (int64_t)a->in_width)
      continue;
    const size_t x_row = (size_t)iy * a->x_row, channel = t.cell * each;
    const size_t x = planes ? (first + channel) * a->x_block + x_row + (size_t)ix
                            : block * a->x_block + x_row + (size_t)ix * CARDINAL_BLOCK + channel;
    add_products(s, r, number_at(a->x, r->format, x), least(each, channels - channel),
                 planes ? CARDINAL_BLOCK : a->slot,
                 word(a->w, w + ((t.ky * cells + t.cell) * window->kernel_w + t.kx) * CARDINAL_BLOCK));
  }
}

bool oracle_conv(const cardinal_conv_args *a, cardinal_format format, bool planes, oracle_order order) {
  const rules r = RULES_OF(a, format, order, 0, 1);
  const size_t blocks = (a->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  bool promised = true;
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column) {
      const size_t y = row * a->y_row + column * CARDINAL_BLOCK;
      const void *residual = residual_at(a->residual, &r, y);
      sums s = start(&r, residual);
      for (size_t i = 0; i < blocks; ++i)
        add_block(&s, a, &r, planes, row, column, in_order(i, blocks, order));
      promised &= finish(&s, &r, residual, a->y, y);
    }
  return promised;
}
