/* SPDX-License-Identifier: BSD-3-Clause */
/* A checksum of what the library computes, for programs in C and C++ that come to it by different ways. It is the same
 * for every compiler, flags and CPU. */
#ifndef CARDINAL_TESTS_CHECKSUM_H
#define CARDINAL_TESTS_CHECKSUM_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/cardinal.h>

#define CHECKSUM_EXPECTED UINT64_C(0xf5d15a12f877f11e)

typedef struct checksum_case {
  cardinal_layout layout;
  int64_t in_channels, out_channels, groups, kernel, stride, size;
  int exponent; /* of the inputs and the weights: -70 makes results denormal, if nothing is added */
} checksum_case;

/* Values in [-1, 1) × 2^exponent, all exact. */
static float *checksum_values(size_t count, int exponent, uint64_t seed) {
  float *values = (float *)malloc(count * sizeof(float));
  if (!values)
    abort();
  for (size_t i = 0; i < count; ++i) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    values[i] = ldexpf((float)(int32_t)(seed >> 40) - 8388608.0f, exponent - 23);
  }
  return values;
}

/* Adds a case's output to the FNV-1a hash. */
static void checksum_add(const cardinal_context *context, const checksum_case *c, uint64_t *hash) {
  cardinal_conv_desc desc;
  cardinal_conv_desc_init(&desc);
  desc.x_layout = desc.y_layout = c->layout;
  desc.in_channels = c->in_channels;
  desc.out_channels = c->out_channels;
  desc.groups = c->groups;
  desc.kernel_height = desc.kernel_width = c->kernel;
  desc.stride_height = desc.stride_width = c->stride;
  desc.in_height = desc.in_width = c->size;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = c->kernel / 2;
  desc.has_bias = desc.has_residual = c->exponent == 0;
  desc.has_relu = 1;

  cardinal_error error;
  cardinal_plan *plan = NULL;
  int64_t height = 0, width = 0;
  size_t xs = 0, ys = 0;
  const size_t per_output = (size_t)(c->in_channels / c->groups * c->kernel * c->kernel);
  float *weights = checksum_values((size_t)c->out_channels * per_output, c->exponent, 1);
  float *bias = checksum_values((size_t)c->out_channels, 0, 2);
  cardinal_status status = cardinal_conv_create(context, &desc, weights, desc.has_bias ? bias : NULL, &plan, &error);
  if (!status)
    status = cardinal_conv_output_size(&desc, &height, &width, &error);
  if (status) {
    fprintf(stderr, "%s\n", error.message);
    abort();
  }
  cardinal_tensor_floats(c->layout, 1, c->in_channels, c->size, c->size, &xs);
  cardinal_tensor_floats(c->layout, 1, c->out_channels, height, width, &ys);
  float *x = checksum_values(xs, c->exponent, 3), *residual = checksum_values(ys, 0, 4);
  float *y = checksum_values(ys, 0, 5);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  if (cardinal_plan_run(plan, x, desc.has_residual ? residual : NULL, y, scratch, &error)) {
    fprintf(stderr, "%s\n", error.message);
    abort();
  }
  for (size_t i = 0; i < ys; ++i) {
    uint32_t bits;
    memcpy(&bits, &y[i], sizeof bits);
    *hash = (*hash ^ bits) * UINT64_C(1099511628211);
  }
  free(scratch);
  free(y);
  free(residual);
  free(x);
  cardinal_plan_destroy(plan);
  free(bias);
  free(weights);
}

/* The checksum of grouped and other convolutions, with two threads; 0 if the library says no. Prints it. */
static uint64_t checksum(void) {
  static const checksum_case cases[] = {
      {CARDINAL_LAYOUT_NCHW, 32, 32, 8, 3, 1, 13, 0},     {CARDINAL_LAYOUT_NHWC, 64, 64, 8, 3, 2, 15, 0},
      {CARDINAL_LAYOUT_NCHW, 64, 64, 4, 3, 1, 7, 0},      {CARDINAL_LAYOUT_NCHW, 32, 32, 8, 3, 1, 13, -70},
      {CARDINAL_LAYOUT_BLOCKED16, 64, 32, 1, 1, 1, 9, 0}, {CARDINAL_LAYOUT_BLOCKED16, 64, 32, 1, 1, 1, 9, -70},
      {CARDINAL_LAYOUT_NCHW, 3, 64, 1, 7, 2, 32, 0},      {CARDINAL_LAYOUT_NCHW, 6, 9, 3, 5, 1, 11, 0},
  };
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.threads = 2;
  cardinal_context *context = NULL;
  if (cardinal_context_create(&desc, &context, NULL))
    return 0;
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
    checksum_add(context, &cases[i], &hash);
  cardinal_context_destroy(context);
  printf("checksum %016llx\n", (unsigned long long)hash);
  return hash;
}

#endif
