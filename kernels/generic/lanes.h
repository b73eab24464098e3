/* SPDX-License-Identifier: BSD-3-Clause */
/* One pixel's 16 lanes in the portable kernels: start, products, epilogue. The format is a constant where these are
 * inlined. */
#ifndef CARDINAL_KERNELS_GENERIC_LANES_H
#define CARDINAL_KERNELS_GENERIC_LANES_H

#include "kernels/format.h"
#include "kernels/generic/fma.h"
#include "kernels/kernel.h"

/* The first lane of the slot that lane `l` is in: where the slot's cell of x lies. */
#define CARDINAL_SLOT_OF(l, slot) ((slot) == CARDINAL_BLOCK ? 0 : (l) / (slot) * (slot))

/* The 32 bits of a cell, at any address. Of whole cells compilers make vectors, of every other number they do not. */
CARDINAL_INLINE uint32_t cardinal_cell_at(const void *cells, size_t index) {
  uint32_t cell;
  memcpy(&cell, (const char *)cells + index * CARDINAL_CELL_BYTES, sizeof cell);
  return cell;
}

/* What compilers make of the same 16 lanes differs: clang keeps vectors that it is given as such, gcc makes its own. */
#if defined(__clang__) && defined(CARDINAL_HAS_FMA)
#include "kernels/generic/lanes_vector.h"
#else
#include "kernels/generic/lanes_array.h"
#endif

/* The sums of 16 lanes, in the one or the other. */
typedef struct cardinal_sums {
  cardinal_floats f;
  cardinal_ints i; /* int8 */
} cardinal_sums;

/* What becomes of the sums of a block. */
typedef struct cardinal_finish {
  const float *bias, *scale;
  float residual_scale;
  uint32_t relu, y_f32, lane_mask;
} cardinal_finish;

CARDINAL_INLINE void cardinal_lanes_start(cardinal_sums *sums, cardinal_format format, const cardinal_finish *f) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    if (format == CARDINAL_FORMAT_INT8)
      sums->i.lane[l] = 0;
    else
      sums->f.lane[l] = format == CARDINAL_FORMAT_BF16 ? cardinal_flush(f->bias[l]) : f->bias[l];
  }
}

/* The numbers of all slots at x as floats. */
CARDINAL_INLINE void cardinal_widen_bf16(cardinal_floats *to, const cardinal_bf16 *x, size_t slot) {
  if (slot == 1) {
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      to->lane[l] = cardinal_flush(cardinal_bf16_to_f32(x[l]));
    return;
  }
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    to->lane[l] = cardinal_flush(cardinal_bf16_to_f32(x[CARDINAL_SLOT_OF(l, slot)]));
}

/* Adds the products of a cell of bf16, of which `channels` exist, the odd one first; of x, no others are read. */
CARDINAL_INLINE void cardinal_lanes_bf16(cardinal_floats *acc, const cardinal_bf16 *x, size_t slot, const void *w,
                                         size_t channels) {
  cardinal_floats wide_x = {{0}}, wide_w;
  for (size_t c = 2; c-- > 0;) {
    if (c < channels)
      cardinal_widen_bf16(&wide_x, x + c, slot);
    cardinal_widen_cells(&wide_w, w, c);
    cardinal_bf16_step(acc, &wide_x, &wide_w);
  }
}

/* Adds the products of a cell of int8, of which `channels` exist: of whole cells, where CPUs can multiply vectors of
 * 32 bits, which are those that have an fma. */
CARDINAL_INLINE void cardinal_lanes_int8(cardinal_ints *acc, const int8_t *x, size_t slot, const int8_t *w,
                                         size_t channels) {
#ifdef CARDINAL_HAS_FMA
  cardinal_ints wide_x;
  for (size_t c = 0; c < channels; ++c) {
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      wide_x.lane[l] = x[CARDINAL_SLOT_OF(l, slot) + c];
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      acc->lane[l] += wide_x.lane[l] * ((int32_t)(cardinal_cell_at(w, l) << (24 - 8 * c)) >> 24);
  }
#else
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const int8_t *cell = x + CARDINAL_SLOT_OF(l, slot);
    int32_t sum = 0;
    for (size_t c = 0; c < channels; ++c)
      sum += cell[c] * w[4 * l + c];
    acc->lane[l] += sum;
  }
#endif
}

/* Adds the products of a cell, of which `channels` exist, with a row of weights. Each slot of `slot` lanes has a cell
 * of its own, at the slot's first lane. */
CARDINAL_INLINE void cardinal_lanes_product(cardinal_sums *sums, cardinal_format format, const void *x, size_t slot,
                                            const void *w, size_t channels) {
  switch (format) {
  case CARDINAL_FORMAT_F32:
    cardinal_f32_step(&sums->f, x, slot, w);
    break;
  case CARDINAL_FORMAT_BF16:
    cardinal_lanes_bf16(&sums->f, x, slot, w, channels);
    break;
  default:
    if (channels == 4)
      cardinal_lanes_int8(&sums->i, x, slot, w, 4);
    else
      cardinal_lanes_int8(&sums->i, x, slot, w, channels);
  }
}

/* value < 0 ? +0 : value, NaN and -0 kept. On the bits: of the comparison, clang 14 makes an fmax for aarch64, and of
 * -0 a +0. The bits of negative numbers are 0x80000001, the least subnormal, to 0xFF800000, minus infinity. */
CARDINAL_INLINE float cardinal_lanes_relu(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = bits - 0x80000001u < 0x7F800000u ? 0 : bits;
  memcpy(&value, &bits, sizeof bits);
  return value;
}

/* Number `l` of the residual in f32; NULL isn't asked for. */
CARDINAL_INLINE float cardinal_lanes_residual(cardinal_format format, uint32_t y_f32, const void *residual, size_t l) {
  if (format == CARDINAL_FORMAT_F32 || y_f32)
    return ((const float *)residual)[l];
  return format == CARDINAL_FORMAT_BF16 ? cardinal_bf16_to_f32(((const cardinal_bf16 *)residual)[l])
                                        : (float)((const int8_t *)residual)[l];
}

/* `value` with number `l` of the residual added. */
CARDINAL_INLINE float cardinal_lane_with_residual(float value, cardinal_format format, const cardinal_finish *f,
                                                  const void *residual, size_t l) {
  const float r = cardinal_lanes_residual(format, f->y_f32, residual, l);
  if (format == CARDINAL_FORMAT_INT8)
    return cardinal_fma(r, f->residual_scale, value);
  return format == CARDINAL_FORMAT_BF16 ? cardinal_flush(value + cardinal_flush(r)) : value + r;
}

/* Rounds and stores number `at` of y. */
CARDINAL_INLINE void cardinal_lane_store(void *y, cardinal_format format, size_t at, float value) {
  if (format == CARDINAL_FORMAT_F32)
    ((float *)y)[at] = value;
  else if (format == CARDINAL_FORMAT_BF16)
    ((cardinal_bf16 *)y)[at] = cardinal_bf16_of_f32(value);
  else
    ((int8_t *)y)[at] = cardinal_int8_of_f32(value);
}

/* ReLU, lane mask, rounding, store of numbers `at` to at + 15 of y. */
CARDINAL_INLINE void cardinal_lanes_store(const cardinal_floats *value, cardinal_format y_format,
                                          const cardinal_finish *f, void *y, size_t at) {
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const float result = f->relu ? cardinal_lanes_relu(value->lane[l]) : value->lane[l];
    cardinal_lane_store(y, y_format, at + l, f->lane_mask >> l & 1u ? result : 0.0f);
  }
}

/* Scale, residual (NULL: none), which lies as y, and what cardinal_lanes_store does. */
CARDINAL_INLINE void cardinal_lanes_finish(const cardinal_sums *sums, cardinal_format format, const cardinal_finish *f,
                                           const void *residual, void *y, size_t at) {
  const cardinal_format y_format = f->y_f32 ? CARDINAL_FORMAT_F32 : format;
  if (format != CARDINAL_FORMAT_INT8 && !residual) {
    cardinal_lanes_store(&sums->f, y_format, f, y, at);
    return;
  }
  cardinal_floats value;
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    value.lane[l] = format == CARDINAL_FORMAT_INT8 ? cardinal_fma((float)sums->i.lane[l], f->scale[l], f->bias[l])
                                                   : sums->f.lane[l];
  if (residual) {
    residual = cardinal_at(residual, y_format, at);
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      value.lane[l] = cardinal_lane_with_residual(value.lane[l], format, f, residual, l);
  }
  cardinal_lanes_store(&value, y_format, f, y, at);
}

/* The epilogue of a call's arguments of whatever form. */
#define CARDINAL_FINISH_OF(args)                                                                                       \
  {                                                                                                                    \
    .bias = (args)->bias, .scale = (args)->scale, .residual_scale = (args)->residual_scale, .relu = (args)->relu,      \
    .y_f32 = (args)->y_f32, .lane_mask = (args)->lane_mask                                                             \
  }

#endif
