/* SPDX-License-Identifier: BSD-3-Clause */
/* One pixel's 16 lanes in the portable kernels: start, products, epilogue. The format is a constant where these are
 * inlined. */
#ifndef CARDINAL_KERNELS_GENERIC_LANES_H
#define CARDINAL_KERNELS_GENERIC_LANES_H

#include "kernels/format.h"
#include "kernels/generic/fma.h"
#include "kernels/kernel.h"

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

/* Number c of a cell of bf16, in f32. */
CARDINAL_INLINE float cardinal_bf16_at(const void *cell, size_t c) {
  cardinal_bf16 number;
  memcpy(&number, (const char *)cell + c * sizeof number, sizeof number);
  return cardinal_flush(cardinal_bf16_to_f32(number));
}

/* acc + x * w for cells of which `channels` exist; of x, no others are read. */
CARDINAL_INLINE float cardinal_bf16_product(float acc, const void *x, const void *w, size_t channels) {
  const float odd = channels > 1 ? cardinal_bf16_at(x, 1) : 0.0f;
  acc = cardinal_flush(cardinal_fma(odd, cardinal_bf16_at(w, 1), acc));
  return cardinal_flush(cardinal_fma(cardinal_bf16_at(x, 0), cardinal_bf16_at(w, 0), acc));
}

CARDINAL_INLINE int32_t cardinal_int8_product(int32_t acc, const int8_t *x, const int8_t *w, size_t channels) {
  for (size_t c = 0; c < channels; ++c)
    acc += x[c] * w[c];
  return acc;
}

/* Adds the products of a cell, of which `channels` exist, with a row of weights. Each slot of `slot` lanes has a cell
 * of its own, at the slot's first lane. */
CARDINAL_INLINE void cardinal_lanes_product(cardinal_sums *sums, cardinal_format format, const void *x, size_t slot,
                                            const void *w, size_t channels) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const void *xl = cardinal_at(x, format, slot == CARDINAL_BLOCK ? 0 : l / slot * slot);
    const void *wl = (const char *)w + l * CARDINAL_CELL_BYTES;
    if (format == CARDINAL_FORMAT_F32)
      sums->f[l] = cardinal_fma(*(const float *)xl, *(const float *)wl, sums->f[l]);
    else if (format == CARDINAL_FORMAT_BF16)
      sums->f[l] = cardinal_bf16_product(sums->f[l], xl, wl, channels);
    else
      sums->i[l] = cardinal_int8_product(sums->i[l], xl, wl, channels);
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
