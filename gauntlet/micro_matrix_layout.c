/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_matrix_layout.h"

cardinal_reference_shape matrix_shape(const matrix_case *c) {
  return (cardinal_reference_shape){.batch = c->pixels,
                                    .groups = 1,
                                    .in_channels = c->channels,
                                    .in_height = 1,
                                    .in_width = 1,
                                    .out_channels = c->blocks * CARDINAL_BLOCK,
                                    .out_height = 1,
                                    .out_width = 1,
                                    .window = cardinal_square_window(1, 1, 1, 0)};
}

bool matrix_lane_used(const matrix_case *c, size_t out) {
  return out / CARDINAL_BLOCK + 1 < c->blocks || c->lane_mask & 1u << out % CARDINAL_BLOCK;
}

static size_t x_at(const strides *s, size_t pixel, size_t channel) {
  return channel / CARDINAL_BLOCK * s->x_block + pixel * s->x_pixel + channel % CARDINAL_BLOCK;
}

size_t matrix_y_at(const strides *s, size_t pixel, size_t out) {
  return out / CARDINAL_BLOCK * s->y_block + pixel * s->y_pixel + out % CARDINAL_BLOCK;
}

strides matrix_strides(const matrix_case *c, cardinal_format format, bool conv1x1) {
  const size_t cells = cardinal_cells(format, c->channels), whole = cells * cardinal_cell_channels(format);
  const size_t blocks = (c->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK, gap = c->gap * CARDINAL_BLOCK;
  strides s = {.w_panel = cells * CARDINAL_BLOCK + gap};
  if (conv1x1) {
    s.x_pixel = s.y_pixel = CARDINAL_BLOCK;
    s.x_block = s.y_block = c->pixels * CARDINAL_BLOCK + gap;
  } else {
    s.x_block = s.y_block = CARDINAL_BLOCK;
    s.x_pixel = c->gap ? blocks * CARDINAL_BLOCK : whole;
    s.y_pixel = c->blocks * CARDINAL_BLOCK + gap;
  }
  return s;
}

/* Numbers from the first one to the last of what the strides span: x of an fc ends with a cell, pixels with a lane.
 * Those that don't exist keep their canaries; of bf16, the last cell's are zeros. */
static void lay_x(const matrix_case *c, const data_problem *p, const strides *s, bool whole_lanes,
                  micro_buffers *buffers, matrix_args *a) {
  const size_t each = cardinal_cell_channels(a->format), whole = cardinal_cells(a->format, c->channels) * each;
  const size_t last = whole_lanes ? (whole - 1) / CARDINAL_BLOCK * CARDINAL_BLOCK + CARDINAL_BLOCK - 1 : whole - 1;
  void *x = gauntlet_memory_place_numbers(&buffers->x, a->format, x_at(s, c->pixels - 1, last) + 1, c->placement);
  a->x = x;
  for (size_t pixel = 0; pixel < c->pixels; ++pixel) {
    for (size_t ch = 0; ch < c->channels; ++ch)
      gauntlet_number_store(a->format, x, x_at(s, pixel, ch), p->x[pixel * c->channels + ch]);
    for (size_t ch = c->channels; a->format == CARDINAL_FORMAT_BF16 && ch < whole; ++ch)
      gauntlet_number_store(a->format, x, x_at(s, pixel, ch), 0.0f);
  }
}

static void lay_weights(const matrix_case *c, const data_problem *p, const strides *s, micro_buffers *buffers,
                        matrix_args *a) {
  const size_t outs = c->blocks * CARDINAL_BLOCK, each = cardinal_cell_channels(a->format);
  const size_t cells = cardinal_cells(a->format, c->channels);
  void *w = gauntlet_memory_place_numbers(&buffers->w, a->format,
                                          ((c->blocks - 1) * s->w_panel + cells * CARDINAL_BLOCK) * each,
                                          micro_weights_placement(c->placement));
  float *bias = gauntlet_memory_place(&buffers->bias, outs, c->placement);
  a->w = w;
  a->bias = bias;
  a->scale = micro_lay_scale(buffers, p->scale, outs, c->placement);
  for (size_t o = 0; o < outs; ++o) {
    const bool used = matrix_lane_used(c, o);
    bias[o] = used ? p->bias[o] : 0.0f;
    for (size_t ch = 0; ch < cells * each; ++ch) {
      const size_t word = o / CARDINAL_BLOCK * s->w_panel + ch / each * CARDINAL_BLOCK + o % CARDINAL_BLOCK;
      gauntlet_number_store(a->format, w, word * each + ch % each,
                            used && ch < c->channels ? p->weights[o * c->channels + ch] : 0.0f);
    }
  }
}

static void lay_y(const matrix_case *c, const data_problem *p, const strides *s, micro_buffers *buffers,
                  matrix_args *a) {
  const size_t outs = c->blocks * CARDINAL_BLOCK;
  a->y_numbers = matrix_y_at(s, c->pixels - 1, outs - 1) + 1;
  a->y = gauntlet_memory_place_numbers(&buffers->y, a->y_format, a->y_numbers, c->placement);
  if (!c->residual)
    return;
  char *residual =
      c->in_place ? a->y : gauntlet_memory_place_numbers(&buffers->residual, a->y_format, a->y_numbers, c->placement);
  a->residual = residual;
  for (size_t pixel = 0; pixel < c->pixels; ++pixel)
    for (size_t o = 0; o < outs; ++o)
      gauntlet_number_store(a->y_format, residual, matrix_y_at(s, pixel, o), p->residual[pixel * outs + o]);
}

matrix_args matrix_lay_out(const matrix_case *c, const data_problem *p, const strides *s, bool conv1x1,
                           micro_buffers *buffers) {
  matrix_args a = {.format = p->format, .y_format = p->y_format, .residual_scale = p->residual_scale};
  lay_x(c, p, s, conv1x1, buffers, &a);
  lay_weights(c, p, s, buffers, &a);
  lay_y(c, p, s, buffers, &a);
  return a;
}
