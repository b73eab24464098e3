/* SPDX-License-Identifier: BSD-3-Clause */
/* How a call of a matrix product lies in memory. */
#ifndef CARDINAL_GAUNTLET_MICRO_MATRIX_LAYOUT_H
#define CARDINAL_GAUNTLET_MICRO_MATRIX_LAYOUT_H

#include "gauntlet/micro_run.h"
#include "kernels/format.h"

/* What a conv1x1 kernel is told that the caller will read next. It's a hint: memory that can't be read is no error. */
typedef enum next_kind {
  NEXT_NOTHING,
  NEXT_THE_SAME,
  NEXT_UNREADABLE,
  NEXT_KINDS
} next_kind;

/* Of both: images of a fully connected layer are the pixels of a 1×1 convolution. */
typedef struct matrix_case {
  size_t pixels, channels, blocks;
  size_t gap; /* numbers between blocks and images, words between panels, times 16 */
  uint32_t lane_mask, relu, y_f32;
  bool residual, in_place;
  next_kind next;
  data_kind data;
  gauntlet_placement placement;
} matrix_case;

/* Where things lie: the distances from one pixel, and one block, to the next in x and y, and of panels. */
typedef struct strides {
  size_t x_pixel, x_block, y_pixel, y_block, w_panel;
} strides;

/* What the two kinds of arguments have in common. */
typedef struct matrix_args {
  cardinal_format format, y_format;
  const char *x, *w;
  const float *bias, *scale;
  const char *residual; /* NULL, or y itself */
  char *y;
  float residual_scale;
  size_t y_numbers;
} matrix_args;

/* Pixels as images, so that x is [pixels][channels] and y [pixels][blocks*16]. */
cardinal_reference_shape matrix_shape(const matrix_case *c);

/* Whether an output's lane is one of the call's. */
bool matrix_lane_used(const matrix_case *c, size_t out);

strides matrix_strides(const matrix_case *c, cardinal_format format, bool conv1x1);

/* Where an output lies in y. */
size_t matrix_y_at(const strides *s, size_t pixel, size_t out);

/* Puts a problem's numbers into guarded memory. */
matrix_args matrix_lay_out(const matrix_case *c, const data_problem *p, const strides *s, bool conv1x1,
                           micro_buffers *buffers);

#endif
