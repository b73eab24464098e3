/* SPDX-License-Identifier: BSD-3-Clause */
/* One pixel's 16 lanes in the portable kernels: start, products, epilogue. The format is a constant where these are
 * inlined. */
#ifndef CARDINAL_KERNELS_GENERIC_LANES_H
#define CARDINAL_KERNELS_GENERIC_LANES_H

#include "kernels/format.h"
#include "kernels/generic/fma.h"
#include "kernels/kernel.h"

/* Before a loop over lanes that multiplies. gcc 12 makes vectors of a rolled loop, and single numbers of one that it
 * wrote out; with clang, and where the fma is emulated, writing out is better. */
#if defined(CARDINAL_HAS_FMA) && !defined(__clang__)
#define CARDINAL_LANES CARDINAL_ROLLED
#else
#define CARDINAL_LANES
#endif

/* The first lane of the slot that lane `l` is in: where the slot's cell of x lies. */
#define CARDINAL_SLOT_OF(l, slot) ((slot) == CARDINAL_BLOCK ? 0 : (l) / (slot) * (slot))

/* The sums of 16 lanes, in the one or the other. */
typedef struct cardinal_sums {
  float f[CARDINAL_BLOCK];
  int32_t i[CARDINAL_BLOCK]; /* int8 */
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
      sums->i[l] = 0;
    else
      sums->f[l] = format == CARDINAL_FORMAT_BF16 ? cardinal_flush(f->bias[l]) : f->bias[l];
  }
}

/* acc = fma(x, w, acc), rounded once. A product of two numbers of bf16 has 16 bits: it is exact, unless it leaves the
 * range of floats: then alone the exact way is needed on CPUs that have no fma. */
CARDINAL_INLINE void cardinal_bf16_step(float acc[CARDINAL_BLOCK], const float x[CARDINAL_BLOCK],
                                        const float w[CARDINAL_BLOCK]) {
#ifdef CARDINAL_HAS_FMA
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc[l] = cardinal_flush(cardinal_fma(x[l], w[l], acc[l]));
#else
  const float least = 0x1p-100f, most = 0x1p126f;
  float sum[CARDINAL_BLOCK];
  uint32_t inexact = 0;
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const float product = x[l] * w[l], magnitude = product < 0.0f ? -product : product;
    const uint32_t exact = ((uint32_t)(magnitude >= least) & (uint32_t)(magnitude <= most)) | (uint32_t)(x[l] == 0.0f) |
                           (uint32_t)(w[l] == 0.0f);
    inexact |= exact ^ 1u;
    sum[l] = cardinal_flush(acc[l] + product);
  }
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc[l] = inexact ? cardinal_flush(cardinal_fma_emulated(x[l], w[l], acc[l])) : sum[l];
#endif
}

/* The 32 bits of a cell, at any address. Of whole cells compilers make vectors, of every other number they do not. */
CARDINAL_INLINE uint32_t cardinal_cell_at(const void *cells, size_t index) {
  uint32_t cell;
  memcpy(&cell, (const char *)cells + index * CARDINAL_CELL_BYTES, sizeof cell);
  return cell;
}

/* The numbers of all slots at x as floats. */
CARDINAL_INLINE void cardinal_widen_bf16(float to[CARDINAL_BLOCK], const cardinal_bf16 *x, size_t slot) {
  if (slot == 1) {
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      to[l] = cardinal_flush(cardinal_bf16_to_f32(x[l]));
    return;
  }
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    to[l] = cardinal_flush(cardinal_bf16_to_f32(x[CARDINAL_SLOT_OF(l, slot)]));
}

/* Adds the products of a cell of bf16, of which `channels` exist, the odd one first; of x, no others are read. */
CARDINAL_INLINE void cardinal_lanes_bf16(float acc[CARDINAL_BLOCK], const cardinal_bf16 *x, size_t slot, const void *w,
                                         size_t channels) {
  float wide_x[CARDINAL_BLOCK] = {0}, wide_w[CARDINAL_BLOCK];
  for (size_t c = 2; c-- > 0;) {
    if (c < channels)
      cardinal_widen_bf16(wide_x, x + c, slot);
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
      const uint32_t cell = cardinal_cell_at(w, l);
      wide_w[l] = cardinal_flush(cardinal_bf16_to_f32((cardinal_bf16)(c ? cell >> 16 : cell)));
    }
    cardinal_bf16_step(acc, wide_x, wide_w);
  }
}

/* Adds the products of a cell of int8, of which `channels` exist. */
CARDINAL_INLINE void cardinal_lanes_int8(int32_t acc[CARDINAL_BLOCK], const int8_t *x, size_t slot, const int8_t *w,
                                         size_t channels) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const int8_t *cell = x + CARDINAL_SLOT_OF(l, slot);
    int32_t sum = 0;
    for (size_t c = 0; c < channels; ++c)
      sum += cell[c] * w[4 * l + c];
    acc[l] += sum;
  }
}

/* Adds the products of a channel of f32. */
CARDINAL_INLINE void cardinal_lanes_f32(float acc[CARDINAL_BLOCK], const float *x, size_t slot, const float *w) {
  if (slot == CARDINAL_BLOCK) {
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      acc[l] = cardinal_fma(x[0], w[l], acc[l]);
    return;
  }
  float wide_x[CARDINAL_BLOCK];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    wide_x[l] = x[CARDINAL_SLOT_OF(l, slot)];
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc[l] = cardinal_fma(wide_x[l], w[l], acc[l]);
}

/* Adds the products of a cell, of which `channels` exist, with a row of weights. Each slot of `slot` lanes has a cell
 * of its own, at the slot's first lane. */
CARDINAL_INLINE void cardinal_lanes_product(cardinal_sums *sums, cardinal_format format, const void *x, size_t slot,
                                            const void *w, size_t channels) {
  switch (format) {
  case CARDINAL_FORMAT_F32:
    cardinal_lanes_f32(sums->f, x, slot, w);
    break;
  case CARDINAL_FORMAT_BF16:
    cardinal_lanes_bf16(sums->f, x, slot, w, channels);
    break;
  default:
    if (channels == 4)
      cardinal_lanes_int8(sums->i, x, slot, w, 4);
    else
      cardinal_lanes_int8(sums->i, x, slot, w, channels);
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

CARDINAL_INLINE float cardinal_lane_value(const cardinal_sums *sums, cardinal_format format, const cardinal_finish *f,
                                          const void *residual, size_t l) {
  float value;
  if (format == CARDINAL_FORMAT_INT8)
    value = cardinal_fma((float)sums->i[l], f->scale[l], f->bias[l]);
  else
    value = sums->f[l];
  if (residual) {
    const float r = cardinal_lanes_residual(format, f->y_f32, residual, l);
    if (format == CARDINAL_FORMAT_INT8)
      value = cardinal_fma(r, f->residual_scale, value);
    else if (format == CARDINAL_FORMAT_BF16)
      value = cardinal_flush(value + cardinal_flush(r));
    else
      value = value + r;
  }
  return f->relu ? cardinal_lanes_relu(value) : value;
}

/* Residual (NULL: none), ReLU, lane mask, rounding, store of numbers `at` to at + 15 of y; the residual lies as y. */
CARDINAL_INLINE void cardinal_lanes_finish(const cardinal_sums *sums, cardinal_format format, const cardinal_finish *f,
                                           const void *residual, void *y, size_t at) {
  const cardinal_format y_format = f->y_f32 ? CARDINAL_FORMAT_F32 : format;
  if (residual)
    residual = cardinal_at(residual, y_format, at);
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const float value = f->lane_mask >> l & 1u ? cardinal_lane_value(sums, format, f, residual, l) : 0.0f;
    if (y_format == CARDINAL_FORMAT_F32)
      ((float *)y)[at + l] = value;
    else if (y_format == CARDINAL_FORMAT_BF16)
      ((cardinal_bf16 *)y)[at + l] = cardinal_bf16_of_f32(value);
    else
      ((int8_t *)y)[at + l] = cardinal_int8_of_f32(value);
  }
}

/* The epilogue of a call's arguments of whatever form. */
#define CARDINAL_FINISH_OF(args)                                                                                       \
  {                                                                                                                    \
    .bias = (args)->bias, .scale = (args)->scale, .residual_scale = (args)->residual_scale, .relu = (args)->relu,      \
    .y_f32 = (args)->y_f32, .lane_mask = (args)->lane_mask                                                             \
  }

#endif
