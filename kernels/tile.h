/* SPDX-License-Identifier: BSD-3-Clause */
/* What the C side of tiles in assembly shares: the other side is tile.inc of each architecture. */
#ifndef CARDINAL_KERNELS_TILE_H
#define CARDINAL_KERNELS_TILE_H

/* Offsets of a tile's end, which is a part of the tile's struct. */
#define END_BIAS 0
#define END_SCALE 8
#define END_RESIDUAL_SCALE 16
#define END_FLOOR 20
#define END_FLOOR_INT8 24
#define END_Y_F32 28
#define END_LANES 32
#define END_MOST 96

#ifndef __ASSEMBLER__
#include "kernels/cut.h"
#include "kernels/format.h"
#include "kernels/kernel.h"

/* Checks an offset that assembly uses against the struct. */
#define CARDINAL_TILE_OFFSET(type, field, offset)                                                                      \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " isn't where assembly looks for it")

/* All bits set in the lanes of `lane_mask`, none in the others. In vectors: reading them back at once, where a tile is
 * copied, would wait for 16 stores. */
static inline void cardinal_tile_lanes(int32_t lanes[CARDINAL_BLOCK], uint32_t lane_mask) {
  CARDINAL_ROLLED
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    lanes[l] = -(int32_t)(lane_mask >> l & 1u);
}

/* What sums are raised to: 0 with ReLU; minus infinity, below which nothing is, without. */
static inline float cardinal_tile_floor(uint32_t relu) {
  return relu ? 0.0f : -__builtin_inff();
}

/* How a tile's sums begin and become y. */
typedef struct cardinal_tile_end {
  const float *bias, *scale; /* of the tile's first lane; scale: int8 */
  float residual_scale;      /* int8 */
  float floor;
  uint32_t floor_int8; /* four bytes, each the least of int8 */
  uint32_t y_f32;
  int32_t lanes[CARDINAL_BLOCK]; /* from the tile's first one on; of several blocks, the last one's */
  float most; /* int8: what results are lowered to before they become integers; 0 where all fit 32 bits anyway */
} cardinal_tile_end;

CARDINAL_TILE_OFFSET(cardinal_tile_end, bias, END_BIAS);
CARDINAL_TILE_OFFSET(cardinal_tile_end, scale, END_SCALE);
CARDINAL_TILE_OFFSET(cardinal_tile_end, residual_scale, END_RESIDUAL_SCALE);
CARDINAL_TILE_OFFSET(cardinal_tile_end, floor, END_FLOOR);
CARDINAL_TILE_OFFSET(cardinal_tile_end, floor_int8, END_FLOOR_INT8);
CARDINAL_TILE_OFFSET(cardinal_tile_end, y_f32, END_Y_F32);
CARDINAL_TILE_OFFSET(cardinal_tile_end, lanes, END_LANES);
CARDINAL_TILE_OFFSET(cardinal_tile_end, most, END_MOST);

/* Bytes of a number of y, and of the residual. */
static inline size_t cardinal_y_bytes(cardinal_format format, uint32_t y_f32) {
  return y_f32 ? sizeof(float) : cardinal_format_bytes(format);
}

/* The largest of their absolute values; a NaN counts as more than anything. */
static inline float cardinal_tile_largest(const float *values, size_t count) {
  uint32_t largest = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    bits &= 0x7FFFFFFFu;
    largest = bits > largest ? bits : largest;
  }
  float value;
  memcpy(&value, &largest, sizeof value);
  return value;
}

/* `most` of a tile of so many lanes, each the sum of so many products. */
static inline float cardinal_tile_most(const cardinal_tile_end *end, size_t lanes, size_t products) {
  const double most = CARDINAL_INT8_MOST, integers = 2e9; /* the range of int32, less what rounding adds */
  const double largest = (double)cardinal_tile_largest(end->scale, lanes) * (double)products * most * most +
                         (double)cardinal_tile_largest(end->bias, lanes) + most * fabs((double)end->residual_scale);
  return largest < integers ? 0.0f : (float)CARDINAL_INT8_MOST;
}

/* That of any call's arguments, for a tile whose first lane is `lane`, but for `most`. */
#define CARDINAL_TILE_END(args, lane)                                                                                  \
  cardinal_tile_end_of((args)->bias + (lane), (args)->scale ? (args)->scale + (lane) : NULL, (args)->residual_scale,   \
                       (args)->relu, (args)->y_f32, (args)->lane_mask >> (lane) % CARDINAL_BLOCK)

static inline cardinal_tile_end cardinal_tile_end_of(const float *bias, const float *scale, float residual_scale,
                                                     uint32_t relu, uint32_t y_f32, uint32_t lane_mask) {
  cardinal_tile_end end = {
      .bias = bias,
      .scale = scale,
      .residual_scale = residual_scale,
      .floor = cardinal_tile_floor(relu),
      .floor_int8 = relu ? 0 : 0x01010101u * (uint8_t)-CARDINAL_INT8_MOST,
      .y_f32 = y_f32,
  };
  cardinal_tile_lanes(end.lanes, lane_mask);
  return end;
}

/* That of a convolution's call, for a tile of the lanes from `lane` on. */
static inline cardinal_tile_end cardinal_tile_end_of_conv(const cardinal_conv_args *a, cardinal_format format,
                                                          size_t lane) {
  cardinal_tile_end end = CARDINAL_TILE_END(a, lane);
  if (format == CARDINAL_FORMAT_INT8)
    end.most = cardinal_tile_most(&end, CARDINAL_BLOCK - lane, a->channels * a->window.kernel_h * a->window.kernel_w);
  return end;
}
#endif

#endif
