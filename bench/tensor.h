/* SPDX-License-Identifier: BSD-3-Clause */
/* Tensors in the layout and the format that an operator takes, from plain ones in floats and back. */
#ifndef CARDINAL_BENCH_TENSOR_H
#define CARDINAL_BENCH_TENSOR_H

#include <cardinal/cardinal.h>

typedef struct bench_tensor {
  cardinal_layout layout;
  cardinal_format format;
  float scale; /* int8: what a step is worth */
  size_t images, channels, pixels;
} bench_tensor;

/* 0 if the sizes don't fit memory. */
size_t bench_tensor_bytes(const bench_tensor *tensor);

/* From and to NCHW; what isn't a channel becomes zero. Floats are meant to be numbers of the format. */
void bench_tensor_write(const bench_tensor *tensor, const float *plain, void *to);
void bench_tensor_read(const bench_tensor *tensor, const void *from, float *plain);

#endif
