/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/tensor.h"

#include <math.h>
#include <string.h>

#include "kernels/format.h"
#include "ops/tensor.h"

static size_t numbers_of(const bench_tensor *t) {
  size_t numbers;
  return cardinal_tensor_floats(t->layout, (int64_t)t->images, (int64_t)t->channels, 1, (int64_t)t->pixels, &numbers)
             ? 0
             : numbers;
}

size_t bench_tensor_bytes(const bench_tensor *t) {
  return numbers_of(t) * cardinal_format_size(t->format);
}

/* The number of a channel's pixel, the `at`-th of the plain tensor. */
static size_t place(const bench_tensor *t, size_t at) {
  const size_t image = t->channels * t->pixels;
  return at / image * (numbers_of(t) / t->images) +
         cardinal_tensor_at(t->layout, t->channels, t->pixels, at % image / t->pixels, at % t->pixels);
}

void bench_tensor_write(const bench_tensor *t, const float *plain, void *to) {
  memset(to, 0, bench_tensor_bytes(t));
  for (size_t at = 0; at < t->images * t->channels * t->pixels; ++at) {
    void *number = cardinal_place(to, t->format, place(t, at));
    if (t->format == CARDINAL_FORMAT_F32)
      *(float *)number = plain[at];
    else if (t->format == CARDINAL_FORMAT_BF16)
      *(cardinal_bf16 *)number = cardinal_bf16_of_f32(plain[at]);
    else
      *(int8_t *)number = (int8_t)lrintf(plain[at] / t->scale);
  }
}

void bench_tensor_read(const bench_tensor *t, const void *from, float *plain) {
  for (size_t at = 0; at < t->images * t->channels * t->pixels; ++at) {
    const void *number = cardinal_at(from, t->format, place(t, at));
    if (t->format == CARDINAL_FORMAT_F32)
      plain[at] = *(const float *)number;
    else if (t->format == CARDINAL_FORMAT_BF16)
      plain[at] = cardinal_bf16_to_f32(*(const cardinal_bf16 *)number);
    else
      plain[at] = t->scale * (float)*(const int8_t *)number;
  }
}
