/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable 1×1 convolutions and fully connected layers. */
#include "kernels/generic/lanes.h"

enum {
  TILE_PIXELS = 4
};

/* The epilogue of output block `block` of `blocks`. */
CARDINAL_INLINE cardinal_finish finish_of_block(cardinal_finish finish, cardinal_format format, size_t block,
                                                size_t blocks) {
  finish.bias += block * CARDINAL_BLOCK;
  if (format == CARDINAL_FORMAT_INT8)
    finish.scale += block * CARDINAL_BLOCK;
  if (block + 1 < blocks)
    finish.lane_mask = CARDINAL_ALL_LANES;
  return finish;
}

/* The cell's channels that exist. */
CARDINAL_INLINE size_t channels_of_cell(cardinal_format format, size_t cell, size_t channels) {
  const size_t each = cardinal_cell_channels(format), left = channels - cell * each;
  return left < each ? left : each;
}

/* `pixels` is a constant where this is inlined, so that the sums can live in registers. */
CARDINAL_INLINE void conv1x1_tile(const cardinal_conv1x1_args *a, cardinal_format format, size_t block, size_t first,
                                  size_t pixels) {
  const cardinal_finish finish = finish_of_block((cardinal_finish)CARDINAL_FINISH_OF(a), format, block, a->blocks);
  const char *w = (const char *)a->w + block * a->w_panel * CARDINAL_CELL_BYTES;
  cardinal_sums sums[TILE_PIXELS];
  for (size_t p = 0; p < pixels; ++p)
    cardinal_lanes_start(&sums[p], format, &finish);

  const size_t cells = cardinal_cells(format, a->channels),
               cells_of_block = CARDINAL_BLOCK / cardinal_cell_channels(format);
  for (size_t cell = 0; cell < cells; ++cell, w += CARDINAL_BLOCK * CARDINAL_CELL_BYTES) {
    const size_t x = cell / cells_of_block * a->x_block + first * CARDINAL_BLOCK +
                     cell % cells_of_block * cardinal_cell_channels(format);
    for (size_t p = 0; p < pixels; ++p)
      cardinal_lanes_product(&sums[p], format, cardinal_at(a->x, format, x + p * CARDINAL_BLOCK), CARDINAL_BLOCK, w,
                             channels_of_cell(format, cell, a->channels));
  }

  for (size_t p = 0; p < pixels; ++p)
    cardinal_lanes_finish(&sums[p], format, &finish, a->residual, a->y,
                          block * a->y_block + (first + p) * CARDINAL_BLOCK);
}

CARDINAL_INLINE void conv1x1(const cardinal_conv1x1_args *a, cardinal_format format) {
  for (size_t block = 0; block < a->blocks; ++block) {
    size_t pixel = 0;
    for (; pixel + TILE_PIXELS <= a->pixels; pixel += TILE_PIXELS)
      conv1x1_tile(a, format, block, pixel, TILE_PIXELS);
    for (; pixel < a->pixels; ++pixel)
      conv1x1_tile(a, format, block, pixel, 1);
  }
}

void cardinal_conv1x1_f32_4x16_generic(const cardinal_conv1x1_args *a) {
  conv1x1(a, CARDINAL_FORMAT_F32);
}

void cardinal_conv1x1_bf16_4x16_generic(const cardinal_conv1x1_args *a) {
  conv1x1(a, CARDINAL_FORMAT_BF16);
}

void cardinal_conv1x1_int8_4x16_generic(const cardinal_conv1x1_args *a) {
  conv1x1(a, CARDINAL_FORMAT_INT8);
}

CARDINAL_INLINE void fc(const cardinal_fc_args *a, cardinal_format format) {
  const size_t cells = cardinal_cells(format, a->channels);
  for (size_t image = 0; image < a->images; ++image)
    for (size_t block = 0; block < a->blocks; ++block) {
      const cardinal_finish finish = finish_of_block((cardinal_finish)CARDINAL_FINISH_OF(a), format, block, a->blocks);
      const char *w = (const char *)a->w + block * a->w_panel * CARDINAL_CELL_BYTES;
      cardinal_sums sums;
      cardinal_lanes_start(&sums, format, &finish);
      for (size_t cell = 0; cell < cells; ++cell, w += CARDINAL_BLOCK * CARDINAL_CELL_BYTES)
        cardinal_lanes_product(&sums, format,
                               cardinal_at(a->x, format, image * a->x_image + cell * cardinal_cell_channels(format)),
                               CARDINAL_BLOCK, w, channels_of_cell(format, cell, a->channels));
      cardinal_lanes_finish(&sums, format, &finish, a->residual, a->y, image * a->y_image + block * CARDINAL_BLOCK);
    }
}

void cardinal_fc_f32_generic(const cardinal_fc_args *a) {
  fc(a, CARDINAL_FORMAT_F32);
}

void cardinal_fc_bf16_generic(const cardinal_fc_args *a) {
  fc(a, CARDINAL_FORMAT_BF16);
}

void cardinal_fc_int8_generic(const cardinal_fc_args *a) {
  fc(a, CARDINAL_FORMAT_INT8);
}
