/* SPDX-License-Identifier: BSD-3-Clause */
/* One layer as a problem on plain tensors: its data, what the right outputs are, and the naive solution. */
#ifndef CARDINAL_BENCH_PROBLEM_H
#define CARDINAL_BENCH_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/net.h>

#include "kernels/generic/reference.h"

typedef struct bench_problem {
  bool is_conv;
  cardinal_conv_desc conv; /* if is_conv */
  cardinal_pool_desc pool; /* otherwise */
  size_t images, in_channels, in_height, in_width, out_channels, out_height, out_width;
  double flops; /* nominal: padding taps counted; a pool counts one for each tap */

  /* Between bench_problem_open and bench_problem_close: NCHW and OIHW; NULL where the layer has none. What is meant, in
   * floats: x and the residual are numbers of their formats, `rounded` what the weights become. */
  float *x, *weights, *rounded, *bias, *residual;
  size_t x_floats, y_floats;
  double *expected, *tolerance; /* of each output, row by row: [images][out_height][out_channels][out_width] */
} bench_problem;

/* Describes a layer of a network. False if the sizes don't fit together. */
bool bench_problem_init(bench_problem *problem, const cardinal_net_layer *layer);

/* The same of an operator: one of conv and pool, the other NULL. */
bool bench_problem_of(bench_problem *problem, const cardinal_conv_desc *conv, const cardinal_pool_desc *pool);

/* Of the products. */
cardinal_format bench_problem_format(const bench_problem *problem);

/* The share of the nominal operations that don't fall into the padding. */
double bench_problem_executed(const bench_problem *problem);

/* The least that a run moves: input, weights, bias, residual and output, each once. */
double bench_problem_bytes(const bench_problem *problem);

/* Whether it is a 3×3 convolution in several groups, what this library is for. */
bool bench_problem_is_grouped_3x3(const bench_problem *problem);

bool bench_problem_same(const bench_problem *a, const bench_problem *b);

/* The same but for the formats. */
bool bench_problem_alike(const bench_problem *a, const bench_problem *b);

/* "128>128 3x3/2 g32 56x56": channels, window and stride, groups, input; "8 x " before it for 8 images. */
void bench_problem_describe(const bench_problem *problem, char *text, size_t size);

/* Makes data and expected outputs, and frees them. */
void bench_problem_open(bench_problem *problem);
void bench_problem_close(bench_problem *problem);

/* Whether a whole output (NCHW) is right, each value of it; if not, says where in `error`. */
bool bench_problem_check(const bench_problem *problem, const float *y, char *error, size_t size);

/* Output rows [begin, end) of the first image as a convolution of its own, with the input rows that it reads.
 * Convolutions only. */
typedef struct bench_band {
  cardinal_reference_shape shape;
  size_t begin, end;
  float *x, *residual, *y;
} bench_band;

/* A band of about `flops` operations around the middle row, or all rows of the image. */
void bench_band_open(bench_band *band, const bench_problem *problem, double flops);
void bench_band_close(bench_band *band);

/* Whether the band's y is right. */
bool bench_band_check(const bench_band *band, const bench_problem *problem, char *error, size_t size);

/* Memory aligned to 64 bytes, to be freed with free(); ends the program with a message if there is none. */
void *bench_memory(size_t bytes);

#endif
